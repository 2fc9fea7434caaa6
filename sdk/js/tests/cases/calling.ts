// Makes the calls of the cases with this SDK.
import { SGate, SGateError, SGateUsageError } from "../../src/index";
import type { ClientOptions } from "../../src/index";

export interface CallOfCase {
  call: string;
  args?: Record<string, unknown>;
  options?: { idempotency_key?: string; timeout_s?: number; max_retries?: number; api_key?: string };
  take?: number;
}

const WITHOUT_PARAMS = new Set([
  "payment_intents.retrieve", "payment_intents.cancel", "payment_intents.accept", "payments.retrieve", "merchants.me", "merchants.delete_logo",
  "api_keys.retrieve", "api_keys.revoke", "webhook_endpoints.retrieve", "webhook_endpoints.delete",
  "webhook_endpoints.rotate_secret", "webhook_endpoints.enable", "webhook_endpoints.test", "webhook_deliveries.retrieve", "webhook_deliveries.redeliver",
  "events.retrieve", "health.retrieve", "health.live", "health.ready",
]);

export const camelCase = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

export async function called(server: ClientOptions, { call, args = {}, options = {}, take }: CallOfCase): Promise<unknown> {
  const client = new SGate({ ...server, apiKey: options.api_key ?? server.apiKey });
  const [resourceName, methodName] = call.split(".").map(camelCase) as [keyof SGate, string];
  const resource = client[resourceName] as unknown as Record<string, (...values: unknown[]) => unknown>;
  const answer = resource[methodName]!(...values(call, args), optionsOf(options));
  return take === undefined ? await answer : taken(answer as AsyncIterable<unknown>, take);
}

function values(call: string, args: Record<string, unknown>): unknown[] {
  if (call === "merchants.set_logo") return [new Blob([args["content"] as Uint8Array<ArrayBuffer>], { type: args["content_type"] as string })];
  const { id, ...params } = args;
  return [...("id" in args ? [id] : []), ...(WITHOUT_PARAMS.has(call) ? [] : [params])];
}

function optionsOf({ idempotency_key, timeout_s, max_retries }: NonNullable<CallOfCase["options"]>): Record<string, unknown> {
  return { idempotencyKey: idempotency_key, timeoutMs: timeout_s && timeout_s * 1000, maxRetries: max_retries };
}

async function taken(items: AsyncIterable<unknown>, most: number): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const item of items) if (found.push(item) >= most) break;
  return found;
}

/** An error under the names of the cases. `refusal` says whether this SDK refused the call itself. */
export function shown(error: unknown): Record<string, unknown> & { refusal: boolean } {
  if (!(error instanceof SGateError)) throw error;
  const { type, code, param, message, details } = error;
  const facts = { status_code: error.statusCode, request_id: error.requestId, doc_url: error.docUrl, retry_after_s: error.retryAfterS };
  return { type, code, param, message, details, ...facts, refusal: error instanceof SGateUsageError };
}
