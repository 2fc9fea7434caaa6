"""Recoveries: requests of merchants to send the events of a period again. A few events are processed at a time."""

from datetime import datetime

import asyncpg
import msgspec

from sgate.db.pool import Connection


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """A request to send events to an endpoint again.

    Attributes:
        since: events created at this time or later are sent.
        until: events created before this time are sent.
        include_delivered: whether to send events again that the endpoint has already received.
        replayed: number of deliveries queued so far.
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

# Takes a few events, ordered by time. If the endpoint has no delivery of an event, a delivery is created. A failed
# delivery is sent again. A successful delivery is sent again only if the merchant requested it. All these deliveries
# start as held, so that they are sent at a pace that the endpoint can take. Deliveries that are already pending or held
# are not changed. Endpoint tests are excluded.
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
), resent AS (
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
    replayed = r.replayed + (SELECT count(*) FROM resent),
    finished_at = CASE WHEN (SELECT count(*) FROM chosen) < $2 THEN now() END
WHERE r.id = $1
RETURNING r.finished_at IS NOT NULL
"""


async def insert(connection: Connection, recovery: Recovery) -> bool:
    """Store a new recovery. Returns False if the endpoint has an unfinished recovery."""
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
    """Return a merchant's recovery, even if it is finished, or None if the merchant has no such recovery."""
    row = await connection.fetchrow(_GET, recovery_id, merchant_id, livemode)
    return None if row is None else Recovery(**dict(row))


async def next_open(connection: Connection) -> Recovery | None:
    """Lock the oldest unfinished recovery until the transaction ends and return it.

    Recoveries that other transactions have locked are skipped. Returns None if there is no other.
    """
    row = await connection.fetchrow(_NEXT)
    return None if row is None else Recovery(**dict(row))


async def step(connection: Connection, recovery_id: str, limit: int) -> bool:
    """Process the next `limit` events of a locked recovery. Returns whether it is finished."""
    return bool(await connection.fetchval(_STEP, recovery_id, limit))
