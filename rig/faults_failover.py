"""The primary dies and the standby takes over; the standby is away; and the way back.

Nobody promotes by itself: the rig does what an operator, or a tool such as Patroni, does. It makes sure that the old
primary is dead, promotes the standby, and points PgBouncer there. The direct connections name both servers and find the
one that takes writes.
"""

import asyncio
import signal
import time

from rig.fault import Fault, Recovery, served_again
from rig.faults_chain import REORG_DEPTH

STANDBY_AWAY_S = 5.0


async def fail_over(house):
    """kill -9 of the primary, while the chain forks; promote; point PgBouncer to the new one."""
    servers = house.servers
    await asyncio.gather(
        servers.stop(servers.primary, signal.SIGKILL), house.chain.order("reorg", depth=REORG_DEPTH, remine="same")
    )
    began = time.monotonic()
    await servers.promote()
    returned = await servers.until_writable()
    await servers.repoint()
    seconds = await served_again(house, returned)
    notes = f"promoting took {returned - began:.1f} s; the new primary stands alone and waits for nobody"
    return Recovery(seconds, "from the promotion until nothing failed", notes)


async def rebuild_the_standby(house):
    """The old primary's machine comes back, as a standby copied anew; then commits wait for it again."""
    began = time.monotonic()
    await house.servers.rebuild_standby()
    return Recovery(time.monotonic() - began, "until commits waited for it again")


async def lose_the_standby(house):
    """The synchronous standby is away: writes wait for it, and nothing is acknowledged that it does not have."""
    servers = house.servers
    await servers.stop(servers.standby)
    await asyncio.sleep(STANDBY_AWAY_S)
    await servers.start(servers.standby)
    returned = time.monotonic()
    return Recovery(await served_again(house, returned), "from its return until nothing failed")


STANDBY_AWAY = Fault("the synchronous standby is away for 5 s", lose_the_standby, no_failures=True)
THERE = Fault("failover to the standby, while the chain forks", fail_over, must_s=2, aim_s=1)
REBUILD = Fault("the old primary returns as a standby", rebuild_the_standby, no_failures=True)
BACK = Fault("failover back", fail_over, must_s=2, aim_s=1)
REBUILD_AGAIN = Fault("the other one returns as a standby", rebuild_the_standby, no_failures=True)
