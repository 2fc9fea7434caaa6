// The SDK matches the API.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SGate, VERSION } from "../src/index";
import { WRITTEN, openapiTypes } from "../scripts/openapi-types.mjs";

interface Operations {
  paths: Record<string, Record<string, { operationId: string }>>;
}

test("src/openapi.ts is up to date; otherwise run `make generate`", async () => {
  expect(readFileSync(WRITTEN, "utf8") === (await openapiTypes())).toBe(true);
});

test("VERSION is the version of the package", () => {
  expect(VERSION).toBe(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version);
});

test("every operation of the API is a method of a resource", async () => {
  const sent = new Set<string>();
  const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    sent.add(`${init?.method} ${new URL(String(url)).pathname}`);
    const streaming = new Headers(init?.headers).get("Accept") === "text/event-stream";
    return new Response(streaming ? "data: {}\n\n" : '{"object":"list","data":[{"id":"x"}]}');
  };
  const client = new SGate({ baseUrl: "http://localhost", apiKey: "sk_test_1", fetch });
  const picture = new Blob([], { type: "image/png" });
  for (const resource of Object.values(client))
    for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(resource)).filter((each) => each !== "constructor")) {
      const answer = (resource as Record<string, (...values: unknown[]) => unknown>)[name]!(name === "setLogo" ? picture : "x", {});
      if (name === "stream") await (answer as AsyncGenerator).next();
      else await (answer as Promise<unknown>);
    }
  const { paths } = JSON.parse(readFileSync(new URL("../../../docs/openapi.json", import.meta.url), "utf8")) as Operations;
  const offered = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, "x")}`));
  expect(offered.filter((call) => !sent.has(call))).toEqual([]);
});
