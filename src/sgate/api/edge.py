"""The edge of the server: what happens to every request, whoever answers it.

Outside of Litestar, as plain ASGI, because it runs for each request: the request id, the size limit of bodies, security
headers, one log line, metrics.
"""

import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from prometheus_client import Counter, Histogram

from sgate.api.errors import rendered
from sgate.gateway import errors
from sgate.telemetry.metrics import Metrics

MAX_BODY_BYTES = 1_000_000
MAX_LENGTH_DIGITS = 18
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,64}")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class BodyTooLarge(errors.PayloadTooLarge):
    """The request body is larger than 1 MB."""


class Disconnected(errors.BadRequest):
    """The client closed the connection before its request was complete."""


class Edge:
    """Wraps the application."""

    def __init__(self, app: App, metrics: Metrics, *, https_only: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._headers = (*SECURITY_HEADERS, HSTS) if https_only else SECURITY_HEADERS
        self._log = structlog.get_logger("sgate.http")
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (or the lifespan, which passes through)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        scope["request_id"] = request_id
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name for name, _ in message.get("headers", ())}
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                    *((name, value) for name, value in self._headers if name not in own),
                    *scope.get("extra_headers", ()),
                ]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                if _declared_length(scope) > MAX_BODY_BYTES:
                    await _refuse(scope, send_with_headers, request_id)
                else:
                    await self._app(scope, _bounded(receive), send_with_headers)
            finally:
                self._note(scope, status, time.perf_counter() - started)

    def _counted(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count in the metrics. Their children are kept: finding one by its labels costs more than counting."""
        children = self._children.get((method, route, status))
        if children is None:
            counter = self._metrics.requests.labels(method, route, status)
            children = counter, self._metrics.request_seconds.labels(method, route)
            self._children[method, route, status] = children
        children[0].inc()
        children[1].observe(seconds)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("path_template") or "(none)"
        method = scope["method"]
        self._counted(method, route, status, seconds)
        if "error_code" in scope:
            self._metrics.errors.labels(scope["error_code"]).inc()
        client = scope.get("client")
        self._log.info(
            "request",
            method=method,
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 2),
            address=client[0] if client else None,
            key=scope.get("key_id"),
        )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode("ascii")
    return f"req_{secrets.token_hex(12)}"


def _declared_length(scope: Scope) -> int:
    length = _header(scope, b"content-length")
    return int(length[:MAX_LENGTH_DIGITS]) if length.isdigit() else 0


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for own, value in scope["headers"] if own == name), "")


def _bounded(receive: Receive) -> Receive:
    """Counts the body as it comes in, for requests that do not declare its length, and tells if it never comes."""
    received, complete = 0, False

    async def bounded() -> Message:
        nonlocal received, complete
        message = await receive()
        if message["type"] == "http.disconnect" and not complete:
            raise Disconnected
        if message["type"] == "http.request":
            complete = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise BodyTooLarge
        return message

    return bounded


async def _refuse(scope: Scope, send: Send, request_id: str) -> None:
    error = BodyTooLarge()
    body, media_type = rendered(error, _header(scope, b"accept"), request_id=request_id, path=scope["path"])
    scope["error_code"] = error.code
    headers = [(b"content-type", media_type.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
