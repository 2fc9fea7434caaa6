"""One connection to a receiver of webhooks: HTTP/1.1, one request at a time, answers read no further than wanted.

A general HTTP client spends more on each request than signing and sending it costs, on things a webhook has no use for:
redirects, cookies, compression, streams in both directions. The parsing is httptools' (llhttp), as in our own server.
"""

import asyncio
import ssl
from collections.abc import Sequence
from typing import cast

import httptools
import msgspec

MAX_HEAD_BYTES = 65_536
"""Status line and headers, and whatever informational answers come before them."""

MAX_BODY_BYTES = 16_384
"""What is kept of a body. A longer one is cut off, and the connection with it."""

_INFORMATIONAL = range(100, 200)


class BrokenAnswer(Exception):
    """What came is not an answer in HTTP/1.1; the message says what is wrong with it."""


_TOO_LONG = BrokenAnswer(f"its headers are longer than {MAX_HEAD_BYTES} bytes")


class Disconnected(Exception):
    """The receiver closed the connection. `before_answer`: not a byte of the answer had come."""

    def __init__(self, reason: str, *, before_answer: bool) -> None:
        super().__init__(reason)
        self.before_answer = before_answer


class Response(msgspec.Struct, frozen=True):
    """What a receiver answered; of the body the beginning."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


class Line(asyncio.Protocol):
    """A connection. Ask again only while it is `reusable`."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Response] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_data_after_close=True, lenient_optional_cr_before_lf=True
        )
        self._clear()

    @property
    def reusable(self) -> bool:
        """Whether it is open, and nothing is left of an answer."""
        transport = self._transport
        return self._keep_alive and self._answer is None and transport is not None and not transport.is_closing()

    async def ask(self, request: bytes) -> Response:
        """Send a request and wait for its answer.

        Raises:
            Disconnected, BrokenAnswer: see there.
            OSError: if the connection broke.
        """
        self._clear()
        if self._transport is None or self._transport.is_closing():
            raise Disconnected("the connection was closed", before_answer=True)
        self._answer = answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await answer
        finally:
            self._answer = None
            if not self._keep_alive:
                self.close()

    def so_far(self) -> Response | None:
        """The answer as far as it has come, if its status and headers have."""
        return Response(self._status, self._headers, bytes(self._body)) if self._head_complete else None

    def close(self) -> None:
        """Be done with it. Nothing that is still under way is waited for."""
        self._keep_alive = False
        if self._transport is not None:
            self._transport.abort()

    # --- what the event loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its bases

    def data_received(self, data: bytes) -> None:
        if self._answer is None:  # it speaks without having been asked
            self.close()
            return
        self._answered = True
        if not self._head_complete:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(BrokenAnswer("it wants to change the protocol"))
        except httptools.HttpParserError as error:
            self._fail(BrokenAnswer(f"the answer is not HTTP: {error}"))
        if not self._head_complete and self._head_bytes > MAX_HEAD_BYTES:
            self._fail(_TOO_LONG)

    def connection_lost(self, exc: Exception | None) -> None:
        self._keep_alive = False
        if self._head_complete:  # a body may end with the connection; one that breaks off does not change the status
            self._finish()
        elif exc is not None and not isinstance(exc, ssl.SSLError):
            self._fail(Disconnected(f"the connection was lost: {exc}", before_answer=not self._answered))
        else:
            self._fail(Disconnected("the connection was closed without an answer", before_answer=not self._answered))

    # --- what the parser tells

    def on_message_begin(self) -> None:
        self._surplus = self._head_complete  # more than was asked for: nothing on this connection means anything now

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._surplus:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._surplus:
            return
        self._status = self._parser.get_status_code()
        if sum(len(name) + len(value) for name, value in self._headers) > MAX_HEAD_BYTES:
            self._fail(_TOO_LONG)
        elif self._status not in _INFORMATIONAL:
            self._head_complete = True
            self._may_be_kept = self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        room = MAX_BODY_BYTES - len(self._body)
        self._body += data[:room]
        if len(data) > room:
            self._finish()
            self.close()

    def on_message_complete(self) -> None:
        if self._head_complete:
            self._keep_alive = self._may_be_kept and not self._surplus
            self._finish()
        else:  # an informational answer; the real one follows
            self._headers.clear()

    # --- the end

    def _clear(self) -> None:
        self._answered = False  # its first byte has come
        self._head_complete = False
        self._surplus = False  # another answer begins after this one
        self._may_be_kept = False  # says its head
        self._keep_alive = False  # and nothing is left of its body
        self._head_bytes = self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()

    def _finish(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Response(self._status, self._headers, bytes(self._body)))

    def _fail(self, error: Exception) -> None:
        self._keep_alive = False
        if self._answer is not None and not self._answer.done():
            if self._head_complete:
                self._finish()
            else:
                self._answer.set_exception(error)
