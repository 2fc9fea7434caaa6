// sdk/cases/names.json: the names that all SDKs share, and the options that they refuse.
import { describe, expect, test } from "vitest";
import { errorOf } from "../../src/errors";
import * as sdk from "../../src/index";
import { camelCase } from "./calling";
import { casesOf } from "./matching";

interface Options {
  base_url: string;
  api_key?: string;
  timeout?: number;
  max_retries?: number;
}

interface Names {
  client: string;
  resources: string[];
  functions: string[];
  errors: Record<string, string>;
  statuses: Record<string, string>;
  refusals: { options: Options; code: string; param: string }[];
  accepted: Options[];
}

const names = casesOf<Names>("names.json");
const exported = sdk as unknown as Record<string, new (options: object) => object>;

function clientOf({ base_url, api_key, timeout, max_retries }: Options): object {
  return new exported[names.client]!({ baseUrl: base_url, apiKey: api_key, timeoutMs: timeout, maxRetries: max_retries });
}

test("the client has the shared resources, and no others", () => {
  expect(Object.keys(clientOf({ base_url: "https://pay.example.com" })).sort()).toEqual(names.resources.map(camelCase).sort());
});

test.each(names.functions)("the function %s is exported", (name) => {
  expect(typeof exported[camelCase(name)]).toBe("function");
});

test("the error classes are the shared ones", () => {
  const classes = Object.keys(exported).filter((name) => name.endsWith("Error") && name !== "SGateError");
  const tree = classes.map((name) => [name, (Object.getPrototypeOf(exported[name]) as { name: string }).name]);
  expect(Object.fromEntries(tree)).toEqual(names.errors);
});

test.each(Object.entries(names.statuses))("status %s is an %s", (status, name) => {
  const error = errorOf(new Response("", { status: Number(status) }), "", null);
  expect([error.name, error.constructor]).toEqual([name, exported[name]]);
});

describe("a client", () => {
  test.each(names.refusals)("refuses $options: $code", ({ options, code, param }) => {
    const unit = param === "timeout" ? "Ms" : "";
    expect(() => clientOf(options)).toThrow(expect.objectContaining({ name: "SGateUsageError", code, param: camelCase(param) + unit }) as Error);
  });

  test.each(names.accepted)("accepts %j", (options) => {
    clientOf(options);
  });
});
