// sdk/cases/answers.json: retries, idempotency, timeouts and unexpected responses, against a scripted server.
import { expect, test } from "vitest";
import { type CallOfCase, called, shown } from "./calling";
import { casesOf, misfits } from "./matching";
import { type ScriptedAnswer, ScriptedServer } from "./scripted_server";

interface AnswersCase extends CallOfCase {
  name: string;
  answers: (ScriptedAnswer & { body?: unknown })[];
  requests: number;
  same_idempotency_key?: boolean;
  min_elapsed_ms?: number;
  sent?: Record<string, unknown>;
  last_sent?: Record<string, unknown>;
  expect?: unknown;
  expect_error?: unknown;
  expect_refusal?: boolean;
}

const { bodies, cases } = casesOf<{ bodies: Record<string, unknown>; cases: AnswersCase[] }>("answers.json");
const API_KEY = `sk_test_${"0".repeat(64)}`;

const withBody = ({ body, ...answer }: AnswersCase["answers"][number]): ScriptedAnswer =>
  body === undefined ? answer : { ...answer, json: typeof body === "string" ? bodies[body] : body };

test.each(cases)("$name", async (given) => {
  const server = await ScriptedServer.start(...given.answers.map(withBody));
  const startedMs = performance.now();
  const backoffMs = (): number => 5;
  const outcome = await called({ baseUrl: server.url, apiKey: API_KEY, backoffMs }, given).then(
    (answer) => ({ answer, error: undefined }),
    (error: unknown) => ({ answer: undefined, error: shown(error) }),
  );
  const elapsedMs = performance.now() - startedMs;
  await server.close();
  const problems = outcomeMisfits(given, outcome);
  if (given.sent) problems.push(...misfits(given.sent, server.received[0], "sent"));
  if (given.last_sent) problems.push(...misfits(given.last_sent, withLastEventId(server.received.at(-1)), "last sent"));
  expect(problems).toEqual([]);
  expect(server.received.length).toBe(given.requests);
  if (given.same_idempotency_key) expect(new Set(server.received.map(({ headers, body }) => `${headers["idempotency-key"]} ${JSON.stringify(body)}`)).size).toBe(1);
  if (given.same_idempotency_key) expect(server.received[0]?.headers["idempotency-key"]).toBeTruthy();
  expect(elapsedMs).toBeGreaterThanOrEqual(given.min_elapsed_ms ?? 0);
});

function outcomeMisfits(given: AnswersCase, { answer, error }: { answer: unknown; error: ReturnType<typeof shown> | undefined }): string[] {
  if (given.expect_refusal) return error?.refusal ? [] : ["it was not refused"];
  if (given.expect_error) return error ? misfits(given.expect_error, error, "the error") : ["there was no error"];
  return error ? [`it failed: ${JSON.stringify(error)}`] : misfits(given.expect, answer, "the answer");
}

function withLastEventId(request: ScriptedServer["received"][number] | undefined): unknown {
  return request && { ...request, last_event_id: request.headers["last-event-id"] ?? request.query["last_event_id"] };
}
