"""Recoveries: a merchant asked for the events of some time once more. Worked off a few events at a time."""

from datetime import datetime

import asyncpg
import msgspec

from sgate.db.pool import Connection


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """Send an endpoint the events of [since, until) once more; those it has received only if `include_delivered`.

    `replayed`: how many deliveries that has made so far.
    """

    id: str
    merchant_id: str
    livemode: bool
    endpoint_id: str
    since: datetime
    until: datetime
    include_delivered: bool
    created_at: datetime
    replayed: int = 0
    finished_at: datetime | None = None


_INSERT = """
INSERT INTO webhook_recoveries (
    id, merchant_id, livemode, endpoint_id, since, until, include_delivered, created_at, reached_at
)
VALUES ($1, $2::text::uuid, $3, $4, $5, $6, $7, $8, $5)
"""

_SELECT = """
SELECT id, merchant_id::text, livemode, endpoint_id, since, until, include_delivered, created_at, replayed,
    finished_at
FROM webhook_recoveries
"""

_GET = f"{_SELECT} WHERE id = $1 AND merchant_id = $2::text::uuid AND livemode = $3"

_NEXT = f"""
{_SELECT}
WHERE finished_at IS NULL
ORDER BY created_at
LIMIT 1
FOR UPDATE SKIP LOCKED
"""

# A few events in the order of their time. What the endpoint never had gets a delivery, what failed (or, if asked for,
# was delivered) is sent anew; all of them held, so that they leave at the pace that the endpoint can take. What waits
# or is under way is left alone; tests of other endpoints are left out.
_STEP = """
WITH recovery AS (
    SELECT r.*, e.event_types FROM webhook_recoveries AS r JOIN webhook_endpoints AS e ON e.id = r.endpoint_id
    WHERE r.id = $1 AND e.deleted_at IS NULL
), chosen AS (
    SELECT v.id, v.merchant_id, v.livemode, v.type, v.payment_intent_id, v.sequence, v.created_at
    FROM recovery AS r
    JOIN events AS v ON v.merchant_id = r.merchant_id AND v.livemode = r.livemode
        AND (v.created_at, v.id) > (r.reached_at, r.reached_id) AND v.created_at < r.until
    ORDER BY v.created_at, v.id
    LIMIT $2
), anew AS (
    INSERT INTO webhook_deliveries AS d (
        id, merchant_id, livemode, endpoint_id, event_id, payment_intent_id, sequence, status, next_attempt_at,
        created_at
    )
    SELECT delivery_id(chosen.id, recovery.endpoint_id, chosen.created_at), chosen.merchant_id, chosen.livemode,
        recovery.endpoint_id, chosen.id, chosen.payment_intent_id, chosen.sequence, 'held', NULL, chosen.created_at
    FROM recovery, chosen
    WHERE (recovery.event_types = '{}' OR chosen.type = ANY (recovery.event_types))
        AND chosen.type <> 'webhook_endpoint.test'
    ON CONFLICT (id) DO UPDATE
        SET status = 'held', attempts_before = d.attempts, delivered_at = NULL, failed_at = NULL
        WHERE d.status = 'failed' OR (d.status = 'delivered' AND (SELECT include_delivered FROM recovery))
    RETURNING d.id
)
UPDATE webhook_recoveries AS r
SET (reached_at, reached_id) = (
        SELECT created_at, id
        FROM (SELECT created_at, id FROM chosen UNION ALL SELECT r.reached_at, r.reached_id) AS past
        ORDER BY created_at DESC, id DESC LIMIT 1
    ),
    replayed = r.replayed + (SELECT count(*) FROM anew),
    finished_at = CASE WHEN (SELECT count(*) FROM chosen) < $2 THEN now() END
WHERE r.id = $1
RETURNING r.finished_at IS NOT NULL
"""


async def insert(connection: Connection, recovery: Recovery) -> bool:
    """Store a new recovery. False if the endpoint has one that is not finished."""
    try:
        async with connection.transaction():
            await connection.execute(
                _INSERT,
                recovery.id,
                recovery.merchant_id,
                recovery.livemode,
                recovery.endpoint_id,
                recovery.since,
                recovery.until,
                recovery.include_delivered,
                recovery.created_at,
            )
    except asyncpg.UniqueViolationError:
        return False
    return True


async def get(connection: Connection, recovery_id: str, merchant_id: str, *, livemode: bool) -> Recovery | None:
    """A recovery of a merchant, also one that is finished."""
    row = await connection.fetchrow(_GET, recovery_id, merchant_id, livemode)
    return None if row is None else Recovery(**dict(row))


async def next_open(connection: Connection) -> Recovery | None:
    """The oldest recovery that is not finished, locked until the transaction ends; not one that others work on."""
    row = await connection.fetchrow(_NEXT)
    return None if row is None else Recovery(**dict(row))


async def step(connection: Connection, recovery_id: str, limit: int) -> bool:
    """Take the next `limit` events of a recovery that is locked. Returns whether it is finished."""
    return bool(await connection.fetchval(_STEP, recovery_id, limit))
