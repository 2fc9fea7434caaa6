// Payment with a wallet in the browser. This file is loaded only when a customer chooses to pay with a wallet.
import { request, type StacksProvider } from "@stacks/connect";
import { getInstalledProviders, getProviderFromId } from "@stacks/connect-ui";
import { Cl, Pc } from "@stacks/transactions";
import { type Failure, failureOf, WrongNetwork } from "./failures";

/**
 * The payment to make. `contract` is the token's contract, `ADDRESS.name`. `token` is its asset name. `memo` has at
 * most 34 bytes.
 */
export interface Order {
  network: "mainnet" | "testnet";
  contract: string;
  token: string;
  amountSats: bigint;
  recipient: string;
  memo: string;
}

export interface Wallet {
  id: string;
  name: string;
  icon?: string;
}

/** The result: a transaction id (`0x` and 64 hexadecimal digits), or the reason why the payment failed. */
export type Sent = { txId: string } | { failure: Failure };

const VERSIONS = { mainnet: /^S[PM]/, testnet: /^S[TN]/ };
const METHOD_NOT_FOUND = -32601;

// Wallets that do not register themselves. They are detected by the objects that they create in the page.
const KNOWN = [
  { id: "LeatherProvider", name: "Leather" },
  { id: "XverseProviders.BitcoinProvider", name: "Xverse" },
  { id: "AsignaProvider", name: "Asigna" },
  { id: "FordefiProviders.UtxoProvider", name: "Fordefi" },
];

/** Return the wallets in this browser. */
export function wallets(): Wallet[] {
  const found = new Map<string, Wallet>();
  for (const { id, name, icon } of getInstalledProviders(KNOWN as Parameters<typeof getInstalledProviders>[0])) {
    if (!getProviderFromId(id)) continue;
    found.set(id, { id, name, ...(icon?.startsWith("data:image/") ? { icon } : {}) });
  }
  return [...found.values()];
}

/** Ask the wallet to send this payment. Because of its post-conditions, the transaction fails if it would move anything else. */
export async function pay(walletId: string, order: Order): Promise<Sent> {
  const provider: StacksProvider = getProviderFromId(walletId);
  const options = { provider, enableLocalStorage: false, persistWalletSelect: false };
  try {
    const sender = await senderOf(options, order.network);
    const { txid } = await request(options, "stx_callContract", {
      contract: order.contract as `${string}.${string}`,
      functionName: "transfer",
      functionArgs: [
        Cl.uint(order.amountSats),
        Cl.principal(sender),
        Cl.principal(order.recipient),
        Cl.some(Cl.bufferFromUtf8(order.memo)),
      ],
      network: order.network,
      postConditionMode: "deny",
      postConditions: [
        Pc.principal(sender).willSendEq(order.amountSats).ft(order.contract as `${string}.${string}`, order.token),
      ],
    });
    if (!txid) return { failure: "broken" };
    return { txId: `0x${txid.toLowerCase().replace(/^0x/, "")}` };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

type Options = Parameters<typeof request>[0] & object;

async function senderOf(options: Options, network: Order["network"]): Promise<string> {
  const { addresses } = await addressesOf(options, network);
  const stacks = addresses.map(({ address }) => address).filter((address) => /^S[PMTN]/.test(address));
  const sender = stacks.find((address) => VERSIONS[network].test(address));
  if (sender === undefined) throw new WrongNetwork();
  return sender;
}

async function addressesOf(options: Options, network: Order["network"]): Promise<{ addresses: { address: string }[] }> {
  try {
    return await request(options, "getAddresses", { network });
  } catch (error) {
    if ((error as { code?: number }).code !== METHOD_NOT_FOUND) throw error;
    return await request(options, "stx_getAddresses", { network }); // the name of this method in SIP-030
  }
}
