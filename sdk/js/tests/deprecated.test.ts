// The deprecated names still work, but not together with the new ones.
import { expect, test } from "vitest";
import { configure } from "../src/elements/index";
import { paymentOf } from "../src/elements/payment";
import * as sdk from "../src/index";
import { type ClientOptions, type Deposit, type DeprecatedClientOptions, type Payment, SGate, SGateClient, webhooks } from "../src/index";
import { ScriptedServer } from "./cases/scripted_server";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const CLIENT_SECRET = `pi_${"0".repeat(24)}_secret_${"0".repeat(29)}`;
const BOTH = { baseUrl: "https://pay.example.com", apiBaseUrl: "https://pay.example.com" };

test("SGateClient is SGate, and apiBaseUrl is baseUrl", async () => {
  expect(SGateClient).toBe(SGate);
  const server = await ScriptedServer.start({ json: { id: "pi_1" } });
  const options: DeprecatedClientOptions = { apiBaseUrl: server.url, apiKey: "sk_test_1" };
  const client: SGateClient = new SGateClient(options);
  await client.merchants.me();
  await server.close();
  expect(server.received.length).toBe(1);
});

test("baseUrl together with apiBaseUrl is refused", () => {
  const refusal = expect.objectContaining({ name: "SGateUsageError", code: "invalid_option", param: "apiBaseUrl" }) as Error;
  expect(() => new SGate(BOTH as ClientOptions)).toThrow(refusal);
  expect(() => configure(BOTH)).toThrow(refusal);
  expect(() => paymentOf({ clientSecret: CLIENT_SECRET, ...BOTH })).toThrow(refusal);
});

test("elements take apiBaseUrl too", () => {
  const baseUrl = "https://pay.example.com";
  expect(paymentOf({ clientSecret: CLIENT_SECRET, apiBaseUrl: baseUrl })).toEqual(paymentOf({ clientSecret: CLIENT_SECRET, baseUrl }));
  configure({ apiBaseUrl: "https://other.example.com/" });
  expect(paymentOf({ clientSecret: CLIENT_SECRET }).baseUrl).toBe("https://other.example.com");
  configure({ baseUrl });
  expect(paymentOf({ clientSecret: CLIENT_SECRET }).baseUrl).toBe(baseUrl);
});

test("webhooks has the functions under their old names", async () => {
  const body = '{"id":"evt_1"}';
  const headers = await webhooks.generateTestHeaders({ body, secret: SECRET, id: "evt_2", timestampS: 7 });
  expect(headers).toEqual(await sdk.webhookHeaders(body, SECRET, { eventId: "evt_2", timestampS: 7 }));
  expect([webhooks.verify, webhooks.verifySignature]).toEqual([sdk.verifyWebhook, sdk.verifySignature]);
});

test("pages() is iterPages(), and the type Deposit is Payment", async () => {
  const server = await ScriptedServer.start({ json: { object: "list", data: [{ id: "pay_1" }], has_more: false } });
  const found: Payment[] = [];
  for await (const page of new SGate({ baseUrl: server.url, apiKey: "sk_test_1" }).payments.list().pages()) {
    const deposits: Deposit[] = page.data;
    found.push(...deposits);
  }
  await server.close();
  expect(found.map(({ id }) => id)).toEqual(["pay_1"]);
});
