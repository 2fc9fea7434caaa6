// The entry for servers, and for the payer's calls anywhere.
export { SGateClient } from "./client";
export {
  SGateAuthenticationError,
  SGateBadRequestError,
  SGateConflictError,
  SGateConnectionError,
  SGateError,
  SGateNotFoundError,
  SGatePermissionError,
  SGateRateLimitError,
  SGateServerError,
  SGateSignatureError,
  SGateTimeoutError,
  SGateUsageError,
  SGateValidationError,
} from "./errors";
export type { Listing, Page } from "./listing";
export type { CallOptions, ClientOptions, PostOptions } from "./options";
export type { PublicParams } from "./resources/public";
export { type Answer, type LastResponse, VERSION } from "./transport";
export type * from "./types";
export { type BodyGiven, type HeadersGiven, type TestHeadersOptions, type VerifyOptions, webhooks } from "./webhooks";
