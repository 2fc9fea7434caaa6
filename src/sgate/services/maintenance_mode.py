"""Maintenance mode: calls that write are refused for a while, everything else goes on.

The switch is a row of the database, so that it holds for all processes and none has to be restarted; each looks once a
second. Money goes on being seen: the watcher, the ledger and the deliverer do not ask.
"""

from sgate.core import errors
from sgate.db.pool import Pool
from sgate.store import audit_log, maintenance_mode
from sgate.store.audit_log import Actor

READS = frozenset({"GET", "HEAD", "OPTIONS"})


class MaintenanceMode:
    """What this process knows of the switch."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._retry_after_s: int | None = None

    async def look(self) -> None:
        """Read the switch."""
        async with self._pool.acquire() as connection:
            self._retry_after_s = await maintenance_mode.get(connection)

    def check(self, method: str) -> None:
        """Let a call with this HTTP method through, or not.

        Raises:
            UnderMaintenance: see there.
        """
        if self._retry_after_s is not None and method not in READS:
            raise errors.UnderMaintenance(retry_after_s=self._retry_after_s)


async def begin(pool: Pool, retry_after_s: int, actor: Actor) -> None:
    """Refuse writes, on all processes within a second or two."""
    async with pool.acquire() as connection, connection.transaction():
        await maintenance_mode.begin(connection, retry_after_s)
        await audit_log.record(connection, actor, "maintenance.began", detail={"retry_after_s": retry_after_s})


async def end(pool: Pool, actor: Actor) -> bool:
    """Take writes again. Returns whether there was anything to end."""
    async with pool.acquire() as connection, connection.transaction():
        ended = await maintenance_mode.end(connection)
        if ended:
            await audit_log.record(connection, actor, "maintenance.ended")
    return ended
