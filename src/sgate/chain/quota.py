"""How many calls the chain's API may get: per minute, per month, and what of it the public can make us spend.

Hiro's free plan gives 150,000 calls a month, 3.4 a minute. What is left of the month, spread evenly over the rest of
it, is the pace; the watcher's interval follows it. Calls that customers can provoke (hints, addresses) come out of a
bucket of their own that fills with a share of the pace: however many hints there are, headers and memos go on.
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
CALLS_PER_ROUND = 2
"""Of a round that finds nothing of ours: headers and memos."""

EXTRA_SHARE = 0.25
"""What hints and addresses may spend, as a share of the pace."""

EXTRA_CAPACITY = 60.0
"""Calls that hints and addresses may save up."""

IDLE_INTERVAL_S = 60.0
"""Between two rounds while nobody waits for money."""

LONGEST_INTERVAL_S = 150.0
"""However little is left, the chain is looked at so often; longer silence counts as trouble. 35,000 calls a month."""

_MONTH_LEFT = ("x-ratelimit-remaining-stacks-month",)
_MINUTE_LEFT = ("x-ratelimit-remaining-stacks-minute", "ratelimit-remaining")


class Rests(msgspec.Struct, frozen=True, kw_only=True):
    """How long an address rests between two reads: one with open intents, and any."""

    with_open_intents: timedelta = timedelta(seconds=30)
    any: timedelta = timedelta(minutes=10)


RESTS = Rests()
HARDLY_ANY = Rests(with_open_intents=timedelta(seconds=1), any=timedelta(seconds=1))
"""For a simulated chain, where calls cost nothing and somebody sits and waits."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Calls per minute and per month (UTC); None is no limit."""

    per_minute: int | None = None
    per_month: int | None = None


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of a month; `month` is its first day."""

    month: datetime
    calls: int


class Allowance(Protocol):
    """What may be spent on hints and addresses."""

    def spare_calls(self) -> int:
        """Calls that may be made now."""
        ...

    def extra(self) -> AbstractContextManager[None]:
        """Calls made inside the block come out of the allowance."""
        ...


class Unlimited:
    """No limit at all: a simulated chain, an API server of one's own."""

    def spare_calls(self) -> int:
        """As many as one round can use."""
        return int(EXTRA_CAPACITY)

    def extra(self) -> AbstractContextManager[None]:
        """Nothing is counted."""
        return contextlib.nullcontext()


class Budget:
    """Counts the calls to one API and says when the next may be made. All times are the clock's, UTC."""

    def __init__(self, limits: Limits, now: Callable[[], datetime]) -> None:
        self._limits = limits
        self._now = now
        self._month = month_of(now())
        self._calls = 0
        self._made = 0  # since the start; unlike the month's count it only ever rises by one
        self._unsaved = 0
        self._recent: deque[datetime] = deque()
        self._extra = EXTRA_CAPACITY
        self._extra_at = now()
        self._held_until = now()

    # --- counting

    def count(self) -> None:
        """A call is made."""
        now = self._now()
        self._turn(now)
        self._calls += 1
        self._made += 1
        self._unsaved += 1
        self._recent.append(now)

    def load(self, spent: Spent) -> None:
        """What was spent before this process began, or by another process that led meanwhile."""
        self._turn(self._now())
        if spent.month == self._month:
            self._calls = max(self._calls, spent.calls + self._unsaved)

    def take_unsaved(self) -> Spent:
        """Calls that were not handed out by this method yet, to be stored."""
        self._turn(self._now())
        taken, self._unsaved = self._unsaved, 0
        return Spent(month=self._month, calls=taken)

    def observe(self, headers: Mapping[str, str]) -> None:
        """What the server itself says is left."""
        now, month_left, minute_left = self._now(), _number(headers, _MONTH_LEFT), _number(headers, _MINUTE_LEFT)
        if month_left is not None and self._limits.per_month is not None:
            self._calls = max(self._calls, self._limits.per_month - month_left)
        if minute_left == 0:
            reset_s = _number(headers, ("ratelimit-reset",)) or MINUTE_S
            self._held_until = max(self._held_until, _after(now, min(float(reset_s), MINUTE_S)))

    # --- what is left

    def wait_s(self) -> float:
        """Seconds until the next call may be made, at most a minute; infinite when the month is used up."""
        now = self._now()
        self._turn(now)
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
        """Calls left this month; None without a limit."""
        limit = self._limits.per_month
        return None if limit is None else max(0, limit - self._calls)

    def pace_per_s(self) -> float | None:
        """Calls per second that last to the end of the month; None without a limit."""
        now = self._now()
        self._turn(now)
        left, minute = self.remaining(), self._limits.per_minute
        paces = [] if minute is None else [minute / MINUTE_S]
        if left is not None:
            paces.append(left / max(MINUTE_S, (_end_of(self._month) - now).total_seconds()))
        return min(paces, default=None)

    def interval_s(self, fastest_s: float, *, busy: bool) -> float:
        """Seconds between two rounds: as fast as `fastest_s` where the budget allows it, slower while nobody waits."""
        wanted_s = fastest_s if busy else max(fastest_s, IDLE_INTERVAL_S)
        pace = self.pace_per_s()
        if pace is None:
            return wanted_s
        return max(wanted_s, min(CALLS_PER_ROUND / pace, LONGEST_INTERVAL_S) if pace > 0 else LONGEST_INTERVAL_S)

    def spare_calls(self) -> int:
        """Calls that hints and addresses may make now; what they spent beyond that is a debt they pay back first."""
        now, pace = self._now(), self.pace_per_s()
        if pace is None:
            return int(EXTRA_CAPACITY)
        gained = (now - self._extra_at).total_seconds() * pace * EXTRA_SHARE
        self._extra = min(EXTRA_CAPACITY, self._extra + max(0.0, gained))
        self._extra_at = now
        return max(0, int(self._extra))

    @contextlib.contextmanager
    def extra(self) -> Generator[None]:
        """Calls made inside the block come out of what hints and addresses may spend."""
        before = self._made
        try:
            yield
        finally:
            self._extra -= self._made - before

    @property
    def calls(self) -> int:
        """Calls made this month."""
        return self._calls

    def _turn(self, now: datetime) -> None:
        """A new month begins with everything left."""
        month = month_of(now)
        if month > self._month:
            self._month, self._calls, self._unsaved = month, 0, 0


class Shared:
    """What may be spent on several APIs, each with a count of its own; `preferred` names the one that is asked now.

    An API without a budget has no limit.
    """

    def __init__(self, budgets: Mapping[str, Budget], preferred: Callable[[], str]) -> None:
        self._budgets = budgets
        self._preferred = preferred

    def spare_calls(self) -> int:
        """Calls that hints and addresses may make now."""
        return self._budgets.get(self._preferred(), Unlimited()).spare_calls()

    @contextlib.contextmanager
    def extra(self) -> Generator[None]:
        """Calls made inside the block come out of what hints and addresses may spend, at whichever API."""
        with contextlib.ExitStack() as stack:
            for budget in self._budgets.values():
                stack.enter_context(budget.extra())
            yield


def month_of(moment: datetime) -> datetime:
    """The beginning of a moment's month, UTC."""
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
