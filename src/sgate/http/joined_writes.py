"""What is written to a connection in one turn of the event loop leaves together.

Uvicorn writes the head of an answer and its body apart: two system calls and two packets, and the client wakes up
twice, the first time for nothing. Where answers come from memory that was a third of the server's time.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_WAITING_BYTES = 65_536
"""More is handed on at once: only what the transport has been given can tell that a client reads too slowly."""


class JoinedWrites(asyncio.Transport):
    """A transport whose writes wait for the end of the turn."""

    __slots__ = ("_call_soon", "_transport", "_waiting", "_waiting_bytes")  # one for each of thousands of connections

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._call_soon = asyncio.get_running_loop().call_soon
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write, at the end of the turn."""
        if not self._waiting:
            self._call_soon(self.flush)
        self._waiting.append(bytes(data))
        self._waiting_bytes += len(data)
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write now what waits. Who is gone gets nothing."""
        if not self._waiting:
            return
        together = b"".join(self._waiting)
        self._forget()
        if not self._transport.is_closing():
            self._transport.write(together)

    def close(self) -> None:
        """Write what waits, and close."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._forget()
        self._transport.abort()

    def _forget(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0

    # --- as the transport does it

    def is_closing(self) -> bool:
        """Whether it is closed, or will be."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the connection, such as its addresses."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Read nothing for a while."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    def get_write_buffer_size(self) -> int:
        """Bytes that are written and have not left."""
        return self._waiting_bytes + self._transport.get_write_buffer_size()


class JoiningProtocol(HttpToolsProtocol):
    """Uvicorn's protocol on such a transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] - as uvicorn has it
        """A client has connected."""
        self._joined = JoinedWrites(transport)
        super().connection_made(self._joined)

    def eof_received(self) -> None:
        """The client sends no more, and the transport will close: what waits must leave before."""
        self._joined.flush()
        super().eof_received()
