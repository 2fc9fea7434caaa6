"""Counting of requests without an API key, by the client's address, before their handlers run."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request

from sgate.http.client_address import Addresses, caller_of
from sgate.http.rate_limits import LimitClass, RateLimits
from sgate.http.request_state import state_of

Hook = Callable[[Request[Any, Any, Any]], Awaitable[None]]


def counting(rate_limits: RateLimits, addresses: Addresses) -> Hook:
    """Return a `before_request` hook of Litestar that counts each request of a router.

    The hook raises RateLimitExceeded if the address has exceeded the limit.
    """

    async def count(request: Request[Any, Any, Any]) -> None:
        state = state_of(request.scope)
        state.address = addresses.of(request.scope)  # for the log
        standing = await rate_limits.hit(LimitClass.PUBLIC, caller_of(state.address))
        state.extra_headers = standing.headers
        if standing.refusal is not None:
            raise standing.refusal

    return count
