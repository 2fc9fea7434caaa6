"""Rate limits: per API key, and per address where there is no key. Each class of calls has its own limit."""

import time
from collections.abc import Mapping
from enum import StrEnum

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from sgate.gateway import errors

WINDOW_S = 60


class LimitClass(StrEnum):
    """The classes of calls that are limited apart."""

    CREATE = "create"  # making payment intents
    RETRIEVE = "retrieve"  # reading one payment intent
    PUBLIC = "public"  # the checkout's calls, by address
    OTHER = "other"  # everything else


DEFAULT_PER_MINUTE: Mapping[LimitClass, int] = {
    LimitClass.CREATE: 100,
    LimitClass.RETRIEVE: 1000,
    LimitClass.PUBLIC: 500,
    LimitClass.OTHER: 200,
}


class RateLimits:
    """Counts calls in this process. A class without a limit is not counted."""

    def __init__(self, per_minute: Mapping[LimitClass, int]) -> None:
        """`per_minute`: calls per minute and caller; empty switches limits off."""
        self._items = {name: RateLimitItemPerMinute(limit) for name, limit in per_minute.items() if limit > 0}
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def hit(self, limit_class: LimitClass, caller: str) -> list[tuple[bytes, bytes]]:
        """Count one call. Returns the headers that tell the caller where it stands.

        Raises:
            RateLimitExceeded: if the caller has used up this minute's calls. `details` carry the same headers.
        """
        item = self._items.get(limit_class)
        if item is None:
            return []
        allowed = self._limiter.hit(item, limit_class, caller)
        reset_at, remaining = self._limiter.get_window_stats(item, limit_class, caller)
        wait_s = max(1, round(reset_at - time.time()))
        if not allowed:
            raise errors.RateLimitExceeded(
                f"Too many requests: {item.amount} per minute are allowed here. Try again in {wait_s} s.",
                retry_after_s=wait_s,
                details={"limit": item.amount, "window_s": WINDOW_S, "class": str(limit_class)},
            )
        return headers(limit_class, item.amount, remaining, wait_s, reset_at)


def headers(limit_class: str, limit: int, remaining: int, wait_s: int, reset_at: float) -> list[tuple[bytes, bytes]]:
    """The headers of both conventions: the common `X-RateLimit-*` and the IETF draft's."""
    return [
        (b"x-ratelimit-limit", b"%d" % limit),
        (b"x-ratelimit-remaining", b"%d" % remaining),
        (b"x-ratelimit-reset", b"%d" % reset_at),
        (b"x-ratelimit-window", b"%d" % WINDOW_S),
        (b"ratelimit-policy", b'"%s";q=%d;w=%d' % (limit_class.encode(), limit, WINDOW_S)),
        (b"ratelimit", b'"%s";r=%d;t=%d' % (limit_class.encode(), remaining, wait_s)),
    ]
