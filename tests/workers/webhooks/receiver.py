"""A merchant's server on the loopback interface that answers as badly as a test requires."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import NamedTuple

WAIT_S = 20.0

HANG = b"hang"
"""Take the request and say nothing until released."""

RESET = b"reset"
"""Take the request and reset the connection."""


class Received(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


def response(status=200, headers=(), body=b"ok"):
    lines = [f"HTTP/1.1 {status} Said".encode(), b"Connection: close", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Receiver:
    """Answers with `answers` one after another, repeating the last one, or with the result of `choose(received)`."""

    def __init__(self, *answers: bytes, choose: Callable[[Received], bytes] | None = None) -> None:
        self._answers = list(answers) or [response()]
        self._choose = choose
        self._changed = asyncio.Condition()
        self._released = asyncio.Event()
        self.received: list[Received] = []
        self.connections = 0
        self.hanging = 0
        self.url = ""

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hooks"
        return self

    async def __aexit__(self, *_):
        self.release()
        self._server.close()
        await asyncio.wait_for(self._until_idle(), WAIT_S)

    def release(self):
        """Let what hangs be answered with 200."""
        self._released.set()

    async def until(self, condition):
        """Wait until `condition(self)` holds; it is checked after every request."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: condition(self)), WAIT_S)

    async def _until_idle(self):
        async with self._changed:
            await self._changed.wait_for(lambda: self.connections == 0)

    async def _tell(self):
        async with self._changed:
            self._changed.notify_all()

    async def _serve(self, reader, writer):
        self.connections += 1
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._exchange(reader, writer)
        finally:
            writer.close()
            self.connections -= 1
            await self._tell()

    async def _exchange(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        received = Received(head[0].split(" ")[1], headers, body)
        if self._choose:
            answer = self._choose(received)
        else:
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        self.hanging += answer == HANG
        self.received.append(received)
        await self._tell()
        if answer == RESET:
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return
        if answer == HANG:
            gone = asyncio.ensure_future(reader.read())  # the other side gives up
            released = asyncio.ensure_future(self._released.wait())
            await asyncio.wait([gone, released], return_when=asyncio.FIRST_COMPLETED)
            for waiting in (gone, released):
                waiting.cancel()
            await asyncio.gather(gone, released, return_exceptions=True)
            self.hanging -= 1
            answer = response()
        writer.write(answer)
        await writer.drain()
