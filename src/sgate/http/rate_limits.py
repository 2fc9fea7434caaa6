"""Rate limits per API key and merchant. Calls without a key are limited per address. Each class of calls has its limit.

Calls are counted in fixed windows of one minute: in Redis if processes share their limits, otherwise in this process.
If any limit is configured, failed authentications per address are limited as well, which slows down key guessing.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from sgate.core import errors
from sgate.http.rate_limits_shared import SharedCounters

WINDOW_S = 60
EXPIRY_S = 2 * WINDOW_S
"""How long Redis keeps the counters of a window. This is longer than the window, to allow for clock skew."""

FAILED_PER_MINUTE = 30
"""Failed authentications per minute and address that are answered with 401. Further failures are answered with 429."""

MERCHANT_FACTOR = 2
"""The limit for all keys of a merchant together, as a multiple of the limit for one key.

It prevents a merchant from raising the limit by creating more keys.
"""

MAX_CALLERS = 200_000
"""Maximum number of callers counted per window. Further callers are not counted, so that a flood cannot fill memory."""


class LimitClass(StrEnum):
    """Classes of calls, each with its own limit."""

    CREATE = "create"  # creating payment intents
    RETRIEVE = "retrieve"  # retrieving one payment intent or payment
    PUBLIC = "public"  # calls of the checkout page, counted by address
    OTHER = "other"  # all other calls
    FAILED = "failed"  # failed authentications, counted by address


DEFAULT_PER_MINUTE: Mapping[LimitClass, int] = {
    LimitClass.CREATE: 100,
    LimitClass.RETRIEVE: 1000,
    LimitClass.PUBLIC: 500,
    LimitClass.OTHER: 200,
}

Headers = tuple[tuple[bytes, bytes], ...]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The rate-limit state of a caller: the headers that report the state, and the error if the call is refused."""

    headers: Headers = ()
    refusal: errors.RateLimitExceeded | None = None


UNLIMITED = Standing()


class RateLimits:
    """Counts calls and refuses calls beyond the limit. Calls of a class without a limit are never refused."""

    def __init__(
        self, per_minute: Mapping[LimitClass, int], now: Callable[[], datetime], shared: SharedCounters | None = None
    ) -> None:
        """`per_minute`: allowed calls per minute and caller. An empty mapping disables rate limits."""
        self._per_minute = {name: amount for name, amount in per_minute.items() if amount > 0}
        if self._per_minute:
            self._per_minute.setdefault(LimitClass.FAILED, FAILED_PER_MINUTE)
        self._now = now
        self._shared = shared
        self._window = 0
        self._counts: Counter[str] = Counter()

    @property
    def as_configured(self) -> bool:
        """Whether calls are counted where configured. False while a configured Redis is unavailable."""
        return self._shared is None or self._shared.available

    async def hit(self, limit_class: LimitClass, caller: str, *, merchant: str | None = None) -> Standing:
        """Count one call of the caller and its merchant. This never fails, and it waits for Redis only briefly."""
        return await self._add(limit_class, caller, merchant, 1)

    async def check(self, limit_class: LimitClass, caller: str) -> Standing:
        """Return a caller's state without counting a call."""
        return await self._add(limit_class, caller, None, 0)

    async def _add(self, limit_class: LimitClass, caller: str, merchant: str | None, amount: int) -> Standing:
        limit = self._per_minute.get(limit_class)
        if limit is None:
            return UNLIMITED
        now_s = self._now().timestamp()
        window = int(now_s // WINDOW_S)
        limits = [limit] if merchant is None else [limit, MERCHANT_FACTOR * limit]
        keys = [f"{limit_class}/{each}/{window}" for each in (caller, merchant) if each is not None]
        counts = None
        if self._shared is not None:
            counts = await (self._shared.add(keys) if amount else self._shared.read(keys))
        if counts is None:
            counts = self._add_locally(keys, window, amount)
        ends_at = (window + 1) * WINDOW_S
        count, limit = max(zip(counts, limits, strict=True), key=lambda pair: pair[0] - pair[1])
        return _standing(limit_class, count, limit, ends_at, wait_s=max(1, round(ends_at - now_s)))

    def _add_locally(self, keys: Sequence[str], window: int, amount: int) -> Sequence[int]:
        """Count in this process. Only the counts of the current window are kept."""
        if window != self._window:
            self._window, self._counts = window, Counter()
        for key in keys:
            if amount and (key in self._counts or len(self._counts) < MAX_CALLERS):
                self._counts[key] += amount
        return [self._counts[key] for key in keys]


def _standing(limit_class: LimitClass, count: int, limit: int, ends_at: int, wait_s: int) -> Standing:
    """Return the state after `count` calls.

    It is reported in the common `X-RateLimit-*` headers and in the headers of the IETF draft.
    """
    name, remaining = limit_class.encode(), max(0, limit - count)
    headers = (
        (b"x-ratelimit-limit", b"%d" % limit),
        (b"x-ratelimit-window", b"%d" % WINDOW_S),
        (b"x-ratelimit-remaining", b"%d" % remaining),
        (b"x-ratelimit-reset", b"%d" % ends_at),
        (b"ratelimit-policy", b'"%s";q=%d;w=%d' % (name, limit, WINDOW_S)),
        (b"ratelimit", b'"%s";r=%d;t=%d' % (name, remaining, wait_s)),
    )
    return Standing(headers=headers, refusal=_refusal(limit_class, limit, wait_s) if count > limit else None)


def _refusal(limit_class: LimitClass, limit: int, wait_s: int) -> errors.RateLimitExceeded:
    return errors.RateLimitExceeded(
        f"Too many requests: the limit is {limit} per minute. Try again in {wait_s} s.",
        retry_after_s=wait_s,
        details={"limit": limit, "window_s": WINDOW_S, "class": str(limit_class)},
    )
