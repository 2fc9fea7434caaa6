// Classification of wallet errors. The errors differ between wallets; the page explains a few kinds of them.

export type Failure = "rejected" | "network" | "sbtc" | "fee" | "unsupported" | "broken";

/** The wallet has no address on the payment's network. */
export class WrongNetwork extends Error {}

const REJECTED = new Set([4001, -32000, -31001]);
const UNSUPPORTED = new Set([-32601, -32602, 4200]);

/** Classify an error. Most messages are checked before the code, because codes such as -32000 are used for many errors. */
export function failureOf(error: unknown): Failure {
  if (error instanceof WrongNetwork) return "network";
  const code = Number((error as { code?: unknown } | null)?.code);
  const text = `${(error as { message?: unknown } | null)?.message ?? error} ${(error as { data?: unknown } | null)?.data ?? ""}`;
  if (/insufficient|not ?enough|too low|exceeds? .*balance/i.test(text)) {
    return /sbtc|token/i.test(text) ? "sbtc" : /\bstx\b|fee|notenoughfunds/i.test(text) ? "fee" : "sbtc";
  }
  if (/(wrong|mismatch|different|invalid|unsupported).*network|network.*(mismatch|differ|wrong)/i.test(text)) return "network";
  if (UNSUPPORTED.has(code) || /not supported|unsupported|method not found|no such method/i.test(text)) return "unsupported";
  if (REJECTED.has(code) || /reject|cancel|denied|declin|closed/i.test(text)) return "rejected";
  return "broken";
}
