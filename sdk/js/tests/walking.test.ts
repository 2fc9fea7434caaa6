// Lists and streams against a real server on a loopback port.
import { afterEach, describe, expect, test } from "vitest";
import { SGateClient } from "../src/index";
import { type ScriptedAnswer, ScriptedServer } from "./cases/scripted_server";

let server: ScriptedServer | undefined;

async function client(...answers: ScriptedAnswer[]): Promise<SGateClient> {
  server = await ScriptedServer.start(...answers);
  return new SGateClient({ apiBaseUrl: server.url, apiKey: `sk_test_${"0".repeat(64)}`, backoffMs: () => 1 });
}

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const page = (ids: string[], has_more: boolean): ScriptedAnswer => ({ json: { object: "list", data: ids.map((id) => ({ id })), has_more, limit: 2 } });
const queries = (): Record<string, string>[] => server!.asked.map(({ query }) => query);
const event = (number: number): string => `id: evt_${number}\ndata: {"id":"evt_${number}"}\n\n`;
const stream = (text: string): ScriptedAnswer => ({ headers: { "Content-Type": "text/event-stream" }, text: `retry: 1\n\n${text}` });

async function taken<T extends { id: string }>(walk: AsyncIterable<T>, most: number): Promise<string[]> {
  const found: string[] = [];
  for await (const item of walk) if (found.push(item.id) >= most) break;
  return found;
}

describe("a list", () => {
  test("is walked to its end, with its filters", async () => {
    const made = await client(page(["c", "b"], true), page(["a"], false));
    expect(await taken(made.paymentIntents.list({ status: "confirmed", limit: 2 }), 10)).toEqual(["c", "b", "a"]);
    expect(queries()).toEqual([{ status: "confirmed", limit: "2" }, { status: "confirmed", limit: "2", starting_after: "b" }]);
  });

  test("is walked from a cursor towards the newest", async () => {
    const made = await client(page(["c", "b"], true), page(["e", "d"], false));
    expect(await taken(made.events.list({ ending_before: "a" }), 10)).toEqual(["b", "c", "d", "e"]);
    expect(queries()).toEqual([{ ending_before: "a" }, { ending_before: "c" }]);
  });

  test("is walked by page numbers if it begins with one", async () => {
    const made = await client(page(["c"], true), page(["b"], false));
    expect(await taken(made.paymentIntents.list({ page: 3 }), 10)).toEqual(["c", "b"]);
    expect(queries()).toEqual([{ page: "3" }, { page: "4" }]);
  });

  test("awaited is its first page, and asks for no other", async () => {
    const made = await client(page(["c", "b"], true));
    const first = await made.listPaymentIntents();
    expect([first.data.map(({ id }) => id), first.has_more, first.lastResponse.statusCode]).toEqual([["c", "b"], true, 200]);
    expect(server!.asked.length).toBe(1);
  });

  test("asks for no more than is taken", async () => {
    const made = await client(page(["c", "b"], true));
    expect((await made.payments.list().toArray({ limit: 2 })).map(({ id }) => id)).toEqual(["c", "b"]);
    expect(server!.asked.length).toBe(1);
  });
});

describe("a stream of events", () => {
  test("begins with what happens after the newest event there is", async () => {
    const made = await client(page(["evt_1"], true), stream(event(2)));
    expect(await taken(made.events.stream(), 1)).toEqual(["evt_2"]);
    expect(server!.asked[1]!.headers["last-event-id"]).toBe("evt_1");
  });

  test("that began before the first event misses none, and tells none twice", async () => {
    const made = await client(page([], false), stream(""), page(["evt_2", "evt_1"], false), stream(event(3)));
    expect(await taken(made.events.stream({ type: "payment_intent.created" }), 3)).toEqual(["evt_1", "evt_2", "evt_3"]);
    expect(queries()[2]).toEqual({ type: "payment_intent.created", limit: "100" });
    expect(server!.asked[3]!.headers["last-event-id"]).toBe("evt_2");
  });

  test("comes back for what may pass, and ends for what may not", async () => {
    const refused = { status: 401, json: { error: { type: "unauthorized", code: "invalid_api_key", message: "m" } } };
    const made = await client(stream(event(1)), { status: 503, json: {} }, stream(event(2)), refused);
    const found: string[] = [];
    const walking = (async () => {
      for await (const { id } of made.events.stream({ last_event_id: "evt_0" })) found.push(id);
    })();
    await expect(walking).rejects.toMatchObject({ code: "invalid_api_key" });
    expect(found).toEqual(["evt_1", "evt_2"]);
  });

  test("ends with the abort signal", async () => {
    const made = await client(stream(event(1)));
    const controller = new AbortController();
    const walk = made.events.stream({ last_event_id: "evt_0" }, { signal: controller.signal });
    await walk.next();
    controller.abort(new Error("enough"));
    await expect(taken(walk, 9)).rejects.toThrow("enough");
  });
});
