"""The types of plain ASGI."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TAKES_OVER = "takes_over"
"""In the scope: who answers a request that the application has understood and not answered, called with the scope, a
`send` that adds the headers of the edge, and a plain one. A stream lasts minutes; the layers of the application, and
all that they know of a request, cost more memory than it does and need not stay.
"""


class Connection(ABC):
    """A request's connection, as `scope["connection"]`: what ASGI has no way to do, and our server has.

    Attributes:
        lost: whether the connection is gone.
        on_lost: called when it goes. ASGI tells that only to a task that waits for it.
    """

    __slots__ = ()
    lost: bool
    on_lost: Callable[[], None] | None

    @abstractmethod
    def abort(self) -> None:
        """Cut it: there is no other way to be rid of a client that reads nothing."""

    @abstractmethod
    def write_chunk(self, chunk: bytes) -> bool:
        """Write the next chunk (see `chunk_of`) of an answer that has begun and has no Content-Length. False, and
        nothing is written, if the client has not taken what was written before.
        """


def chunk_of(data: bytes) -> bytes:
    """Data as a chunk of HTTP/1.1: encoded once, however many connections it is written to."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def header_of(scope: Scope, name: bytes) -> str:
    """A request header by its lower-case name; empty if there is none."""
    return next((value.decode("latin-1") for own, value in scope["headers"] if own == name), "")
