// A coffee shop that accepts sBTC, with Express. Run it with `make example-express`.
//
// The webhook handles duplicate and out-of-order events: an event changes an order only if it is newer than the last one
// applied. Orders are kept in a file, so that they survive a restart; a real shop would use a database.
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import express from "express";
import { SGate, SGateSignatureError, verifyWebhook } from "@sgate/sdk";

const { SGATE_API_KEY, SGATE_API_BASE_URL, SGATE_WEBHOOK_SECRET, SHOP_PORT, SHOP_DATABASE } = process.env;
const SHOP_URL = `http://localhost:${SHOP_PORT}`;
const PRODUCTS = { espresso: 12_000, "flat white": 18_000, "a bag of beans": 90_000 };
const STATUS_TEXTS = {
  requires_payment: "Not paid yet.",
  processing: "We have received your payment and will ship your order once it is final.",
  confirmed: "Paid. We have shipped it.",
};

const sgate = new SGate({ apiKey: SGATE_API_KEY, baseUrl: SGATE_API_BASE_URL });
const orders = existsSync(SHOP_DATABASE) ? JSON.parse(readFileSync(SHOP_DATABASE, "utf8")) : {};

/** Change an order. It is synchronous, so nothing runs in between, and a crash leaves the old file or the new one. */
function update(id, changes) {
  orders[id] = { ...orders[id], ...changes };
  writeFileSync(`${SHOP_DATABASE}.new`, JSON.stringify(orders));
  renameSync(`${SHOP_DATABASE}.new`, SHOP_DATABASE);
}

const page = (title, body, head = "") => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">${head}<title>${title}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/shop.css"><main><h1>${title}</h1>${body}</main></html>`;

const app = express();
app.use(express.static("public"));

app.get("/", (request, response) => {
  const buttons = Object.entries(PRODUCTS).map(
    ([product, sats]) => `<button name="product" value="${product}"><span>${product}</span> <span>${sats.toLocaleString("en")} sats</span></button>`,
  );
  response.send(page("Corner Coffee", `<p>Paid in sBTC, straight to the barista.</p><form method="post" action="/orders">${buttons.join("")}</form>`));
});

app.post("/orders", express.urlencoded(), async (request, response) => {
  const product = request.body?.product;
  if (!Object.hasOwn(PRODUCTS, product ?? "")) return response.sendStatus(400);
  const id = randomUUID();
  update(id, { product, status: "requires_payment", sequence: 0, shipments: 0 }); // stored first, so that the webhook finds it
  const intent = await sgate.paymentIntents.create(
    {
      amount_sats: PRODUCTS[product],
      description: product,
      metadata: { order_id: id },
      success_url: `${SHOP_URL}/orders/${id}`,
      cancel_url: `${SHOP_URL}/`,
    },
    { idempotencyKey: `order-${id}` },
  );
  update(id, { checkoutUrl: intent.checkout_url });
  response.redirect(303, intent.checkout_url);
});

app.get("/orders/:id", (request, response) => {
  const order = Object.hasOwn(orders, request.params.id) ? orders[request.params.id] : undefined;
  if (!order) return response.sendStatus(404);
  const open = ["requires_payment", "processing"].includes(order.status);
  const pay = order.status === "requires_payment" && order.checkoutUrl ? ` <a href="${order.checkoutUrl}">Pay now</a>` : "";
  const text = STATUS_TEXTS[order.status] ?? "We did not receive the full payment in time. If you have paid, please contact us.";
  const color = order.status === "confirmed" ? "good" : open ? "" : "bad";
  const body = `<p>${order.product}</p><p id="status" class="${color}">${text}${pay}</p><p><a href="/">Back to the shop</a></p>`;
  response.send(page("Your order", body, open ? '<meta http-equiv="refresh" content="2">' : ""));
});

// The signature is verified over the raw body, so no parser may read it first.
app.post("/webhooks", express.raw({ type: () => true, limit: "1mb" }), async (request, response) => {
  const event = await verifyWebhook(request.body ?? "", request.headers, SGATE_WEBHOOK_SECRET);
  if (event.type.startsWith("payment_intent.")) apply(event);
  response.sendStatus(204);
});

/**
 * Apply an event to its order. The status follows the newest event: a duplicate has the same sequence number and an
 * older event a lower one. The order ships on `payment_intent.succeeded`, once, even if that event is delivered twice or
 * after a newer one.
 */
function apply({ type, sequence, data: { object: intent } }) {
  const id = intent.metadata.order_id;
  const order = Object.hasOwn(orders, id ?? "") ? orders[id] : undefined;
  if (!order) return;
  if (sequence > order.sequence) update(id, { status: intent.status, sequence });
  if (type === "payment_intent.succeeded") update(id, { shipments: 1 });
}

app.use((error, request, response, next) => {
  const forged = error instanceof SGateSignatureError;
  if (!forged) console.error(error);
  response.status(forged ? 400 : 500).send(forged ? error.message : "Something went wrong."); // after a 500 sGate retries
});

app.listen(Number(SHOP_PORT), "localhost");
