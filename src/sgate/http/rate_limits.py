"""Rate limits: per API key, and per address where there is no key. Each class of calls has its own limit.

Where calls are limited, failed authentications are too, by address: who tries keys is slowed down, who has one is not.
"""

import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache, partial

import msgspec
from limits import RateLimitItemPerMinute

from sgate.core import errors
from sgate.http.rate_limit_storage import Counted, WindowCounters
from sgate.http.rate_limits_shared import SharedCounters

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

    def __init__(self, per_minute: Mapping[LimitClass, int], shared: SharedCounters | None = None) -> None:
        """`per_minute`: calls per minute and caller; empty switches limits off."""
        self._limits = {name: _Limit(name, amount) for name, amount in per_minute.items() if amount > 0}
        if self._limits:
            self._limits.setdefault(LimitClass.FAILED, _Limit(LimitClass.FAILED, FAILED_PER_MINUTE))
        self._shared = shared
        self._memory = WindowCounters()

    @property
    def as_configured(self) -> bool:
        """Whether limits are counted where they should be: False while a Redis that is configured is away."""
        return self._shared is None or self._shared.available

    async def hit(self, limit_class: LimitClass, caller: str) -> Standing:
        """Count one call. Never fails, and never waits long: see `shared_limits`."""
        limit = self._limits.get(limit_class)
        if limit is None:
            return FREE
        key = limit.key_of(caller)
        if self._shared is None:
            return limit.standing(self._memory.hit(key, WINDOW_S))
        return limit.standing(await self._shared.hit(key, limit.amount))


class _Limit:
    """The limit of a class of calls. What is the same for every call is put together once."""

    def __init__(self, limit_class: LimitClass, amount: int) -> None:
        self._class = limit_class
        self.amount = amount
        item = RateLimitItemPerMinute(amount)
        self.key_of: Callable[[str], str] = lru_cache(KEYS_REMEMBERED)(partial(item.key_for, limit_class))
        self._policy: Headers = (
            (b"x-ratelimit-limit", b"%d" % amount),
            (b"x-ratelimit-window", b"%d" % WINDOW_S),
            (b"ratelimit-policy", b'"%s";q=%d;w=%d' % (limit_class.encode(), amount, WINDOW_S)),
        )
        self._name = limit_class.encode()

    def standing(self, counted: Counted) -> Standing:
        """Where that leaves the caller."""
        wait_s = min(max(1, round(counted.ends_at - time.time())), WINDOW_S)
        refusal = self._refusal(wait_s) if counted.calls > self.amount else None
        return Standing(headers=self._headers(counted, wait_s), refusal=refusal)

    def _refusal(self, wait_s: int) -> errors.RateLimitExceeded:
        return errors.RateLimitExceeded(
            f"Too many requests: {self.amount} per minute are allowed here. Try again in {wait_s} s.",
            retry_after_s=wait_s,
            details={"limit": self.amount, "window_s": WINDOW_S, "class": str(self._class)},
        )

    def _headers(self, counted: Counted, wait_s: int) -> Headers:
        """The headers of both conventions: the common `X-RateLimit-*` and the IETF draft's."""
        remaining = max(0, self.amount - counted.calls)
        return (
            *self._policy,
            (b"x-ratelimit-remaining", b"%d" % remaining),
            (b"x-ratelimit-reset", b"%d" % int(counted.ends_at)),
            (b"ratelimit", b'"%s";r=%d;t=%d' % (self._name, remaining, wait_s)),
        )
