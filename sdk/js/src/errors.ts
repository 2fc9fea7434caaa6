// Everything that can fail, as one tree. What the server says goes through unchanged: `type` is the family, `code` the
// case, and docs/errors.md lists them all. What happens on this side has types of its own, at the end of this file.

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

/** Anything that this library throws, except the reason of an abort signal of yours, which is thrown as it is. */
export class SGateError extends Error {
  override readonly name: string = "SGateError";
  /** The family, such as `validation_error`. */
  readonly type: string;
  /** The case, such as `invalid_amount`. */
  readonly code: string;
  /** The field that is wrong, if it is one. */
  readonly param: string | null;
  /** Leads the operator of the server to the log. */
  readonly requestId: string | null;
  /** The HTTP status, or null if there was no answer. */
  readonly statusCode: number | null;
  /** The page that explains the code. */
  readonly docUrl: string | null;
  readonly details: Record<string, unknown>;
  /** When the server wants to be asked again, in seconds. */
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

/** 400, 405, 413, 415: the request cannot be read. */
export class SGateBadRequestError extends SGateError {
  override readonly name = "SGateBadRequestError";
}

/** 401: the key is missing, wrong or revoked. */
export class SGateAuthenticationError extends SGateError {
  override readonly name = "SGateAuthenticationError";
}

/** 403: the key may not do this. */
export class SGatePermissionError extends SGateError {
  override readonly name = "SGatePermissionError";
}

/** 404: there is no such object among those that the key may see. */
export class SGateNotFoundError extends SGateError {
  override readonly name = "SGateNotFoundError";
}

/** 409: the state of the object does not allow it. */
export class SGateConflictError extends SGateError {
  override readonly name = "SGateConflictError";
}

/** 422: a field has a value that is not allowed; `param` names it. */
export class SGateValidationError extends SGateError {
  override readonly name = "SGateValidationError";
}

/** 429: too many requests; `retryAfterS` says how long to wait. */
export class SGateRateLimitError extends SGateError {
  override readonly name = "SGateRateLimitError";
}

/** 5xx, or an answer that is none of sGate's. */
export class SGateServerError extends SGateError {
  override readonly name = "SGateServerError";
}

/** No answer came: the server cannot be reached. A POST may have had its effect all the same. */
export class SGateConnectionError extends SGateError {
  override readonly name: string = "SGateConnectionError";
}

/** No answer came in time. A POST may have had its effect all the same. */
export class SGateTimeoutError extends SGateConnectionError {
  override readonly name = "SGateTimeoutError";
}

/** A webhook is not genuine, or too old. Answer with status 400 and do nothing else. */
export class SGateSignatureError extends SGateError {
  override readonly name = "SGateSignatureError";

  constructor(code: string, message: string) {
    super(message, { type: "invalid_signature", code });
  }
}

/** The library is used in a way that cannot work; the message says what to do instead. */
export class SGateUsageError extends SGateError {
  override readonly name = "SGateUsageError";

  constructor(code: string, message: string, param?: string) {
    super(message, { type: "usage_error", code, param: param ?? null });
  }
}

const CLASSES: Record<string, typeof SGateError> = {
  bad_request: SGateBadRequestError,
  method_not_allowed: SGateBadRequestError,
  payload_too_large: SGateBadRequestError,
  unsupported_media_type: SGateBadRequestError,
  unauthorized: SGateAuthenticationError,
  forbidden: SGatePermissionError,
  not_found: SGateNotFoundError,
  conflict: SGateConflictError,
  validation_error: SGateValidationError,
  rate_limit_exceeded: SGateRateLimitError,
  internal_error: SGateServerError,
  unavailable: SGateServerError,
  unexpected_answer: SGateServerError,
};

/** The types that go with a status, for problem details and for answers of something in between that knows nothing of sGate. */
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

/** What an error says, in either of its forms. */
interface Told {
  type?: string;
  code?: string;
  message?: string;
  param?: string | null;
  doc_url?: string;
  details?: Record<string, unknown>;
  request_id?: string;
}

/** The error that an answer tells of. `body` is its text, which may be anything; `requestId` is used if it says none. */
export function errorOf(response: Response, body: string, requestId: string | null): SGateError {
  const { status } = response;
  const told = toldBy(body);
  const type = told.type ?? TYPES[status] ?? (status >= 500 ? "internal_error" : "unexpected_answer");
  const Class = CLASSES[type] ?? SGateError;
  return new Class(told.message ?? `The server answered with status ${status}, and not in the words of sGate. Does apiBaseUrl lead to it?`, {
    type,
    code: told.code ?? "unexpected_answer",
    param: told.param ?? null,
    requestId: told.request_id ?? requestId,
    statusCode: status,
    docUrl: told.doc_url ?? null,
    details: told.details ?? {},
    retryAfterS: retryAfterS(response.headers.get("retry-after"), Date.now()),
  });
}

/** An answer that came well, and is none. */
export function unexpectedAnswer(message: string, response: Response, requestId: string | null): SGateError {
  const facts = { type: "unexpected_answer", code: "unexpected_answer", requestId, statusCode: response.status || null };
  return new SGateServerError(message, facts);
}

function toldBy(body: string): Told {
  let told: unknown;
  try {
    told = JSON.parse(body);
  } catch {
    return {};
  }
  if (typeof told !== "object" || told === null) return {};
  const { error, request_id, ...problem } = told as { error?: Told; request_id?: string } & Record<string, unknown>;
  if (typeof error === "object" && error !== null) return { ...error, request_id };
  if (typeof problem["code"] !== "string") return {};
  const { code, detail, param, type, details } = problem as { code: string; detail?: string; param?: string; type?: string; details?: Record<string, unknown> };
  return { code, message: detail, param, doc_url: type, details, request_id };
}

/** `Retry-After` in seconds, given as a number or as a date; null if it is neither. */
export function retryAfterS(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, (at - nowMs) / 1000);
}
