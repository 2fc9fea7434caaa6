"""The loops around the workers: when to run, who leads, what to do when the database is away, how to stop.

A loop here decides nothing about money. It runs `run_once` again and again; trouble with the database or the chain
makes it wait and try again; anything else is a defect, ends the process and lets the supervisor start it anew.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from typing import TypeVar
from uuid import UUID

import asyncpg
import structlog

from sgate.db.notifications import Channel, Feed
from sgate.db.pool import DatabaseErrors, connect
from sgate.store.webhook_deliveries_queue import Delivery
from sgate.workers.maintenance import Maintenance
from sgate.workers.watcher.watcher import Fenced, Round, Watcher
from sgate.workers.webhooks.backlog import Tender
from sgate.workers.webhooks.deliverer import Deliverer

ADVISORY_LOCKS = {False: 0x5347_4154_4510, True: 0x5347_4154_4511}
"""Held by the watcher that leads, per mode."""

Answer = TypeVar("Answer")

STANDBY_POLL_S = 0.5
LEADER_HEARTBEAT_S = 0.75
LEADER_SILENCE_S = 3.0
"""PostgreSQL ends the session of a leader that has said nothing for so long, and another may lead. A process that is
killed loses its connection at once; one whose machine is paused, or lost without a word, would keep the lock for hours.
"""

DATABASE_BACK_OFF_S = 0.5
MAX_BACK_OFF_S = 2.0
DELIVERY_POLL_S = 1.0
TEND_INTERVAL_S = 1.0
MAINTENANCE_INTERVAL_S = 60.0
LONGEST_REST_S = 900.0
"""How long the chain's API is left alone at most, whatever it asks for."""

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


async def _unless_stopped(work: Coroutine[object, object, Answer], stop: Stop) -> Answer | None:
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


async def _first_of(wake: asyncio.Event, stop: Stop, timeout_s: float) -> None:
    """Until there is something to do, a stop is asked for, or time is up."""
    waiting = [asyncio.create_task(wake.wait()), asyncio.create_task(stop.wait())]
    try:
        await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


async def watch(
    watcher: Watcher,
    feed: Feed,
    *,
    livemode: bool,
    direct_url: str,
    interval_s: Callable[[bool], float],
    stop: Stop,
    pulse: Pulse,
    observe: Callable[[Round], Awaitable[None]],
) -> None:
    """Follow the chain while leading; stand by while another process leads.

    Args:
        interval_s: seconds from the end of a round to the next, by whether somebody waits for money.
        observe: told of each round; what it raises of the database's troubles is waited out like the watcher's.
    """
    wake = asyncio.Event()
    unlisten = feed.listen(Channel.CHAIN, lambda _: wake.set())

    async def rest(report: Round) -> None:
        if report.more:
            return
        shortest_s = max(interval_s(True), min(report.retry_after_s or 0.0, LONGEST_REST_S))
        await stop.sleep(shortest_s)
        rest_s = interval_s(report.busy) - shortest_s
        if rest_s > 0 and not wake.is_set() and not stop.requested:
            await _first_of(wake, stop, rest_s)
        wake.clear()

    async def lead_or_stand_by() -> None:
        async with leadership(direct_url, livemode=livemode) as (leading, still_leading):
            pulse.leading = leading
            pulse.beat()
            while leading and not stop.requested:
                report = await _unless_stopped(watcher.run_once(), stop)
                if report is None:
                    break
                await observe(report)
                pulse.beat(report.trouble)
                await rest(report)
                await still_leading()
        pulse.leading = False

    async def once() -> None:
        try:
            await lead_or_stand_by()
        except Fenced:
            structlog.get_logger("sgate.watcher").warning("leadership_lost")
        finally:
            pulse.leading = False

    try:
        await repeat("watcher", once, interval_s=STANDBY_POLL_S, stop=stop, pulse=pulse)
    finally:
        unlisten()


class _Attempts:
    """Attempts under way, each a task of its own: what follows one that is done need not wait for one that hangs."""

    def __init__(self, deliverer: Deliverer, wake: asyncio.Event) -> None:
        self._deliverer = deliverer
        self._wake = wake
        self._tasks: dict[asyncio.Task[object], tuple[UUID, Delivery]] = {}
        self._defects: list[BaseException] = []

    def start(self, token: UUID, claimed: Sequence[Delivery]) -> None:
        """Send what was claimed."""
        for delivery in claimed:
            task: asyncio.Task[object] = asyncio.create_task(self._deliverer.attempt(token, delivery))
            self._tasks[task] = (token, delivery)
            task.add_done_callback(self._ended)

    def raise_defects(self) -> None:
        """Raise what an attempt should never have raised."""
        if self._defects:
            raise self._defects[0]

    async def finish(self, grace_s: float) -> None:
        """Wait for all; those that take longer are broken off, and their leases given back."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        broken_off = dict(self._tasks)
        for task in broken_off:
            task.cancel()
        await asyncio.gather(*broken_off, return_exceptions=True)
        with contextlib.suppress(*DatabaseErrors):  # then the leases run out by themselves
            for token, delivery in broken_off.values():
                await self._deliverer.give_back(token, [delivery])

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._tasks.pop(task, None)
        self._wake.set()  # an endpoint has a free slot again, or the next event of an intent may go
        error = None if task.cancelled() else task.exception()
        if isinstance(error, DatabaseErrors):
            structlog.get_logger("sgate.deliverer").warning("result_not_stored", reason=str(error))
        elif error is not None:
            self._defects.append(error)


async def deliver(
    deliverer: Deliverer, feed: Feed, *, stop: Stop, pulse: Pulse, stop_grace_s: float = STOP_GRACE_S
) -> None:
    """Deliver whatever is due: woken by the feed, and by itself each second. Slow receivers do not hold up a claim."""
    wake = asyncio.Event()
    unlisten = feed.listen(Channel.DELIVERY, lambda _: wake.set())
    attempts = _Attempts(deliverer, wake)

    async def claim_and_send() -> None:
        while not stop.requested:
            attempts.raise_defects()
            wake.clear()
            token, claimed = await deliverer.claim()
            pulse.beat(deliverer.trouble)
            if not claimed:
                break
            attempts.start(token, claimed)

    async def once() -> None:
        await claim_and_send()
        await _first_of(wake, stop, DELIVERY_POLL_S)

    try:
        await repeat("deliverer", once, interval_s=0, stop=stop, pulse=pulse)
    finally:
        unlisten()
        await attempts.finish(stop_grace_s)


async def tend(tender: Tender, deliverer: Deliverer, *, stop: Stop, pulse: Pulse) -> None:
    """Keep what cannot go now out of the deliverer's way, and bring it back when it can."""

    async def once() -> None:
        await tender.run_once(deliverer.stuck)
        pulse.beat()

    await repeat("tender", once, interval_s=TEND_INTERVAL_S, stop=stop, pulse=pulse)


async def keep_house(maintenance: Maintenance, *, stop: Stop, pulse: Pulse) -> None:
    """Sweep once a minute, until there is nothing left to sweep."""

    async def once() -> None:
        while not stop.requested:
            swept = await maintenance.run_once()
            pulse.beat()
            if not swept.more:
                break

    await repeat("maintenance", once, interval_s=MAINTENANCE_INTERVAL_S, stop=stop, pulse=pulse)


@contextlib.asynccontextmanager
async def leadership(direct_url: str, *, livemode: bool) -> AsyncGenerator[tuple[bool, Callable[[], Awaitable[None]]]]:
    """Try to take the lock: yields (leading, still_leading); the latter raises when the lock's connection is gone."""
    connection, talking = await connect(direct_url, application_name="sgate watcher"), asyncio.Lock()

    async def still_leading() -> None:
        async with talking:
            await connection.fetchval("SELECT 1")

    async def beat() -> None:
        with contextlib.suppress(*DatabaseErrors):  # then `still_leading` raises it too
            while True:
                await asyncio.sleep(LEADER_HEARTBEAT_S)
                await still_leading()

    beating = None
    try:
        leading = bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", ADVISORY_LOCKS[livemode]))
        if leading:
            await connection.execute(f"SET idle_session_timeout = '{LEADER_SILENCE_S}s'")
            beating = asyncio.create_task(beat())
        yield leading, still_leading
    finally:
        if beating is not None:
            beating.cancel()
            await asyncio.wait([beating])
        with contextlib.suppress(*DatabaseErrors, asyncpg.InterfaceError):
            await connection.close(timeout=1)
