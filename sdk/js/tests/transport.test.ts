// The client against a real server on a loopback port, beyond the shared cases.
import { afterEach, describe, expect, test } from "vitest";
import {
  SGate,
  type ClientOptions,
  SGateConnectionError,
  SGateError,
  SGateNotFoundError,
  SGateRateLimitError,
  SGateUnavailableError,
  SGateUsageError,
  SGateValidationError,
} from "../src/index";
import { type ScriptedAnswer, ScriptedServer } from "./cases/scripted_server";

const API_KEY = `sk_test_${"0".repeat(64)}`;
const INTENT = { id: "pi_0123456789abcdef01234567", object: "payment_intent", status: "requires_payment" };
const failure = (type: string, code: string): object => ({ error: { type, code, message: "m", param: "p", doc_url: "d", details: { a: 1 } }, request_id: "req_1" });

let server: ScriptedServer | undefined;

async function client(options: Partial<ClientOptions>, ...answers: ScriptedAnswer[]): Promise<SGate> {
  server = await ScriptedServer.start(...answers);
  return new SGate({ baseUrl: server.url, apiKey: API_KEY, backoffMs: () => 1, ...options });
}

afterEach(async () => {
  await server?.close();
  server = undefined;
});

describe("results", () => {
  test("carry metadata of the response, which JSON does not show", async () => {
    const headers = { "X-Request-Id": "req_7", "Idempotent-Replayed": "true" };
    const intent = await (await client({}, { status: 201, json: INTENT, headers })).createPaymentIntent({ amount_sats: 1 });
    expect(intent.lastResponse).toMatchObject({ requestId: "req_7", statusCode: 201, idempotentReplayed: true });
    expect(JSON.parse(JSON.stringify(intent))).toEqual(INTENT);
  });

  test("of the shortcuts are those of the resources", async () => {
    const made = await client({}, { json: INTENT });
    await made.createPaymentIntent({ amount_sats: 1 });
    await made.retrievePaymentIntent(INTENT.id);
    await made.cancelPaymentIntent(INTENT.id);
    await made.listPaymentIntents({ limit: 2 }).catch(() => undefined);
    const path = "/v1/payment_intents";
    expect(server!.received.map((request) => `${request.method} ${request.path}`)).toEqual([
      `POST ${path}`, `GET ${path}/${INTENT.id}`, `POST ${path}/${INTENT.id}/cancel`, `GET ${path}`,
    ]);
  });
});

describe("errors", () => {
  test.each([
    ["not_found", "payment_intent_not_found", 404, SGateNotFoundError],
    ["validation_error", "invalid_amount", 422, SGateValidationError],
    ["rate_limit_exceeded", "rate_limit_exceeded", 429, SGateRateLimitError],
    ["brand_new", "brand_new", 418, SGateError],
    ["brand_new", "brand_new", 503, SGateUnavailableError],
  ])("of type %s have a class of their own", async (type, code, status, Class) => {
    const made = await client({ maxRetries: 0 }, { status, json: failure(type, code) });
    const error = await made.retrievePaymentIntent(INTENT.id).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Class);
    expect(error).toMatchObject({ name: Class.name, type, code, param: "p", requestId: "req_1", statusCode: status, docUrl: "d", details: { a: 1 } });
  });

  test("without a response carry the request id of the attempt", async () => {
    const made = await client({ maxRetries: 0 }, { drop: "at_once" });
    const error = await made.retrievePaymentIntent(INTENT.id).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SGateConnectionError);
    expect((error as SGateError).requestId).toBe(server!.received[0]!.headers["x-request-id"]);
    expect((error as SGateError).cause).toBeInstanceOf(Error);
  });

  test("say that the server is unreachable", async () => {
    const gone = await ScriptedServer.start({ json: INTENT });
    const { url } = gone;
    await gone.close();
    const calling = new SGate({ baseUrl: url, apiKey: API_KEY, maxRetries: 0 }).merchants.me();
    await expect(calling).rejects.toThrow(/The connection to http:\/\/127\.0\.0\.1:\d+ failed: .*ECONNREFUSED/);
  });
});

describe("abort signals", () => {
  test("end a call that waits for its response, with their reason", async () => {
    const made = await client({}, { json: INTENT, delay_ms: 60_000 });
    const controller = new AbortController();
    const calling = made.retrievePaymentIntent(INTENT.id, { signal: controller.signal });
    await expect.poll(() => server!.received.length).toBe(1);
    controller.abort(new Error("enough"));
    await expect(calling).rejects.toThrow("enough");
    expect(server!.received.length).toBe(1);
  });

  test("end the delay before a retry", async () => {
    const made = await client({ backoffMs: () => 60_000 }, { status: 503, json: failure("unavailable", "unavailable") });
    const controller = new AbortController();
    const calling = made.retrievePaymentIntent(INTENT.id, { signal: controller.signal });
    await expect.poll(() => server!.received.length).toBe(1);
    controller.abort();
    await expect(calling).rejects.toMatchObject({ name: "AbortError" });
  });

  test("that are already aborted prevent the call", async () => {
    const made = await client({}, { json: INTENT });
    await expect(made.merchants.me({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    expect(server!.received).toEqual([]);
  });
});

describe("a client", () => {
  test.each([
    [{}, "invalid_base_url"],
    [{ baseUrl: "pay.example.com" }, "invalid_base_url"],
    [{ baseUrl: "ftp://pay.example.com" }, "invalid_base_url"],
    [{ baseUrl: "https://pay.example.com", apiKey: "sk_test_1\n" }, "invalid_api_key"],
    [{ baseUrl: "https://pay.example.com", apiKey: "" }, "invalid_api_key"],
    [{ baseUrl: "https://pay.example.com", timeoutMs: 0 }, "invalid_option"],
    [{ baseUrl: "https://pay.example.com", maxRetries: -1 }, "invalid_option"],
  ])("with the options %j is refused", (options, code) => {
    expect(() => new SGate(options as ClientOptions)).toThrow(expect.objectContaining({ code, name: "SGateUsageError" }) as SGateError);
  });

  test("without a key makes public calls only", async () => {
    const made = await client({ apiKey: undefined }, { json: INTENT });
    await made.public.retrieve(INTENT.id, { client_secret: "s" });
    await expect(made.merchants.me()).rejects.toMatchObject({ code: "api_key_missing" });
    const { authorization, "x-request-id": requestId } = server!.received[0]!.headers;
    expect([authorization, requestId, server!.received[0]!.query]).toEqual([undefined, undefined, { client_secret: "s" }]);
  });

  test.each(["document", "importScripts"])("with a secret key is refused in a browser, which has %s", (name) => {
    const browser = globalThis as Record<string, unknown>;
    browser[name] = name === "document" ? {} : () => undefined;
    try {
      expect(() => new SGate({ baseUrl: "https://pay.example.com", apiKey: API_KEY })).toThrow(/Keep it on your server/);
      new SGate({ baseUrl: "https://pay.example.com" });
    } finally {
      delete browser[name];
    }
  });

  test("keeps the path of its base URL", async () => {
    const made = await client({}, { json: INTENT });
    await new SGate({ baseUrl: `${server!.url}/pay/`, apiKey: API_KEY }).merchants.me();
    expect(server!.received[0]!.path).toBe("/pay/v1/merchants/me");
    expect(made).toBeInstanceOf(SGate);
  });

  test("refuses an idempotency key that cannot be sent", async () => {
    const made = await client({}, { json: INTENT });
    for (const idempotencyKey of ["", "Zoë", "a\nb"])
      await expect(made.createPaymentIntent({ amount_sats: 1 }, { idempotencyKey })).rejects.toBeInstanceOf(SGateUsageError);
    expect(server!.received).toEqual([]);
  });

  test("does not retry a call that has no idempotency key and would have a second effect", async () => {
    const made = await client({}, { status: 503, json: failure("unavailable", "unavailable") });
    await expect(made.simulator.pay({ recipient: "ST000000000000000000002AMW42H", amount_sats: 1 })).rejects.toMatchObject({ statusCode: 503 });
    expect(server!.received.map(({ headers }) => headers["idempotency-key"])).toEqual([undefined]);
  });

  test("sends a new idempotency key for each call", async () => {
    const made = await client({}, { json: INTENT });
    for (const amount_sats of [1, 1]) await made.createPaymentIntent({ amount_sats });
    expect(new Set(server!.received.map(({ headers }) => headers["idempotency-key"])).size).toBe(2);
  });
});
