import { expect, test } from "vitest";
import { BUDGETS, type Built, complaints, weights } from "../budgets";

const file = (bytes: number, ...imports: string[]): Built => ({ bytes, imports });

const built = (checkoutBytes: number) =>
  new Map([
    ["checkout-0123abcd.js", file(checkoutBytes, "shared-0123abcd.js")],
    ["shared-0123abcd.js", file(1_000, "checkout-0123abcd.js")],
    ["pages-A_b-c1d2.css", file(5_000)],
    ["public-sans-latin-wght-normal-0123abcd.woff2", file(26_000)],
    ["reference-0123abcd.js", file(400_000)],
    ["reference-4567abcd.css", file(20_000)],
    ["wallet-0123abcd.js", file(40_000, "shared-0123abcd.js")],
  ]);

test("the size of an entry includes its static imports, each once", () => {
  expect(Object.fromEntries(weights(built(4_000)))).toEqual({
    checkout: 5_000, pages: 5_000, "public-sans-latin-wght-normal": 26_000, reference: 420_000, wallet: 45_000,
  });
});

test("a build within its budgets is used", () => {
  expect(complaints(weights(built(BUDGETS["checkout"]! - 1_000)))).toEqual([]);
});

test("one byte too many fails the build", () => {
  expect(complaints(weights(built(BUDGETS["checkout"]! - 999)))).toEqual([
    "checkout is 10001 bytes gzipped; its budget is 10000",
  ]);
});

test("an entry that was not built fails the build", () => {
  const files = built(4_000);
  files.delete("wallet-0123abcd.js");
  expect(complaints(weights(files))).toEqual(["wallet was not built"]);
});
