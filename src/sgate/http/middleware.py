"""The edge of the server: what happens to every request, whoever answers it.

Outside of Litestar, as plain ASGI, because it runs for each request: the request id, the size limit of bodies, security
headers, one log line, metrics.
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
"""How long the body of a request may take to arrive."""

MAX_LENGTH_DIGITS = 18
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,64}")
_system = Environment()
"""For request ids: whatever time and dice the application is given, no two requests may have the same."""

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),  # pages have their own
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class BodyTooLarge(errors.PayloadTooLarge):
    """The request body is larger than 1 MB."""


class Disconnected(errors.BadRequest):
    """The client closed the connection before its request was complete."""


class Edge:
    """Wraps the application."""

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
        """`public_url`: where the pages that explain errors are, without a trailing slash. `on_change` gets the topic
        of a merchant who may have changed something. `methods`: which each path takes, by its template.
        """
        self._app = app
        self._public_url = public_url
        self._allow = {path: _listed(names) for path, names in methods.items()}
        self._metrics = metrics
        self._on_change = on_change
        self._headers = (*SECURITY_HEADERS, HSTS) if https_only else SECURITY_HEADERS
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (or the lifespan, which passes through)."""
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
            self._note(scope, method, status, time.perf_counter() - started)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Let the application answer. Returns the status."""
        state, status = state_of(scope), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name.lower() for name, _ in message.get("headers", ())}
                if b"content-security-policy" in own:
                    own.add(b"x-frame-options")  # a page says itself who may embed it
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
        """Litestar's own answer to OPTIONS names the methods of one of the path's handlers: name those of all."""

        async def send_allow(message: Message) -> None:
            allow = self._allow.get(scope.get("path_template", ""))
            if message["type"] == "http.response.start" and allow is not None:
                others = [(name, value) for name, value in message["headers"] if name.lower() != b"allow"]
                message["headers"] = [*others, (b"allow", allow)]
            await send(message)

        return send_allow

    def _counted(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count in the metrics. Their children are kept: finding one by its labels costs more than counting."""
        children = self._children.get((method, route, status))
        if children is None:
            counter = self._metrics.requests.labels(method, route, status)
            children = counter, self._metrics.request_seconds.labels(method, route)
            self._children[method, route, status] = children
        children[0].inc()
        children[1].observe(seconds)

    def _note(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        state = state_of(scope)
        route = scope.get("path_template") or "(none)"
        # Streams are counted apart in the metrics: their seconds say nothing about how quick the server is.
        self._counted(method, f"{route} (stream)" if state.streamed else route, status, seconds)
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


def _listed(methods: Iterable[str]) -> bytes:
    """As the header Allow wants them. What is answered to GET is answered to HEAD too."""
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
    """Counts the body as it comes in, for requests that do not declare its length, and waits no longer than BODY_S."""
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
    """A HEAD is answered like the GET, by the same handler: the headers leave, the body does not."""
    ended = False

    async def send_head(message: Message) -> None:
        nonlocal ended
        if message["type"] == "http.response.start":
            await send(message)
        elif not ended:
            ended = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return send_head
