"""Monthly partitions of deliveries and their attempts: created ahead of time, dropped after the retention period.

The id of a delivery starts with the time of its event, so the id alone determines the partition. If there is no
partition for the month of a row, the row goes to the default partition. Old rows of the default partition are deleted
individually.

The application's role owns no table and cannot create or drop one. Functions of the schema do this with the rights of
its owner (migration 0012).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import cast

import asyncpg
import msgspec

from sgate.db.pool import Connection
from sgate.store.rows import count_of

MONTHS_AHEAD = 2
"""Partitions are created for the current month and this many months after it. If maintenance stops for longer, new rows
go to the default partition."""

GIVE_WAY_MS = 500
"""Creating or dropping a month briefly blocks all events and deliveries. If another transaction locks the tables for
longer than this, the next maintenance run tries again. This is shorter than PostgreSQL's deadlock_timeout (1 s):
creates lock the same tables in another order, and must not be chosen as the victim of a deadlock."""

ADVISORY_LOCK = 0x5347_4154_4507
"""Held while months are created and dropped ("SGATE", 7)."""


class MaintenanceResult(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of `maintain`.

    Attributes:
        made: suffixes of the months that were created.
        dropped: suffixes of the months that were dropped.
        dropped_open: deliveries in dropped months that were still waiting to be sent.
        swept: rows deleted from the default partition.
    """

    made: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    dropped_open: int = 0
    swept: int = 0


class Month(msgspec.Struct, frozen=True, order=True):
    """A month (UTC)."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> "Month":
        """Return the month that contains a moment."""
        utc = moment.astimezone(UTC)
        return cls(utc.year, utc.month)

    @property
    def start(self) -> datetime:
        """The first moment of the month."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def following(self) -> "Month":
        """The next month."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def suffix(self) -> str:
        """The suffix of the names of the month's tables, such as `2026_11`."""
        return f"{self.year:04}_{self.month:02}"


_MONTHS = """
SELECT right(relname, 7) FROM pg_class AS c
JOIN pg_inherits AS i ON i.inhrelid = c.oid
WHERE i.inhparent = 'webhook_deliveries'::regclass AND relname ~ '^webhook_deliveries_[0-9]{4}_[0-9]{2}$'
ORDER BY 1
"""

_MAKE = "SELECT make_delivery_month($1)"

_DROP = "SELECT suffix, still_open FROM drop_delivery_months($1)"

# The attempts of a delivery are deleted together with the delivery.
_SWEEP = """
WITH old AS (
    SELECT id FROM webhook_deliveries_default
    WHERE created_at < now() - $1::interval AND status IN ('delivered', 'failed') LIMIT $2
    FOR UPDATE SKIP LOCKED
), forgotten AS (
    DELETE FROM webhook_attempts WHERE delivery_id IN (SELECT id FROM old)
)
DELETE FROM webhook_deliveries_default WHERE id IN (SELECT id FROM old)
"""


async def give_way(connection: Connection) -> None:
    """Wait for locks in this transaction only briefly."""
    await connection.execute(f"SET LOCAL lock_timeout = '{GIVE_WAY_MS}ms'")


async def make_ahead(connection: Connection) -> tuple[str, ...]:
    """Create the missing months. Returns the suffixes of the months that were created."""
    async with connection.transaction():  # now() stays the same in it, even at the end of a month
        existing = await _existing(connection)
        missing = [month for month in _required(await _now(connection)) if month not in existing]
        return tuple([month.suffix for month in missing if await _make(connection, month)])


async def maintain(connection: Connection, retention: timedelta, limit: int) -> MaintenanceResult:
    """Create the missing months, and drop those that ended more than `retention` ago.

    Also deletes up to `limit` old rows from the default partition. Each step is skipped while another process holds the
    advisory lock.

    Args:
        retention: at least `core.retry.MIN_RETENTION`; the database refuses a shorter one.
    """
    swept = await _sweep(connection, retention, limit)
    try:
        async with connection.transaction():
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", ADVISORY_LOCK):
                return MaintenanceResult(swept=swept)
            await give_way(connection)
            made = await make_ahead(connection)
            dropped = await connection.fetch(_DROP, retention)
    except asyncpg.LockNotAvailableError:
        return MaintenanceResult(swept=swept)
    return MaintenanceResult(
        made=made,
        dropped=tuple(month["suffix"] for month in dropped),
        dropped_open=sum(month["still_open"] for month in dropped),
        swept=swept,
    )


async def _sweep(connection: Connection, retention: timedelta, limit: int) -> int:
    """Delete at most `limit` old rows from the default partition. Returns the number of deleted rows.

    Takes the advisory lock, because the statement searches the attempts of every month, and another process may be
    dropping a month.
    """
    async with connection.transaction():
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", ADVISORY_LOCK):
            return 0
        return count_of(await connection.execute(_SWEEP, retention, limit))


async def _now(connection: Connection) -> datetime:
    return cast("datetime", await connection.fetchval("SELECT now()"))


async def _existing(connection: Connection) -> list[Month]:
    return [Month(int(text[:4]), int(text[5:])) for (text,) in await connection.fetch(_MONTHS)]


def _required(now: datetime) -> Iterator[Month]:
    month = Month.of(now)
    for _ in range(MONTHS_AHEAD + 1):
        yield month
        month = month.following


async def _make(connection: Connection, month: Month) -> bool:
    """Create a month. If the default partition already has rows of the month, create nothing and return False."""
    return bool(await connection.fetchval(_MAKE, month.start.date()))
