// What the wallet is asked for, read back with the library that wallets themselves use.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Cl, cvToValue, deserializeCV, deserializePostConditionWire, hexToCV, wireToPostCondition } from "@stacks/transactions";
import { type Order, pay, wallets } from "../src/wallet/wallet";

const PAYEE = { mainnet: "SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7", testnet: "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT" };
const PAYER = { mainnet: "SP000000000000000000002Q6VF78", testnet: "ST000000000000000000002AMW42H" };
const TOKEN = {
  mainnet: "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token",
  testnet: "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token",
};
const MEMO = "pi_0123456789abcdef01234567";

type Call = { method: string; params: Record<string, unknown> };
let calls: Call[];
let answers: Record<string, (params: Record<string, unknown>) => unknown>;

const order = (network: Order["network"]): Order => ({
  network, contract: TOKEN[network], token: "sbtc-token", amountSats: 25_000n, recipient: PAYEE[network], memo: MEMO,
});

beforeEach(() => {
  calls = [];
  answers = {
    stx_getAddresses: () => ({ addresses: [{ address: PAYER.mainnet, publicKey: "" }, { address: PAYER.testnet, publicKey: "" }] }),
    stx_callContract: () => ({ txid: "AB".repeat(32), transaction: "00" }),
  };
  const request = async (method: string, params: Record<string, unknown> = {}) => {
    calls.push({ method, params });
    const answer = answers[method];
    if (!answer) return Promise.reject({ code: -32601, message: "Method not found" });
    return { jsonrpc: "2.0", id: "1", result: answer(params) };
  };
  vi.stubGlobal("window", {
    TestWallet: { request },
    wbip_providers: [{ id: "TestWallet", name: "Test Wallet", icon: "https://elsewhere.example/icon.png" }],
  });
});

afterEach(() => vi.unstubAllGlobals());

test.each(["mainnet", "testnet"] as const)("the call on %s says exactly what to pay, and nothing else may move", async (network) => {
  expect(await pay("TestWallet", order(network))).toEqual({ txId: `0x${"ab".repeat(32)}` });
  const call = calls.at(-1)!;
  expect(call.method).toBe("stx_callContract");
  const { functionArgs, postConditions, ...rest } = call.params as { functionArgs: string[]; postConditions: string[] };
  expect(rest).toEqual({ contract: TOKEN[network], functionName: "transfer", network, postConditionMode: "deny" });
  const [amount, payer, payee, memo] = functionArgs.map((hex) => hexToCV(hex));
  expect(amount).toEqual(Cl.uint(25_000));
  expect(payer).toEqual(Cl.principal(PAYER[network]));
  expect(payee).toEqual(Cl.principal(PAYEE[network]));
  expect(memo).toEqual(Cl.some(Cl.bufferFromUtf8(MEMO)));
  expect(cvToValue(deserializeCV(functionArgs[0]!))).toBe(25_000n);
  expect(postConditions).toHaveLength(1);
  expect(wireToPostCondition(deserializePostConditionWire(postConditions[0]!))).toEqual({
    type: "ft-postcondition", address: PAYER[network], condition: "eq", amount: "25000", asset: `${TOKEN[network]}::sbtc-token`,
  });
});

test("a wallet on another network is asked for nothing", async () => {
  answers["stx_getAddresses"] = () => ({ addresses: [{ address: PAYER.testnet, publicKey: "" }] });
  expect(await pay("TestWallet", order("mainnet"))).toEqual({ failure: "network" });
  expect(calls.map((call) => call.method)).not.toContain("stx_callContract");
});

test("a wallet that returns no transaction has not paid", async () => {
  answers["stx_callContract"] = () => ({ transaction: "00" });
  expect(await pay("TestWallet", order("testnet"))).toEqual({ failure: "broken" });
});

test("wallets are listed once, and no picture is fetched from elsewhere", () => {
  expect(wallets()).toEqual([{ id: "TestWallet", name: "Test Wallet" }]);
});
