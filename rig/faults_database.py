"""The database and what stands before it go away and come back."""

import asyncio
import signal

from rig.fault import Fault, Recovery, seconds_until, served_again

AWAY_S = 5.0


async def restart_postgresql(house):
    """A fast shutdown, and a start at once: what an upgrade of the package does."""
    servers = house.servers
    await servers.stop(servers.primary)
    starting = asyncio.create_task(servers.start(servers.primary))
    returned = await servers.until_writable()
    await starting
    return await _recovery(house, returned)


async def restart_postgresql_after_a_while(house):
    """It is away for long enough that everything waits at its longest interval."""
    servers = house.servers
    await servers.stop(servers.primary)
    await asyncio.sleep(AWAY_S * 3)
    starting = asyncio.create_task(servers.start(servers.primary))
    returned = await servers.until_writable()
    await starting
    return await _recovery(house, returned)


async def kill_postgresql(house):
    """kill -9 of all of PostgreSQL, which then has to recover from its log."""
    servers = house.servers
    await servers.stop(servers.primary, signal.SIGQUIT)  # an immediate shutdown: no checkpoint, as after a crash
    starting = asyncio.create_task(servers.start(servers.primary))
    returned = await servers.until_writable()
    await starting
    return await _recovery(house, returned)


async def _recovery(house, returned):
    """Of the API; and, in the notes, of the workers that a confirmed payment goes through."""
    return_s = returned - house.books.began_s
    seconds = await served_again(house, returned)

    async def told():
        return any(success > return_s for success in house.books.successes[-100:])

    await seconds_until(told, "a payment is confirmed")
    first = min(success for success in house.books.successes[-1000:] if success > return_s)
    notes = f"the first webhook of a payment came {first - return_s:.1f} s after its return"
    return Recovery(seconds, "from its return until nothing failed", notes)


FAULTS = [
    Fault("PostgreSQL restarts", restart_postgresql, must_s=2, aim_s=1, short=True),
    Fault("PostgreSQL is away for 15 s", restart_postgresql_after_a_while, must_s=2, aim_s=1),
    Fault("PostgreSQL crashes", kill_postgresql, must_s=2, aim_s=1),
]
