"""Events: append-only, numbered per intent, at most one `succeeded` each. Their deliveries are born with them."""

from datetime import datetime

import msgspec

from sgate.core.finality import View
from sgate.store.pool import Connection, Record
from sgate.store.rows import view_text


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A stored event. `payload` is its object, as it was then, as JSON; `sequence` numbers an intent's events."""

    id: str
    merchant_id: str
    livemode: bool
    type: str
    payment_intent_id: str | None
    sequence: int
    payload: bytes
    created_at: datetime


# An event and one delivery for each endpoint that wants it. Disabled endpoints get theirs too: held until enabled.
_APPEND = """
WITH event AS (
    INSERT INTO events (id, merchant_id, livemode, type, payment_intent_id, sequence, payload, view, created_at)
    VALUES ($1, $2::text::uuid, $3, $4, $5, $6, $7::text::json, $8::text::json, $9)
    RETURNING id, merchant_id, livemode, type, payment_intent_id, sequence
)
INSERT INTO webhook_deliveries (
    id, merchant_id, livemode, endpoint_id, event_id, payment_intent_id, sequence, next_attempt_at
)
SELECT 'whd_' || left(replace(gen_random_uuid()::text, '-', ''), 24), event.merchant_id, event.livemode, endpoints.id,
    event.id, event.payment_intent_id, event.sequence, now()
FROM event
JOIN webhook_endpoints AS endpoints ON endpoints.merchant_id = event.merchant_id
    AND endpoints.livemode = event.livemode AND endpoints.deleted_at IS NULL
    AND (endpoints.event_types = '{}' OR event.type = ANY (endpoints.event_types))
"""

_COLUMNS = "id, merchant_id::text, livemode, type, payment_intent_id, sequence, payload::text AS payload, created_at"

_LIST = f"""
SELECT {_COLUMNS} FROM events
WHERE merchant_id = $1::text::uuid AND livemode = $2 AND ($3::text IS NULL OR type = $3)
    AND ($4::text IS NULL OR payment_intent_id = $4) AND (created_at, id) < ($5, $6)
ORDER BY created_at DESC, id DESC
LIMIT $7
"""

_POSITION = "SELECT created_at FROM events WHERE id = $1 AND merchant_id = $2::text::uuid AND livemode = $3"

_GET = f"SELECT {_COLUMNS} FROM events WHERE id = $1 AND merchant_id = $2::text::uuid AND livemode = $3"


async def append(connection: Connection, event: Event, view: View | None) -> None:
    """Store an event and its deliveries."""
    await connection.execute(
        _APPEND,
        event.id,
        event.merchant_id,
        event.livemode,
        event.type,
        event.payment_intent_id,
        event.sequence,
        event.payload.decode(),
        None if view is None else view_text(view),
        event.created_at,
    )


async def list_before(
    connection: Connection,
    merchant_id: str,
    *,
    livemode: bool,
    event_type: str | None,
    intent_id: str | None,
    before: tuple[datetime, str],
    limit: int,
) -> list[Event]:
    """A merchant's events older than the position `before` (created_at, id), newest first."""
    rows = await connection.fetch(_LIST, merchant_id, livemode, event_type, intent_id, before[0], before[1], limit)
    return [_event(row) for row in rows]


async def position(connection: Connection, event_id: str, merchant_id: str, *, livemode: bool) -> datetime | None:
    """When this merchant's event happened, or None if it has no such event."""
    return await connection.fetchval(_POSITION, event_id, merchant_id, livemode)


async def get(connection: Connection, event_id: str, merchant_id: str, *, livemode: bool) -> Event | None:
    """One event of a merchant."""
    row = await connection.fetchrow(_GET, event_id, merchant_id, livemode)
    return None if row is None else _event(row)


def _event(row: Record) -> Event:
    return Event(
        id=row["id"],
        merchant_id=row["merchant_id"],
        livemode=row["livemode"],
        type=row["type"],
        payment_intent_id=row["payment_intent_id"],
        sequence=row["sequence"],
        payload=row["payload"].encode(),
        created_at=row["created_at"],
    )
