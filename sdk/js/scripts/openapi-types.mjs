// Generates the types of every call from docs/openapi.json. Run as a program, it writes them to src/openapi.ts.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const DOCUMENT = new URL("../../../docs/openapi.json", import.meta.url);
export const WRITTEN = new URL("../src/openapi.ts", import.meta.url);
const HEADER = "// Made from docs/openapi.json by `npm run generate`; a test fails when the two differ.\n\n";

/** The document without examples, headers and error responses, which all calls share: they would be nine tenths of the file. */
function lean(value, name) {
  if (Array.isArray(value)) return value.map((item) => lean(item, name));
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => {
    if (name === "responses") return key.startsWith("2");
    return name === "properties" || !["example", "examples", "headers"].includes(key);
  });
  return Object.fromEntries(kept.map(([key, item]) => [key, lean(item, key)]));
}

export async function openapiTypes() {
  const { webhooks: _, ...document } = lean(JSON.parse(readFileSync(DOCUMENT, "utf8")), "");
  document.components = { schemas: document.components.schemas };
  return HEADER + astToString(await openapiTS(document, { defaultNonNullable: false }));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) writeFileSync(WRITTEN, await openapiTypes());
