// sdk/cases/signatures.json: webhooks that are genuine, stale, forged or malformed.
import { expect, test } from "vitest";
import { SGateSignatureError, webhooks } from "../../src/index";
import { casesOf, misfits } from "./matching";

interface SignatureCase {
  name: string;
  secret: string;
  headers: Record<string, string>;
  body: string;
  now: number;
  tolerance_s: number;
  valid: boolean;
  reason: string | null;
  event?: unknown;
}

const { cases } = casesOf<{ cases: SignatureCase[] }>("signatures.json");

test.each(cases)("$name", async ({ secret, headers, body, now, tolerance_s, valid, reason, event }) => {
  const options = { nowS: now, toleranceS: tolerance_s };
  const verified = webhooks.verifySignature(body, headers, secret, options).then(
    () => null,
    (error: unknown) => (error instanceof SGateSignatureError ? error.code : `a defect: ${error}`),
  );
  expect(await verified).toBe(valid ? null : reason);
  if (event !== undefined) expect(misfits(event, await webhooks.verify(body, headers, secret, options))).toEqual([]);
  if (!valid) await expect(webhooks.verify(body, headers, secret, options)).rejects.toBeInstanceOf(SGateSignatureError);
});
