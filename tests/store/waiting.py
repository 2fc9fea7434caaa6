"""Waiting until somebody waits: for tests in which one transaction must meet the lock of another."""

import asyncio

_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""

BOUND_S = 20


async def until_somebody_waits(connection, count=1, *, unless=None):
    """Until `count` sessions of this database wait for locks, or the task `unless` is done."""
    async with asyncio.timeout(BOUND_S):
        while await connection.fetchval(_WAITING) < count:
            if unless is not None and unless.done():
                return
