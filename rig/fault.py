"""A fault: something breaks under load, and its recovery is measured from outside."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field

from servers.patience import patient

CALM_S = 2.0
"""Recovered means: so long without a failed request."""

RECOVERY_S = patient(60.0)
"""What takes longer is not called recovered."""

BOUND_S = patient(400.0)


class Skipped(Exception):
    """This machine cannot do it; the message says why."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a fault function measured. `seconds` until `what`; None where there is nothing to wait for."""

    seconds: float | None
    what: str
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """`must_s`, `aim_s`: limits of the recovery. `no_failures`: no request may fail, with one retry of connections."""

    name: str
    run: Callable[..., Awaitable[Recovery]]
    must_s: float | None = None
    aim_s: float | None = None
    no_failures: bool = False
    short: bool = False


@dataclass(slots=True)
class Result:
    """How a fault went."""

    name: str
    began_s: float
    ended_s: float
    recovery_s: float | None = None
    what: str = ""
    notes: str = ""
    must_s: float | None = None
    aim_s: float | None = None
    no_failures: bool = False
    requests: int = 0
    failed: int = 0
    retried: int = 0
    slowest_s: float = 0.0
    failures: dict[str, int] = field(default_factory=dict)
    skipped: str = ""
    error: str = ""

    @property
    def verdict(self):
        """`aim`, `must`, `missed`, `skipped`, or `reported` where there is no limit."""
        if self.skipped:
            return "skipped"
        if self.error or (self.no_failures and self.failed):
            return "missed"
        if self.must_s is None or self.recovery_s is None:
            return "aim" if self.no_failures else "reported"
        if self.recovery_s > self.must_s:
            return "missed"
        return "aim" if self.aim_s is None or self.recovery_s <= self.aim_s else "must"

    def as_json(self):
        return asdict(self) | {"verdict": self.verdict}


async def break_it(fault, house):
    """Let a fault happen, and count what failed meanwhile and until it was calm again."""
    books = house.books
    result = Result(
        fault.name, books.now_s(), 0.0, must_s=fault.must_s, aim_s=fault.aim_s, no_failures=fault.no_failures
    )
    try:
        async with asyncio.timeout(BOUND_S):
            recovery = await fault.run(house)
            result.recovery_s, result.what, result.notes = recovery.seconds, recovery.what, recovery.notes
            await asyncio.sleep(CALM_S)
    except Skipped as reason:
        result.skipped = str(reason)
    except (AssertionError, OSError, TimeoutError) as error:
        result.error = f"{type(error).__name__}: {error}"
    result.ended_s = books.now_s()
    _count(result, books)
    return result


def _count(result, books):
    meanwhile = [each for each in books.requests if result.began_s <= each.started_s <= result.ended_s]
    result.requests = len(meanwhile)
    result.slowest_s = max((each.ended_s - each.started_s for each in meanwhile), default=0.0)
    result.retried = sum(each.retried for each in meanwhile)
    result.failures = dict(Counter(each.failure for each in meanwhile if each.failure))
    result.failed = sum(result.failures.values())


async def served_again(house, returned_s, kinds=("create",)):
    """Seconds from `returned_s` (time.monotonic) until creates were answered and nothing failed any more.

    A request that began before the return and fails after it counts as failing after it.
    """
    books = house.books
    return_s = returned_s - books.began_s
    deadline_s = books.now_s() + RECOVERY_S
    while True:
        after = [each for each in reversed(books.requests[-5000:]) if each.ended_s > return_s]
        good = [each.ended_s for each in after if each.failure is None and each.kind in kinds]
        bad = [each.ended_s for each in after if each.failure is not None]
        recovered_s = max(min(good, default=float("inf")), max(bad, default=return_s))
        if books.now_s() > recovered_s + CALM_S:
            return max(0.0, recovered_s - return_s)
        assert books.now_s() < deadline_s, f"requests still failed {RECOVERY_S:.0f} s later: {_last_words(books)}"
        await asyncio.sleep(0.05)


def _last_words(books):
    return [each.failure for each in books.requests[-50:] if each.failure][-3:]


async def seconds_until(condition, what, timeout_s=RECOVERY_S, poll_s=0.02):
    """Seconds until `condition`, an async function, says yes."""
    began_s = time.monotonic()
    while not await condition():
        assert time.monotonic() - began_s < timeout_s, f"within {timeout_s:.0f} s it did not happen that {what}"
        await asyncio.sleep(poll_s)
    return time.monotonic() - began_s
