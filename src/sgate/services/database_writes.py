"""Whether the database accepts writes, for the health report.

A full disk, a server that became read-only and a standby still answer every read. Each process therefore remembers when
a statement failed with an error that concerns all writes. It also makes a small write of its own at intervals, so that
it notices a refusal even if nothing else writes, and notices when writes are accepted again.
"""

from collections.abc import Callable

import asyncpg
import structlog

from sgate.db import write_probe
from sgate.db.pool import Pool, error_kind

INTERVAL_S = 30.0
"""The seconds between two probes while writes are accepted. A probe leaves a dozen dead rows in the catalog."""

RETRY_INTERVAL_S = 5.0
"""The seconds between two probes while writes are refused."""

FORGET_S = 60.0
"""The seconds after which a failure is forgotten if the role may not probe. There is then no way to verify that writes
are accepted again."""

ACQUIRE_TIMEOUT_S = 2.0


class DatabaseWrites:
    """What this process knows about writes to the database."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        """`now_s`: a monotonic clock."""
        self._now_s = now_s
        self._refused_at_s: float | None = None
        self._next_probe_s = 0.0
        self._may_probe = True

    @property
    def accepted(self) -> bool:
        """Whether writes are accepted, as far as this process knows."""
        return self._refused_at_s is None

    def observe(self, error: BaseException | None) -> None:
        """Take note of the error of a statement, or None if the statement succeeded."""
        if not isinstance(error, write_probe.WriteErrors):
            return
        if self.accepted:
            reason = f"{type(error).__name__}: {error}"
            structlog.get_logger("sgate").error("database_refuses_writes", kind=error_kind(error), reason=reason)
        self._refused_at_s = self._now_s()

    async def run_once(self, pool: Pool) -> None:
        """Probe the database if it is time to. Call this every RETRY_INTERVAL_S.

        Raises:
            DatabaseErrors: if the database is unavailable. What is known about writes does not change.
        """
        if self.accepted and self._now_s() < self._next_probe_s:
            return
        self._next_probe_s = self._now_s() + INTERVAL_S
        if await self._is_written(pool):
            self._accept()

    async def _is_written(self, pool: Pool) -> bool:
        if not self._may_probe:
            return self._refused_at_s is not None and self._now_s() - self._refused_at_s >= FORGET_S
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
            try:
                await write_probe.write(connection)
            except write_probe.WriteErrors as error:
                self.observe(error)
                return False
            except asyncpg.InsufficientPrivilegeError as error:
                self._may_probe = False
                advice = "GRANT TEMPORARY ON DATABASE to sGate's role, so that /health notices a full disk early"
                structlog.get_logger("sgate").warning("write_probe_not_permitted", reason=str(error), advice=advice)
                return False
        return True

    def _accept(self) -> None:
        if not self.accepted:
            structlog.get_logger("sgate").warning("database_accepts_writes")
        self._refused_at_s = None
