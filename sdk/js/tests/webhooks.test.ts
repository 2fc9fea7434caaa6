// Webhook verification, beyond the shared cases.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { SGateSignatureError, SGateUnexpectedResponseError, SGateUsageError, verifyWebhook, webhookHeaders } from "../src/index";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
const BODY = JSON.stringify({ id: "evt_1", object: "event", type: "payment_intent.succeeded", data: { object: { id: "pi_1", description: "Zoë ☕" } } });

test("the headers of webhookHeaders are genuine, in both schemes", async () => {
  const headers = await webhookHeaders(BODY, SECRET);
  const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": standard, ...own } = headers;
  expect([id, Object.keys(own)]).toEqual(["evt_1", ["content-type", "x-sgate-signature", "x-sgate-timestamp"]]);
  for (const given of [headers, own, { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": standard }, new Headers(headers)]) {
    const event = await verifyWebhook(BODY, given, SECRET);
    expect(event.type === "payment_intent.succeeded" && event.data.object.id).toBe("pi_1");
  }
});

test.each([
  ["text", BODY],
  ["bytes", new TextEncoder().encode(BODY)],
  ["a buffer of Node", Buffer.from(BODY)],
  ["an ArrayBuffer", new TextEncoder().encode(BODY).buffer],
])("a body passed as %s is verified", async (_, body) => {
  const headers = await webhookHeaders(body, SECRET);
  expect((await verifyWebhook(body, headers, SECRET)).id).toBe("evt_1");
});

test("a parsed body is refused, with advice", async () => {
  const headers = await webhookHeaders(BODY, SECRET);
  const verifying = verifyWebhook(JSON.parse(BODY), headers, SECRET);
  await expect(verifying).rejects.toBeInstanceOf(SGateUsageError);
  await expect(verifying).rejects.toThrow(/express\.raw/);
});

test("during a rotation the sender signs with both secrets, and the receiver may hold either or both", async () => {
  const headers = await webhookHeaders(BODY, [SECRET, OLD_SECRET]);
  for (const secret of [SECRET, OLD_SECRET, [OLD_SECRET, SECRET]]) await verifyWebhook(BODY, headers, secret);
  const old = await webhookHeaders(BODY, OLD_SECRET);
  await verifyWebhook(BODY, old, [SECRET, OLD_SECRET]);
  await expect(verifyWebhook(BODY, old, SECRET)).rejects.toMatchObject({ code: "no_match", type: "invalid_signature" });
});

test("a tolerance that limits no replay is refused", async () => {
  const headers = await webhookHeaders(BODY, SECRET, { timestampS: 1 });
  for (const toleranceS of [0, -1, NaN]) await expect(verifyWebhook(BODY, headers, SECRET, { toleranceS })).rejects.toBeInstanceOf(SGateUsageError);
  await expect(verifyWebhook(BODY, headers, SECRET)).rejects.toMatchObject({ code: "too_old" });
});

test("a genuine body that is not an event is an error of its own", async () => {
  const headers = await webhookHeaders("[", SECRET, { eventId: "evt_1" });
  const verifying = verifyWebhook("[", headers, SECRET);
  await expect(verifying).rejects.toBeInstanceOf(SGateUnexpectedResponseError);
  await expect(verifying).rejects.toMatchObject({ type: "unexpected_answer", code: "not_an_event" });
});

test("a receiver on Node passes the headers of its request unchanged", async () => {
  const receiver = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.on("end", () => {
      verifyWebhook(Buffer.concat(chunks), request.headers, SECRET).then(
        (event) => response.end(event.id),
        (error: unknown) => response.writeHead(error instanceof SGateSignatureError ? 400 : 500).end(),
      );
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const headers = await webhookHeaders(BODY, SECRET);
  expect(await (await fetch(url, { method: "POST", headers, body: BODY })).text()).toBe("evt_1");
  expect((await fetch(url, { method: "POST", headers, body: `${BODY} ` })).status).toBe(400);
  receiver.closeAllConnections();
  receiver.close();
});
