// The client against a real server on a loopback port: what the shared cases do not say.
import { afterEach, describe, expect, test } from "vitest";
import {
  SGateClient,
  type ClientOptions,
  SGateConnectionError,
  SGateError,
  SGateNotFoundError,
  SGateRateLimitError,
  SGateUsageError,
  SGateValidationError,
} from "../src/index";
import { type ScriptedAnswer, ScriptedServer } from "./cases/scripted_server";

const API_KEY = `sk_test_${"0".repeat(64)}`;
const INTENT = { id: "pi_0123456789abcdef01234567", object: "payment_intent", status: "requires_payment" };
const failure = (type: string, code: string): object => ({ error: { type, code, message: "m", param: "p", doc_url: "d", details: { a: 1 } }, request_id: "req_1" });

let server: ScriptedServer | undefined;

async function client(options: Partial<ClientOptions>, ...answers: ScriptedAnswer[]): Promise<SGateClient> {
  server = await ScriptedServer.start(...answers);
  return new SGateClient({ apiBaseUrl: server.url, apiKey: API_KEY, backoffMs: () => 1, ...options });
}

afterEach(async () => {
  await server?.close();
  server = undefined;
});

describe("answers", () => {
  test("carry how they came, which JSON does not show", async () => {
    const headers = { "X-Request-Id": "req_7", "Idempotent-Replayed": "true" };
    const intent = await (await client({}, { status: 201, json: INTENT, headers })).createPaymentIntent({ amount_sats: 1 });
    expect(intent.lastResponse).toMatchObject({ requestId: "req_7", statusCode: 201, idempotentReplayed: true });
    expect(JSON.parse(JSON.stringify(intent))).toEqual(INTENT);
  });

  test("of the short names are those of the resources", async () => {
    const made = await client({}, { json: INTENT });
    await made.createPaymentIntent({ amount_sats: 1 });
    await made.retrievePaymentIntent(INTENT.id);
    await made.cancelPaymentIntent(INTENT.id);
    await made.listPaymentIntents({ limit: 2 }).catch(() => undefined);
    const path = "/v1/payment_intents";
    expect(server!.asked.map((asked) => `${asked.method} ${asked.path}`)).toEqual([
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
  ])("of type %s are of a class of their own", async (type, code, status, Class) => {
    const made = await client({ maxRetries: 0 }, { status, json: failure(type, code) });
    const error = await made.retrievePaymentIntent(INTENT.id).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Class);
    expect(error).toMatchObject({ name: Class.name, type, code, param: "p", requestId: "req_1", statusCode: status, docUrl: "d", details: { a: 1 } });
  });

  test("without an answer carry the id that the attempt was sent with", async () => {
    const made = await client({ maxRetries: 0 }, { drop: "at_once" });
    const error = await made.retrievePaymentIntent(INTENT.id).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SGateConnectionError);
    expect((error as SGateError).requestId).toBe(server!.asked[0]!.headers["x-request-id"]);
    expect((error as SGateError).cause).toBeInstanceOf(Error);
  });

  test("of a server that is not there say so", async () => {
    const gone = await ScriptedServer.start({ json: INTENT });
    const { url } = gone;
    await gone.close();
    const asking = new SGateClient({ apiBaseUrl: url, apiKey: API_KEY, maxRetries: 0 }).merchants.me();
    await expect(asking).rejects.toThrow(/No answer from http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });
});

describe("abort signals", () => {
  test("end a call that waits for its answer, with the reason given", async () => {
    const made = await client({}, { json: INTENT, delay_ms: 60_000 });
    const controller = new AbortController();
    const asking = made.retrievePaymentIntent(INTENT.id, { signal: controller.signal });
    await expect.poll(() => server!.asked.length).toBe(1);
    controller.abort(new Error("enough"));
    await expect(asking).rejects.toThrow("enough");
    expect(server!.asked.length).toBe(1);
  });

  test("end the pause before a retry", async () => {
    const made = await client({ backoffMs: () => 60_000 }, { status: 503, json: failure("unavailable", "unavailable") });
    const controller = new AbortController();
    const asking = made.retrievePaymentIntent(INTENT.id, { signal: controller.signal });
    await expect.poll(() => server!.asked.length).toBe(1);
    controller.abort();
    await expect(asking).rejects.toMatchObject({ name: "AbortError" });
  });

  test("that are aborted already keep the call from being made", async () => {
    const made = await client({}, { json: INTENT });
    await expect(made.merchants.me({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    expect(server!.asked).toEqual([]);
  });
});

describe("a client", () => {
  test.each([
    [{}, "invalid_base_url"],
    [{ apiBaseUrl: "pay.example.com" }, "invalid_base_url"],
    [{ apiBaseUrl: "ftp://pay.example.com" }, "invalid_base_url"],
    [{ apiBaseUrl: "https://pay.example.com", apiKey: "sk_test_1\n" }, "invalid_api_key"],
    [{ apiBaseUrl: "https://pay.example.com", apiKey: "" }, "invalid_api_key"],
    [{ apiBaseUrl: "https://pay.example.com", timeoutMs: 0 }, "invalid_option"],
    [{ apiBaseUrl: "https://pay.example.com", maxRetries: -1 }, "invalid_option"],
  ])("made with %j is refused", (options, code) => {
    expect(() => new SGateClient(options as ClientOptions)).toThrow(expect.objectContaining({ code, name: "SGateUsageError" }) as SGateError);
  });

  test("without a key makes the public calls alone", async () => {
    const made = await client({ apiKey: undefined }, { json: INTENT });
    await made.public.retrieve(INTENT.id, { client_secret: "s" });
    await expect(made.merchants.me()).rejects.toMatchObject({ code: "api_key_missing" });
    const { authorization, "x-request-id": requestId } = server!.asked[0]!.headers;
    expect([authorization, requestId, server!.asked[0]!.query]).toEqual([undefined, undefined, { client_secret: "s" }]);
  });

  test.each(["document", "importScripts"])("with a secret key is refused where there is %s: in a browser", (name) => {
    const browser = globalThis as Record<string, unknown>;
    browser[name] = name === "document" ? {} : () => undefined;
    try {
      expect(() => new SGateClient({ apiBaseUrl: "https://pay.example.com", apiKey: API_KEY })).toThrow(/Keep it on your server/);
      new SGateClient({ apiBaseUrl: "https://pay.example.com" });
    } finally {
      delete browser[name];
    }
  });

  test("behind a path keeps the path", async () => {
    const made = await client({}, { json: INTENT });
    await new SGateClient({ apiBaseUrl: `${server!.url}/pay/`, apiKey: API_KEY }).merchants.me();
    expect(server!.asked[0]!.path).toBe("/pay/v1/merchants/me");
    expect(made).toBeInstanceOf(SGateClient);
  });

  test("takes no idempotency key that cannot be sent", async () => {
    const made = await client({}, { json: INTENT });
    for (const idempotencyKey of ["", "Zoë", "a\nb"])
      await expect(made.createPaymentIntent({ amount_sats: 1 }, { idempotencyKey })).rejects.toBeInstanceOf(SGateUsageError);
    expect(server!.asked).toEqual([]);
  });

  test("does not send again what has no idempotency key and would happen twice", async () => {
    const made = await client({}, { status: 503, json: failure("unavailable", "unavailable") });
    await expect(made.simulator.pay({ recipient: "ST000000000000000000002AMW42H", amount_sats: 1 })).rejects.toMatchObject({ statusCode: 503 });
    expect(server!.asked.map(({ headers }) => headers["idempotency-key"])).toEqual([undefined]);
  });

  test("sends a new idempotency key for each effect", async () => {
    const made = await client({}, { json: INTENT });
    for (const amount_sats of [1, 1]) await made.createPaymentIntent({ amount_sats });
    expect(new Set(server!.asked.map(({ headers }) => headers["idempotency-key"])).size).toBe(2);
  });
});
