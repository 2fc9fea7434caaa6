// The exceptions. `type` is the family and `code` the specific cause. Types and codes from the server are passed through unchanged;
// docs/errors.md lists them. The Python SDK has the same classes under the same names.

export interface ErrorFacts {
  type: string;
  code: string;
  param?: string | null;
  requestId?: string | null;
  statusCode?: number | null;
  docUrl?: string | null;
  details?: Record<string, unknown>;
  retryAfterS?: number | null;
  cause?: unknown;
}

/** The base class of everything that this library throws, except the reason of your abort signal, which is thrown unchanged. */
export class SGateError extends Error {
  override readonly name: string = "SGateError";
  /** The family, such as `validation_error`. */
  readonly type: string;
  /** The specific cause, such as `invalid_amount`. */
  readonly code: string;
  /** The invalid parameter, or null. */
  readonly param: string | null;
  /** The server's id of the request; the operator finds it in the log. */
  readonly requestId: string | null;
  /** The HTTP status, or null if there was no response. */
  readonly statusCode: number | null;
  /** The page that explains the code. */
  readonly docUrl: string | null;
  readonly details: Record<string, unknown>;
  /** The seconds to wait before the next attempt, or null if the server did not say. */
  readonly retryAfterS: number | null;

  constructor(message: string, facts: ErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.type = facts.type;
    this.code = facts.code;
    this.param = facts.param ?? null;
    this.requestId = facts.requestId ?? null;
    this.statusCode = facts.statusCode ?? null;
    this.docUrl = facts.docUrl ?? null;
    this.details = facts.details ?? {};
    this.retryAfterS = facts.retryAfterS ?? null;
  }
}

/** 400: the request is malformed. */
export class SGateBadRequestError extends SGateError {
  override readonly name: string = "SGateBadRequestError";
}

/** 405: the path does not support this HTTP method. The server may be older than this library. */
export class SGateMethodNotAllowedError extends SGateBadRequestError {
  override readonly name = "SGateMethodNotAllowedError";
}

/** 413: the request is too large. */
export class SGatePayloadTooLargeError extends SGateBadRequestError {
  override readonly name = "SGatePayloadTooLargeError";
}

/** 415: the server does not accept a body of this type. */
export class SGateUnsupportedMediaTypeError extends SGateBadRequestError {
  override readonly name = "SGateUnsupportedMediaTypeError";
}

/** 401: the API key is missing, invalid, expired or revoked. */
export class SGateAuthenticationError extends SGateError {
  override readonly name = "SGateAuthenticationError";
}

/** 403: the API key lacks the scope that this call needs. */
export class SGatePermissionError extends SGateError {
  override readonly name = "SGatePermissionError";
}

/** 404: no such object exists, or this key has no access to it. */
export class SGateNotFoundError extends SGateError {
  override readonly name = "SGateNotFoundError";
}

/** 409: the state of the object does not allow the operation. */
export class SGateConflictError extends SGateError {
  override readonly name = "SGateConflictError";
}

/** 422: a parameter has an invalid value; `param` names it. */
export class SGateValidationError extends SGateError {
  override readonly name = "SGateValidationError";
}

/** 429: too many requests; `retryAfterS` says how long to wait. */
export class SGateRateLimitError extends SGateError {
  override readonly name = "SGateRateLimitError";
}

/** 5xx: the server failed. */
export class SGateServerError extends SGateError {
  override readonly name: string = "SGateServerError";
}

/** 503: the server is temporarily unavailable. */
export class SGateUnavailableError extends SGateServerError {
  override readonly name = "SGateUnavailableError";
}

/** A response that is not sGate's, from a proxy or because the base URL points elsewhere; or an unreadable event. */
export class SGateUnexpectedResponseError extends SGateError {
  override readonly name = "SGateUnexpectedResponseError";
}

/** No response: the connection failed or broke. The server may or may not have processed the request. */
export class SGateConnectionError extends SGateError {
  override readonly name: string = "SGateConnectionError";
}

/** No response in time. The server may or may not have processed the request. */
export class SGateTimeoutError extends SGateConnectionError {
  override readonly name = "SGateTimeoutError";
}

/** A webhook that is not genuine. Respond with 400 and do nothing else. */
export class SGateSignatureError extends SGateError {
  override readonly name = "SGateSignatureError";

  constructor(code: string, message: string) {
    super(message, { type: "invalid_signature", code });
  }
}

/** The library was called in a way that cannot work. Nothing was sent; the message says what to change. */
export class SGateUsageError extends SGateError {
  override readonly name = "SGateUsageError";

  constructor(code: string, message: string, param?: string) {
    super(message, { type: "usage_error", code, param: param ?? null });
  }
}

const CLASSES: Record<string, typeof SGateError> = {
  bad_request: SGateBadRequestError,
  method_not_allowed: SGateMethodNotAllowedError,
  payload_too_large: SGatePayloadTooLargeError,
  unsupported_media_type: SGateUnsupportedMediaTypeError,
  unauthorized: SGateAuthenticationError,
  forbidden: SGatePermissionError,
  not_found: SGateNotFoundError,
  conflict: SGateConflictError,
  validation_error: SGateValidationError,
  rate_limit_exceeded: SGateRateLimitError,
  internal_error: SGateServerError,
  unavailable: SGateUnavailableError,
  unexpected_answer: SGateUnexpectedResponseError,
};

/**
 * The error type for a status. It determines the class, and is used if a response has no type, such as a problem detail
 * or a proxy's response.
 */
const TYPES: Record<number, string> = {
  400: "bad_request",
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  405: "method_not_allowed",
  409: "conflict",
  413: "payload_too_large",
  415: "unsupported_media_type",
  422: "validation_error",
  429: "rate_limit_exceeded",
  503: "unavailable",
};

/** The content of an error response, in either of its two formats. */
interface ErrorContent {
  type?: string;
  code?: string;
  message?: string;
  param?: string | null;
  doc_url?: string;
  details?: Record<string, unknown>;
  request_id?: string;
}

/** The error for a response. `body` may be any text. `requestId` is used if the body contains no request id. */
export function errorOf(response: Response, body: string, requestId: string | null): SGateError {
  const { status } = response;
  const content = contentOf(body);
  const usual = TYPES[status] ?? (status >= 500 ? "internal_error" : undefined);
  const type = content.type ?? usual ?? "unexpected_answer";
  const Class = CLASSES[usual ?? type] ?? SGateError;
  return new Class(content.message ?? `The response has status ${status} and does not come from sGate. Does baseUrl point to it?`, {
    type,
    code: content.code ?? "unexpected_answer",
    param: content.param ?? null,
    requestId: content.request_id ?? requestId,
    statusCode: status,
    docUrl: content.doc_url ?? null,
    details: content.details ?? {},
    retryAfterS: retryAfterS(response.headers.get("retry-after"), Date.now()),
  });
}

/** The error for a response that sGate would not send. */
export function unexpectedResponse(message: string, response: Response, requestId: string | null): SGateError {
  const facts = { type: "unexpected_answer", code: "unexpected_answer", requestId, statusCode: response.status || null };
  return new SGateUnexpectedResponseError(message, facts);
}

function contentOf(body: string): ErrorContent {
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    return {};
  }
  if (typeof content !== "object" || content === null) return {};
  const { error, request_id, ...problem } = content as { error?: ErrorContent; request_id?: string } & Record<string, unknown>;
  if (typeof error === "object" && error !== null) return { ...error, request_id };
  if (typeof problem["code"] !== "string") return {};
  const { code, detail, param, type, details } = problem as { code: string; detail?: string; param?: string; type?: string; details?: Record<string, unknown> };
  return { code, message: detail, param, doc_url: type, details, request_id };
}

/** The seconds to wait according to `Retry-After`, which is a number or a date; null if it is neither. */
export function retryAfterS(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, (at - nowMs) / 1000);
}
