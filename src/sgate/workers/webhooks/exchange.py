"""The size limit for one exchange with a receiver. Every received byte counts.

The bytes are counted between the connection and the HTTP parser, because the parser accepts any number of informational
responses, chunk extensions and trailers without exposing them.
"""

import asyncio
from contextvars import ContextVar

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

MAX_EXCHANGE_BYTES = 131_072
"""The maximum number of received bytes, including status line, headers, body and framing."""

SHOWN_BYTES = 512
"""The number of bytes at the beginning of a response that are kept. They are shown to the merchant if the response
cannot be parsed.
"""

OVER_LIMIT = f"the response is larger than {MAX_EXCHANGE_BYTES // 1024} KiB"


class Exchange:
    """The exchange of one attempt.

    Attributes:
        guard: the guard of the connection. It is None until the request is being sent.
        reused: whether the connection had been kept alive from an earlier request.
    """

    __slots__ = ("guard", "reused")

    def __init__(self) -> None:
        self.guard: Guard | None = None
        self.reused = False

    @property
    def nothing_received(self) -> bool:
        """Whether no byte of a response has been received."""
        return self.guard is None or not self.guard.received


current: ContextVar[Exchange] = ContextVar("current_exchange")


class Guard(asyncio.Protocol):
    """A protocol between a connection and aiohttp's parser.

    It enforces the size limit, and closes the connection if data arrives without a request.
    """

    def __init__(self, inner: ResponseHandler, transport: asyncio.Transport) -> None:
        self._inner = inner
        self._transport = transport
        self.begin()

    def begin(self) -> None:
        """Reset for a new request that is about to be sent."""
        self.received = 0
        self.beginning = b""
        self.over_limit = False
        self._expecting = True

    def end(self) -> None:
        """Treat any further data as unsolicited, because the response has been read."""
        self._expecting = False

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        if not self._expecting:
            self._transport.abort()
        elif self.received > MAX_EXCHANGE_BYTES:
            self.over_limit = True
            self._transport.abort()
        else:
            self.beginning += data[: max(0, SHOWN_BYTES - len(self.beginning))]
            self._inner.data_received(data)

    def eof_received(self) -> None:
        self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()


class GuardedRequest(aiohttp.ClientRequest):
    """A request that installs a guard on its connection when it is sent."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        exchange, inner = current.get(), conn.protocol
        if inner is not None and inner.transport is not None:
            transport = inner.transport
            known = transport.get_protocol()
            exchange.reused = isinstance(known, Guard)
            exchange.guard = known if isinstance(known, Guard) else Guard(inner, transport)
            exchange.guard.begin()
            transport.set_protocol(exchange.guard)
        return await super().send(conn)
