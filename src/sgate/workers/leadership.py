"""Which process leads a mode's watcher: the one that holds its advisory lock."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable

import asyncpg

from sgate.db.pool import DatabaseErrors, connect

ADVISORY_LOCKS = {False: 0x5347_4154_4510, True: 0x5347_4154_4511}
"""Held by the watcher that leads, per mode."""


LEADER_HEARTBEAT_S = 0.75


LEADER_SILENCE_S = 3.0
"""PostgreSQL ends the session of a leader that has said nothing for so long, and another may lead. A process that is
killed loses its connection at once; one whose machine is paused, or lost without a word, would keep the lock for hours.
"""


@contextlib.asynccontextmanager
async def acquire(direct_url: str, *, livemode: bool) -> AsyncGenerator[tuple[bool, Callable[[], Awaitable[None]]]]:
    """Try to take the lock: yields (leading, still_leading); the latter raises when the lock's connection is gone."""
    connection, talking = await connect(direct_url, application_name="sgate watcher"), asyncio.Lock()

    async def still_leading() -> None:
        async with talking:
            await connection.fetchval("SELECT 1")

    async def beat() -> None:
        with contextlib.suppress(*DatabaseErrors):  # then `still_leading` raises it too
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
