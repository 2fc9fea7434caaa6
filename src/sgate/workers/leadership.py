"""Leader election for the watchers of a mode: the process that holds the mode's advisory lock is the leader."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable

import asyncpg

from sgate.db.pool import DatabaseErrors, connect

ADVISORY_LOCKS = {False: 0x5347_4154_4510, True: 0x5347_4154_4511}
"""The advisory lock of each mode, by `livemode`. The leading watcher holds it."""


LEADER_HEARTBEAT_S = 0.75


LEADER_SILENCE_S = 3.0
"""PostgreSQL ends the session of a leader that has been silent for this long, so that another process can take over. A
process that is killed loses its connection at once. Without this limit, a process whose machine is paused or
disconnected could hold the lock for hours.
"""


@contextlib.asynccontextmanager
async def acquire(direct_url: str, *, livemode: bool) -> AsyncGenerator[tuple[bool, Callable[[], Awaitable[None]]]]:
    """Try to acquire the lock of a mode, and yield `(leading, still_leading)`.

    `leading` is whether the lock was acquired. `still_leading()` raises an exception if the connection that holds the
    lock is lost.
    """
    connection, in_use = await connect(direct_url, application_name="sgate watcher"), asyncio.Lock()

    async def still_leading() -> None:
        async with in_use:
            await connection.fetchval("SELECT 1")

    async def beat() -> None:
        with contextlib.suppress(*DatabaseErrors):  # the next call of `still_leading` raises the error too
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
