"""The loops around the workers: when to run, who leads, what to do when the database is away, how to stop.

A loop here decides nothing about money. It runs `run_once` again and again; trouble with the database or the chain
makes it wait and try again; anything else is a defect, ends the process and lets the supervisor start it anew.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from sgate.store.feed import Channel, Feed
from sgate.store.pool import DatabaseErrors, connect
from sgate.workers.deliverer import Deliverer
from sgate.workers.maintenance import Maintenance
from sgate.workers.watcher import Fenced, Round, Watcher

ADVISORY_LOCKS = {False: 0x5347_4154_4510, True: 0x5347_4154_4511}
"""Held by the watcher that leads, per mode."""

STANDBY_POLL_S = 0.5
DATABASE_BACK_OFF_S = 0.5
MAX_BACK_OFF_S = 5.0
DELIVERY_POLL_S = 1.0
MAINTENANCE_INTERVAL_S = 60.0
STOP_GRACE_S = 15.0


class Pulse:
    """The sign of life of a loop, for health checks: when it last finished a round, and what troubles it."""

    def __init__(self) -> None:
        self.rounds = 0
        self.leading = False
        self.trouble: str | None = None

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


async def watch(
    watcher: Watcher,
    *,
    livemode: bool,
    direct_url: str,
    interval_s: float,
    stop: Stop,
    pulse: Pulse,
    observe: Callable[[Round], None],
) -> None:
    """Follow the chain while leading; stand by while another process leads."""

    async def lead_or_stand_by() -> None:
        async with _leadership(direct_url, livemode=livemode) as (leading, still_leading):
            pulse.leading = leading
            pulse.beat()
            while leading and not stop.requested:
                report = await watcher.run_once()
                observe(report)
                pulse.beat(report.trouble)
                await stop.sleep(interval_s)
                await still_leading()
        pulse.leading = False

    async def once() -> None:
        try:
            await lead_or_stand_by()
        except Fenced:
            structlog.get_logger("sgate.watcher").warning("leadership_lost")
        finally:
            pulse.leading = False

    await repeat("watcher", once, interval_s=STANDBY_POLL_S, stop=stop, pulse=pulse)


async def deliver(deliverer: Deliverer, feed: Feed, *, stop: Stop, pulse: Pulse) -> None:
    """Deliver whatever is due: woken by the feed, and by itself each second. Slow receivers do not hold up a claim."""
    wake = asyncio.Event()
    unlisten = feed.listen(Channel.DELIVERY, lambda _: wake.set())
    sending: set[asyncio.Task[object]] = set()
    defects: list[BaseException] = []

    def sent(task: asyncio.Task[object]) -> None:
        sending.discard(task)
        wake.set()  # an endpoint has a free slot again, or the next event of an intent may go
        error = None if task.cancelled() else task.exception()
        if isinstance(error, DatabaseErrors):
            structlog.get_logger("sgate.deliverer").warning("result_not_stored", reason=str(error))
        elif error is not None:
            defects.append(error)

    async def claim_and_send() -> None:
        while not stop.requested:
            if defects:
                raise defects[0]
            wake.clear()
            token, claimed = await deliverer.claim()
            pulse.beat()
            if not claimed:
                break
            task: asyncio.Task[object] = asyncio.create_task(deliverer.send(token, claimed))
            sending.add(task)
            task.add_done_callback(sent)

    async def once() -> None:
        await claim_and_send()
        waiting = [asyncio.create_task(wake.wait()), asyncio.create_task(stop.wait())]
        try:
            await asyncio.wait(waiting, timeout=DELIVERY_POLL_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    try:
        await repeat("deliverer", once, interval_s=0, stop=stop, pulse=pulse)
    finally:
        unlisten()
        if sending:
            await asyncio.wait(sending, timeout=STOP_GRACE_S)


async def keep_house(maintenance: Maintenance, *, stop: Stop, pulse: Pulse) -> None:
    """Sweep once a minute."""

    async def once() -> None:
        await maintenance.run_once()
        pulse.beat()

    await repeat("maintenance", once, interval_s=MAINTENANCE_INTERVAL_S, stop=stop, pulse=pulse)


@contextlib.asynccontextmanager
async def _leadership(direct_url: str, *, livemode: bool):  # noqa: ANN202 - a pair, spelled out in the docstring
    """Try to take the lock: yields (leading, still_leading); the latter raises when the lock's connection is gone."""
    connection = await connect(direct_url, application_name="sgate watcher")
    try:
        leading: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1)", ADVISORY_LOCKS[livemode])

        async def still_leading() -> None:
            await connection.fetchval("SELECT 1")

        yield leading, still_leading
    finally:
        with contextlib.suppress(*DatabaseErrors, asyncpg.InterfaceError):
            await connection.close(timeout=1)
