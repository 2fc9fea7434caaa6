"""The HTTP server: uvicorn on a socket that is bound before the application is built."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Generator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from sgate.core import errors
from sgate.http.asgi import App
from sgate.http.error_responses import raw_response
from sgate.http.guard import Guard, Guards, Limits

LISTEN_BACKLOG = 2048
KEEP_ALIVE_S = 75
"""Longer than the idle timeout of common proxies, so that idle connections are closed by the proxy, not this server."""

PORT_RELEASE_S = 0.05
LAST_REQUESTS_S = 1.0
"""How long to wait for requests on connections that were made before the port was closed."""

DEFAULT_LIMITS = Limits(connections=10_000)

SHUTDOWN_S = 10
"""How long requests in flight may take after shutdown has begun."""


NOT_HTTP = (
    "The request is not valid HTTP/1.1. Methods are written in capital letters, a URL begins with a slash and contains "
    "no blanks, and headers have the form `Name: value`."
)

NewProtocol = Callable[[uvicorn.Config, ServerState, dict[str, Any]], asyncio.Protocol]


class Protocol(HttpToolsProtocol):
    """Uvicorn's protocol, except that a request that it cannot parse is also answered with an error of the API."""

    def send_400_response(self, msg: str) -> None:
        """Refuse the request, and close the connection. `msg`, uvicorn's text, adds nothing and is ignored."""
        del msg
        self.transport.write(raw_response(errors.BadRequest(NOT_HTTP)))
        self.transport.close()


class Server(uvicorn.Server):
    """Uvicorn without its signal handlers, because the runtime handles signals."""

    def __init__(
        self, config: uvicorn.Config, new_protocol: NewProtocol, on_shutdown: Callable[[], None], drain_s: float
    ) -> None:
        super().__init__(config)
        self._new_protocol = new_protocol
        self._on_shutdown = on_shutdown
        self._drain_s = drain_s

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, so that proxies can switch to another server. Then end streams and finish requests in flight."""
        if self._drain_s:
            await self._drain(sockets or [])
        self._on_shutdown()
        await super().shutdown(sockets)

    async def _drain(self, sockets: list[socket.socket]) -> None:
        """Continue to serve for `drain_s`. No request is lost: a proxy cannot know whether a lost request took effect.

        During this time, each response has the header `Connection: close`, and the proxy closes idle connections.
        Connections made before the port is closed are served, even if they have not been accepted yet.
        """
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        await asyncio.sleep(self._drain_s)
        duplicates = [each.dup() for each in sockets]
        for server in self.servers:
            server.close()
        for each in sockets:
            each.close()
        await asyncio.sleep(PORT_RELEASE_S)  # until the loop has released the port, so that only `duplicates` hold it
        for each in duplicates:
            await self._serve_pending(each)
        await asyncio.sleep(LAST_REQUESTS_S)

    async def _serve_pending(self, listening: socket.socket) -> None:
        """Serve the connections in the kernel's backlog, and close the port."""
        waiting: list[socket.socket] = []
        with contextlib.suppress(OSError), listening:  # the backlog is empty, or a client has disconnected
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
        """Capture no signals."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket on the port; port 0 selects a free one.

    Raises:
        OSError: if the port is in use or cannot be bound.
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
    """Create a server for the application. It must be run on a socket from `listen`.

    Args:
        on_shutdown: called at shutdown to end requests that would otherwise never end, such as streams.
        drain_s: how many seconds to continue serving after shutdown is requested.
    """
    guards = Guards(app, limits)

    def protocol(
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> Guard:
        return guards.guard(Protocol(config, server_state, app_state, _loop))

    return Server(
        uvicorn.Config(
            guards.app,  # type: ignore[arg-type] - plain ASGI types, not uvicorn's
            loop="none",
            http=protocol,  # type: ignore[arg-type] - called like a class
            ws="none",
            interface="asgi3",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level=logging.ERROR,  # below, uvicorn reports only requests that it cannot parse, in plain text
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
