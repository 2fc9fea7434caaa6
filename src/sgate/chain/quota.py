"""Budgets for calls to the chain's API: per minute, per month, and for calls that customers can trigger.

Hiro's free plan allows 150,000 calls a month, which is about 3.4 a minute. The pace spreads the month's remaining calls
evenly over the rest of the month, and the watcher's interval follows the pace. Calls that customers can trigger (for
hints and addresses) are limited by a separate allowance. The allowance refills at a share of the pace, so that hints
cannot use up the calls that headers and memos need.
"""

import calendar
import contextlib
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

MINUTE_S = 60.0
CALLS_PER_POLL = 2
"""The number of calls in a poll that finds nothing relevant: one for headers and one for memos."""

EXTRA_SHARE = 0.25
"""The share of the pace that calls for hints and addresses may use."""

EXTRA_CAPACITY = 60.0
"""The maximum number of calls for hints and addresses that can be saved up."""

IDLE_INTERVAL_S = 60.0
"""The interval between polls while no payment is expected."""

LONGEST_INTERVAL_S = 150.0
"""The longest interval between polls, however few calls are left, because a longer silence counts as an outage.
Polling at this interval takes about 35,000 calls a month.
"""

_MONTH_LEFT = ("x-ratelimit-remaining-stacks-month",)
_MINUTE_LEFT = ("x-ratelimit-remaining-stacks-minute", "ratelimit-remaining")


class ReadIntervals(msgspec.Struct, frozen=True, kw_only=True):
    """The intervals between two reads of an address.

    Attributes:
        with_open_intents: the interval for an address with open intents.
        any: the interval for any address.
    """

    with_open_intents: timedelta = timedelta(seconds=30)
    any: timedelta = timedelta(minutes=10)


READ_INTERVALS = ReadIntervals()
SIMULATED_READ_INTERVALS = ReadIntervals(with_open_intents=timedelta(seconds=1), any=timedelta(seconds=1))
"""The intervals for a simulated chain, where calls are free and a person is waiting."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The maximum number of calls per minute and per month (UTC); None means no limit."""

    per_minute: int | None = None
    per_month: int | None = None


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Calls made in a month; `month` is its first day."""

    month: datetime
    calls: int


class Allowance(Protocol):
    """The calls that may be made for hints and addresses."""

    def spare_calls(self) -> int:
        """Return the number of calls that may be made now."""
        ...

    def extra(self) -> AbstractContextManager[None]:
        """Return a context manager that charges the calls made inside it to the allowance."""
        ...


class Unlimited:
    """No limit, for a simulated chain or a self-hosted API server."""

    def spare_calls(self) -> int:
        """Return a fixed number of calls, as many as one poll can use."""
        return int(EXTRA_CAPACITY)

    def extra(self) -> AbstractContextManager[None]:
        """Return a context manager that counts nothing."""
        return contextlib.nullcontext()


class Budget:
    """Counts the calls to one API and determines when the next call may be made. All times are UTC, read from `now`."""

    def __init__(self, limits: Limits, now: Callable[[], datetime]) -> None:
        self._limits = limits
        self._now = now
        self._month = month_of(now())
        self._calls = 0
        self._made = 0  # since the start; unlike the month's count, it is never corrected or reset
        self._unsaved = 0
        self._recent: deque[datetime] = deque()
        self._extra = EXTRA_CAPACITY
        self._extra_at = now()
        self._held_until = now()

    # --- counting

    def count(self) -> None:
        """Record a call."""
        now = self._now()
        self._roll_over(now)
        self._calls += 1
        self._made += 1
        self._unsaved += 1
        self._recent.append(now)

    def load(self, spent: Spent) -> None:
        """Account for calls made before this process started, or by another process during its leadership."""
        self._roll_over(self._now())
        if spent.month == self._month:
            self._calls = max(self._calls, spent.calls + self._unsaved)

    def take_unsaved(self) -> Spent:
        """Return the number of API calls since this method was last called, so that they can be stored."""
        self._roll_over(self._now())
        taken, self._unsaved = self._unsaved, 0
        return Spent(month=self._month, calls=taken)

    def observe(self, headers: Mapping[str, str]) -> None:
        """Update the budget from the server's rate-limit headers."""
        now, month_left, minute_left = self._now(), _number(headers, _MONTH_LEFT), _number(headers, _MINUTE_LEFT)
        if month_left is not None and self._limits.per_month is not None:
            self._calls = max(self._calls, self._limits.per_month - month_left)
        if minute_left == 0:
            reset_s = _number(headers, ("ratelimit-reset",)) or MINUTE_S
            self._held_until = max(self._held_until, _after(now, min(float(reset_s), MINUTE_S)))

    # --- remaining calls

    def wait_s(self) -> float:
        """Return the seconds until the next call may be made.

        This is at most 60, or infinity if no calls are left this month.
        """
        now = self._now()
        self._roll_over(now)
        if self.remaining() == 0:
            return float("inf")
        wait_s = max(0.0, (self._held_until - now).total_seconds())
        while self._recent and (now - self._recent[0]).total_seconds() >= MINUTE_S:
            self._recent.popleft()
        limit = self._limits.per_minute
        if limit is not None and len(self._recent) >= limit:
            oldest = self._recent[len(self._recent) - limit]
            wait_s = max(wait_s, MINUTE_S - (now - oldest).total_seconds())
        return wait_s

    def remaining(self) -> int | None:
        """Return the number of calls left this month, or None if there is no limit."""
        limit = self._limits.per_month
        return None if limit is None else max(0, limit - self._calls)

    def pace_per_s(self) -> float | None:
        """Return the calls per second that the budget allows for the rest of the month; None if there is no limit."""
        now = self._now()
        self._roll_over(now)
        left, minute = self.remaining(), self._limits.per_minute
        paces = [] if minute is None else [minute / MINUTE_S]
        if left is not None:
            paces.append(left / max(MINUTE_S, (_end_of(self._month) - now).total_seconds()))
        return min(paces, default=None)

    def interval_s(self, fastest_s: float, *, busy: bool) -> float:
        """Return the seconds between two polls.

        If `busy`, this is `fastest_s`, or more if the budget requires it. Otherwise, it is at least IDLE_INTERVAL_S.
        """
        wanted_s = fastest_s if busy else max(fastest_s, IDLE_INTERVAL_S)
        pace = self.pace_per_s()
        if pace is None:
            return wanted_s
        return max(wanted_s, min(CALLS_PER_POLL / pace, LONGEST_INTERVAL_S) if pace > 0 else LONGEST_INTERVAL_S)

    def spare_calls(self) -> int:
        """Return the number of calls that may be made now for hints and addresses.

        Calls beyond the allowance are paid back first.
        """
        now, pace = self._now(), self.pace_per_s()
        if pace is None:
            return int(EXTRA_CAPACITY)
        gained = (now - self._extra_at).total_seconds() * pace * EXTRA_SHARE
        self._extra = min(EXTRA_CAPACITY, self._extra + max(0.0, gained))
        self._extra_at = now
        return max(0, int(self._extra))

    @contextlib.contextmanager
    def extra(self) -> Generator[None]:
        """Charge the calls made inside the block to the allowance for hints and addresses."""
        before = self._made
        try:
            yield
        finally:
            self._extra -= self._made - before

    @property
    def calls(self) -> int:
        """The number of calls made this month."""
        return self._calls

    def _roll_over(self, now: datetime) -> None:
        """Reset the counts if a new month has begun."""
        month = month_of(now)
        if month > self._month:
            self._month, self._calls, self._unsaved = month, 0, 0


class Shared:
    """The allowance across several APIs, each with its own budget. `preferred` returns the name of the API in use.

    An API without a budget has no limit.
    """

    def __init__(self, budgets: Mapping[str, Budget], preferred: Callable[[], str]) -> None:
        self._budgets = budgets
        self._preferred = preferred

    def spare_calls(self) -> int:
        """Return the calls that may be made now for hints and addresses."""
        return self._budgets.get(self._preferred(), Unlimited()).spare_calls()

    @contextlib.contextmanager
    def extra(self) -> Generator[None]:
        """Charge the calls made inside the block to the allowance for hints and addresses, whichever API they go to."""
        with contextlib.ExitStack() as stack:
            for budget in self._budgets.values():
                stack.enter_context(budget.extra())
            yield


def month_of(moment: datetime) -> datetime:
    """Return the start of the month of `moment`, UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _end_of(month: datetime) -> datetime:
    days = calendar.monthrange(month.year, month.month)[1]
    return _after(month, days * 86_400.0)


def _after(moment: datetime, seconds: float) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() + seconds, UTC)


def _number(headers: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    for name in names:
        text = headers.get(name, "").partition(",")[0].partition(";")[0].strip()
        if text.isascii() and text.isdigit() and len(text) <= len("999999999999"):
            return int(text)
    return None
