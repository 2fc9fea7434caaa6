// The reference is generated from the current sources.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { WRITTEN, reference } from "../scripts/reference.mjs";

test("docs/reference/javascript-sdk.md is up to date; otherwise run `make generate`", () => {
  expect(readFileSync(WRITTEN, "utf8") === reference()).toBe(true);
});
