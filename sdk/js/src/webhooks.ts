// Webhook signatures with Web Crypto. A webhook has two signatures with the same secret: one follows the Standard Webhooks scheme,
// the other sGate's own scheme. If the standard signature is present, only that one is checked.
import { SGateSignatureError, SGateUnexpectedResponseError, SGateUsageError } from "./errors";
import type { SGateEvent } from "./types";

const TOLERANCE_S = 300;

/** The headers of a request: a `Headers` object, the headers of a Node request, or a plain object. Names are case-insensitive. */
export type HeadersGiven = Headers | Record<string, string | string[] | undefined>;

/** The raw body, exactly as received. Do not pass a body that was parsed and serialized again. */
export type BodyGiven = string | Uint8Array | ArrayBuffer;

export interface VerifyOptions {
  /**
   * The maximum age of the webhook in seconds, which limits replays; 300 by default. Its time may also be this far in
   * the future.
   */
  toleranceS?: number;
  /** The current time in Unix seconds, for tests. */
  nowS?: number;
}

export interface WebhookHeadersOptions {
  /** The id of the event; by default the id in the body. */
  eventId?: string;
  /** The time of signing in Unix seconds; now by default. Pass an old time to test that your receiver refuses it. */
  timestampS?: number;
}

/** @deprecated Use `webhookHeaders`. */
export interface TestHeadersOptions {
  body: BodyGiven;
  secret: string | string[];
  id?: string;
  timestampS?: number;
}

/**
 * Verify a webhook and return its event.
 *
 * `secret` is the endpoint's secret, or several secrets, one of which must match. While the endpoint's secret is being rotated,
 * the old and the new secret both match. Throws an `SGateSignatureError` if the webhook is not genuine. In this case, respond
 * with 400 and do nothing else. Throws an `SGateUnexpectedResponseError` if the webhook is genuine, but not an event.
 */
export async function verifyWebhook(body: BodyGiven, headers: HeadersGiven, secret: string | string[], options: VerifyOptions = {}): Promise<SGateEvent> {
  await verifySignature(body, headers, secret, options);
  return eventOf(bytesOf(body));
}

/** Verify a webhook without decoding its event. */
export async function verifySignature(body: BodyGiven, headers: HeadersGiven, secret: string | string[], options: VerifyOptions = {}): Promise<void> {
  const bytes = bytesOf(body);
  const found = lowerCased(headers);
  const window = { nowS: options.nowS ?? Date.now() / 1000, toleranceS: options.toleranceS ?? TOLERANCE_S };
  if (!(window.toleranceS > 0 && Number.isFinite(window.nowS)))
    throw new SGateUsageError("invalid_option", "toleranceS must be a number of seconds above 0: it limits replays.", "toleranceS");
  const secrets = secretsOf(secret);
  if (found["webhook-signature"] !== undefined) await verifyStandard(bytes, found, secrets, window);
  else await verifyOwn(bytes, found, secrets, window);
}

/**
 * Return the headers with which sGate would send a webhook with this body, to test a receiver. Each secret signs, as
 * during a rotation.
 */
export async function webhookHeaders(
  body: BodyGiven,
  secret: string | string[],
  options: WebhookHeadersOptions = {},
): Promise<Record<string, string>> {
  const bytes = bytesOf(body);
  const id = options.eventId ?? eventOf(bytes).id;
  const timestamp = String(Math.floor(options.timestampS ?? Date.now() / 1000));
  const secrets = secretsOf(secret);
  const standard = await Promise.all(secrets.map((secret) => signedStandard(secret, `${id}.${timestamp}.`, bytes)));
  const own = await Promise.all(secrets.map((secret) => signedOwn(secret, `${timestamp}.`, bytes)));
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": standard.join(" "),
    "x-sgate-signature": [`t=${timestamp}`, ...own.map((signature) => `v1=${signature}`)].join(","),
    "x-sgate-timestamp": timestamp,
  };
}

/** @deprecated Use `verifyWebhook`, `verifySignature` and `webhookHeaders`. */
export const webhooks = {
  verify: verifyWebhook,
  verifySignature,
  generateTestHeaders: ({ body, secret, id, timestampS }: TestHeadersOptions): Promise<Record<string, string>> =>
    webhookHeaders(body, secret, { eventId: id, timestampS }),
};

interface Window {
  nowS: number;
  toleranceS: number;
}

async function verifyStandard(body: Uint8Array, headers: Record<string, string>, secrets: string[], window: Window): Promise<void> {
  const id = headerOf(headers, "webhook-id");
  const timestamp = checkedTimestamp(headerOf(headers, "webhook-timestamp"), window);
  const given = headerOf(headers, "webhook-signature").split(" ");
  await oneMatches(secrets.map((secret) => signedStandard(secret, `${id}.${timestamp}.`, body)), given, "webhook-signature");
}

async function verifyOwn(body: Uint8Array, headers: Record<string, string>, secrets: string[], window: Window): Promise<void> {
  const parts = headerOf(headers, "x-sgate-signature").split(",");
  const named = (name: string): string[] => parts.filter((part) => part.startsWith(`${name}=`)).map((part) => part.slice(name.length + 1));
  const timestamps = named("t");
  if (timestamps.length !== 1) throw new SGateSignatureError("malformed", "x-sgate-signature must have the form t=<unix>,v1=<hex>.");
  const timestamp = checkedTimestamp(timestamps[0]!, window);
  await oneMatches(secrets.map((secret) => signedOwn(secret, `${timestamp}.`, body)), named("v1"), "x-sgate-signature");
}

async function oneMatches(expected: Promise<string>[], given: string[], header: string): Promise<void> {
  let matched = false;
  for (const signature of await Promise.all(expected)) for (const candidate of given) matched = same(signature, candidate) || matched;
  if (matched) return;
  throw new SGateSignatureError(
    "no_match",
    `No signature in ${header} matches. Is this the endpoint's secret, and the body unchanged, byte for byte?`,
  );
}

/** Compares in constant time. */
function same(expected: string, given: string): boolean {
  let difference = expected.length ^ given.length;
  for (let at = 0; at < expected.length; at += 1) difference |= expected.charCodeAt(at) ^ (given.charCodeAt(at) || 0);
  return difference === 0;
}

async function signedStandard(secret: string, prefix: string, body: Uint8Array): Promise<string> {
  return `v1,${btoa(String.fromCharCode(...(await hmac(standardKey(secret), prefix, body))))}`;
}

async function signedOwn(secret: string, prefix: string, body: Uint8Array): Promise<string> {
  return Array.from(await hmac(new TextEncoder().encode(secret), prefix, body), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function hmac(key: Uint8Array<ArrayBuffer>, prefix: string, body: Uint8Array): Promise<Uint8Array> {
  const start = new TextEncoder().encode(prefix);
  const signed = new Uint8Array(start.length + body.length);
  signed.set(start);
  signed.set(body, start.length);
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, signed));
}

/** The key for the Standard Webhooks scheme. It consists of the bytes that the secret encodes. */
function standardKey(secret: string): Uint8Array<ArrayBuffer> {
  const encoded = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/.exec(secret)?.[1];
  if (!encoded) throw badSecret();
  return Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
}

function secretsOf(secret: string | string[]): string[] {
  const secrets = Array.isArray(secret) ? secret : [secret];
  if (!secrets.length || !secrets.every((text) => typeof text === "string" && text)) throw badSecret();
  return secrets;
}

const badSecret = (): SGateSignatureError =>
  new SGateSignatureError("bad_secret", "Pass the endpoint's secret: whsec_ followed by base64.");

function bytesOf(body: BodyGiven): Uint8Array {
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new SGateUsageError(
    "body_not_raw",
    "Pass the raw body, as a string or bytes. A parsed body cannot be verified; with Express, use express.raw().",
    "body",
  );
}

function lowerCased(headers: HeadersGiven): Record<string, string> {
  const pairs = typeof (headers as Headers)?.entries === "function" ? [...(headers as Headers).entries()] : Object.entries(headers ?? {});
  const found: Record<string, string> = {};
  for (const [name, value] of pairs) if (value !== undefined) found[name.toLowerCase()] = String(value);
  return found;
}

function headerOf(headers: Record<string, string>, name: string): string {
  const value = headers[name];
  if (value === undefined) throw new SGateSignatureError("missing_header", `The header ${name} is missing. Does a proxy remove it?`);
  return value;
}

function checkedTimestamp(text: string, { nowS, toleranceS }: Window): string {
  if (!/^\d{1,10}$/.test(text)) throw new SGateSignatureError("malformed", "The timestamp is not a Unix time in seconds.");
  const aheadS = Number(text) - nowS;
  if (Math.abs(aheadS) <= toleranceS) return text;
  if (aheadS < 0) throw new SGateSignatureError("too_old", `The webhook was signed more than ${toleranceS} seconds ago. Is this machine's clock right?`);
  throw new SGateSignatureError("from_the_future", `The webhook was signed more than ${toleranceS} seconds in the future. Is this machine's clock right?`);
}

function eventOf(body: Uint8Array): SGateEvent {
  try {
    const event: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (typeof event === "object" && event !== null) return event as SGateEvent;
  } catch {
    // The error is thrown below.
  }
  throw new SGateUnexpectedResponseError("The webhook is genuine, but not an event: its body is not a JSON object.", {
    type: "unexpected_answer",
    code: "not_an_event",
  });
}
