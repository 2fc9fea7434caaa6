"""The HTTP server: uvicorn on a socket that is taken before anything is built on it."""

import contextlib
import socket
from collections.abc import Generator

import uvicorn

from sgate.api.edge import App

LISTEN_BACKLOG = 2048
KEEP_ALIVE_S = 75
"""Longer than the idle time of common proxies, so that they close connections and we do not."""

SHUTDOWN_S = 10
"""How long requests in flight may take after a stop was asked for."""


class Server(uvicorn.Server):
    """Uvicorn without its signal handlers: signals are the runtime's."""

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


def make_server(app: App) -> Server:
    """A server for the application, to be run on a socket of `listen`."""
    return Server(
        uvicorn.Config(
            app,  # type: ignore[arg-type] - our ASGI types are the plain ones
            loop="none",
            http="httptools",
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
        )
    )
