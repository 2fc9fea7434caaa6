// Webhook signatures, by Web Crypto: the Standard Webhooks scheme and sGate's own, over the same bytes with the same secret.
import { SGateSignatureError, SGateUsageError } from "./errors";
import type { SGateEvent } from "./types";

const TOLERANCE_S = 300;

/** As they came: a `Headers`, the headers of a Node request, or a plain object; names in any case. */
export type HeadersGiven = Headers | Record<string, string | string[] | undefined>;

/** As it came, before any parser touched it. */
export type BodyGiven = string | Uint8Array | ArrayBuffer;

export interface VerifyOptions {
  /** How far the timestamp may be from this clock, either way; 300 by default. Stops replays. */
  toleranceS?: number;
  /** The time to judge by, in Unix seconds; now by default. */
  nowS?: number;
}

export interface TestHeadersOptions {
  body: BodyGiven;
  /** One, or several as during a rotation. */
  secret: string | string[];
  /** The event's id; by default that of the body. */
  id?: string;
  /** Unix seconds; now by default. */
  timestampS?: number;
}

/**
 * The event that a webhook tells, if it is genuine.
 *
 * Throws an `SGateSignatureError` if it is not: then answer with status 400. During your own change of secrets, give both.
 */
async function verify(body: BodyGiven, headers: HeadersGiven, secret: string | string[], options: VerifyOptions = {}): Promise<SGateEvent> {
  await verifySignature(body, headers, secret, options);
  return eventOf(bytesOf(body));
}

/** The same without reading the body, for who parses it himself afterwards. */
async function verifySignature(body: BodyGiven, headers: HeadersGiven, secret: string | string[], options: VerifyOptions = {}): Promise<void> {
  const bytes = bytesOf(body);
  const found = lowerCased(headers);
  const window = { nowS: options.nowS ?? Date.now() / 1000, toleranceS: options.toleranceS ?? TOLERANCE_S };
  if (!(window.toleranceS > 0 && Number.isFinite(window.nowS)))
    throw new SGateUsageError("invalid_option", "toleranceS must be a number of seconds above 0: it is what stops replays.", "toleranceS");
  const secrets = secretsOf(secret);
  if (found["webhook-signature"] !== undefined) await verifyStandard(bytes, found, secrets, window);
  else await verifyOwn(bytes, found, secrets, window);
}

/** The headers of a genuine webhook, to test a receiver with. */
async function generateTestHeaders(options: TestHeadersOptions): Promise<Record<string, string>> {
  const bytes = bytesOf(options.body);
  const id = options.id ?? eventOf(bytes).id;
  const timestamp = String(Math.floor(options.timestampS ?? Date.now() / 1000));
  const secrets = secretsOf(options.secret);
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

export const webhooks = { verify, verifySignature, generateTestHeaders };

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
    `No signature in ${header} matches. Is it the secret of this endpoint, and the body exactly as it came, not parsed and written anew?`,
  );
}

/** Takes as long for every text of the same length. */
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

/** The Standard Webhooks key: the bytes that the secret encodes. */
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
  new SGateSignatureError("bad_secret", "The secret is the endpoint's, as it was shown when it was made: whsec_ followed by base64.");

function bytesOf(body: BodyGiven): Uint8Array {
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new SGateUsageError(
    "body_not_raw",
    "Give the body as it came: a string or bytes. What a parser has read cannot be verified; with Express, use express.raw().",
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
  if (value === undefined) throw new SGateSignatureError("missing_header", `The header ${name} is missing: this is no webhook of sGate, or a proxy dropped it.`);
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
    // Told below.
  }
  throw new SGateSignatureError("not_an_event", "The body is genuine, but no JSON object.");
}
