"""Types of the plain ASGI interface."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def header_of(scope: Scope, name: bytes) -> str:
    """Return the value of a request header, by its lower-case name, or an empty string if it is absent."""
    return next((value.decode("latin-1") for own, value in scope["headers"] if own == name), "")
