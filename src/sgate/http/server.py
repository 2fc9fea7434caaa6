"""The HTTP server: uvicorn on a socket that is taken before anything is built on it."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Generator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from sgate.http.asgi import App
from sgate.http.guard import Guard, Guards, Limits

LISTEN_BACKLOG = 2048
KEEP_ALIVE_S = 75
"""Longer than the idle time of common proxies, so that they close connections and we do not."""

LET_GO_S = 0.05
LAST_REQUESTS_S = 1.0
"""How long a request may take to arrive on a connection that was made before the port was given up."""

DEFAULT_LIMITS = Limits(connections=10_000)

SHUTDOWN_S = 10
"""How long requests in flight may take after a stop was asked for."""


NewProtocol = Callable[[uvicorn.Config, ServerState, dict[str, Any]], asyncio.Protocol]


class Server(uvicorn.Server):
    """Uvicorn without its signal handlers: signals are the runtime's."""

    def __init__(
        self, config: uvicorn.Config, new_protocol: NewProtocol, on_shutdown: Callable[[], None], drain_s: float
    ) -> None:
        super().__init__(config)
        self._new_protocol = new_protocol
        self._on_shutdown = on_shutdown
        self._drain_s = drain_s

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve a while longer, so that proxies can go elsewhere; then tell who keeps requests open that they must end,
        and finish what is in flight.
        """
        if self._drain_s:
            await self._drain(sockets or [])
        self._on_shutdown()
        await super().shutdown(sockets)

    async def _drain(self, sockets: list[socket.socket]) -> None:
        """Lose no request that a proxy has sent: it would not know whether it was done, and may not send it again.

        While the server drains, each answer says that it is the last one of its connection; one that nothing is sent
        on is closed by the proxy. What connected before the port is given up is served, however late it is read.
        """
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        await asyncio.sleep(self._drain_s)
        taken = [each.dup() for each in sockets]
        for server in self.servers:
            server.close()
        for each in sockets:
            each.close()
        await asyncio.sleep(LET_GO_S)  # until the loop has really let go of the port: only `taken` holds it now
        for each in taken:
            await self._serve_who_waits(each)
        await asyncio.sleep(LAST_REQUESTS_S)

    async def _serve_who_waits(self, listening: socket.socket) -> None:
        """Serve the connections that the kernel has made and nobody has taken, and give up the port."""
        waiting: list[socket.socket] = []
        with contextlib.suppress(OSError), listening:  # there is no more, or one was gone already
            listening.setblocking(False)
            while True:
                waiting.append(listening.accept()[0])
        for connection in waiting:
            connection.setblocking(False)
            with contextlib.suppress(OSError):
                await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        return self._new_protocol(self.config, self.server_state, self.lifespan.state)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture nothing."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Take the port; 0 takes a free one.

    Raises:
        OSError: if it is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(LISTEN_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def make_server(
    app: App, *, limits: Limits = DEFAULT_LIMITS, on_shutdown: Callable[[], None] = lambda: None, drain_s: float = 0.0
) -> Server:
    """A server for the application, to be run on a socket of `listen`.

    Args:
        on_shutdown: ends what would never end.
        drain_s: how long a stop goes on serving.
    """
    guards = Guards(app, limits)

    def protocol(
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> Guard:
        return guards.guarded(HttpToolsProtocol(config, server_state, app_state, _loop))

    return Server(
        uvicorn.Config(
            guards.app,  # type: ignore[arg-type] - our ASGI types are the plain ones
            loop="none",
            http=protocol,  # type: ignore[arg-type] - called like a class
            ws="none",
            interface="asgi3",
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            backlog=LISTEN_BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=SHUTDOWN_S,
        ),
        protocol,
        on_shutdown,
        drain_s,
    )
