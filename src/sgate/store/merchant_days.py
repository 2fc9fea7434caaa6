"""Daily numbers: what became of the intents that a merchant made on a day (UTC).

When an hour is over for a while, its day so far is counted and stored in `merchant_days`; `rolled_up_to` is the end of
the newest such hour. If an intent of such an hour is made or changes later (late money, a reorganisation, a
clock that was behind), the change writes a row into `touched_days` in its own transaction, and the day's row is not
believed until it is counted anew. Counting is one statement, and so one snapshot: the touches that it removes are
exactly those whose changes it has counted. Reading adds what is not stored (the last hours, touched days) by counting
it, so that the numbers are always exact, whether anybody keeps house or not.
"""

from datetime import date, timedelta

import msgspec

from sgate.db.pool import Connection, Record
from sgate.store.rows import count_of

UNTOUCHED = timedelta(hours=1)
"""Changes of an intent are not noted until the hour in which it was made is over for so long: most end before."""

SETTLE = UNTOUCHED + timedelta(hours=1)
"""An hour is stored only so long after its end. What exceeds UNTOUCHED is longer than any transaction runs."""

MAX_DAYS_AT_ONCE = 31
MAX_MODES_AT_ONCE = 50
MAX_TOUCHES_AT_ONCE = 500
ADVISORY_LOCK = 0x5347_4154_4530
"""Held while counting: of two who count a day at the same time the slower one would store older numbers."""

STORABLE = f"date_trunc('hour', now() - interval '{UNTOUCHED.seconds} seconds', 'UTC')"
"""SQL: who makes or changes an intent made before this must touch its day: its hour may be stored already, or soon."""


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

# The hours that are over and not stored yet, at most a month of a mode at a time. Their days are counted from midnight,
# so that whatever was stored before is mended. LATERAL: the planner must see how short the time is.
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

# The days that were touched since they were stored, as far as they are stored.
_STORE_TOUCHED = f"""
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

# What is stored and can be believed, what was made since, and touched days as a whole. A day may come twice.
_READ = f"""
WITH touched AS (
    SELECT DISTINCT day FROM touched_days
    WHERE merchant_id = $1::text::uuid AND livemode = $2 AND day BETWEEN $3 AND $4
)
SELECT day, {_NUMBERS} FROM merchant_days
WHERE merchant_id = $1::text::uuid AND livemode = $2 AND day BETWEEN $3 AND $4
    AND day NOT IN (SELECT day FROM touched)
UNION ALL
SELECT (i.created_at AT TIME ZONE 'UTC')::date, {_COUNTED} FROM payment_intents AS i
WHERE i.merchant_id = $1::text::uuid AND i.livemode = $2
    AND i.created_at >= (
        SELECT greatest(rolled_up_to, $3::timestamp AT TIME ZONE 'UTC') FROM merchant_modes
        WHERE merchant_id = $1::text::uuid AND livemode = $2
    )
    AND i.created_at < ($4::date + 1)::timestamp AT TIME ZONE 'UTC'
    AND (i.created_at AT TIME ZONE 'UTC')::date NOT IN (SELECT day FROM touched)
GROUP BY 1
UNION ALL
SELECT touched.day, numbers.*
FROM touched
CROSS JOIN LATERAL (
    SELECT {_COUNTED} FROM payment_intents AS i
    WHERE i.merchant_id = $1::text::uuid AND i.livemode = $2
        AND i.created_at >= touched.day::timestamp AT TIME ZONE 'UTC'
        AND i.created_at < (touched.day + 1)::timestamp AT TIME ZONE 'UTC'
) AS numbers
"""


async def read(connection: Connection, merchant_id: str, first: date, last: date, *, livemode: bool) -> list[Day]:
    """The days from `first` to `last`, both included, in order. Days without intents may be absent."""
    days: dict[date, Day] = {}
    for row in await connection.fetch(_READ, merchant_id, livemode, first, last):
        day = _day(row)
        known = days.get(day.day)
        days[day.day] = day if known is None else _sum(known, day)
    return [days[day] for day in sorted(days)]


async def store_ended(connection: Connection, share: float = 1.0) -> int:
    """Count and store hours that are over, for at most MAX_MODES_AT_ONCE modes of merchants.

    Args:
        share: of what is counted at once at most, in (0, 1]; never less than a day of one mode.

    Returns:
        how many modes came further; 0 also if somebody else is counting.

    Raises:
        asyncpg.QueryCanceledError: if that takes longer than a statement may.
    """
    days, modes = (max(1, int(share * most)) for most in (MAX_DAYS_AT_ONCE, MAX_MODES_AT_ONCE))
    async with connection.transaction():
        if not await connection.fetchval(_LOCK, ADVISORY_LOCK):
            return 0
        tag = await connection.execute(_STORE_ENDED, SETTLE, days, modes)
    return count_of(tag)


async def store_touched(connection: Connection) -> int:
    """Count touched days anew. Returns how many touches were removed; 0 also if somebody else is counting."""
    async with connection.transaction():
        if not await connection.fetchval(_LOCK, ADVISORY_LOCK):
            return 0
        return int(await connection.fetchval(_STORE_TOUCHED, MAX_TOUCHES_AT_ONCE) or 0)


def _day(row: Record) -> Day:
    return Day(day=row["day"], **{name: int(row[name]) for name in _NAMES})


def _sum(one: Day, other: Day) -> Day:
    return Day(day=one.day, **{name: getattr(one, name) + getattr(other, name) for name in _NAMES})
