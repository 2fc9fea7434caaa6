"""Error responses: every response says what went wrong and what the client can do.

An error is returned in the JSON error envelope, or as RFC 9457 problem details if the client requests this format.
Server errors (5xx) reveal no internals. The operator can use the request id to find the cause in the log.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from sgate.core import errors
from sgate.core.errors import GatewayError
from sgate.db.pool import DatabaseErrors
from sgate.http.asgi import Scope, Send, header_of
from sgate.http.request_state import state_of
from sgate.objects.encoding import iso_ms
from sgate.objects.error import ErrorBody, ErrorEnvelope

PROBLEM = "application/problem+json"
_encoder = msgspec.json.Encoder()


def doc_url(code: str, public_url: str) -> str:
    """Return the URL of the page that explains an error code."""
    return f"{public_url}/docs/errors/{code}"


def envelope_bytes(error: GatewayError, *, request_id: str, path: str, public_url: str) -> bytes:
    """Encode an error as the JSON error envelope."""
    body = ErrorBody(
        type=error.type,
        code=error.code,
        message=error.message,
        param=error.param,
        doc_url=doc_url(error.code, public_url),
        details=error.details,
    )
    return _encoder.encode(
        ErrorEnvelope(
            error=body,
            request_id=request_id,
            timestamp=iso_ms(datetime.now(UTC)),
            path=path,
            status=error.status,
            retry_after=None if error.retry_after_s is None else max(1, round(error.retry_after_s)),
        )
    )


def raw_response(error: GatewayError) -> bytes:
    """Return a whole HTTP response that ends a connection on which no valid request arrived."""
    body = envelope_bytes(error, request_id="", path="", public_url="")
    head = (
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


def problem_bytes(error: GatewayError, *, request_id: str, path: str, public_url: str) -> bytes:
    """Encode an error as RFC 9457 problem details."""
    problem: dict[str, object] = {
        "type": doc_url(error.code, public_url),
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message,
        "instance": path,
        "code": error.code,
        "request_id": request_id,
    }
    if error.param is not None:
        problem["param"] = error.param
    if error.details:
        problem["details"] = error.details
    if error.retry_after_s is not None:
        problem["retry_after"] = max(1, round(error.retry_after_s))
    return _encoder.encode(problem)


def rendered(error: GatewayError, accept: str, *, request_id: str, path: str, public_url: str) -> tuple[bytes, str]:
    """Return the body of an error and its media type, in the format that the `Accept` header requests."""
    if PROBLEM in accept.lower():
        return problem_bytes(error, request_id=request_id, path=path, public_url=public_url), PROBLEM
    return envelope_bytes(error, request_id=request_id, path=path, public_url=public_url), "application/json"


def headers_of(error: GatewayError) -> dict[str, str]:
    """Return the response headers of an error."""
    headers = {"Cache-Control": "no-store"}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    if isinstance(error, errors.Unauthorized):
        headers["WWW-Authenticate"] = 'Bearer realm="sGate"'
    if isinstance(error, errors.RequestTimeout):
        headers["Connection"] = "close"  # the rest of the body must not be parsed as the next request
    return headers


def as_gateway_error(error: Exception) -> GatewayError:
    """Convert any exception to a `GatewayError`. Server faults become `unavailable` or `internal_error`."""
    match error:
        case GatewayError():
            return error
        case NotFoundException():
            return errors.NotFound()
        case MethodNotAllowedException():
            return errors.MethodNotAllowed(_allowed_methods(error))
        case HTTPException() if error.status_code < 500:  # noqa: PLR2004 - client errors
            return errors.BadRequest()
        case _ if isinstance(error, DatabaseErrors):
            return errors.Unavailable(retry_after_s=1)
        case _:
            return GatewayError()


def _log_failure(failure: GatewayError, error: Exception) -> None:
    """Log a defect with its traceback. Log an unavailable dependency in one line, because every request reports it."""
    log = structlog.get_logger("sgate.api")
    if isinstance(failure, errors.Unavailable):
        log.warning("request_refused", code=failure.code, reason=f"{type(error).__name__}: {error}")
    else:
        log.error("request_failed", code=failure.code, exc_info=error)


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Convert an exception to an error response. Litestar calls this function for every exception."""
    failure = as_gateway_error(error)
    state = state_of(request.scope)
    if failure.status >= 500:  # noqa: PLR2004 - server errors
        _log_failure(failure, error)
    path = request.scope["path"]
    state.error_code = failure.code
    content, media_type = rendered(
        failure,
        request.headers.get("accept", ""),
        request_id=state.request_id,
        path=path,
        public_url=state.public_url,
    )
    headers = headers_of(failure)
    if isinstance(error, MethodNotAllowedException) and error.headers:
        headers["Allow"] = _with_head(error.headers.get("allow", ""))
    return Response(content, status_code=failure.status, media_type=media_type, headers=headers)


def _allowed_methods(error: MethodNotAllowedException) -> str | None:
    """Return an error message that names the allowed methods, or None if the methods are not known."""
    allowed = [name for name in (error.headers or {}).get("allow", "").split(", ") if name != "OPTIONS"]
    return f"This URL accepts only {' and '.join(sorted(allowed))}." if allowed else None


def _with_head(allow: str) -> str:
    """Add HEAD to an `Allow` header that contains GET, because `Edge` handles HEAD requests like GET requests."""
    methods = allow.split(", ")
    return ", ".join([*methods, "HEAD"] if "GET" in methods and "HEAD" not in methods else methods)


async def refuse(scope: Scope, send: Send, error: GatewayError, also: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """Send an error response from outside Litestar. `also` contains additional headers."""
    state = state_of(scope)
    state.error_code = error.code
    body, media_type = rendered(
        error,
        header_of(scope, b"accept"),
        request_id=state.request_id,
        path=scope["path"],
        public_url=state.public_url,
    )
    headers = [(b"content-type", media_type.encode()), (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode(), value.encode()) for name, value in headers_of(error).items()]
    headers += also
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
