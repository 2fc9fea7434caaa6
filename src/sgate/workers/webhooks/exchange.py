"""What one exchange with a receiver may bring: every byte of it is counted, whatever the HTTP parser makes of it.

A parser reads informational answers, chunk extensions and trailers without end and shows none of them. So the count is
taken between the connection and the parser, where nothing can hide.
"""

import asyncio
from contextvars import ContextVar

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

MAX_EXCHANGE_BYTES = 131_072
"""Status line, headers, body, and everything around them. 16 KiB of the body are kept."""

SHOWN_BYTES = 512
"""The beginning of an answer, kept to show the merchant what could not be understood."""

OVER_LIMIT = f"more than {MAX_EXCHANGE_BYTES // 1024} KiB came"


class Exchange:
    """One attempt. `guard` stands before the parser once the request is being sent; `reused`: on a kept connection."""

    __slots__ = ("guard", "reused")

    def __init__(self) -> None:
        self.guard: Guard | None = None
        self.reused = False

    @property
    def nothing_came(self) -> bool:
        """Whether not a byte of an answer has come."""
        return self.guard is None or not self.guard.received


current: ContextVar[Exchange] = ContextVar("current_exchange")


class Guard(asyncio.Protocol):
    """Stands between a connection and aiohttp's parser: counts, cuts off, closes what speaks without being asked."""

    def __init__(self, inner: ResponseHandler, transport: asyncio.Transport) -> None:
        self._inner = inner
        self._transport = transport
        self.begin()

    def begin(self) -> None:
        """A request is about to be sent."""
        self.received = 0
        self.beginning = b""
        self.over_limit = False
        self._asked = True

    def end(self) -> None:
        """Its answer has been read. Whatever comes now answers nothing."""
        self._asked = False

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        if not self._asked:
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
    """A request that puts a guard before the parser of its connection when it is sent."""

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
