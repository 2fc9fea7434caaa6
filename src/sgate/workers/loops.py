"""What the loops around the workers share: when to run, what to do when the database is away, how to stop.

A loop here decides nothing about money. It runs `run_once` again and again; trouble with the database or the chain
makes it wait and try again; anything else is a defect, ends the process and lets the supervisor start it anew.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

import structlog

from sgate.db.pool import DatabaseErrors

Answer = TypeVar("Answer")

DATABASE_BACK_OFF_S = 0.5
MAX_BACK_OFF_S = 2.0

STOP_GRACE_S = 8.0
"""How long a stop waits for what is in flight. Supervisors kill after ten seconds (Docker) or thirty (Kubernetes)."""


class Pulse:
    """The sign of life of a loop, for health checks: when it last finished a round, and what troubles it."""

    def __init__(self) -> None:
        self.rounds = 0
        self.leading = False
        self.trouble: str | None = None

    def leads(self) -> float:
        """1 while leading, else 0: for metrics."""
        return float(self.leading)

    def beat(self, trouble: str | None = None) -> None:
        """A round is done."""
        self.rounds += 1
        self.trouble = trouble


class Stop:
    """Asked to stop: loops finish what they are doing and end."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    @property
    def requested(self) -> bool:
        """Whether to stop."""
        return self._event.is_set()

    def request(self) -> None:
        """Ask all loops to end."""
        self._event.set()

    async def sleep(self, seconds: float) -> None:
        """Sleep, but not longer than until the stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)

    async def wait(self) -> None:
        """Until the stop."""
        await self._event.wait()


async def repeat(
    name: str, run: Callable[[], Awaitable[object]], *, interval_s: float, stop: Stop, pulse: Pulse
) -> None:
    """Run again and again, `interval_s` apart; wait longer and longer while the database is away."""
    log, back_off_s = structlog.get_logger(f"sgate.{name}"), DATABASE_BACK_OFF_S
    while not stop.requested:
        try:
            await run()
        except DatabaseErrors as error:
            pulse.beat(f"the database is away: {error}")
            log.warning("database_away", reason=str(error), retry_in_s=back_off_s)
            await stop.sleep(back_off_s)
            back_off_s = min(back_off_s * 2, MAX_BACK_OFF_S)
            continue
        back_off_s = DATABASE_BACK_OFF_S
        await stop.sleep(interval_s)


async def unless_stopped(work: Coroutine[object, object, Answer], stop: Stop) -> Answer | None:
    """The answer of `work`, or None if a stop is asked for and `work` does not end soon after; then it is cancelled."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait([working], timeout=STOP_GRACE_S)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.wait([working, stopping])


async def first_of(wake: asyncio.Event, stop: Stop, timeout_s: float) -> None:
    """Until there is something to do, a stop is asked for, or time is up."""
    waiting = [asyncio.create_task(wake.wait()), asyncio.create_task(stop.wait())]
    try:
        await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
