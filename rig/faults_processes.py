"""Processes die, freeze, and are replaced."""

import asyncio
import time

from rig.fault import Fault, Recovery, seconds_until

SILENCE_S = 20.0


async def kill_an_api(house):
    """kill -9 of an api process: nginx goes around it, the supervisor brings it back."""
    victim = house.of_role("api")[0]
    again = _again(victim)
    victim.kill()
    return Recovery(await seconds_until(again, "it serves again"), "until it serves again")


async def kill_the_leader(house):
    """kill -9 of the watcher that leads: the other one takes the lock."""
    victim = await _leading(house)
    others, again = _others(house, victim), _again(victim)
    victim.kill()
    seconds = await seconds_until(lambda: _leads(others), "another watcher leads")
    back = await seconds_until(again, "the killed one is back")
    return Recovery(seconds, "without a leader", f"the killed one stood by again after {seconds + back:.1f} s")


async def freeze_the_leader(house):
    """SIGSTOP of the watcher that leads, as a machine that is paused or lost: it holds the lock and says nothing."""
    victim = await _leading(house)
    victim.freeze()
    try:
        seconds = await seconds_until(lambda: _leads(_others(house, victim)), "another watcher leads")
    finally:
        victim.thaw()
    return Recovery(seconds, "without a leader that works")


async def kill_the_standby(house):
    """kill -9 of the watcher that does not lead: nobody should notice."""
    leader = await _leading(house)
    (victim,) = _others(house, leader)
    again = _again(victim)
    victim.kill()
    seconds = await seconds_until(again, "it is back")
    assert await house.leader() is leader, "leadership moved although the leader lived"
    return Recovery(seconds, "until it stood by again")


async def kill_a_deliverer(house):
    """kill -9 of a deliverer: the other one goes on; what it had in hand goes when its lease is up."""
    began = len(house.books.arrivals)
    victim = house.of_role("deliverer")[0]
    again = _again(victim)
    victim.kill()

    async def webhooks_come():
        return len(house.books.arrivals) > began

    seconds = await seconds_until(webhooks_come, "webhooks come")
    await seconds_until(again, "it is back")
    return Recovery(seconds, "until the next webhook came")


async def kill_maintenance(house):
    """kill -9 of maintenance: nothing waits for it."""
    (victim,) = house.of_role("maintenance")
    again = _again(victim)
    victim.kill()
    return Recovery(await seconds_until(again, "it is back"), "until it was back")


async def roll_the_api(house):
    """One api process after another is stopped, started anew and waited for."""
    began = time.monotonic()
    for process in house.of_role("api"):
        await replace(process)
    return Recovery(time.monotonic() - began, "for all three")


async def replace(process, sources=None):
    """Stop a process as a supervisor does, and start it anew, perhaps with other code."""
    status = await process.stop()
    assert status == 0, f"{process.name} ended with status {status}: {process.output.read_text()[-500:]}"
    if sources is not None:
        process.sources = sources
    await process.start()
    await process.ready()


def _others(house, watcher):
    return [other for other in house.of_role("watcher") if other is not watcher]


async def _leads(watchers):
    """Whether one of them does."""
    return any([await watcher.metric("sgate_watcher_leading") for watcher in watchers])


def _again(victim):
    """Whether the supervisor has started it anew since now, and it is ready: to be made before it is killed."""
    deaths = victim.deaths

    async def again():
        return victim.deaths > deaths and await victim.is_ready()

    return again


async def _leading(house):
    leader = None
    async with asyncio.timeout(SILENCE_S):
        while leader is None:
            leader = await house.leader()
    return leader


FAULTS = [
    Fault("kill -9 of an api process", kill_an_api, short=True, no_failures=True),
    Fault("kill -9 of the leading watcher", kill_the_leader, must_s=5, aim_s=1, short=True),
    Fault("the leading watcher is frozen", freeze_the_leader, must_s=5),
    Fault("kill -9 of the other watcher", kill_the_standby),
    Fault("kill -9 of a deliverer", kill_a_deliverer, short=True),
    Fault("kill -9 of maintenance", kill_maintenance, short=True),
]
ROLLING = Fault("rolling restart of the api", roll_the_api, no_failures=True, short=True)
