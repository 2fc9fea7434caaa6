"""The database and what stands before it go away and come back."""

import asyncio
import signal

from rig.fault import Fault, Recovery, served_again

AWAY_S = 5.0


async def restart_postgresql(house):
    """A fast shutdown, and a start at once: what an upgrade of the package does."""
    servers = house.servers
    await servers.stop(servers.primary)
    starting = asyncio.create_task(servers.start(servers.primary))
    returned = await servers.until_writable()
    await starting
    return Recovery(await served_again(house, returned), "from its return until nothing failed")


async def restart_postgresql_after_a_while(house):
    """It is away for long enough that everything waits at its longest interval."""
    servers = house.servers
    await servers.stop(servers.primary)
    await asyncio.sleep(AWAY_S * 3)
    starting = asyncio.create_task(servers.start(servers.primary))
    returned = await servers.until_writable()
    await starting
    return Recovery(await served_again(house, returned), "from its return until nothing failed")


async def kill_postgresql(house):
    """kill -9 of all of PostgreSQL, which then has to recover from its log."""
    servers = house.servers
    await servers.stop(servers.primary, signal.SIGQUIT)  # an immediate shutdown: no checkpoint, as after a crash
    starting = asyncio.create_task(servers.start(servers.primary))
    returned = await servers.until_writable()
    await starting
    return Recovery(await served_again(house, returned), "from its return until nothing failed")


FAULTS = [
    Fault("PostgreSQL restarts", restart_postgresql, must_s=2, aim_s=1, short=True),
    Fault("PostgreSQL is away for 15 s", restart_postgresql_after_a_while, must_s=2, aim_s=1),
    Fault("PostgreSQL crashes", kill_postgresql, must_s=2, aim_s=1),
]
