"""Maintenance mode: write calls to the API are refused, while everything else continues.

The switch is a database row. Each process reads it once a second, so no process needs a restart. The watcher, the
ledger and the deliverer ignore the switch: payments are still detected and announced.
"""

from sgate.core import errors
from sgate.db.pool import Pool
from sgate.store import audit_log, maintenance_mode
from sgate.store.audit_log import Actor

READS = frozenset({"GET", "HEAD", "OPTIONS"})


class MaintenanceMode:
    """The state of the switch when this process last read it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._retry_after_s: int | None = None

    async def refresh(self) -> None:
        """Read the switch."""
        async with self._pool.acquire() as connection:
            self._retry_after_s = await maintenance_mode.get(connection)

    def check(self, method: str) -> None:
        """Refuse write calls during maintenance.

        Args:
            method: HTTP method of the call.

        Raises:
            UnderMaintenance: if maintenance mode is on and the method is not in READS.
        """
        if self._retry_after_s is not None and method not in READS:
            raise errors.UnderMaintenance(retry_after_s=self._retry_after_s)


async def begin(pool: Pool, retry_after_s: int, actor: Actor) -> None:
    """Begin maintenance mode. All processes refuse write calls within two seconds."""
    async with pool.acquire() as connection, connection.transaction():
        await maintenance_mode.begin(connection, retry_after_s)
        await audit_log.record(connection, actor, "maintenance.began", detail={"retry_after_s": retry_after_s})


async def end(pool: Pool, actor: Actor) -> bool:
    """End maintenance mode, so that write calls are accepted again. Return whether maintenance mode was on."""
    async with pool.acquire() as connection, connection.transaction():
        ended = await maintenance_mode.end(connection)
        if ended:
            await audit_log.record(connection, actor, "maintenance.ended")
    return ended
