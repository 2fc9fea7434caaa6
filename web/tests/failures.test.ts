import { expect, test } from "vitest";
import { failureOf, WrongNetwork } from "../src/wallet/failures";

test.each([
  [{ code: 4001, message: "User rejected the request" }, "rejected"],
  [{ code: -32000, message: "User rejected request" }, "rejected"],
  [{ code: -31001, message: "User canceled the request" }, "rejected"],
  [new Error("Popup closed"), "rejected"],
  [{ code: -32000, message: "Insufficient balance: not enough STX to cover the fee" }, "fee"],
  [{ code: -32603, message: "transaction rejected", data: "NotEnoughFunds" }, "fee"],
  [{ code: -32603, message: "Insufficient sBTC balance" }, "sbtc"],
  [{ code: -32603, message: "Insufficient balance" }, "sbtc"],
  [{ code: -32602, message: "Network mismatch: wallet is on testnet" }, "network"],
  [new WrongNetwork(), "network"],
  [{ code: -32601, message: "Method not found" }, "unsupported"],
  [{ code: -32603, message: "`stx_callContract` is not supported" }, "unsupported"],
  [new Error("boom"), "broken"],
  [undefined, "broken"],
  ["", "broken"],
])("%o means %s", (error, failure) => {
  expect(failureOf(error)).toBe(failure);
});
