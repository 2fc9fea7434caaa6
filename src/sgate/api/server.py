"""The HTTP server: uvicorn on a socket that is taken before anything is built on it."""

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

    def __init__(self, config: uvicorn.Config, on_shutdown: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_shutdown = on_shutdown

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell who keeps requests open that they must end; then finish what is in flight."""
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


def make_server(app: App, *, on_shutdown: Callable[[], None] = lambda: None) -> Server:
    """A server for the application, to be run on a socket of `listen`. `on_shutdown` ends what would never end."""
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
    )
