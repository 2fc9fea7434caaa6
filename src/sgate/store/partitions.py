"""Deliveries and their attempts are kept by the month: months ahead are made, months that nobody needs are dropped.

The id of a delivery begins with the time of its event, so it says by itself which partition it is in. What is older or
newer than all months is in the default partition, where rows are deleted one by one.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import asyncpg
import msgspec

from sgate.db.pool import Connection
from sgate.store.rows import count_of

MONTHS_AHEAD = 2
"""Months that are there before they begin. So long may nobody keep house before rows fall into the default one."""

LOCK_TIMEOUT_S = 2
"""Making and dropping a month stops everyone who sends for a moment. Whoever is in the way longer than this, such as a
backup, is waited for again in the next round."""

ADVISORY_LOCK = 0x5347_4154_4507
"""Held while months are made and dropped ("SGATE", 7)."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. `dropped_open`: deliveries that had waited for their endpoint all that time, and were dropped."""

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
        """The month that a moment is in."""
        utc = moment.astimezone(UTC)
        return cls(utc.year, utc.month)

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def following(self) -> "Month":
        """The month after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def suffix(self) -> str:
        """How its tables' names end, such as `2026_11`."""
        return f"{self.year:04}_{self.month:02}"


_MONTHS = """
SELECT right(relname, 7) FROM pg_class AS c
JOIN pg_inherits AS i ON i.inhrelid = c.oid
WHERE i.inhparent = 'webhook_deliveries'::regclass AND relname ~ '^webhook_deliveries_[0-9]{4}_[0-9]{2}$'
ORDER BY 1
"""

_FIRST_ID = "SELECT first_delivery_id($1)"

_TAKEN = "SELECT EXISTS (SELECT 1 FROM webhook_deliveries_default WHERE id >= $1 AND id < $2)"

# Nobody knows the attempts of what is gone.
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


async def make_ahead(connection: Connection) -> tuple[str, ...]:
    """Make the months that are missing. Returns which."""
    there = await _there(connection)
    wanted = [month for month in _wanted(await _now(connection)) if month not in there]
    return tuple([month.suffix for month in wanted if await _make(connection, month)])


async def keep(connection: Connection, retention: timedelta, limit: int) -> Kept:
    """Make the months that are missing, drop those that ended longer than `retention` ago, sweep at most `limit` rows.

    Whoever finds another process at it leaves it to that one.
    """
    swept = await _sweep(connection, retention, limit)
    try:
        async with connection.transaction():
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", ADVISORY_LOCK):
                return Kept(swept=swept)
            await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'")
            made = await make_ahead(connection)
            ended_by = await _now(connection) - retention
            old = [month for month in await _there(connection) if month.following.start <= ended_by]
            dropped_open = await _drop(connection, old)
    except asyncpg.LockNotAvailableError:
        return Kept(swept=swept)
    dropped = tuple(month.suffix for month in old)
    return Kept(made=made, dropped=dropped, dropped_open=dropped_open, swept=swept)


async def _sweep(connection: Connection, retention: timedelta, limit: int) -> int:
    """Under the lock too: it writes into every month's attempts, and another process may be dropping one."""
    async with connection.transaction():
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", ADVISORY_LOCK):
            return 0
        return count_of(await connection.execute(_SWEEP, retention, limit))


async def _now(connection: Connection) -> datetime:
    return cast("datetime", await connection.fetchval("SELECT now()"))


async def _there(connection: Connection) -> list[Month]:
    return [Month(int(text[:4]), int(text[5:])) for (text,) in await connection.fetch(_MONTHS)]


def _wanted(now: datetime) -> Iterator[Month]:
    month = Month.of(now)
    for _ in range(MONTHS_AHEAD + 1):
        yield month
        month = month.following


async def _make(connection: Connection, month: Month) -> bool:
    """False if rows of that month are in the default partition, because it is made too late: then they stay there."""
    first = str(await connection.fetchval(_FIRST_ID, month.start))
    end = str(await connection.fetchval(_FIRST_ID, month.following.start))
    if await connection.fetchval(_TAKEN, first, end):
        return False
    deliveries, attempts = f"webhook_deliveries_{month.suffix}", f"webhook_attempts_{month.suffix}"
    bounds = f"FOR VALUES FROM ('{first}') TO ('{end}')"
    await connection.execute(f"""
        CREATE TABLE {deliveries} PARTITION OF webhook_deliveries {bounds} WITH (fillfactor = 70);
        ALTER TABLE {deliveries} ADD UNIQUE (event_id, endpoint_id);
        CREATE TABLE {attempts} PARTITION OF webhook_attempts {bounds};
    """)
    return True


async def _drop(connection: Connection, months: Sequence[Month]) -> int:
    """Drop months. Returns how many deliveries in them were still open."""
    still_open = 0
    for month in months:
        deliveries = f"webhook_deliveries_{month.suffix}"
        count = f"SELECT count(*) FROM {deliveries} WHERE status IN ('pending', 'held')"
        still_open += int(await connection.fetchval(count) or 0)
        await connection.execute(f"DROP TABLE webhook_attempts_{month.suffix}; DROP TABLE {deliveries}")
    return still_open
