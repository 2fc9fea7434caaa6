// sdk/cases/signatures.json: genuine, stale, forged and malformed webhooks.
import { expect, test } from "vitest";
import { SGateSignatureError, verifySignature, verifyWebhook } from "../../src/index";
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
  const verified = verifySignature(body, headers, secret, options).then(
    () => null,
    (error: unknown) => (error instanceof SGateSignatureError ? error.code : `unexpected: ${error}`),
  );
  expect(await verified).toBe(valid ? null : reason);
  if (event !== undefined) expect(misfits(event, await verifyWebhook(body, headers, secret, options))).toEqual([]);
  if (!valid) await expect(verifyWebhook(body, headers, secret, options)).rejects.toBeInstanceOf(SGateSignatureError);
});
