"""Connection guards: size and time limits that an HTTP server needs and that uvicorn lacks.

Uvicorn with httptools waits indefinitely for the rest of a request head and accepts heads of any size. It also keeps a
connection open indefinitely if the client does not read the response. On each connection, a guard wraps uvicorn's
protocol. The guard enforces the limits and forwards everything else.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import msgspec

from sgate.core import errors
from sgate.http.asgi import App, Receive, Scope, Send
from sgate.http.error_responses import raw_response

MAX_HEAD_BYTES = 65_536
HEAD_S = 10.0
"""Time limit for a request head.

For the first request, time is counted from the start of the connection; for later requests, from the head's first byte.
"""

STALLED_S = 20.0
"""How long a client may stop reading while the buffers of the kernel and the server are full."""

LINGER_S = 2.0
"""How long a refused connection may stay open for the client to read the error response."""

MAX_DISCARDED_BYTES = 1_048_576
"""How many bytes a refused client may still send before its connection is reset, so that endless heads cost little."""

_END = b"\r\n\r\n"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a server. `connections` is the maximum number of concurrent connections."""

    connections: int
    head_bytes: int = MAX_HEAD_BYTES
    head_s: float = HEAD_S
    stalled_s: float = STALLED_S


class Guards:
    """The guards of a server's connections.

    The application is called through `app`, which notifies the connection's guard when a request has been answered.
    """

    def __init__(self, app: App, limits: Limits) -> None:
        self._app = app
        self.limits = limits
        self.connected = 0
        self._by_client: dict[tuple[str, int], Guard] = {}

    def guard(self, inner: asyncio.Protocol) -> "Guard":
        """Wrap uvicorn's protocol of a new connection in a guard."""
        return Guard(inner, self)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, then notify the connection's guard."""
        try:
            await self._app(scope, receive, send)
        finally:
            guard = self._by_client.get(scope.get("client") or ("", 0))
            if guard is not None:
                guard.answered()

    def add(self, guard: "Guard", client: tuple[str, int]) -> bool:
        """Register a connection. Return whether it is within the connection limit."""
        self.connected += 1
        self._by_client[client] = guard
        return self.connected <= self.limits.connections

    def remove(self, guard: "Guard", client: tuple[str, int]) -> None:
        """Unregister a closed connection."""
        self.connected -= 1
        if self._by_client.get(client) is guard:
            del self._by_client[client]


class Guard(asyncio.Protocol):
    """The guard of one connection."""

    __slots__ = ("_answering", "_client", "_discarded", "_guards", "_head_bytes", "_head_timer", "_inner", "_refused",
                 "_stalled", "_tail", "_transport")  # fmt: skip

    def __init__(self, inner: asyncio.Protocol, guards: Guards) -> None:
        self._inner = inner
        self._guards = guards
        self._transport: asyncio.Transport | None = None
        self._client = ("", 0)
        self._refused = False
        # Whether a request is in progress. New data then belongs to its body or to the next request.
        self._answering = False
        self._discarded = 0
        self._head_bytes = 0
        self._tail = b""  # the last bytes of an incomplete head, because its end marker may be split
        self._head_timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's class does not inherit from it
        peer = transport.get_extra_info("peername")
        self._client = (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) and len(peer) > 1 else ("", id(self))
        self._inner.connection_made(transport)
        if not self._guards.add(self, self._client):
            self._refuse(errors.Unavailable("This server has too many connections. Try again in a moment."))
        else:
            self._expect_head_within(self._guards.limits.head_s)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._discard(data)
        elif not self._answering and not self._is_head_within_bounds(data):
            self._refuse(errors.HeadersTooLarge())
        elif self._transport is not None and not self._transport.is_closing():
            self._inner.data_received(data)

    def _discard(self, data: bytes) -> None:
        """Drop data of a refused connection. Closing a socket with unread data would lose the error response."""
        self._discarded += len(data)
        if self._discarded > MAX_DISCARDED_BYTES:
            self._abort()

    def eof_received(self) -> bool | None:
        return None if self._refused else self._inner.eof_received()

    def pause_writing(self) -> None:
        self._stalled = self._later(self._guards.limits.stalled_s, self._abort)
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._stalled = _canceled(self._stalled)
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._guards.remove(self, self._client)
        self._head_timer, self._stalled = _canceled(self._head_timer), _canceled(self._stalled)
        self._inner.connection_lost(exc)

    def answered(self) -> None:
        """Expect the head of the next request, because the application has answered the current request."""
        self._answering, self._head_bytes, self._tail = False, 0, b""

    def _is_head_within_bounds(self, data: bytes) -> bool:
        """Count a chunk of a request head, and return whether the head is within the size limit.

        Most heads arrive in one chunk and need no timer.
        """
        end = (self._tail + data).find(_END)
        if end >= 0:
            self._head_timer = _canceled(self._head_timer)
            self._answering = True
            return self._head_bytes + end - len(self._tail) <= self._guards.limits.head_bytes
        self._head_bytes += len(data)
        self._tail = (self._tail + data)[1 - len(_END) :]
        if self._head_timer is None:
            self._expect_head_within(self._guards.limits.head_s)
        return self._head_bytes <= self._guards.limits.head_bytes

    def _expect_head_within(self, seconds: float) -> None:
        self._head_timer = self._later(seconds, lambda: self._refuse(errors.RequestTimeout()))

    def _refuse(self, error: errors.GatewayError) -> None:
        """Send an error response and close the connection, because data that follows on it cannot be parsed."""
        if self._transport is None or self._transport.is_closing():
            return
        self._refused = True
        self._transport.write(raw_response(error))
        self._transport.write_eof()
        self._later(LINGER_S, self._abort)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    @staticmethod
    def _later(seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, callback)


def _canceled(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
