// Checks the package as users get it: packed, installed into an empty folder, imported and required there.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const EXPECTED = /^(package\.json|README\.md|LICENSE|dist\/(umd\/)?[\w.]+\.(js|cjs|map|d\.ts|d\.cts)|dist\/umd\/package\.json)$/;
const SERVER = ["SGate", "SGateClient", "SGateError", "verifyWebhook", "webhooks"];
const BROWSER = ["AmountDisplay", "CheckoutModal", "CheckoutWidget", "PaymentButton", "QRCode", "StatusBadge", "configure"];

const run = (command, args, cwd) => execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

/** Deno and browsers load the files unchanged: they import each other by path, and use nothing that only Node has. */
function checkPlainModules() {
  for (const name of readdirSync(join(PACKAGE, "dist")).filter((file) => file.endsWith(".js"))) {
    const text = readFileSync(join(PACKAGE, "dist", name), "utf8");
    const specifiers = [...text.matchAll(/^(?:import|export)\b[^;]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)/gm)].map((match) => match[1] ?? match[2]);
    const unexpected = specifiers.filter((specifier) => !/^\.\/[\w.]+\.js$/.test(specifier));
    if (unexpected.length) throw new Error(`${name} imports ${unexpected}`);
    const nodeOnly = /\b(Buffer|__dirname|node:|setImmediate)\b/.exec(text);
    if (nodeOnly) throw new Error(`${name} uses ${nodeOnly[0]}, which only Node has`);
  }
}

function checkInstalled(folder) {
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], PACKAGE));
  const unexpected = packed.files.map((file) => file.path).filter((path) => !EXPECTED.test(path));
  if (unexpected.length) throw new Error(`these files do not belong in the package: ${unexpected}`);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty", private: true }));
  run("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", join(folder, packed.filename)], folder);
  const installed = readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."));
  if (installed.join() !== "@sgate") throw new Error(`the package has dependencies: ${installed}`);
  const check = (names) => `for (const name of ${JSON.stringify(names)}) if (!(name in found)) throw new Error(name + " is missing");`;
  const entries = [["@sgate/sdk", SERVER], ["@sgate/sdk/elements", BROWSER], ["@sgate/sdk/umd", [...SERVER, ...BROWSER]]];
  for (const [entry, names] of entries) {
    const load = entry.endsWith("umd") ? `(await import("${entry}")).default` : `await import("${entry}")`;
    writeFileSync(join(folder, "check.mjs"), `const found = ${load}; ${check(names)}`);
    writeFileSync(join(folder, "check.cjs"), `const found = require("${entry}"); ${check(names)}`);
    run("node", ["check.mjs"], folder);
    run("node", ["check.cjs"], folder);
  }
  // Both entry points must export the same class, or `instanceof` fails for errors of the elements.
  writeFileSync(join(folder, "check.mjs"), 'import * as a from "@sgate/sdk"; import * as b from "@sgate/sdk/elements"; if (a.SGateError !== b.SGateError) throw new Error("SGateError is defined twice");');
  run("node", ["check.mjs"], folder);
  console.log(`${packed.filename} ${packed.size} bytes: installs without dependencies, imports and requires`);
}

const folder = mkdtempSync(join(tmpdir(), "sgate-sdk-"));
try {
  checkPlainModules();
  checkInstalled(folder);
} finally {
  rmSync(folder, { recursive: true });
}
