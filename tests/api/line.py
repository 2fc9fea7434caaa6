"""A connection to the database that a test can cut: a forwarding loopback port."""

import asyncio
import contextlib
from urllib.parse import parse_qs, urlsplit, urlunsplit


class Line:
    """A context manager. `url` leads to the database through this line."""

    def __init__(self, database_url):
        parts = urlsplit(database_url)
        socket_directory = parse_qs(parts.query).get("host", [None])[0]
        port = parts.port or 5432
        self._path = None if socket_directory is None else f"{socket_directory}/.s.PGSQL.{port}"
        self._target = (parts.hostname, port)
        self._parts = parts
        self._server = None
        self._open = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.url = None
        self.port = 0

    async def __aenter__(self):
        await self.repair()
        user = self._parts.netloc.rpartition("@")[0]
        at = "@" if user else ""
        self.url = urlunsplit(self._parts._replace(netloc=f"{user}{at}127.0.0.1:{self.port}", query=""))
        return self

    async def __aexit__(self, *_):
        await self.cut()

    async def cut(self):
        """End all connections and refuse new ones."""
        self._server.close()
        for writer in tuple(self._open):
            writer.transport.abort()
        await self._server.wait_closed()

    def stall(self):
        """Accept bytes but forward none; connections stay open."""
        self._flowing.clear()

    def flow(self):
        """Forward again."""
        self._flowing.set()

    async def repair(self):
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _forward(self, reader, writer):
        if self._path:
            there, back = await asyncio.open_unix_connection(self._path)
        else:
            there, back = await asyncio.open_connection(*self._target)
        both = {writer, back}
        self._open |= both
        try:
            await asyncio.gather(self._copy(reader, back), self._copy(there, writer))
        finally:
            self._open -= both

    async def _copy(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
