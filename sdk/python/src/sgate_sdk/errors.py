"""Exceptions. `type` is the family, `code` the specific cause, and the message says what to do.

```
SGateError
├── SGateUsageError                     the call or an option is invalid; nothing was sent (also a ValueError)
├── SGateConnectionError                no response: the connection failed or broke
│   └── SGateTimeoutError               no response in time
├── SGateUnexpectedResponseError        a response that is not sGate's: a proxy, a redirect, another server
├── SGateSignatureError                 a webhook that is not genuine
├── SGateBadRequestError                400
│   ├── SGateMethodNotAllowedError      405
│   ├── SGatePayloadTooLargeError       413
│   └── SGateUnsupportedMediaTypeError  415
├── SGateAuthenticationError            401
├── SGatePermissionError                403
├── SGateNotFoundError                  404
├── SGateConflictError                  409
├── SGateValidationError                422
├── SGateRateLimitError                 429
└── SGateServerError                    5xx
    └── SGateUnavailableError           503
```

The JavaScript SDK has the same classes under the same names.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import msgspec

Shape = TypeVar("Shape")


class SGateError(Exception):
    """The base class of every exception that this library raises.

    Attributes:
        message: what is wrong and what to do about it.
        type: the family, such as `validation_error`.
        code: the specific cause, such as `invalid_amount`; `doc_url` explains it.
        param: the invalid parameter, or None.
        status_code: the HTTP status, or None if there was no response.
        request_id: the server's id of the request; the operator finds it in the log.
        details: further data, depending on the code.
        retry_after_s: the seconds to wait before the next attempt, or None if the server did not say.
    """

    default_type: ClassVar[str] = "unexpected_answer"

    def __init__(
        self,
        message: str,
        *,
        type: str | None = None,  # noqa: A002 - the API's name
        code: str = "unexpected_answer",
        param: str | None = None,
        status_code: int | None = None,
        request_id: str | None = None,
        doc_url: str | None = None,
        details: Mapping[str, Any] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.type = type or self.default_type
        self.code = code
        self.param = param
        self.status_code = status_code
        self.request_id = request_id
        self.doc_url = doc_url
        self.details: dict[str, Any] = dict(details or {})
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        """Return the message with the code and, if known, the request id."""
        facts = [self.code, *([self.request_id] if self.request_id else [])]
        return f"{self.message} ({', '.join(facts)})"


class SGateUsageError(SGateError, ValueError):
    """The library is called in a way that cannot work. Nothing was sent; the message says what to change."""

    default_type = "usage_error"


class SGateConnectionError(SGateError):
    """No response: the connection failed or broke. The server may or may not have processed the request."""

    default_type = "connection_error"


class SGateTimeoutError(SGateConnectionError):
    """No response in time. The server may or may not have processed the request."""


class SGateUnexpectedResponseError(SGateError):
    """A response that is not sGate's, from a proxy or because the base URL points elsewhere; or an unreadable event."""


class SGateSignatureError(SGateError):
    """A webhook that is not genuine. `code` is one of `missing_header`, `malformed`, `too_old`, `from_the_future`,
    `no_match`, `bad_secret`.
    """

    default_type = "invalid_signature"


class SGateBadRequestError(SGateError):
    """400: the request is malformed."""

    default_type = "bad_request"


class SGateMethodNotAllowedError(SGateBadRequestError):
    """405: the path does not support this HTTP method. The server may be older than this library."""

    default_type = "method_not_allowed"


class SGatePayloadTooLargeError(SGateBadRequestError):
    """413: the request is too large."""

    default_type = "payload_too_large"


class SGateUnsupportedMediaTypeError(SGateBadRequestError):
    """415: the server does not accept a body of this type."""

    default_type = "unsupported_media_type"


class SGateAuthenticationError(SGateError):
    """401: the API key is missing, invalid, expired or revoked."""

    default_type = "unauthorized"


class SGatePermissionError(SGateError):
    """403: the API key lacks the scope that this call needs."""

    default_type = "forbidden"


class SGateNotFoundError(SGateError):
    """404: no such object exists, or this key has no access to it."""

    default_type = "not_found"


class SGateConflictError(SGateError):
    """409: the state of the object does not allow the operation."""

    default_type = "conflict"


class SGateValidationError(SGateError):
    """422: a parameter has an invalid value; `param` names it."""

    default_type = "validation_error"


class SGateRateLimitError(SGateError):
    """429: too many requests; `retry_after_s` says how long to wait."""

    default_type = "rate_limit_exceeded"


class SGateServerError(SGateError):
    """5xx: the server failed."""

    default_type = "internal_error"


class SGateUnavailableError(SGateServerError):
    """503: the server is temporarily unavailable."""

    default_type = "unavailable"


# Deprecated aliases.
BadRequest = SGateBadRequestError
Conflict = SGateConflictError
ConnectionFailed = SGateConnectionError
Forbidden = SGatePermissionError
InvalidSignature = SGateSignatureError
MethodNotAllowed = SGateMethodNotAllowedError
NotFound = SGateNotFoundError
PayloadTooLarge = SGatePayloadTooLargeError
RateLimited = SGateRateLimitError
ServerError = SGateServerError
TimedOut = SGateTimeoutError
Unauthorized = SGateAuthenticationError
Unavailable = SGateUnavailableError
UnexpectedAnswer = SGateUnexpectedResponseError
UnsupportedMediaType = SGateUnsupportedMediaTypeError
ValidationFailed = SGateValidationError

FIRST_SERVER_ERROR = 500
BY_STATUS: Mapping[int, type[SGateError]] = {
    400: SGateBadRequestError,
    401: SGateAuthenticationError,
    403: SGatePermissionError,
    404: SGateNotFoundError,
    405: SGateMethodNotAllowedError,
    409: SGateConflictError,
    413: SGatePayloadTooLargeError,
    415: SGateUnsupportedMediaTypeError,
    422: SGateValidationError,
    429: SGateRateLimitError,
    503: SGateUnavailableError,
}


class _Body(msgspec.Struct):
    type: str
    code: str
    message: str
    param: str | None = None
    doc_url: str | None = None
    details: dict[str, Any] | None = None


class _Envelope(msgspec.Struct):
    error: _Body
    request_id: str | None = None


class _Problem(msgspec.Struct):
    """A problem detail (RFC 9457) from sGate. `type` is the URL of the page that explains the code."""

    type: str
    code: str
    detail: str
    request_id: str | None = None
    param: str | None = None
    details: dict[str, Any] | None = None


def error_of(
    status_code: int, body: bytes, *, request_id: str | None = None, retry_after_s: float | None = None
) -> SGateError:
    """Return the exception for an error response.

    `request_id` is the id in the header. An id in the body takes precedence.
    """
    envelope = _decoded(body, _Envelope)
    if envelope is not None:
        return _class_of(status_code, SGateError)(
            envelope.error.message,
            type=envelope.error.type,
            code=envelope.error.code,
            param=envelope.error.param,
            status_code=status_code,
            request_id=envelope.request_id or request_id,
            doc_url=envelope.error.doc_url,
            details=envelope.error.details,
            retry_after_s=retry_after_s,
        )
    problem = _decoded(body, _Problem)
    if problem is not None:
        return _class_of(status_code, SGateError)(
            problem.detail,
            code=problem.code,
            param=problem.param,
            status_code=status_code,
            request_id=problem.request_id or request_id,
            doc_url=problem.type,
            details=problem.details,
            retry_after_s=retry_after_s,
        )
    message = f"The response has status {status_code} and does not come from sGate. Is there a proxy in between?"
    kind = _class_of(status_code, SGateUnexpectedResponseError)
    return kind(message, status_code=status_code, request_id=request_id, retry_after_s=retry_after_s)


def _class_of(status_code: int, otherwise: type[SGateError]) -> type[SGateError]:
    return BY_STATUS.get(status_code, SGateServerError if status_code >= FIRST_SERVER_ERROR else otherwise)


def _decoded(body: bytes, shape: type[Shape]) -> Shape | None:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
