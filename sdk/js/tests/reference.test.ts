// The page that lists every call is what the sources say.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { WRITTEN, reference } from "../scripts/reference.mjs";

test("docs/reference/javascript-sdk.md is made from the sources; otherwise say `make generate`", () => {
  expect(readFileSync(WRITTEN, "utf8") === reference()).toBe(true);
});
