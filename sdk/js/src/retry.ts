// Whether to try again, and when: a decision about facts, without a clock and without dice.
import { SGateConnectionError, type SGateError } from "./errors";

const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 8_000;

/** Whoever is told to wait longer should decide that himself: the error says how long. The server's rate limits end within a minute. */
const LONGEST_RETRY_AFTER_S = 60;

/** How long to wait before the retry with this number (1, 2, ...). `random` is from 0 up to 1: clients that failed together must not come back together. */
export function backoffMs(retry: number, random: number): number {
  return Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (retry - 1)) * (0.5 + random / 2);
}

/** Whether the same request may succeed later. */
export function mayPass(error: SGateError): boolean {
  if (error instanceof SGateConnectionError) return true;
  if (error.statusCode === 409) return error.code === "idempotency_in_progress";
  return error.statusCode === 429 || (error.statusCode ?? 0) >= 500;
}

/** Milliseconds to wait before the retry with this number, or null to give up. */
export function waitMs(error: SGateError, retry: number, maxRetries: number, backoff: number): number | null {
  if (retry > maxRetries || !mayPass(error)) return null;
  const asked = error.retryAfterS ?? 0;
  return asked > LONGEST_RETRY_AFTER_S ? null : Math.max(backoff, asked * 1000);
}
