// Performs a call: sends the request, retries it, and returns the response or throws the error.
import { SGateConnectionError, SGateError, SGateTimeoutError, SGateUsageError, errorOf, unexpectedResponse } from "./errors";
import {
  type ClientOptions,
  type DeprecatedClientOptions,
  type PostOptions,
  baseUrlOf,
  checkedApiKey,
  checkedBaseUrl,
  checkedNumber,
} from "./options";
import { backoffMs, retryDelayMs } from "./retry";

declare const process: { versions?: { node?: string } } | undefined;

const TIMEOUT_MS = 30_000;
const MAX_RETRIES = 2;
const MAX_TIMER_MS = 2 ** 31 - 1; // a timer with a longer delay fires immediately

/** The version of this library. */
export const VERSION = "0.2.0";

/** Metadata of the HTTP response. `JSON.stringify` omits it. */
export interface LastResponse {
  requestId: string | null;
  statusCode: number;
  headers: Headers;
  /** Whether the server replayed its response to an earlier request with the same idempotency key. */
  idempotentReplayed: boolean;
}

/** An object of the API, with metadata of the HTTP response. */
export type Answer<T> = T & { readonly lastResponse: LastResponse };

export type Query = Record<string, unknown>;

export interface Call {
  method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  path: string;
  /** The id of the object, which follows `path`. `action` follows the id. */
  id?: unknown;
  action?: string;
  query?: Query;
  /** Sent as JSON, except that a Blob is sent unchanged. */
  body?: object;
  options?: PostOptions | undefined;
  /**
   * Whether the call is public. A public call is sent without a key, and without headers that would cause a CORS
   * preflight request.
   */
  open?: boolean;
  /** Whether the call is never retried, because a repetition would have a second effect. */
  once?: boolean;
  /** Whether the response is a stream. */
  lasting?: boolean;
}

export class Transport {
  readonly #baseUrl: string;
  readonly #apiKey: string | undefined;
  readonly #timeoutMs: number;
  readonly #maxRetries: number;
  readonly #backoffMs: (retry: number) => number;
  readonly #fetch: typeof fetch;

  constructor(options: ClientOptions | DeprecatedClientOptions) {
    this.#baseUrl = checkedBaseUrl(baseUrlOf(options));
    this.#apiKey = checkedApiKey(options.apiKey, this.#baseUrl);
    this.#timeoutMs = checkedNumber(options.timeoutMs, "timeoutMs", TIMEOUT_MS, 1);
    this.#maxRetries = checkedNumber(options.maxRetries, "maxRetries", MAX_RETRIES, 0);
    this.#backoffMs = options.backoffMs ?? ((retry) => backoffMs(retry, Math.random()));
    // `fetch` is read at each call, so that instrumentation that is installed later takes effect.
    this.#fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  }

  /** Make the call, with retries, and decode its response. */
  async send<T extends object>(call: Call): Promise<Answer<T>> {
    return this.#persist(call, this.#headers(call), async (response) => withResponse(read<T>(response, await response.text()), response));
  }

  /**
   * Open a stream of server-sent events. The timeout applies until the response begins. The signal of the call ends the
   * stream.
   */
  async open(call: Call & { lasting: true }, lastEventId?: string): Promise<Response> {
    const headers = this.#headers(call);
    headers.set("Accept", "text/event-stream");
    if (lastEventId !== undefined) headers.set("Last-Event-ID", lastEventId);
    return this.#persist(call, headers, async (response) => response);
  }

  /** The delay before a stream is opened again. */
  reopenMs(retry: number): number {
    return this.#backoffMs(retry);
  }

  async #persist<T>(call: Call, headers: Headers, use: (response: Response) => Promise<T>): Promise<T> {
    const maxRetries = call.once ? 0 : checkedNumber(call.options?.maxRetries, "maxRetries", this.#maxRetries, 0);
    for (let retry = 1; ; retry += 1) {
      try {
        return await this.#attempt(call, headers, use);
      } catch (error) {
        const wait = error instanceof SGateError ? retryDelayMs(error, retry, maxRetries, this.#backoffMs(retry)) : null;
        if (wait === null) throw error;
        await pause(wait, call.options?.signal);
      }
    }
  }

  async #attempt<T>(call: Call, headers: Headers, use: (response: Response) => Promise<T>): Promise<T> {
    const given = call.options?.signal;
    given?.throwIfAborted();
    const timeoutMs = checkedNumber(call.options?.timeoutMs, "timeoutMs", this.#timeoutMs, 1);
    // The server adopts this id, so that even an attempt without a response can be found in the server's log.
    if (!call.open) headers.set("X-Request-Id", `req_${randomHex(12)}`);
    const ending = new AbortController();
    const stop = (): void => ending.abort(given?.reason);
    let late = false;
    const timer = setTimeout(
      () => {
        late = true;
        ending.abort();
      },
      Math.min(timeoutMs, MAX_TIMER_MS),
    );
    given?.addEventListener("abort", stop);
    try {
      return await use(await this.#request(call, headers, ending.signal));
    } catch (error) {
      if (error instanceof SGateError) throw error;
      given?.throwIfAborted();
      throw connectionError(this.#baseUrl, error, headers.get("X-Request-Id"), late ? timeoutMs : null);
    } finally {
      clearTimeout(timer);
      if (!call.lasting) given?.removeEventListener("abort", stop);
    }
  }

  async #request(call: Call, headers: Headers, signal: AbortSignal): Promise<Response> {
    const body = call.body === undefined || call.body instanceof Blob ? call.body : JSON.stringify(call.body);
    const response = await this.#fetch(this.#baseUrl + pathOf(call) + queryOf(call.query), {
      method: call.method,
      headers,
      ...(body === undefined ? {} : { body }),
      redirect: "manual",
      signal,
    });
    if (response.ok) return response;
    if (response.status < 400) throw redirected(response);
    throw errorOf(response, await response.text(), requestIdOf(response) ?? headers.get("X-Request-Id"));
  }

  #headers(call: Call): Headers {
    const headers = new Headers({ Accept: "application/json" });
    if (call.body !== undefined) headers.set("Content-Type", call.body instanceof Blob ? call.body.type : "application/json");
    if (call.open) return headers;
    if (this.#apiKey === undefined)
      throw new SGateUsageError("api_key_missing", "This call needs an API key: new SGate({ apiKey: 'sk_test_...', ... }).", "apiKey");
    headers.set("Authorization", `Bearer ${this.#apiKey}`);
    if (typeof process !== "undefined" && process.versions?.node) headers.set("User-Agent", `sgate-js/${VERSION} node/${process.versions.node}`);
    if (call.method === "POST" && !call.once) headers.set("Idempotency-Key", idempotencyKey(call.options?.idempotencyKey));
    return headers;
  }
}

function idempotencyKey(given: string | undefined): string {
  if (given === undefined) return randomHex(16);
  if (typeof given !== "string" || !/^[ -~]+$/.test(given))
    throw new SGateUsageError("invalid_idempotency_key", "idempotencyKey must be text of printable ASCII characters.", "idempotencyKey");
  return given;
}

function read<T>(response: Response, text: string): T {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === "object" && answer !== null && !Array.isArray(answer)) return answer as T;
  } catch {
    // The error is thrown below.
  }
  throw unexpectedResponse("The response is not sGate's: it is not a JSON object. Does baseUrl point to your sGate?", response, requestIdOf(response));
}

function withResponse<T extends object>(answer: T, response: Response): Answer<T> {
  const lastResponse: LastResponse = {
    requestId: requestIdOf(response),
    statusCode: response.status,
    headers: response.headers,
    idempotentReplayed: response.headers.get("idempotent-replayed") === "true",
  };
  return Object.defineProperty(answer, "lastResponse", { value: lastResponse }) as Answer<T>;
}

const requestIdOf = (response: Response): string | null => response.headers.get("x-request-id");

function redirected(response: Response): SGateError {
  const to = response.headers.get("location");
  const message = `The server redirects${to ? ` to ${to}` : ""}. Redirects are not followed: set baseUrl to the final address.`;
  return unexpectedResponse(message, response, requestIdOf(response));
}

/** The error of an attempt that got no response. `timeoutMs` is null unless the attempt timed out. */
function connectionError(baseUrl: string, cause: unknown, requestId: string | null, timeoutMs: number | null): SGateConnectionError {
  const facts = { type: "connection_error", requestId };
  if (timeoutMs !== null) return new SGateTimeoutError(`${baseUrl} did not respond within ${timeoutMs} ms.`, { ...facts, code: "timeout" });
  const { message, cause: deeper } = cause as { message?: string; cause?: { message?: string } };
  return new SGateConnectionError(`The connection to ${baseUrl} failed: ${deeper?.message || message || cause}`, {
    ...facts,
    code: "connection_failed",
    cause,
  });
}

/** Wait for `ms` milliseconds. Throws the reason of the signal as soon as the signal is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** The query string, such as `?metadata[order]=17&limit=3` for `{ metadata: { order: 17 }, limit: 3 }`. */
export function queryOf(query: Query = {}): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue;
    if (value instanceof Date) pairs.append(name, value.toISOString());
    else if (typeof value === "object") for (const [key, item] of Object.entries(value)) pairs.append(`${name}[${key}]`, String(item));
    else pairs.append(name, String(value));
  }
  const text = pairs.toString();
  return text && `?${text}`;
}

/** Random bytes as hexadecimal digits. Unlike `crypto.randomUUID`, this also works without HTTPS. */
function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The path with the escaped id. An id that is empty or consists of dots is refused, because it would lead to another path. */
function pathOf(call: Call): string {
  if (!("id" in call)) return call.path;
  const { path, id, action } = call;
  if (typeof id !== "string" || /^\.*$/.test(id))
    throw new SGateUsageError("invalid_id", `Pass an id such as pi_3f2b8c1d4e5f60718293a4b5, not ${JSON.stringify(id)}.`, "id");
  return `${path}/${encodeURIComponent(id)}${action ? `/${action}` : ""}`;
}
