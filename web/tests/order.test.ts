// The request to the wallet, decoded with the library that wallets use.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Cl, cvToValue, deserializeCV, deserializePostConditionWire, hexToCV, wireToPostCondition } from "@stacks/transactions";
import { type Order, pay, wallets } from "../src/wallet/wallet";

const RECIPIENT = { mainnet: "SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7", testnet: "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT" };
const SENDER = { mainnet: "SP000000000000000000002Q6VF78", testnet: "ST000000000000000000002AMW42H" };
const TOKEN = {
  mainnet: "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token",
  testnet: "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token",
};
const MEMO = "pi_0123456789abcdef01234567";

type Call = { method: string; params: Record<string, unknown> };
let calls: Call[];
let results: Record<string, (params: Record<string, unknown>) => unknown>;

const order = (network: Order["network"]): Order => ({
  network, contract: TOKEN[network], token: "sbtc-token", amountSats: 25_000n, recipient: RECIPIENT[network], memo: MEMO,
});

beforeEach(() => {
  calls = [];
  results = {
    stx_getAddresses: () => ({ addresses: [{ address: SENDER.mainnet, publicKey: "" }, { address: SENDER.testnet, publicKey: "" }] }),
    stx_callContract: () => ({ txid: "AB".repeat(32), transaction: "00" }),
  };
  const request = async (method: string, params: Record<string, unknown> = {}) => {
    calls.push({ method, params });
    const result = results[method];
    if (!result) return Promise.reject({ code: -32601, message: "Method not found" });
    return { jsonrpc: "2.0", id: "1", result: result(params) };
  };
  vi.stubGlobal("window", {
    TestWallet: { request },
    wbip_providers: [{ id: "TestWallet", name: "Test Wallet", icon: "https://elsewhere.example/icon.png" }],
  });
});

afterEach(() => vi.unstubAllGlobals());

test.each(["mainnet", "testnet"] as const)("the call on %s contains exactly the payment, and nothing else may move", async (network) => {
  expect(await pay("TestWallet", order(network))).toEqual({ txId: `0x${"ab".repeat(32)}` });
  const call = calls.at(-1)!;
  expect(call.method).toBe("stx_callContract");
  const { functionArgs, postConditions, ...rest } = call.params as { functionArgs: string[]; postConditions: string[] };
  expect(rest).toEqual({ contract: TOKEN[network], functionName: "transfer", network, postConditionMode: "deny" });
  const [amount, sender, recipient, memo] = functionArgs.map((hex) => hexToCV(hex));
  expect(amount).toEqual(Cl.uint(25_000));
  expect(sender).toEqual(Cl.principal(SENDER[network]));
  expect(recipient).toEqual(Cl.principal(RECIPIENT[network]));
  expect(memo).toEqual(Cl.some(Cl.bufferFromUtf8(MEMO)));
  expect(cvToValue(deserializeCV(functionArgs[0]!))).toBe(25_000n);
  expect(postConditions).toHaveLength(1);
  expect(wireToPostCondition(deserializePostConditionWire(postConditions[0]!))).toEqual({
    type: "ft-postcondition", address: SENDER[network], condition: "eq", amount: "25000", asset: `${TOKEN[network]}::sbtc-token`,
  });
});

test("a wallet on another network is not asked to pay", async () => {
  results["stx_getAddresses"] = () => ({ addresses: [{ address: SENDER.testnet, publicKey: "" }] });
  expect(await pay("TestWallet", order("mainnet"))).toEqual({ failure: "network" });
  expect(calls.map((call) => call.method)).not.toContain("stx_callContract");
});

test("a wallet that returns no transaction has not paid", async () => {
  results["stx_callContract"] = () => ({ transaction: "00" });
  expect(await pay("TestWallet", order("testnet"))).toEqual({ failure: "broken" });
});

test("wallets are listed once, and no icon is fetched from another site", () => {
  expect(wallets()).toEqual([{ id: "TestWallet", name: "Test Wallet" }]);
});
