"""Rate limits: per API key, and per address where there is no key. Each class of calls has its own limit.

Where calls are limited, failed authentications are too, by address: who tries keys is slowed down, who has one is not.
"""

import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache

import msgspec
from limits import RateLimitItemPerMinute

from sgate.api.limit_storage import Counted, WindowCounters
from sgate.api.shared_limits import SharedCounters
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

KEYS_REMEMBERED = 10_000


Headers = tuple[tuple[bytes, bytes], ...]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a caller stands after a call: the headers that say so, and why the call is refused, if it is."""

    headers: Headers = ()
    refusal: errors.RateLimitExceeded | None = None


FREE = Standing()


class RateLimits:
    """Counts calls: in Redis if processes share their limits, else in this one. A class without a limit is free."""

    def __init__(
        self,
        per_minute: Mapping[LimitClass, int],
        shared: SharedCounters | None = None,
        on_fallback: Callable[[], None] = lambda: None,
    ) -> None:
        """`per_minute`: calls per minute and caller; empty switches limits off. `on_fallback` is told of each call that
        should have been counted in Redis and was not.
        """
        self._items = {name: RateLimitItemPerMinute(limit) for name, limit in per_minute.items() if limit > 0}
        if self._items:
            self._items.setdefault(LimitClass.FAILED, RateLimitItemPerMinute(FAILED_PER_MINUTE))
        self._shared = shared
        self._on_fallback = on_fallback
        self._memory = WindowCounters()

    @property
    def as_configured(self) -> bool:
        """Whether limits are counted where they should be: False while a Redis that is configured is away."""
        return self._shared is None or self._shared.available

    async def hit(self, limit_class: LimitClass, caller: str) -> Standing:
        """Count one call. Never fails, and never waits long: see `shared_limits`."""
        item = self._items.get(limit_class)
        if item is None:
            return FREE
        count, ends_at = await self._count(_key_of(item, limit_class, caller))
        wait_s = min(max(1, round(ends_at - time.time())), WINDOW_S)
        refusal = None
        if count > item.amount:
            refusal = errors.RateLimitExceeded(
                f"Too many requests: {item.amount} per minute are allowed here. Try again in {wait_s} s.",
                retry_after_s=wait_s,
                details={"limit": item.amount, "window_s": WINDOW_S, "class": str(limit_class)},
            )
        told = headers(limit_class, item.amount, max(0, item.amount - count), wait_s, ends_at)
        return Standing(headers=told, refusal=refusal)

    async def _count(self, key: str) -> Counted:
        if self._shared is not None:
            counted = await self._shared.hit(key)
            if counted is not None:
                return counted
            self._on_fallback()
        return self._memory.hit(key, WINDOW_S)


@lru_cache(KEYS_REMEMBERED)
def _key_of(item: RateLimitItemPerMinute, limit_class: LimitClass, caller: str) -> str:
    """The counter's name. Remembered, because putting it together costs more than counting."""
    return item.key_for(limit_class, caller)


def headers(limit_class: LimitClass, limit: int, remaining: int, wait_s: int, reset_at: float) -> Headers:
    """The headers of both conventions: the common `X-RateLimit-*` and the IETF draft's."""
    return (
        *_policy_headers(limit_class, limit),
        (b"x-ratelimit-remaining", b"%d" % remaining),
        (b"x-ratelimit-reset", b"%d" % reset_at),
        (b"ratelimit", b'"%s";r=%d;t=%d' % (limit_class.encode(), remaining, wait_s)),
    )


@lru_cache
def _policy_headers(limit_class: LimitClass, limit: int) -> Headers:
    """Those that are the same for every caller."""
    return (
        (b"x-ratelimit-limit", b"%d" % limit),
        (b"x-ratelimit-window", b"%d" % WINDOW_S),
        (b"ratelimit-policy", b'"%s";q=%d;w=%d' % (limit_class.encode(), limit, WINDOW_S)),
    )
