// Lists and streams, against a real server on a loopback port.
import { afterEach, describe, expect, test } from "vitest";
import { SGate } from "../src/index";
import { type ScriptedAnswer, ScriptedServer } from "./cases/scripted_server";

let server: ScriptedServer | undefined;

async function client(...answers: ScriptedAnswer[]): Promise<SGate> {
  server = await ScriptedServer.start(...answers);
  return new SGate({ baseUrl: server.url, apiKey: `sk_test_${"0".repeat(64)}`, backoffMs: () => 1 });
}

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const page = (ids: string[], has_more: boolean): ScriptedAnswer => ({ json: { object: "list", data: ids.map((id) => ({ id })), has_more, limit: 2 } });
const queries = (): Record<string, string>[] => server!.received.map(({ query }) => query);
const event = (number: number): string => `id: evt_${number}\ndata: {"id":"evt_${number}"}\n\n`;
const stream = (text: string): ScriptedAnswer => ({ headers: { "Content-Type": "text/event-stream" }, text: `retry: 1\n\n${text}` });

async function taken<T extends { id: string }>(items: AsyncIterable<T>, most: number): Promise<string[]> {
  const found: string[] = [];
  for await (const item of items) if (found.push(item.id) >= most) break;
  return found;
}

describe("a list", () => {
  test("is iterated to its end, with its filters", async () => {
    const made = await client(page(["c", "b"], true), page(["a"], false));
    expect(await taken(made.paymentIntents.list({ status: "confirmed", limit: 2 }), 10)).toEqual(["c", "b", "a"]);
    expect(queries()).toEqual([{ status: "confirmed", limit: "2" }, { status: "confirmed", limit: "2", starting_after: "b" }]);
  });

  test("is iterated from a cursor towards the newest", async () => {
    const made = await client(page(["c", "b"], true), page(["e", "d"], false));
    expect(await taken(made.events.list({ ending_before: "a" }), 10)).toEqual(["b", "c", "d", "e"]);
    expect(queries()).toEqual([{ ending_before: "a" }, { ending_before: "c" }]);
  });

  test("is iterated by page number if it starts with one", async () => {
    const made = await client(page(["c"], true), page(["b"], false));
    expect(await taken(made.paymentIntents.list({ page: 3 }), 10)).toEqual(["c", "b"]);
    expect(queries()).toEqual([{ page: "3" }, { page: "4" }]);
  });

  test("when awaited is its first page, and fetches no other", async () => {
    const made = await client(page(["c", "b"], true));
    const first = await made.listPaymentIntents();
    expect([first.data.map(({ id }) => id), first.has_more, first.lastResponse.statusCode]).toEqual([["c", "b"], true, 200]);
    expect(server!.received.length).toBe(1);
  });

  test("fetches no more pages than needed", async () => {
    const made = await client(page(["c", "b"], true));
    expect((await made.payments.list().toArray({ limit: 2 })).map(({ id }) => id)).toEqual(["c", "b"]);
    expect(server!.received.length).toBe(1);
  });
});

describe("a page", () => {
  test("fetches the next one, and null at the end; JSON does not show it", async () => {
    const made = await client(page(["c", "b"], true), page(["a"], false));
    const first = await made.paymentIntents.list({ limit: 2 });
    const second = await first.nextPage();
    expect(second?.data.map(({ id }) => id)).toEqual(["a"]);
    expect(await second!.nextPage()).toBeNull();
    expect(Object.keys(JSON.parse(JSON.stringify(first)))).toEqual(["object", "data", "has_more", "limit"]);
  });

  test("is one item of iterPages", async () => {
    const made = await client(page(["c", "b"], true), page(["a"], false));
    const sizes: number[] = [];
    for await (const { data } of made.paymentIntents.list({ limit: 2 }).iterPages()) sizes.push(data.length);
    expect(sizes).toEqual([2, 1]);
    expect(queries()).toEqual([{ limit: "2" }, { limit: "2", starting_after: "b" }]);
  });
});

describe("a stream of events", () => {
  test("starts after the newest existing event", async () => {
    const made = await client(page(["evt_1"], true), stream(event(2)));
    expect(await taken(made.events.stream(), 1)).toEqual(["evt_2"]);
    expect(server!.received[1]!.headers["last-event-id"]).toBe("evt_1");
  });

  test("that started before the first event misses and repeats none", async () => {
    const made = await client(page([], false), stream(""), page(["evt_2", "evt_1"], false), stream(event(3)));
    expect(await taken(made.events.stream({ type: "payment_intent.created" }), 3)).toEqual(["evt_1", "evt_2", "evt_3"]);
    expect(queries()[2]).toEqual({ type: "payment_intent.created", limit: "100" });
    expect(server!.received[3]!.headers["last-event-id"]).toBe("evt_2");
  });

  test("reconnects after transient errors, and ends with any other", async () => {
    const refused = { status: 401, json: { error: { type: "unauthorized", code: "invalid_api_key", message: "m" } } };
    const made = await client(stream(event(1)), { status: 503, json: {} }, stream(event(2)), refused);
    const found: string[] = [];
    const iterating = (async () => {
      for await (const { id } of made.events.stream({ last_event_id: "evt_0" })) found.push(id);
    })();
    await expect(iterating).rejects.toMatchObject({ code: "invalid_api_key" });
    expect(found).toEqual(["evt_1", "evt_2"]);
  });

  test("ends with its abort signal", async () => {
    const made = await client(stream(event(1)));
    const controller = new AbortController();
    const events = made.events.stream({ last_event_id: "evt_0" }, { signal: controller.signal });
    await events.next();
    controller.abort(new Error("enough"));
    await expect(taken(events, 9)).rejects.toThrow("enough");
  });
});
