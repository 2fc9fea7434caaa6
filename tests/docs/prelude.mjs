// What the readers of the pages have of their own: a client, orders to ship, a request that just came in.
import { SGate } from "../../sdk/js/dist/index.js";

const { body, headers } = JSON.parse(process.env.SGATE_TEST_WEBHOOK);
const sgate = new SGate({ apiKey: process.env.SGATE_API_KEY, baseUrl: process.env.SGATE_API_BASE_URL });

Object.assign(globalThis, {
  sgate,
  rawBody: body,
  request: { headers },
  ship: async (order) => console.log(`ship ${order}`),
  // The event that was handled last is the newest one; then something happens.
  lastHandled: async () => {
    const [newest] = (await sgate.events.list({ limit: 1 })).data;
    await sgate.createPaymentIntent({ amount_sats: 1_000 });
    return newest.id;
  },
  // A stream has no end; the reader leaves when something came.
  handle: async (event) => {
    console.log(event.type);
    process.exit(0);
  },
});
