// What a receiver does with a webhook, beyond the shared cases.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { SGateSignatureError, SGateUsageError, webhooks } from "../src/index";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
const BODY = JSON.stringify({ id: "evt_1", object: "event", type: "payment_intent.succeeded", data: { object: { id: "pi_1", description: "Zoë ☕" } } });

test("what generateTestHeaders signs is genuine, in both schemes", async () => {
  const headers = await webhooks.generateTestHeaders({ body: BODY, secret: SECRET });
  const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": standard, ...own } = headers;
  expect([id, Object.keys(own)]).toEqual(["evt_1", ["content-type", "x-sgate-signature", "x-sgate-timestamp"]]);
  for (const given of [headers, own, { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": standard }, new Headers(headers)]) {
    const event = await webhooks.verify(BODY, given, SECRET);
    expect(event.type === "payment_intent.succeeded" && event.data.object.id).toBe("pi_1");
  }
});

test.each([
  ["text", BODY],
  ["bytes", new TextEncoder().encode(BODY)],
  ["a buffer of Node", Buffer.from(BODY)],
  ["an ArrayBuffer", new TextEncoder().encode(BODY).buffer],
])("a body given as %s is verified", async (_, body) => {
  const headers = await webhooks.generateTestHeaders({ body, secret: SECRET });
  expect((await webhooks.verify(body, headers, SECRET)).id).toBe("evt_1");
});

test("a body that a parser has read is refused with what to do", async () => {
  const headers = await webhooks.generateTestHeaders({ body: BODY, secret: SECRET });
  const verifying = webhooks.verify(JSON.parse(BODY), headers, SECRET);
  await expect(verifying).rejects.toBeInstanceOf(SGateUsageError);
  await expect(verifying).rejects.toThrow(/express\.raw/);
});

test("during a rotation the sender signs with both secrets, and the receiver may hold either or both", async () => {
  const headers = await webhooks.generateTestHeaders({ body: BODY, secret: [SECRET, OLD_SECRET] });
  for (const secret of [SECRET, OLD_SECRET, [OLD_SECRET, SECRET]]) await webhooks.verify(BODY, headers, secret);
  const old = await webhooks.generateTestHeaders({ body: BODY, secret: OLD_SECRET });
  await webhooks.verify(BODY, old, [SECRET, OLD_SECRET]);
  await expect(webhooks.verify(BODY, old, SECRET)).rejects.toMatchObject({ code: "no_match", type: "invalid_signature" });
});

test("a tolerance that stops no replay is refused", async () => {
  const headers = await webhooks.generateTestHeaders({ body: BODY, secret: SECRET, timestampS: 1 });
  for (const toleranceS of [0, -1, NaN]) await expect(webhooks.verify(BODY, headers, SECRET, { toleranceS })).rejects.toBeInstanceOf(SGateUsageError);
  await expect(webhooks.verify(BODY, headers, SECRET)).rejects.toMatchObject({ code: "too_old" });
});

test("a genuine body that is no event is told apart", async () => {
  const headers = await webhooks.generateTestHeaders({ body: "[", secret: SECRET, id: "evt_1" });
  await expect(webhooks.verify("[", headers, SECRET)).rejects.toMatchObject({ code: "not_an_event" });
});

test("a receiver of Node passes its request on as it is", async () => {
  const receiver = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.on("end", () => {
      webhooks.verify(Buffer.concat(chunks), request.headers, SECRET).then(
        (event) => response.end(event.id),
        (error: unknown) => response.writeHead(error instanceof SGateSignatureError ? 400 : 500).end(),
      );
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const headers = await webhooks.generateTestHeaders({ body: BODY, secret: SECRET });
  expect(await (await fetch(url, { method: "POST", headers, body: BODY })).text()).toBe("evt_1");
  expect((await fetch(url, { method: "POST", headers, body: `${BODY} ` })).status).toBe(400);
  receiver.closeAllConnections();
  receiver.close();
});
