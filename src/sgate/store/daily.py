"""Daily numbers: what became of the intents that a merchant made on a day (UTC).

A day that is over is counted once and stored in `merchant_days`. If an intent of such a day changes later (late money,
a reorganisation), the change writes a row into `touched_days` in its own transaction, and the stored numbers are not
believed until the day is counted anew. Counting is one statement, and so one snapshot: the touches that it removes are
exactly those whose changes it has counted. Reading adds what is not stored (today, touched days) by counting it, so
that the numbers are always exact, whether anybody keeps house or not.
"""

from datetime import date, timedelta

import msgspec

from sgate.store.pool import Connection, Record
from sgate.store.rows import count_of

SETTLE = timedelta(hours=1)
"""A day is stored only so long after its end: longer than any transaction that began before it and still runs."""

MAX_DAYS_AT_ONCE = 31
MAX_MODES_AT_ONCE = 50
MAX_TOUCHES_AT_ONCE = 500
ADVISORY_LOCK = 0x5347_4154_4530
"""Held while counting: of two who count a day at the same time the slower one would store older numbers."""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """The intents made on one day, as they stand: how many in all and in each status; sats asked for and received.

    `confirmed_sats` is what the confirmed ones received.
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


_NUMBERS = """
created, requires_payment, processing, confirmed, expired, failed, canceled, amount_sats, received_sats, confirmed_sats
"""

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
SELECT merchant_id, livemode, day, {_NUMBERS} FROM counted
ON CONFLICT (merchant_id, livemode, day) DO UPDATE SET
    created = excluded.created, requires_payment = excluded.requires_payment, processing = excluded.processing,
    confirmed = excluded.confirmed, expired = excluded.expired, failed = excluded.failed,
    canceled = excluded.canceled, amount_sats = excluded.amount_sats, received_sats = excluded.received_sats,
    confirmed_sats = excluded.confirmed_sats
"""

_LOCK = "SELECT pg_try_advisory_xact_lock($1)"

# The days that are over and not stored yet, a month of a mode at a time.
_STORE_ENDED = f"""
WITH due AS (
    SELECT merchant_id, livemode, rolled_up_to AS since,
        least(((now() - $1::interval) AT TIME ZONE 'UTC')::date, rolled_up_to + $2::integer) AS until
    FROM merchant_modes
    WHERE rolled_up_to < ((now() - $1::interval) AT TIME ZONE 'UTC')::date
    ORDER BY rolled_up_to
    LIMIT $3
    FOR NO KEY UPDATE SKIP LOCKED
), counted AS (
    SELECT i.merchant_id, i.livemode, (i.created_at AT TIME ZONE 'UTC')::date AS day, {_COUNTED}
    FROM due
    JOIN payment_intents AS i ON i.merchant_id = due.merchant_id AND i.livemode = due.livemode
        AND i.created_at >= due.since::timestamp AT TIME ZONE 'UTC'
        AND i.created_at < due.until::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1, 2, 3
), stored AS ({_STORE})
UPDATE merchant_modes AS modes SET rolled_up_to = due.until
FROM due
WHERE modes.merchant_id = due.merchant_id AND modes.livemode = due.livemode
"""

# The days that were touched since they were stored.
_STORE_TOUCHED = f"""
WITH taken AS (
    DELETE FROM touched_days WHERE id IN (SELECT id FROM touched_days ORDER BY id LIMIT $1)
    RETURNING merchant_id, livemode, day
), counted AS (
    SELECT days.merchant_id, days.livemode, days.day, numbers.*
    FROM (SELECT DISTINCT merchant_id, livemode, day FROM taken) AS days
    CROSS JOIN LATERAL (
        SELECT {_COUNTED} FROM payment_intents AS i
        WHERE i.merchant_id = days.merchant_id AND i.livemode = days.livemode
            AND i.created_at >= days.day::timestamp AT TIME ZONE 'UTC'
            AND i.created_at < (days.day + 1)::timestamp AT TIME ZONE 'UTC'
    ) AS numbers
), stored AS ({_STORE})
SELECT count(*) FROM taken
"""

# The stored days that can be believed, and all others counted now.
_READ = f"""
WITH mode AS (
    SELECT rolled_up_to FROM merchant_modes WHERE merchant_id = $1::text::uuid AND livemode = $2
), touched AS (
    SELECT DISTINCT day FROM touched_days
    WHERE merchant_id = $1::text::uuid AND livemode = $2 AND day BETWEEN $3 AND $4
), uncounted AS (
    SELECT day FROM touched
    UNION
    SELECT days::date FROM mode, generate_series(greatest(mode.rolled_up_to, $3), $4, interval '1 day') AS days
)
SELECT day, {_NUMBERS} FROM merchant_days, mode
WHERE merchant_id = $1::text::uuid AND livemode = $2 AND day BETWEEN $3 AND $4 AND day < mode.rolled_up_to
    AND day NOT IN (SELECT day FROM touched)
UNION ALL
SELECT uncounted.day, numbers.*
FROM uncounted
CROSS JOIN LATERAL (
    SELECT {_COUNTED} FROM payment_intents AS i
    WHERE i.merchant_id = $1::text::uuid AND i.livemode = $2
        AND i.created_at >= uncounted.day::timestamp AT TIME ZONE 'UTC'
        AND i.created_at < (uncounted.day + 1)::timestamp AT TIME ZONE 'UTC'
) AS numbers
ORDER BY day
"""


async def read(connection: Connection, merchant_id: str, first: date, last: date, *, livemode: bool) -> list[Day]:
    """The days from `first` to `last`, both included, in order. Days without intents may be absent."""
    rows = await connection.fetch(_READ, merchant_id, livemode, first, last)
    return [_day(row) for row in rows]


async def store_ended(connection: Connection) -> int:
    """Count and store days that are over, for at most MAX_MODES_AT_ONCE modes of merchants.

    Returns:
        how many modes came further; 0 also if somebody else is counting.
    """
    async with connection.transaction():
        if not await connection.fetchval(_LOCK, ADVISORY_LOCK):
            return 0
        tag = await connection.execute(_STORE_ENDED, SETTLE, MAX_DAYS_AT_ONCE, MAX_MODES_AT_ONCE)
    return count_of(tag)


async def store_touched(connection: Connection) -> int:
    """Count touched days anew. Returns how many touches were removed; 0 also if somebody else is counting."""
    async with connection.transaction():
        if not await connection.fetchval(_LOCK, ADVISORY_LOCK):
            return 0
        return int(await connection.fetchval(_STORE_TOUCHED, MAX_TOUCHES_AT_ONCE) or 0)


def _day(row: Record) -> Day:
    numbers = {name: int(value) for name, value in row.items() if name != "day"}
    return Day(day=row["day"], **numbers)
