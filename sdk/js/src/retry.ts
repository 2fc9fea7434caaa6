// Decides whether and when to retry. The functions are pure: they use no clock and no random source.
import { SGateConnectionError, type SGateError } from "./errors";

const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 8_000;

/**
 * The longest `Retry-After` after which a request is retried. If it is longer, the call fails at once. The server's
 * rate limits end within a minute.
 */
const LONGEST_RETRY_AFTER_S = 60;

/**
 * The delay before a retry (1, 2, ...) in milliseconds. `random` is a number from 0 to 1. It spreads the retries of
 * clients that failed at the same time.
 */
export function backoffMs(retry: number, random: number): number {
  return Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (retry - 1)) * (0.5 + random / 2);
}

/** Whether the same request may succeed later. */
export function isTransient(error: SGateError): boolean {
  if (error instanceof SGateConnectionError) return true;
  if (error.statusCode === 409) return error.code === "idempotency_in_progress";
  return error.statusCode === 429 || (error.statusCode ?? 0) >= 500;
}

/** The delay before a retry (1, 2, ...) in milliseconds, or null if the request should not be retried. */
export function retryDelayMs(error: SGateError, retry: number, maxRetries: number, backoff: number): number | null {
  if (retry > maxRetries || !isTransient(error)) return null;
  const requestedS = error.retryAfterS ?? 0;
  return requestedS > LONGEST_RETRY_AFTER_S ? null : Math.max(backoff, requestedS * 1000);
}
