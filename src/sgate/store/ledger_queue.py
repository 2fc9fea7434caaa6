"""The ledger's queue: intents waiting for a decision."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sgate.core.finality import MAX_BITCOIN_BLOCKS, MAX_TENURE_CHANGES, View
from sgate.db.pool import Connection
from sgate.store.rows import count_of

# DO UPDATE waits for a ledger that is just deleting the row, and then inserts it again. With DO NOTHING, the intent
# would not be queued again.
_QUEUE = """
INSERT INTO ledger_queue AS q (payment_intent_id, livemode)
SELECT id, $1 FROM unnest($2::text[]) AS t (id) ORDER BY id
ON CONFLICT (payment_intent_id) DO UPDATE SET generation = q.generation + 1
"""

_QUEUE_DUE = """
INSERT INTO ledger_queue AS q (payment_intent_id, livemode)
SELECT id, livemode FROM (
    (SELECT id, livemode FROM payment_intents
     WHERE livemode = $1 AND next_check_height <= $2 AND NOT EXISTS (
         SELECT 1 FROM ledger_queue WHERE payment_intent_id = payment_intents.id
     ) ORDER BY next_check_height LIMIT $4)
    UNION
    (SELECT id, livemode FROM payment_intents
     WHERE livemode = $1 AND next_check_time < $3 AND NOT EXISTS (
         SELECT 1 FROM ledger_queue WHERE payment_intent_id = payment_intents.id
     ) ORDER BY next_check_time LIMIT $4)
) AS due
ORDER BY id
ON CONFLICT (payment_intent_id) DO NOTHING
"""

# Reads only the ends of two indexes. With EXISTS, the planner would assume that a third of all rows match and would
# scan the table.
_HAS_DUE = """
SELECT (SELECT min(next_check_time) FROM payment_intents WHERE livemode = $1 AND next_check_time IS NOT NULL) < $2
    OR (SELECT min(next_check_height) FROM payment_intents WHERE livemode = $1 AND next_check_height IS NOT NULL) <= $3
"""

# Queues the intents of payments that may have been final because of tenure changes or Bitcoin blocks, but may not be
# deep enough in the new view. The depths are those of the strictest policy allowed.
_QUEUE_FALLEN = """
INSERT INTO ledger_queue AS q (payment_intent_id, livemode)
SELECT DISTINCT p.payment_intent_id, p.livemode FROM payments p
WHERE p.livemode = $1 AND p.status = 'included' AND p.payment_intent_id IS NOT NULL
    AND (p.tenure_height > $2 OR p.bitcoin_height > $3)
ORDER BY p.payment_intent_id
ON CONFLICT (payment_intent_id) DO UPDATE SET generation = q.generation + 1
"""

_TAKE = """
SELECT payment_intent_id FROM ledger_queue
WHERE livemode = $1 AND queued_at <= now()
ORDER BY queued_at
LIMIT 1
FOR UPDATE SKIP LOCKED
"""

_POSTPONE = """
UPDATE ledger_queue SET queued_at = now() + $2::interval, undecided_since = coalesce(undecided_since, now())
WHERE payment_intent_id = $1
"""

_UNDECIDED = """
SELECT payment_intent_id FROM ledger_queue
WHERE payment_intent_id = ANY ($1::text[]) AND undecided_since IS NOT NULL
"""

_COUNT_UNDECIDED = "SELECT count(*) FROM ledger_queue WHERE undecided_since IS NOT NULL"

_DONE = "DELETE FROM ledger_queue WHERE payment_intent_id = $1"

_QUEUED = "SELECT payment_intent_id FROM ledger_queue WHERE payment_intent_id = ANY ($1::text[])"

_LENGTH = "SELECT count(*) FROM ledger_queue WHERE livemode = $1"


async def queue(connection: Connection, intent_ids: Iterable[str], *, livemode: bool) -> None:
    """Queue intents for a new decision."""
    await connection.execute(_QUEUE, livemode, sorted(set(intent_ids)))


async def queue_due(connection: Connection, view: View, limit: int, *, livemode: bool, deadlines: bool = True) -> int:
    """Queue at most `limit` intents whose height threshold the view has reached, and as many with a passed deadline.

    Args:
        deadlines: whether to queue the intents with a passed deadline.

    Returns:
        the number of intents queued.
    """
    time = view.time if deadlines else None
    tag = await connection.execute(_QUEUE_DUE, livemode, view.height, time, limit)
    return count_of(tag)


async def has_due(connection: Connection, view: View, *, livemode: bool) -> bool:
    """Return whether the view has passed any intent's deadline or reached any intent's height threshold."""
    return bool(await connection.fetchval(_HAS_DUE, livemode, view.time, view.height))


async def queue_unfinal(connection: Connection, view: View, *, livemode: bool) -> int:
    """Queue the intents that may no longer be final after a reorganization that lost tenures or Bitcoin blocks."""
    lowest_tenure, lowest_bitcoin = view.tenure_height - MAX_TENURE_CHANGES, view.bitcoin_height - MAX_BITCOIN_BLOCKS
    return count_of(await connection.execute(_QUEUE_FALLEN, livemode, lowest_tenure, lowest_bitcoin))


async def take(connection: Connection, *, livemode: bool) -> str | None:
    """Lock the queue row of the next waiting intent and return the intent's id, or None if no intent is waiting.

    Call `done` in the same transaction to remove the intent from the queue.
    """
    return await connection.fetchval(_TAKE, livemode)


async def done(connection: Connection, intent_id: str) -> None:
    """Remove an intent from the queue, because its decision is made."""
    await connection.execute(_DONE, intent_id)


async def postpone(connection: Connection, intent_id: str, delay: timedelta) -> None:
    """Postpone an intent that cannot be decided, so that it does not block the others."""
    await connection.execute(_POSTPONE, intent_id, delay)


async def queued(connection: Connection, intent_ids: Sequence[str]) -> set[str]:
    """Return those of the given intents that are waiting for a decision."""
    return {row["payment_intent_id"] for row in await connection.fetch(_QUEUED, intent_ids)}


async def undecided(connection: Connection, intent_ids: Sequence[str]) -> set[str]:
    """Return those of the given intents that the ledger has tried to decide without success."""
    return {row["payment_intent_id"] for row in await connection.fetch(_UNDECIDED, intent_ids)}


async def count_undecided(connection: Connection) -> int:
    """Return the number of intents of both modes that the ledger has tried to decide without success."""
    return int(await connection.fetchval(_COUNT_UNDECIDED) or 0)


async def length(connection: Connection, *, livemode: bool) -> int:
    """Return the number of intents that are waiting for a decision."""
    return int(await connection.fetchval(_LENGTH, livemode) or 0)
