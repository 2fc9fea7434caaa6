// The options of a client, and the functions that check them.
import { SGateUsageError } from "./errors";

export interface ClientOptions {
  /**
   * An API key, `sk_test_...` or `sk_live_...`. Use it on a server only. Without a key, only the public calls work. A
   * live key requires `https://`, except on localhost.
   */
  apiKey?: string;
  /** The address of your sGate server, such as `https://pay.example.com`. */
  baseUrl: string;
  /** The timeout of one attempt, in milliseconds; 30,000 by default. */
  timeoutMs?: number;
  /** The number of retries after transient errors; 2 by default. 0 disables retries. */
  maxRetries?: number;
  /**
   * Returns the delay before retry 1, 2, ... in milliseconds. By default, the delay is at most half a second at first,
   * doubles with each retry, and has jitter. If `Retry-After` is longer, it applies instead.
   */
  backoffMs?: (retry: number) => number;
  /** A replacement for the global `fetch`, for proxies and tests. */
  fetch?: typeof fetch;
}

/** The options under their deprecated names. */
export interface DeprecatedClientOptions extends Omit<ClientOptions, "baseUrl"> {
  /** @deprecated Use `baseUrl`. */
  apiBaseUrl: string;
}

/** The options of one call. */
export interface CallOptions {
  signal?: AbortSignal;
  /** The timeout of one attempt, in milliseconds. */
  timeoutMs?: number;
  maxRetries?: number;
}

/** The options of a POST call. */
export interface PostOptions extends CallOptions {
  /** A unique name for this operation; random by default. Repeated calls with the same key have only one effect. */
  idempotencyKey?: string;
}

/** The base URL, from the option with the current or the deprecated name. */
export function baseUrlOf({ baseUrl, apiBaseUrl }: { baseUrl?: string; apiBaseUrl?: string } = {}): string | undefined {
  if (baseUrl !== undefined && apiBaseUrl !== undefined)
    throw new SGateUsageError("invalid_option", "Pass baseUrl only: apiBaseUrl is its deprecated name.", "apiBaseUrl");
  return baseUrl ?? apiBaseUrl;
}

/** The base URL without a trailing slash. */
export function checkedBaseUrl(url: unknown): string {
  const parsed = urlOf(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search || parsed.hash)
    throw new SGateUsageError("invalid_base_url", "baseUrl must be the address of your sGate, such as https://pay.example.com.", "baseUrl");
  return parsed.href.replace(/\/+$/, "");
}

/** The parsed URL, or null if the text is not a URL. */
export function urlOf(text: unknown): URL | null {
  try {
    return typeof text === "string" ? new URL(text) : null;
  } catch {
    return null;
  }
}

/**
 * The key, after checking that it may be used here. In a browser, a secret key would be public. Over plain HTTP, a live
 * key could be read in transit.
 */
export function checkedApiKey(apiKey: unknown, baseUrl: string): string | undefined {
  if (apiKey === undefined) return undefined;
  if (typeof apiKey !== "string" || !/^[!-~]+$/.test(apiKey))
    throw new SGateUsageError("invalid_api_key", "apiKey must be the key itself: sk_test_... or sk_live_...", "apiKey");
  if (apiKey.startsWith("sk_") && inBrowser())
    throw new SGateUsageError(
      "secret_key_in_browser",
      "This is a secret key (sk_...) in a browser, where every visitor can read it. Keep it on your server, create payment " +
        "intents there, and give the page only the client secret or the checkout URL. If this page was ever published, revoke the key.",
      "apiKey",
    );
  const { protocol, hostname } = new URL(baseUrl);
  if (apiKey.startsWith("sk_live_") && protocol === "http:" && !LOOPBACK.test(hostname))
    throw new SGateUsageError(
      "insecure_base_url",
      `A live key is not sent unencrypted to ${hostname}. Use https://; only localhost may be http://.`,
      "baseUrl",
    );
  return apiKey;
}

/** `URL` normalizes every notation of an IP address, so one pattern for each address is enough. */
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|\[::1\]|(.+\.)?localhost)$/;

export function checkedNumber(value: unknown, name: string, otherwise: number, least: number): number {
  if (value === undefined) return otherwise;
  if (typeof value !== "number" || !(value >= least)) throw new SGateUsageError("invalid_option", `${name} must be a number, at least ${least}.`, name);
  return value;
}

/** Whether this code runs in a page or a web worker. Servers have neither `document` nor `importScripts`. */
function inBrowser(): boolean {
  const { document, importScripts } = globalThis as { document?: unknown; importScripts?: unknown };
  return typeof document === "object" || typeof importScripts === "function";
}
