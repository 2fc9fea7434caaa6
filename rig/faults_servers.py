"""What stands around sGate goes away and comes back: PgBouncer, Redis, nginx, the connections there are, the disk."""

import asyncio
import contextlib
import signal
import time

import asyncpg

from rig.fault import Fault, Recovery, Skipped, served_again
from rig.small_disk import BALLAST_LEAVES_BYTES, Ballast

AWAY_S = 6.0
EXHAUSTED_S = 8.0
FULL_S = 6.0


async def restart_pgbouncer(house):
    """kill -9, and a start at once."""
    await house.servers.stop("pgbouncer", signal.SIGKILL)
    await house.servers.start("pgbouncer")
    return Recovery(await served_again(house, time.monotonic()), "from its return until nothing failed")


async def lose_redis(house):
    """Redis is gone for a while: each process counts for itself, nobody is refused."""
    await house.servers.stop("redis", signal.SIGKILL)
    await asyncio.sleep(AWAY_S)
    await house.servers.start("redis")
    returned = time.monotonic()
    apis = house.of_role("api")
    while not all([await api.metric("sgate_redis_up") for api in apis]):
        assert time.monotonic() - returned < 60, "the api processes did not find back to Redis"
        await asyncio.sleep(0.1)
    return Recovery(time.monotonic() - returned, "from its return until all share counters again")


async def exhaust_connections(house):
    """Somebody takes every connection that PostgreSQL has. Those that sGate holds already must carry it."""
    held, servers = [], house.servers
    try:
        with contextlib.suppress(asyncpg.TooManyConnectionsError):
            while True:
                held.append(await _hog(servers))
        await asyncio.sleep(EXHAUSTED_S)
    finally:
        await asyncio.gather(*(connection.close(timeout=5) for connection in held))
    seconds = await served_again(house, time.monotonic())
    return Recovery(seconds, "from their release until nothing failed", f"{len(held)} connections were taken")


async def _hog(servers):
    return await asyncpg.connect(servers.direct_address(), ssl=servers.tls(), timeout=5)


async def fill_the_disk(house):
    """No byte is free where the primary keeps its data; then there is room again."""
    disk = house.servers.small_disk
    if disk is None:
        raise Skipped("a small file system cannot be mounted here (that needs root)")
    with Ballast(disk) as ballast:
        await asyncio.sleep(FULL_S)
    servers = house.servers
    running = servers.servers[servers.primary].running()
    if not running:  # PostgreSQL ends itself when it cannot write its log; whoever runs it starts it again
        await servers.start(servers.primary)
    returned = await servers.until_writable()
    notes = f"{ballast.bytes // 2**20} MiB of ballast left {BALLAST_LEAVES_BYTES} bytes; "
    notes += "PostgreSQL went on running" if running else "PostgreSQL ended itself, and was started again"
    return Recovery(await served_again(house, returned), "from its return until nothing failed", notes)


FAULTS = [
    Fault("PgBouncer is killed", restart_pgbouncer, must_s=2, aim_s=1),
    Fault("Redis is gone for 6 s", lose_redis, no_failures=True, short=True),
    Fault("every connection of PostgreSQL is taken for 8 s", exhaust_connections, must_s=2, aim_s=1),
]
DISK_FULL = Fault("the primary's disk is full", fill_the_disk, must_s=2, aim_s=1)
