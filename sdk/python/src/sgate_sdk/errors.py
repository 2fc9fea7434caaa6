"""Everything that can go wrong: one tree. `type` is the family, `code` says what happened, the message what to do.

```
SGateError
├── ConnectionFailed        no answer: the connection could not be made, or broke
│   └── TimedOut            no answer in time
├── UnexpectedAnswer        an answer that is not sGate's: a proxy, a redirect, another server at this address
├── InvalidSignature        a webhook that must not be trusted
├── BadRequest              400, and 405, 413, 415: MethodNotAllowed, PayloadTooLarge, UnsupportedMediaType
├── Unauthorized            401
├── Forbidden               403
├── NotFound                404
├── Conflict                409
├── ValidationFailed        422
├── RateLimited             429
└── ServerError             5xx
    └── Unavailable         503
```
"""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import msgspec

Shape = TypeVar("Shape")


class SGateError(Exception):
    """Something went wrong.

    Attributes:
        message: what is wrong and what to do, in a sentence.
        type: the family, such as `validation_error`.
        code: what happened, such as `invalid_amount`; `doc_url` explains it.
        param: the field that is wrong, if it is one.
        status_code: of the HTTP answer; None if there was none.
        request_id: what the server calls the request; the operator finds it in the log.
        details: what else the server says, depending on the code.
        retry_after_s: in how many seconds to come back, if the server said.
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
        """The message, and what to tell the operator."""
        told = [self.code, *([self.request_id] if self.request_id else [])]
        return f"{self.message} ({', '.join(told)})"


class ConnectionFailed(SGateError):
    """No answer: the connection could not be made, or it broke. What was asked for may have happened or not."""

    default_type = "connection_error"


class TimedOut(ConnectionFailed):
    """No answer in time. What was asked for may have happened or not."""


class UnexpectedAnswer(SGateError):
    """An answer that is not sGate's: from a proxy, or because the base URL leads somewhere else."""


class InvalidSignature(SGateError):
    """A webhook that must not be trusted. `code` is one of `missing_header`, `malformed`, `too_old`,
    `from_the_future`, `no_match`, `bad_secret`.
    """

    default_type = "invalid_signature"


class BadRequest(SGateError):
    """The request cannot be understood."""

    default_type = "bad_request"


class MethodNotAllowed(BadRequest):
    """This address exists, but not with this HTTP method: the server may be older than this library."""

    default_type = "method_not_allowed"


class PayloadTooLarge(BadRequest):
    """The request is too large."""

    default_type = "payload_too_large"


class UnsupportedMediaType(BadRequest):
    """The server does not take a body of this type."""

    default_type = "unsupported_media_type"


class Unauthorized(SGateError):
    """The API key is missing, wrong, or does not work any more."""

    default_type = "unauthorized"


class Forbidden(SGateError):
    """The API key lacks the scope that this call needs."""

    default_type = "forbidden"


class NotFound(SGateError):
    """There is no such object among those that this key may see."""

    default_type = "not_found"


class Conflict(SGateError):
    """The state of the object does not allow this."""

    default_type = "conflict"


class ValidationFailed(SGateError):
    """A field has a value that is not allowed; `param` names it."""

    default_type = "validation_error"


class RateLimited(SGateError):
    """Too many requests; `retry_after_s` says when to come back."""

    default_type = "rate_limit_exceeded"


class ServerError(SGateError):
    """Something went wrong at the server."""

    default_type = "internal_error"


class Unavailable(ServerError):
    """The server cannot answer right now."""

    default_type = "unavailable"


FIRST_SERVER_ERROR = 500
BY_STATUS: Mapping[int, type[SGateError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
    422: ValidationFailed,
    429: RateLimited,
    503: Unavailable,
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
    """RFC 9457, as sGate fills it; `type` is the page that explains the code."""

    type: str
    code: str
    detail: str
    request_id: str | None = None
    param: str | None = None
    details: dict[str, Any] | None = None


def error_of(
    status_code: int, body: bytes, *, request_id: str | None = None, retry_after_s: float | None = None
) -> SGateError:
    """The error that an answer with this status is. `request_id`: of the header, for answers that name none."""
    told = _decoded(body, _Envelope)
    if told is not None:
        return _class_of(status_code, SGateError)(
            told.error.message,
            type=told.error.type,
            code=told.error.code,
            param=told.error.param,
            status_code=status_code,
            request_id=told.request_id or request_id,
            doc_url=told.error.doc_url,
            details=told.error.details,
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
    message = f"The answer has status {status_code} and does not come from sGate. Is a proxy in between?"
    kind = _class_of(status_code, UnexpectedAnswer)
    return kind(message, status_code=status_code, request_id=request_id, retry_after_s=retry_after_s)


def _class_of(status_code: int, otherwise: type[SGateError]) -> type[SGateError]:
    return BY_STATUS.get(status_code, ServerError if status_code >= FIRST_SERVER_ERROR else otherwise)


def _decoded(body: bytes, shape: type[Shape]) -> Shape | None:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
