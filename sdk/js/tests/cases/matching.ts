// Values and expectations of the cases, as sdk/cases/README.md defines them.
import { readFileSync } from "node:fs";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Saved = Record<string, unknown>;

export function casesOf<Document>(file: string): Document {
  return JSON.parse(readFileSync(new URL(`../../../cases/${file}`, import.meta.url), "utf8")) as Document;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** A value with `$name.field`, `$unique`, `$repeat` and `$base64` replaced. Directives of expectations are kept. */
export function filled(value: unknown, saved: Saved, unique: string): unknown {
  if (typeof value === "string") return filledText(value.replaceAll("$unique", unique), saved);
  if (Array.isArray(value)) return value.map((item) => filled(item, saved, unique));
  if (!isObject(value)) return value;
  if (Array.isArray(value["$repeat"])) return String(value["$repeat"][0]).repeat(Number(value["$repeat"][1]));
  if (typeof value["$base64"] === "string") return new Uint8Array(Buffer.from(value["$base64"], "base64"));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, name === "$match" ? item : filled(item, saved, unique)]));
}

function filledText(text: string, saved: Saved): unknown {
  const [, name, path] = /^\$(\w+)((?:\.\w+)*)$/.exec(text) ?? [];
  if (!name || !(name in saved)) return text;
  return path!
    .split(".")
    .slice(1)
    .reduce<unknown>((found, part) => (found as Record<string, unknown>)[part], saved[name]);
}

/** The mismatches, as sentences; empty if everything matches. */
export function misfits(expected: unknown, found: unknown, at = "it"): string[] {
  if (isObject(expected)) {
    const [directive] = Object.keys(expected);
    if (directive?.startsWith("$")) return misfitsOf(directive, expected[directive], found, at);
    if (!isObject(found)) return [`${at} is ${JSON.stringify(found)}, not an object`];
    return Object.entries(expected).flatMap(([name, item]) => misfits(item, found[name], `${at}.${name}`));
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length) return [`${at} is ${JSON.stringify(found)}, not ${expected.length} items`];
    return expected.flatMap((item, index) => misfits(item, found[index], `${at}[${index}]`));
  }
  return expected === found || (expected === null && found === undefined) ? [] : [`${at} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`];
}

function misfitsOf(directive: string, expected: unknown, found: unknown, at: string): string[] {
  const mismatch = (wanted: string): string[] => [`${at} is ${JSON.stringify(found)}, not ${wanted}`];
  switch (directive) {
    case "$match":
      return found !== undefined && new RegExp(String(expected), "u").test(String(found)) ? [] : mismatch(`like ${expected}`);
    case "$not":
      return misfits(expected, found).length ? [] : mismatch(`anything but ${JSON.stringify(expected)}`);
    case "$some":
      return Array.isArray(found) && found.some((item) => !misfits(expected, item).length) ? [] : mismatch(`a list with ${JSON.stringify(expected)}`);
    case "$absent":
      return found === undefined || found === null ? [] : mismatch("absent");
    case "$exactly": {
      const names = (value: unknown): string => Object.keys(value as object).sort().join();
      return isObject(found) && names(found) === names(expected) ? misfits(expected, found, at) : mismatch(`exactly ${JSON.stringify(expected)}`);
    }
    default:
      throw new Error(`the case uses ${directive}, which this runner does not know`);
  }
}
