"""The loop around the watcher: it leads or stands by, and waits as long as the quota of calls asks for."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from sgate.db.notifications import Channel, Listener
from sgate.workers import leadership
from sgate.workers.loops import Pulse, Stop, first_of, repeat, unless_stopped
from sgate.workers.watcher.watcher import Fenced, Round, Watcher

STANDBY_POLL_S = 0.5


LONGEST_REST_S = 900.0
"""How long the chain's API is left alone at most, whatever it asks for."""


async def watch(
    watcher: Watcher,
    listener: Listener,
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
    unlisten = listener.listen(Channel.CHAIN, lambda _: wake.set())

    async def rest(report: Round) -> None:
        if report.more:
            return
        shortest_s = max(interval_s(True), min(report.retry_after_s or 0.0, LONGEST_REST_S))
        await stop.sleep(shortest_s)
        rest_s = interval_s(report.busy) - shortest_s
        if rest_s > 0 and not wake.is_set() and not stop.requested:
            await first_of(wake, stop, rest_s)
        wake.clear()

    async def lead_or_stand_by() -> None:
        async with leadership.acquire(direct_url, livemode=livemode) as (leading, still_leading):
            pulse.leading = leading
            pulse.beat()
            while leading and not stop.requested:
                report = await unless_stopped(watcher.run_once(), stop)
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
