"""Common parts of the workers' loops: intervals, back-off while the database is unavailable, and shutdown.

A loop makes no decisions about money. It calls `run_once` repeatedly. After an error of the database or the chain, it
waits and tries again. Any other exception is a defect: it is logged and counted, and after a longer wait the loop
continues. The other loops and the API of the process are not affected.
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
DEFECT_BACK_OFF_S = 1.0
MAX_DEFECT_BACK_OFF_S = 60.0

STOP_GRACE_S = 8.0
"""How long shutdown waits for work in flight. Docker kills a process after ten seconds, Kubernetes after thirty."""


class Pulse:
    """The heartbeat of a loop, for health checks: the number of completed iterations, and the last error."""

    def __init__(self, on_defect: Callable[[], None] = lambda: None) -> None:
        """`on_defect` is called whenever a defect has interrupted the loop."""
        self._on_defect = on_defect
        self.iterations = 0
        self.leading = False
        self.last_error: str | None = None

    def leads(self) -> float:
        """Return 1 if this process is the leader, otherwise 0, as the value of a gauge."""
        return float(self.leading)

    def beat(self, error: str | None = None) -> None:
        """Record a completed iteration. `error` says what went wrong; it is None if the iteration succeeded."""
        self.iterations += 1
        self.last_error = error

    def defect(self, error: BaseException) -> None:
        """Record that a defect has interrupted the loop."""
        self.last_error = f"{type(error).__name__}: {error}"
        self._on_defect()


class Stop:
    """A request to stop. When it is made, loops finish their current work and end."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    @property
    def requested(self) -> bool:
        """Whether a stop has been requested."""
        return self._event.is_set()

    def request(self) -> None:
        """Request that all loops end."""
        self._event.set()

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds`, or until a stop is requested."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)

    async def wait(self) -> None:
        """Wait until a stop is requested."""
        await self._event.wait()


async def repeat(
    name: str, run: Callable[[], Awaitable[object]], *, interval_s: float, stop: Stop, pulse: Pulse
) -> None:
    """Call `run` every `interval_s` seconds until a stop is requested.

    Back off while the database is unavailable. After consecutive defects, wait longer each time.
    """
    log, back_off_s, defect_back_off_s = structlog.get_logger(f"sgate.{name}"), DATABASE_BACK_OFF_S, DEFECT_BACK_OFF_S
    while not stop.requested:
        try:
            await run()
        except DatabaseErrors as error:
            pulse.beat(f"the database is unavailable: {error}")
            log.warning("database_away", reason=str(error), retry_in_s=back_off_s)
            await stop.sleep(back_off_s)
            back_off_s = min(back_off_s * 2, MAX_BACK_OFF_S)
            continue
        except Exception as error:
            pulse.defect(error)
            log.exception("worker_failed", worker=name, retry_in_s=defect_back_off_s)
            await stop.sleep(defect_back_off_s)
            defect_back_off_s = min(defect_back_off_s * 2, MAX_DEFECT_BACK_OFF_S)
            continue
        back_off_s, defect_back_off_s = DATABASE_BACK_OFF_S, DEFECT_BACK_OFF_S
        await stop.sleep(interval_s)


async def unless_stopped(work: Coroutine[object, object, Answer], stop: Stop) -> Answer | None:
    """Return the result of `work`, or None if `work` was canceled.

    After a stop is requested, `work` has STOP_GRACE_S seconds to end; then it is canceled.
    """
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
    """Wait until `wake` is set, a stop is requested, or the timeout has passed."""
    waiting = [asyncio.create_task(wake.wait()), asyncio.create_task(stop.wait())]
    try:
        await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
