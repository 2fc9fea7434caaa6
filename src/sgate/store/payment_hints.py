"""Hints: transactions that a client says will pay an intent. They are not trusted: the watcher looks up each one."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from sgate.db.pool import Connection
from sgate.store.rows import count_of


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """A hint to look up. `looks` is how often it has been looked up before."""

    intent_id: str
    tx_id: str
    looks: int


# Stores at most $4 hints per intent. Ended hints count too, so that a client that knows the intent's id cannot cause
# more lookups.
_ADD = """
INSERT INTO payment_hints (payment_intent_id, tx_id, livemode, next_look_at, hinted_at)
SELECT $1::text, $2, $3, $5, $5
WHERE (SELECT count(*) FROM payment_hints WHERE payment_intent_id = $1::text) < $4
ON CONFLICT DO NOTHING
"""

# Looks up an ended hint again, because the client repeated it. The wait grows as for other lookups. If the payment is
# in a block, there is nothing to look up.
_REPEAT = """
UPDATE payment_hints AS h
SET hinted_at = $3, next_look_at = $3::timestamptz + least($4::interval * power(2, least(looks, 10)), $5::interval)
WHERE payment_intent_id = $1 AND tx_id = $2 AND next_look_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM payments AS p WHERE p.livemode = h.livemode AND p.tx_id = h.tx_id AND p.status = 'included'
)
"""

# Orphaned payments to look up. They count as checked once, so that new hints still come first. An intent may have any
# number of payments, because anyone can send some, but at most $4 of their transactions are looked up.
_LOOK_UP_ORPHANED = """
INSERT INTO payment_hints AS h (payment_intent_id, tx_id, livemode, looks, next_look_at, hinted_at)
SELECT payment_intent_id, tx_id, $1, 1, $3, $3 FROM (
    SELECT payment_intent_id, tx_id, row_number() OVER (
        PARTITION BY payment_intent_id ORDER BY min(first_mined_at), tx_id
    ) AS place
    FROM payments AS p
    WHERE livemode = $1 AND payment_intent_id = ANY ($2::text[]) AND status = 'orphaned' AND dropped_at IS NULL
    GROUP BY payment_intent_id, tx_id
) AS orphaned
WHERE place <= $4
ORDER BY payment_intent_id, tx_id
ON CONFLICT (payment_intent_id, tx_id) DO UPDATE
SET looks = 1, next_look_at = excluded.next_look_at, hinted_at = excluded.hinted_at
WHERE h.next_look_at IS NULL
"""

_KNOWN = "SELECT EXISTS (SELECT 1 FROM payment_hints WHERE payment_intent_id = $1 AND tx_id = $2)"

_DUE = """
SELECT payment_intent_id, tx_id, looks
FROM payment_hints
WHERE livemode = $1 AND next_look_at <= $2
ORDER BY looks, next_look_at
LIMIT $3
"""

_RESCHEDULE = """
UPDATE payment_hints
SET looks = looks + 1, next_look_at = CASE WHEN hinted_at > $4 THEN $3::timestamptz END
WHERE payment_intent_id = $1 AND tx_id = $2
RETURNING next_look_at IS NULL
"""

_END = """
UPDATE payment_hints SET looks = looks + 1, next_look_at = NULL WHERE payment_intent_id = $1 AND tx_id = $2
"""

_END_MINED = "UPDATE payment_hints SET next_look_at = NULL WHERE tx_id = $1 AND next_look_at IS NOT NULL"


async def add(connection: Connection, intent_id: str, tx_id: str, limit: int, now: datetime, *, livemode: bool) -> bool:
    """Store a hint. Returns False if the intent already has `limit` other hints."""
    if count_of(await connection.execute(_ADD, intent_id, tx_id, livemode, limit, now)):
        return True
    return bool(await connection.fetchval(_KNOWN, intent_id, tx_id))


async def repeat(
    connection: Connection, intent_id: str, tx_id: str, now: datetime, first_wait: timedelta, longest_wait: timedelta
) -> None:
    """Look up an ended hint again, unless its payment is in a block."""
    await connection.execute(_REPEAT, intent_id, tx_id, now, first_wait, longest_wait)


async def look_up_orphaned(
    connection: Connection, intent_ids: Collection[str], limit: int, now: datetime, *, livemode: bool
) -> None:
    """Look up the transactions of orphaned payments of these intents as if they had been hinted, `limit` per intent."""
    await connection.execute(_LOOK_UP_ORPHANED, livemode, sorted(intent_ids), now, limit)


async def due(connection: Connection, now: datetime, limit: int, *, livemode: bool) -> list[Hint]:
    """Return the hints to look up now. Those looked up least often come first.

    Because of this order, invented hints do not delay the lookup of a transaction that a wallet has just sent.
    """
    rows = await connection.fetch(_DUE, livemode, now, limit)
    return [Hint(intent_id=row["payment_intent_id"], tx_id=row["tx_id"], looks=row["looks"]) for row in rows]


async def reschedule(connection: Connection, hint: Hint, at: datetime, hinted_after: datetime) -> bool:
    """Schedule a hint to be looked up again at `at`.

    If the hint was given at `hinted_after` or earlier, it is ended instead, and the result is False.
    """
    return not await connection.fetchval(_RESCHEDULE, hint.intent_id, hint.tx_id, at, hinted_after)


async def end(connection: Connection, ended: Sequence[Hint]) -> None:
    """Stop looking up hints, because their transactions need no further lookup."""
    await connection.executemany(_END, [(hint.intent_id, hint.tx_id) for hint in ended])


async def end_mined(connection: Connection, tx_id: str) -> None:
    """Stop looking up a transaction's hints, because it was mined and its payments are recorded."""
    await connection.execute(_END_MINED, tx_id)
