// What a client can be told, checked once.
import { SGateUsageError } from "./errors";

export interface ClientOptions {
  /** `sk_test_...` or `sk_live_...`, on a server only. Without it, the public calls alone can be used. */
  apiKey?: string;
  /** Where your sGate is, such as `https://pay.example.com`. */
  apiBaseUrl: string;
  /** For one attempt; 30 seconds by default. */
  timeoutMs?: number;
  /** After a failure that may pass; 2 by default, 0 switches retries off. */
  maxRetries?: number;
  /** Milliseconds before retry 1, 2, ...; by default from half a second, doubling, with jitter. `Retry-After` makes it longer. */
  backoffMs?: (retry: number) => number;
  /** Another `fetch`, for proxies and tests. */
  fetch?: typeof fetch;
}

/** For one call. */
export interface CallOptions {
  signal?: AbortSignal;
  /** For one attempt. */
  timeoutMs?: number;
  maxRetries?: number;
}

/** For a POST. */
export interface PostOptions extends CallOptions {
  /** Your own name for this effect: the same name has it once, whoever asks and however often. Else a random one is sent. */
  idempotencyKey?: string;
}

/** The base URL without a slash at its end. */
export function checkedBaseUrl(url: unknown, name = "apiBaseUrl"): string {
  const parsed = urlOf(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search || parsed.hash)
    throw new SGateUsageError("invalid_base_url", `${name} must be the address of your sGate, such as https://pay.example.com.`, name);
  return parsed.href.replace(/\/+$/, "");
}

/** The URL if it is one, else null. */
export function urlOf(text: unknown): URL | null {
  try {
    return typeof text === "string" ? new URL(text) : null;
  } catch {
    return null;
  }
}

/** A secret key in a browser is everybody's key: whoever opens the page can read it there. */
export function checkedApiKey(apiKey: unknown): string | undefined {
  if (apiKey === undefined) return undefined;
  if (typeof apiKey !== "string" || !/^[!-~]+$/.test(apiKey))
    throw new SGateUsageError("invalid_api_key", "apiKey must be the key itself: sk_test_... or sk_live_...", "apiKey");
  if (apiKey.startsWith("sk_") && inBrowser())
    throw new SGateUsageError(
      "secret_key_in_browser",
      "This is a secret key (sk_...) in a browser, where every visitor can read it. Keep it on your server, make payment " +
        "intents there, and give the page only the client secret or the checkout URL. If this page was ever published, revoke the key.",
      "apiKey",
    );
  return apiKey;
}

export function checkedNumber(value: unknown, name: string, otherwise: number, least: number): number {
  if (value === undefined) return otherwise;
  if (typeof value !== "number" || !(value >= least)) throw new SGateUsageError("invalid_option", `${name} must be a number, at least ${least}.`, name);
  return value;
}

/** A page, or a worker of one. Servers have neither a document nor `importScripts`. */
function inBrowser(): boolean {
  const { document, importScripts } = globalThis as { document?: unknown; importScripts?: unknown };
  return typeof document === "object" || typeof importScripts === "function";
}
