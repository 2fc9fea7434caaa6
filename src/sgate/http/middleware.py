"""The outermost middleware: request ids, body size limits, security headers, one log line per request, metrics.

The middleware is plain ASGI outside of Litestar, because it runs for every request and must be fast.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import structlog
from prometheus_client import Counter, Histogram

from sgate.core import errors
from sgate.environment import Environment
from sgate.http.asgi import App, Message, Receive, Scope, Send, header_of
from sgate.http.error_responses import refuse
from sgate.http.request_state import SCOPE_KEY, RequestState, state_of
from sgate.telemetry.logging import request_line
from sgate.telemetry.metrics import Metrics

MAX_HEADERS = 100
MAX_BODY_BYTES = 1_000_000
BODY_S = 10.0
"""Time limit for receiving a request body."""

MAX_LENGTH_DIGITS = 18
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_-]{8,64}")
_system = Environment()
"""Generates request ids, which must be unique even if the application has a fixed clock and a fixed random source."""

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),  # pages set their own policies
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class BodyTooLarge(errors.PayloadTooLarge):
    """The request body is larger than 1 MB."""


class Disconnected(errors.BadRequest):
    """The client closed the connection before its request was complete."""


class Edge:
    """The middleware that wraps the application."""

    def __init__(
        self,
        app: App,
        metrics: Metrics,
        *,
        public_url: str,
        https_only: bool,
        on_change: Callable[[str], None] = lambda _: None,
        methods: Mapping[str, Iterable[str]] = MappingProxyType({}),
    ) -> None:
        """Wrap `app`.

        Args:
            public_url: base URL of the error pages, without a trailing slash.
            https_only: whether to send the HSTS header.
            on_change: called with the topic of a merchant after each request that may have changed the merchant's data.
            methods: the allowed methods of each path template.
        """
        self._app = app
        self._public_url = public_url
        self._allow = {path: _allow_value(names) for path, names in methods.items()}
        self._metrics = metrics
        self._on_change = on_change
        self._headers = (*SECURITY_HEADERS, HSTS) if https_only else SECURITY_HEADERS
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request. Pass the lifespan scope to the application unchanged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id, method = _request_id(scope), scope["method"]
        state = RequestState(request_id=request_id, public_url=self._public_url, head=method == "HEAD")
        scope[SCOPE_KEY] = state
        if method == "HEAD":
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        if method == "OPTIONS":
            send = self._with_methods(scope, send)
        status = 500
        try:
            status = await self._pass_on(scope, receive, send)
        finally:
            self._record(scope, method, status, time.perf_counter() - started)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Call the application, add the common headers to its response, and return the response status."""
        state, status = state_of(scope), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name.lower() for name, _ in message.get("headers", ())}
                if b"content-security-policy" in own:
                    own.add(b"x-frame-options")  # the page's own policy says which sites may embed the page
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", state.request_id.encode()),
                    *((name, value) for name, value in self._headers if name not in own),
                    *state.extra_headers,
                ]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=state.request_id):
            if len(scope["headers"]) > MAX_HEADERS:
                await refuse(scope, send_with_headers, errors.HeadersTooLarge())
            elif _declared_length(scope) > MAX_BODY_BYTES:
                await refuse(scope, send_with_headers, BodyTooLarge())
            else:
                await self._app(scope, _bounded(receive), send_with_headers)
        return status

    def _with_methods(self, scope: Scope, send: Send) -> Send:
        """Correct the `Allow` header of OPTIONS responses, because Litestar lists only the methods of one handler."""

        async def send_allow(message: Message) -> None:
            allow = self._allow.get(scope.get("path_template", ""))
            if message["type"] == "http.response.start" and allow is not None:
                others = [(name, value) for name, value in message["headers"] if name.lower() != b"allow"]
                message["headers"] = [*others, (b"allow", allow)]
            await send(message)

        return send_allow

    def _count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Update the request metrics. Children are cached, because a lookup by labels is slower than the update."""
        children = self._children.get((method, route, status))
        if children is None:
            counter = self._metrics.requests.labels(method, route, status)
            children = counter, self._metrics.request_seconds.labels(method, route)
            self._children[method, route, status] = children
        children[0].inc()
        children[1].observe(seconds)

    def _record(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        """Update the metrics, write the log line, and report a possible change."""
        state = state_of(scope)
        route = scope.get("path_template") or "(none)"
        # Streams are counted separately, because the duration of a stream is not a latency.
        self._count(method, f"{route} (stream)" if state.streamed else route, status, seconds)
        if state.error_code is not None:
            self._metrics.errors.labels(state.error_code).inc()
        if method not in SAFE_METHODS and state.topic is not None:
            self._on_change(state.topic)
        client = scope.get("client")
        request_line(
            request_id=state.request_id,
            method=method,
            path=scope["path"],
            status=status,
            seconds=seconds,
            address=state.address or (client[0] if client else None),
            key=state.key_id,
        )


def _allow_value(methods: Iterable[str]) -> bytes:
    """Return the value of the `Allow` header. HEAD is allowed wherever GET is."""
    names = {*methods, *(["HEAD"] if "GET" in methods else [])}
    return ", ".join(sorted(names)).encode()


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode("ascii")
    return _system.new_id("req")


def _declared_length(scope: Scope) -> int:
    length = header_of(scope, b"content-length")
    return int(length[:MAX_LENGTH_DIGITS]) if length.isdigit() else 0


def _bounded(receive: Receive) -> Receive:
    """Wrap `receive` to enforce the time limit of a body, and the size limit even if no length is declared."""
    received, complete, until = 0, False, asyncio.get_running_loop().time() + BODY_S

    async def bounded() -> Message:
        nonlocal received, complete
        if complete:
            return await receive()
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError:
            raise errors.RequestTimeout from None
        if message["type"] == "http.disconnect" and not complete:
            raise Disconnected
        if message["type"] == "http.request":
            complete = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise BodyTooLarge
        return message

    return bounded


def _without_body(send: Send) -> Send:
    """Wrap `send` to drop the body. A HEAD request is handled like GET, but only the headers are sent."""
    ended = False

    async def send_head(message: Message) -> None:
        nonlocal ended
        if message["type"] == "http.response.start":
            await send(message)
        elif not ended:
            ended = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return send_head
