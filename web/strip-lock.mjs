// The locks name packages, versions and hashes; where they are fetched from is the business of each machine.
import { readFileSync, writeFileSync } from "node:fs";

for (const folder of [".", "../sdk/js", "../examples/express-shop"]) {
  const path = new URL(`${folder}/package-lock.json`, import.meta.url);
  const lock = JSON.parse(readFileSync(path, "utf8"));
  for (const entry of Object.values(lock.packages)) {
    if (entry.resolved?.includes("://")) delete entry.resolved;
  }
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}
