// The retry decision, as a table.
import { describe, expect, test } from "vitest";
import { SGateConnectionError, SGateError, retryAfterS } from "../src/errors";
import { backoffMs, retryDelayMs } from "../src/retry";

const answered = (statusCode: number, code = "c", retryAfter: number | null = null): SGateError =>
  new SGateError("m", { type: "t", code, statusCode, retryAfterS: retryAfter });
const unanswered = new SGateConnectionError("m", { type: "connection_error", code: "connection_failed" });

describe("a retry", () => {
  test.each([
    [unanswered, 100],
    [answered(500), 100],
    [answered(502), 100],
    [answered(429), 100],
    [answered(429, "c", 7), 7_000],
    [answered(503, "c", 0), 100],
    [answered(503, "c", 60), 60_000],
    [answered(503, "c", 61), null],
    [answered(409, "idempotency_in_progress", 1), 1_000],
    [answered(409, "payment_intent_not_cancelable"), null],
    [answered(422), null],
    [answered(404), null],
    [answered(307), null],
  ])("%o: after %s ms", (error, expected) => {
    expect(retryDelayMs(error, 1, 2, 100)).toBe(expected);
  });

  test("is not made after the last one", () => {
    expect([1, 2, 3].map((retry) => retryDelayMs(unanswered, retry, 2, 100))).toEqual([100, 100, null]);
    expect(retryDelayMs(unanswered, 1, 0, 100)).toBeNull();
  });

  test("has a delay that doubles up to eight seconds, half of it random", () => {
    expect([1, 2, 3, 4, 5, 6, 40].map((retry) => backoffMs(retry, 1))).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
    expect(backoffMs(3, 0)).toBe(1000);
  });
});

describe("Retry-After", () => {
  test.each([
    ["3", 3],
    [" 0 ", 0],
    ["Wed, 21 Oct 2015 07:28:10 GMT", 10],
    ["Wed, 21 Oct 2015 07:27:50 GMT", 0],
    ["soon", null],
    [null, null],
  ])("%j means %s seconds", (header, expected) => {
    expect(retryAfterS(header, Date.parse("2015-10-21T07:28:00Z"))).toBe(expected);
  });
});
