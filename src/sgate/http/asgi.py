"""Types of the plain ASGI interface."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def header_of(scope: Scope, name: bytes) -> str:
    """Return the value of the request header `name` (in lower case), or an empty string if the header is absent."""
    return next((value.decode("latin-1") for own, value in scope["headers"] if own == name), "")
