"""Rate limits: per API key, and per address where there is no key. Each class of calls has its own limit.

Where calls are limited, failed authentications are too, by address: who tries keys is slowed down, who has one is not.
"""

import time
from collections.abc import Mapping
from enum import StrEnum

import msgspec
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from sgate.api.limit_storage import WindowCounters
from sgate.gateway import errors

WINDOW_S = 60


class LimitClass(StrEnum):
    """The classes of calls that are limited apart."""

    CREATE = "create"  # making payment intents
    RETRIEVE = "retrieve"  # reading one payment intent
    PUBLIC = "public"  # the checkout's calls, by address
    OTHER = "other"  # everything else
    FAILED = "failed"  # failed authentications, by address


DEFAULT_PER_MINUTE: Mapping[LimitClass, int] = {
    LimitClass.CREATE: 100,
    LimitClass.RETRIEVE: 1000,
    LimitClass.PUBLIC: 500,
    LimitClass.OTHER: 200,
}


FAILED_PER_MINUTE = 30
"""Failed authentications of one address that are still answered with 401 rather than 429."""


Headers = tuple[tuple[bytes, bytes], ...]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a caller stands after a call: the headers that say so, and why the call is refused, if it is."""

    headers: Headers = ()
    refusal: errors.RateLimitExceeded | None = None


class RateLimits:
    """Counts calls in this process. A class without a limit is not counted."""

    def __init__(self, per_minute: Mapping[LimitClass, int]) -> None:
        """`per_minute`: calls per minute and caller; empty switches limits off."""
        self._items = {name: RateLimitItemPerMinute(limit) for name, limit in per_minute.items() if limit > 0}
        if self._items:
            self._items.setdefault(LimitClass.FAILED, RateLimitItemPerMinute(FAILED_PER_MINUTE))
        self._limiter = FixedWindowRateLimiter(WindowCounters())

    def hit(self, limit_class: LimitClass, caller: str) -> Standing:
        """Count one call."""
        item = self._items.get(limit_class)
        if item is None:
            return Standing()
        allowed = self._limiter.hit(item, limit_class, caller)
        reset_at, remaining = self._limiter.get_window_stats(item, limit_class, caller)
        wait_s = max(1, round(reset_at - time.time()))
        refusal = None
        if not allowed:
            refusal = errors.RateLimitExceeded(
                f"Too many requests: {item.amount} per minute are allowed here. Try again in {wait_s} s.",
                retry_after_s=wait_s,
                details={"limit": item.amount, "window_s": WINDOW_S, "class": str(limit_class)},
            )
        told = headers(limit_class, item.amount, remaining, wait_s, reset_at)
        return Standing(headers=told, refusal=refusal)


def headers(limit_class: str, limit: int, remaining: int, wait_s: int, reset_at: float) -> Headers:
    """The headers of both conventions: the common `X-RateLimit-*` and the IETF draft's."""
    return (
        (b"x-ratelimit-limit", b"%d" % limit),
        (b"x-ratelimit-remaining", b"%d" % remaining),
        (b"x-ratelimit-reset", b"%d" % reset_at),
        (b"x-ratelimit-window", b"%d" % WINDOW_S),
        (b"ratelimit-policy", b'"%s";q=%d;w=%d' % (limit_class.encode(), limit, WINDOW_S)),
        (b"ratelimit", b'"%s";r=%d;t=%d' % (limit_class.encode(), remaining, wait_s)),
    )
