"""Wait until a session waits for a lock, for tests in which one transaction must run into the lock of another."""

import asyncio

_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""

BOUND_S = 20


async def until_a_session_waits(connection, count=1, *, unless=None):
    """Wait until `count` sessions of this database wait for locks, or until the task `unless` is done."""
    async with asyncio.timeout(BOUND_S):
        while await connection.fetchval(_WAITING) < count:
            if unless is not None and unless.done():
                return
