"""Daily statistics: the outcome of the intents that a merchant created on a day (UTC).

Some time after an hour has ended, the intents of its day are counted up to the end of the hour, and the numbers are
stored in `merchant_days`. `rolled_up_to` is the end of the newest stored hour.

An intent of a stored hour may be created or changed later, because of a late payment, a reorganization or a clock that
was behind. The change then marks the day dirty: its transaction also inserts a row into `touched_days`. The stored
numbers of a dirty day are ignored until the day is counted again. Counting is one statement and thus uses one snapshot.
Therefore the changes that it counts are exactly those whose `touched_days` rows it deletes.

A read counts the intents of dirty days and of hours that are not stored yet. Therefore the numbers are always exact,
whether or not maintenance is running.
"""

from datetime import date, timedelta

import msgspec

from sgate.db.pool import Connection, Record
from sgate.store.rows import count_of

MARK_DIRTY_AFTER = timedelta(hours=1)
"""A change to an intent marks the day dirty only if the hour in which the intent was created ended at least this long
ago. Most intents are closed by then."""

SETTLE = MARK_DIRTY_AFTER + timedelta(hours=1)
"""An hour is stored this long after its end. SETTLE exceeds MARK_DIRTY_AFTER by more than the duration of any
transaction."""

MAX_DAYS_AT_ONCE = 31
MAX_MODES_AT_ONCE = 50
MAX_DIRTY_AT_ONCE = 500
ADVISORY_LOCK = 0x5347_4154_4530
"""This lock is held while counting. Without it, two processes could count a day at the same time, and the slower
process would overwrite newer numbers with older ones."""

STORABLE = f"date_trunc('hour', now() - interval '{MARK_DIRTY_AFTER.seconds} seconds', 'UTC')"
"""An SQL expression for a time. If an intent was created before this time, creating or changing it must mark its day
dirty, because its hour may already be stored or may be stored soon."""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """The intents created on one day, as of now.

    Attributes:
        created: number of intents. Each field with the name of a status counts the intents with this status.
        amount_sats: sum of the requested amounts.
        received_sats: sum of the amounts received.
        confirmed_sats: sum of the amounts received by confirmed intents.
    """

    day: date
    created: int
    requires_payment: int
    processing: int
    confirmed: int
    expired: int
    failed: int
    canceled: int
    amount_sats: int
    received_sats: int
    confirmed_sats: int


_NAMES = tuple(name for name in Day.__struct_fields__ if name != "day")
_NUMBERS = ", ".join(_NAMES)


_COUNTED = """
count(*) AS created,
count(*) FILTER (WHERE i.status = 'requires_payment') AS requires_payment,
count(*) FILTER (WHERE i.status = 'processing') AS processing,
count(*) FILTER (WHERE i.status = 'confirmed') AS confirmed,
count(*) FILTER (WHERE i.status = 'expired') AS expired,
count(*) FILTER (WHERE i.status = 'failed') AS failed,
count(*) FILTER (WHERE i.status = 'canceled') AS canceled,
coalesce(sum(i.amount_sats), 0) AS amount_sats,
coalesce(sum(i.amount_received_sats), 0) AS received_sats,
coalesce(sum(i.amount_received_sats) FILTER (WHERE i.status = 'confirmed'), 0) AS confirmed_sats
"""

_STORE = f"""
-- part of the statements below
INSERT INTO merchant_days (merchant_id, livemode, day, {_NUMBERS})
SELECT merchant_id, livemode, day, {_NUMBERS} FROM counted WHERE created > 0
ON CONFLICT (merchant_id, livemode, day) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _NAMES)}
"""

_LOCK = "SELECT pg_try_advisory_xact_lock($1)"

# Counts and stores the ended hours that are not stored yet, for each mode at most a month at a time. Each day is
# counted from midnight, so that the new numbers replace the stored ones. LATERAL lets the planner see how short the
# period is.
_STORE_ENDED = f"""
WITH due AS (
    SELECT merchant_id, livemode, rolled_up_to AS since,
        least(date_trunc('hour', now() - $1::interval, 'UTC'), rolled_up_to + $2 * interval '1 day') AS until
    FROM merchant_modes
    WHERE rolled_up_to < date_trunc('hour', now() - $1::interval, 'UTC')
    ORDER BY rolled_up_to
    LIMIT $3
    FOR NO KEY UPDATE SKIP LOCKED
), counted AS (
    SELECT due.merchant_id, due.livemode, numbers.*
    FROM due
    CROSS JOIN LATERAL (
        SELECT (i.created_at AT TIME ZONE 'UTC')::date AS day, {_COUNTED} FROM payment_intents AS i
        WHERE i.merchant_id = due.merchant_id AND i.livemode = due.livemode
            AND i.created_at >= date_trunc('day', due.since, 'UTC') AND i.created_at < due.until
        GROUP BY 1
    ) AS numbers
), stored AS ({_STORE})
UPDATE merchant_modes AS modes SET rolled_up_to = due.until
FROM due
WHERE modes.merchant_id = due.merchant_id AND modes.livemode = due.livemode
"""

# Counts the dirty days again, up to the end of the last stored hour.
_STORE_DIRTY = f"""
WITH taken AS (
    DELETE FROM touched_days WHERE id IN (SELECT id FROM touched_days ORDER BY id LIMIT $1)
    RETURNING merchant_id, livemode, day
), counted AS (
    SELECT days.merchant_id, days.livemode, days.day, numbers.*
    FROM (SELECT DISTINCT merchant_id, livemode, day FROM taken) AS days
    JOIN merchant_modes AS modes ON modes.merchant_id = days.merchant_id AND modes.livemode = days.livemode
    CROSS JOIN LATERAL (
        SELECT {_COUNTED} FROM payment_intents AS i
        WHERE i.merchant_id = days.merchant_id AND i.livemode = days.livemode
            AND i.created_at >= days.day::timestamp AT TIME ZONE 'UTC'
            AND i.created_at < least((days.day + 1)::timestamp AT TIME ZONE 'UTC', modes.rolled_up_to)
    ) AS numbers
), stored AS ({_STORE})
SELECT count(*) FROM taken
"""

# Reads three parts: the stored days that are not dirty, the intents created after the stored hours, and the whole of
# each dirty day. A day may be returned twice.
_READ = f"""
WITH dirty AS (
    SELECT DISTINCT day FROM touched_days
    WHERE merchant_id = $1::text::uuid AND livemode = $2 AND day BETWEEN $3 AND $4
)
SELECT day, {_NUMBERS} FROM merchant_days
WHERE merchant_id = $1::text::uuid AND livemode = $2 AND day BETWEEN $3 AND $4
    AND day NOT IN (SELECT day FROM dirty)
UNION ALL
SELECT (i.created_at AT TIME ZONE 'UTC')::date, {_COUNTED} FROM payment_intents AS i
WHERE i.merchant_id = $1::text::uuid AND i.livemode = $2
    AND i.created_at >= (
        SELECT greatest(rolled_up_to, $3::timestamp AT TIME ZONE 'UTC') FROM merchant_modes
        WHERE merchant_id = $1::text::uuid AND livemode = $2
    )
    AND i.created_at < ($4::date + 1)::timestamp AT TIME ZONE 'UTC'
    AND (i.created_at AT TIME ZONE 'UTC')::date NOT IN (SELECT day FROM dirty)
GROUP BY 1
UNION ALL
SELECT dirty.day, numbers.*
FROM dirty
CROSS JOIN LATERAL (
    SELECT {_COUNTED} FROM payment_intents AS i
    WHERE i.merchant_id = $1::text::uuid AND i.livemode = $2
        AND i.created_at >= dirty.day::timestamp AT TIME ZONE 'UTC'
        AND i.created_at < (dirty.day + 1)::timestamp AT TIME ZONE 'UTC'
) AS numbers
"""


async def read(connection: Connection, merchant_id: str, first: date, last: date, *, livemode: bool) -> list[Day]:
    """Return the statistics of the days from `first` to `last`, both included, in order.

    Days without intents may be missing.
    """
    days: dict[date, Day] = {}
    for row in await connection.fetch(_READ, merchant_id, livemode, first, last):
        day = _day(row)
        known = days.get(day.day)
        days[day.day] = day if known is None else _sum(known, day)
    return [days[day] for day in sorted(days)]


async def store_ended(connection: Connection, share: float = 1.0) -> int:
    """Count and store ended hours, for at most MAX_MODES_AT_ONCE modes of merchants.

    Args:
        share: fraction of the usual batch size, in (0, 1]. The batch has at least one day of one mode.

    Returns:
        the number of modes for which hours were stored, or 0 if another process is counting.

    Raises:
        asyncpg.QueryCanceledError: if the statement times out.
    """
    days, modes = (max(1, int(share * most)) for most in (MAX_DAYS_AT_ONCE, MAX_MODES_AT_ONCE))
    async with connection.transaction():
        if not await connection.fetchval(_LOCK, ADVISORY_LOCK):
            return 0
        tag = await connection.execute(_STORE_ENDED, SETTLE, days, modes)
    return count_of(tag)


async def store_dirty(connection: Connection) -> int:
    """Count dirty days again.

    Returns:
        the number of deleted `touched_days` rows, or 0 if another process is counting.
    """
    async with connection.transaction():
        if not await connection.fetchval(_LOCK, ADVISORY_LOCK):
            return 0
        return int(await connection.fetchval(_STORE_DIRTY, MAX_DIRTY_AT_ONCE) or 0)


def _day(row: Record) -> Day:
    return Day(day=row["day"], **{name: int(row[name]) for name in _NAMES})


def _sum(one: Day, other: Day) -> Day:
    return Day(day=one.day, **{name: getattr(one, name) + getattr(other, name) for name in _NAMES})
