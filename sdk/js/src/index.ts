// The entry point for servers. The public calls can also be used elsewhere.
export {
  SGate,
  /** @deprecated Use `SGate`. */
  SGate as SGateClient,
} from "./client";
export {
  SGateAuthenticationError,
  SGateBadRequestError,
  SGateConflictError,
  SGateConnectionError,
  SGateError,
  SGateMethodNotAllowedError,
  SGateNotFoundError,
  SGatePayloadTooLargeError,
  SGatePermissionError,
  SGateRateLimitError,
  SGateServerError,
  SGateSignatureError,
  SGateTimeoutError,
  SGateUnavailableError,
  SGateUnexpectedResponseError,
  SGateUnsupportedMediaTypeError,
  SGateUsageError,
  SGateValidationError,
} from "./errors";
export type { Listing, Page } from "./listing";
export type { CallOptions, ClientOptions, DeprecatedClientOptions, PostOptions } from "./options";
export type { PublicParams } from "./resources/public";
export { type Answer, type LastResponse, VERSION } from "./transport";
export type * from "./types";
export {
  type BodyGiven,
  type HeadersGiven,
  type TestHeadersOptions,
  type VerifyOptions,
  type WebhookHeadersOptions,
  verifySignature,
  verifyWebhook,
  webhookHeaders,
  webhooks,
} from "./webhooks";
