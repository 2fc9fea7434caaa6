"""The HTTP server: uvicorn on a socket that is taken before anything is built on it."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Generator

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sgate.api.asgi import App

LISTEN_BACKLOG = 2048
KEEP_ALIVE_S = 75
"""Longer than the idle time of common proxies, so that they close connections and we do not."""

SHUTDOWN_S = 10
"""How long requests in flight may take after a stop was asked for."""


class _Protocol(HttpToolsProtocol):
    """Lets a request cut its connection: there is no other way to be rid of a client that reads nothing."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["abort"] = self.transport.abort  # type: ignore[typeddict-unknown-key] - read by `api.sse`


class Server(uvicorn.Server):
    """Uvicorn without its signal handlers: signals are the runtime's."""

    def __init__(self, config: uvicorn.Config, on_shutdown: Callable[[], None], drain_s: float) -> None:
        super().__init__(config)
        self._on_shutdown = on_shutdown
        self._drain_s = drain_s

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve a while longer, so that proxies can go elsewhere; then tell who keeps requests open that they must end,
        and finish what is in flight.

        A connection that is kept open for the next request may be closed in the very moment in which a proxy sends one
        on it, and nobody knows then whether it was done. So while the server drains, each answer says that it is the
        last one of its connection, and proxies drop connections that nothing is sent on.
        """
        if self._drain_s:
            self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
            await asyncio.sleep(self._drain_s)
        self._on_shutdown()
        await super().shutdown(sockets)

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


def make_server(app: App, *, on_shutdown: Callable[[], None], drain_s: float = 0.0) -> Server:
    """A server for the application, to be run on a socket of `listen`.

    Args:
        on_shutdown: ends what would never end.
        drain_s: how long a stop goes on serving.
    """
    return Server(
        uvicorn.Config(
            app,  # type: ignore[arg-type] - our ASGI types are the plain ones
            loop="none",
            http=_Protocol,
            ws="none",
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
        on_shutdown,
        drain_s,
    )
