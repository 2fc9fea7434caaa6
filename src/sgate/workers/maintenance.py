"""Maintenance in small batches: deletes expired rows and stores daily statistics."""

from datetime import timedelta

import asyncpg
import msgspec
import structlog

from sgate.db.pool import Connection, Pool
from sgate.store import blocks, exchange_rates, idempotency_keys, merchant_days, partitions
from sgate.workers.loops import Pulse, Stop, repeat

MAINTENANCE_INTERVAL_S = 60.0
SWEEP_ROWS = 1_000
KEEP_BLOCKS = 5_000
"""The number of block headers that are kept below the scanned tip. A reorganization can orphan payments, or include
them again, only within this depth.
"""

KEEP_RATES = timedelta(days=90)
"""How long exchange rates are kept. Each intent has its own copy of the rate that was used for it."""


DELIVERY_RETENTION = timedelta(days=90)

SMALLEST_SHARE = 1 / 64
"""The smallest fraction of a full batch of daily statistics. It amounts to one day of one mode of one merchant. A batch
is made smaller if its statement times out.
"""

_log = structlog.get_logger(__name__)


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one iteration: the numbers of rows deleted and of daily statistics stored."""

    idempotency_keys: int = 0
    blocks: int = 0
    exchange_rates: int = 0
    deliveries: int = 0
    modes_counted: int = 0
    days_updated: int = 0

    @property
    def more(self) -> bool:
        """Whether a batch was full, so that there may be more to do."""
        return (
            SWEEP_ROWS in (self.idempotency_keys, self.blocks, self.exchange_rates, self.deliveries)
            or self.modes_counted == merchant_days.MAX_MODES_AT_ONCE
            or self.days_updated == merchant_days.MAX_DIRTY_AT_ONCE
        )


class Maintenance:
    """Deletes expired rows and stores daily statistics. Several processes may run it at the same time."""

    def __init__(self, pool: Pool, delivery_retention: timedelta = DELIVERY_RETENTION) -> None:
        """Create the worker.

        Args:
            pool: the database connections to use.
            delivery_retention: how long deliveries and their attempts are kept. They are dropped in whole months.
        """
        self._pool = pool
        self._delivery_retention = delivery_retention
        self._share = 1.0

    async def run_once(self) -> Swept:
        """Delete at most SWEEP_ROWS rows of each kind, drop expired months of deliveries, and store daily statistics.

        At most one batch of dirty days and one batch of ended hours are stored.
        """
        async with self._pool.acquire() as connection:
            keys = await idempotency_keys.sweep(connection, SWEEP_ROWS)
            old_blocks = await blocks.prune(connection, KEEP_BLOCKS, SWEEP_ROWS)
            rates = await exchange_rates.prune(connection, KEEP_RATES, SWEEP_ROWS)
            months = await partitions.maintain(connection, self._delivery_retention, SWEEP_ROWS)
            days = await merchant_days.store_dirty(connection)
            modes = await self._store_ended(connection)
        if months.made or months.dropped:
            _log.info("delivery_months", made=months.made, dropped=months.dropped, dropped_open=months.dropped_open)
        return Swept(
            idempotency_keys=keys,
            blocks=old_blocks,
            exchange_rates=rates,
            deliveries=months.swept,
            modes_counted=modes,
            days_updated=days,
        )

    async def _store_ended(self, connection: Connection) -> int:
        """Store the statistics of ended hours. Return the number of merchants' modes that advanced.

        The backlog may span years. After each timeout, the next batch is smaller; after each success, it is larger.
        """
        try:
            modes = await merchant_days.store_ended(connection, self._share)
        except asyncpg.QueryCanceledError:
            if self._share <= SMALLEST_SHARE:
                raise
            self._share = max(self._share / 4, SMALLEST_SHARE)
            _log.warning("daily_numbers_take_long", next_share=self._share)
            return 0
        self._share = min(self._share * 2, 1.0)
        return modes


async def maintain(maintenance: Maintenance, *, stop: Stop, pulse: Pulse) -> None:
    """Run maintenance every minute. Each time, continue until nothing is left to do."""

    async def once() -> None:
        while not stop.requested:
            swept = await maintenance.run_once()
            pulse.beat()
            if not swept.more:
                break

    await repeat("maintenance", once, interval_s=MAINTENANCE_INTERVAL_S, stop=stop, pulse=pulse)
