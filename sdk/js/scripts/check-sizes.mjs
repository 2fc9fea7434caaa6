// Limits the size of the bundle, which every customer loads. Limits are in bytes after gzip.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMITS = { "umd/sgate.js": 15_000 };

for (const [name, limit] of Object.entries(LIMITS)) {
  const size = gzipSync(readFileSync(new URL(`../dist/${name}`, import.meta.url)), { level: 9 }).length;
  console.log(`${name} ${String(size).padStart(10)} of ${limit} bytes gzipped`);
  if (size > limit) process.exitCode = 1;
}
