// sdk/cases/calls.json: every call, against the real server at SGATE_API_BASE_URL, with SGATE_API_KEY.
import { expect, test } from "vitest";
import { type CallOfCase, called, shown } from "./calling";
import { type Saved, casesOf, filled, misfits } from "./matching";

interface Step extends Partial<CallOfCase> {
  pay?: string;
  kind?: string;
  save?: string;
  until?: boolean;
  expect?: unknown;
  expect_error?: unknown;
}

const UNTIL_MS = 90_000;
const POLL_MS = 200;
const { SGATE_API_BASE_URL: baseUrl, SGATE_API_KEY: apiKey } = process.env;
const { cases } = casesOf<{ cases: { name: string; steps: Step[] }[] }>("calls.json");

test.skipIf(!baseUrl).each(cases)("$name", { timeout: 120_000 }, async ({ steps }) => {
  const saved: Saved = {};
  const unique = crypto.randomUUID().slice(0, 8);
  for (const [index, step] of steps.entries()) {
    if (step.pay) await pay(filled(step.pay, saved, unique) as Parameters<typeof pay>[0], step.kind!);
    else await take(step as Step & CallOfCase, saved, unique, `step ${index + 1}, ${step.call}`);
  }
});

async function take(step: Step & CallOfCase, saved: Saved, unique: string, at: string): Promise<void> {
  const call = { ...step, args: filled(step.args, saved, unique) as never, options: filled(step.options, saved, unique) as never };
  const wanted = filled(step.expect ?? step.expect_error ?? {}, saved, unique);
  for (const endMs = Date.now() + UNTIL_MS; ; ) {
    const outcome = await called({ baseUrl: baseUrl!, apiKey }, call).then(
      (answer) => ({ answer, failed: false }),
      (error: unknown) => ({ answer: shown(error) as unknown, failed: true }),
    );
    const problems = misfits(wanted, outcome.answer, at);
    if (outcome.failed !== (step.expect_error !== undefined)) problems.push(`${at} ${outcome.failed ? `failed: ${JSON.stringify(outcome.answer)}` : "did not fail"}`);
    if (!step.until || !problems.length || Date.now() > endMs) {
      expect(problems).toEqual([]);
      if (step.save) saved[step.save] = outcome.answer;
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Pay as a customer does, with the button of the checkout page. */
async function pay(intent: { id: string; client_secret: string }, kind: string): Promise<void> {
  const answer = await fetch(`${baseUrl}/pi/${intent.id}/simulate`, {
    method: "POST",
    body: new URLSearchParams({ kind, client_secret: intent.client_secret }),
    redirect: "manual",
  });
  expect(answer.status).toBe(303);
  expect(answer.headers.get("location")).toMatch(new RegExp(`note=${kind}$`));
}
