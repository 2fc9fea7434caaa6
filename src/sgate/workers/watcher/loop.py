"""The loop of the watcher, which leads or stands by, and spaces its polls according to the call quota."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from sgate.db.notifications import Channel, Listener
from sgate.workers import leadership
from sgate.workers.loops import Pulse, Stop, first_of, repeat, unless_stopped
from sgate.workers.watcher.watcher import Fenced, PollReport, Watcher

STANDBY_POLL_S = 0.5


MAX_WAIT_S = 900.0
"""The longest wait between polls, even if the chain's API requests a longer one."""


async def watch(
    watcher: Watcher,
    listener: Listener,
    *,
    livemode: bool,
    direct_url: str,
    interval_s: Callable[[bool], float],
    stop: Stop,
    pulse: Pulse,
    observe: Callable[[PollReport], Awaitable[None]],
) -> None:
    """Follow the chain while this process leads. Stand by while another process leads.

    Args:
        interval_s: returns the seconds between two polls, given whether an intent is awaiting payment or finality.
        observe: called with the report of each poll. If it raises a database error, the loop backs off.
    """
    wake = asyncio.Event()
    unlisten = listener.listen(Channel.CHAIN, lambda _: wake.set())

    async def wait(report: PollReport) -> None:
        if report.more:
            return
        shortest_s = max(interval_s(True), min(report.retry_after_s or 0.0, MAX_WAIT_S))
        await stop.sleep(shortest_s)
        remaining_s = interval_s(report.busy) - shortest_s
        if remaining_s > 0 and not wake.is_set() and not stop.requested:
            await first_of(wake, stop, remaining_s)
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
                pulse.beat(report.error)
                await wait(report)
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
