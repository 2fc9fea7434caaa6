// Remove download URLs from the lock files: they pin versions and hashes, while each machine chooses its registry.
import { readFileSync, writeFileSync } from "node:fs";

for (const folder of [".", "../sdk/js", "../examples/express-shop"]) {
  const path = new URL(`${folder}/package-lock.json`, import.meta.url);
  const lock = JSON.parse(readFileSync(path, "utf8"));
  for (const entry of Object.values(lock.packages)) {
    if (entry.resolved?.includes("://")) delete entry.resolved;
  }
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}
