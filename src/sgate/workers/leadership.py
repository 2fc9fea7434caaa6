"""Leader election for a mode's watcher: the process that holds its advisory lock leads."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable

import asyncpg

from sgate.db.pool import DatabaseErrors, connect

ADVISORY_LOCKS = {False: 0x5347_4154_4510, True: 0x5347_4154_4511}
"""The lock of each mode, held by the leading watcher."""


LEADER_HEARTBEAT_S = 0.75


LEADER_SILENCE_S = 3.0
"""PostgreSQL ends the session of a leader that has been silent for this long, so that another can take over. A killed
process loses its connection at once, but one whose machine is paused or disconnected would keep the lock for hours.
"""


@contextlib.asynccontextmanager
async def acquire(direct_url: str, *, livemode: bool) -> AsyncGenerator[tuple[bool, Callable[[], Awaitable[None]]]]:
    """Try to acquire the lock, and yield (leading, still_leading).

    `still_leading` raises when the connection that holds the lock is lost.
    """
    connection, in_use = await connect(direct_url, application_name="sgate watcher"), asyncio.Lock()

    async def still_leading() -> None:
        async with in_use:
            await connection.fetchval("SELECT 1")

    async def beat() -> None:
        with contextlib.suppress(*DatabaseErrors):  # `still_leading` will raise it as well
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
