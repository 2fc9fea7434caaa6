"""Events: append-only and numbered per intent. An intent has at most one `succeeded` event.

An event's deliveries are created together with the event.

Events are read in the order of their `position`. Positions are assigned while transactions run, but transactions may
commit in a different order. Therefore an event may still appear below a position that is already visible. A reader that
continues from a cursor must not read past the horizon. No new event can appear at or below the horizon.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from sgate.core.event import EventType
from sgate.core.finality import View
from sgate.db.pool import Connection, Record
from sgate.store.rows import view_text


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A stored event.

    Attributes:
        sequence: number of the event among the events of its intent.
        payload: the object at the time of the event, as JSON.
        object_id: id of the object if it is not a payment intent.
        position: assigned by the database.
    """

    id: str
    merchant_id: str
    livemode: bool
    type: str
    payment_intent_id: str | None
    sequence: int
    payload: bytes
    created_at: datetime
    object_id: str | None = None
    position: int = 0


_EVENT = """
    INSERT INTO events (
        id, merchant_id, livemode, type, payment_intent_id, sequence, payload, view, created_at, object_id
    )
    VALUES ($1, $2::text::uuid, $3, $4, $5, $6, $7::text::json, $8::text::json, $9, $10)
    RETURNING id, merchant_id, livemode, type, payment_intent_id, sequence, object_id, created_at
"""

# Stores an event and one delivery for each endpoint subscribed to it. If the event is about an endpoint, that endpoint
# gets no delivery. The deliveries to a disabled endpoint are held until the endpoint is enabled.
_APPEND = f"""
WITH event AS ({_EVENT})
INSERT INTO webhook_deliveries (
    id, merchant_id, livemode, endpoint_id, event_id, payment_intent_id, sequence, status, next_attempt_at, created_at
)
SELECT delivery_id(event.id, endpoints.id, event.created_at), event.merchant_id, event.livemode, endpoints.id,
    event.id, event.payment_intent_id, event.sequence,
    CASE WHEN endpoints.disabled_at IS NULL THEN 'pending' ELSE 'held' END,
    CASE WHEN endpoints.disabled_at IS NULL THEN now() END, event.created_at
FROM event
JOIN webhook_endpoints AS endpoints ON endpoints.merchant_id = event.merchant_id
    AND endpoints.livemode = event.livemode AND endpoints.deleted_at IS NULL
    AND (endpoints.event_types = '{{}}' OR event.type = ANY (endpoints.event_types))
    AND endpoints.id IS DISTINCT FROM event.object_id
"""

# Stores an event and its delivery to one endpoint, regardless of the event types that the endpoint subscribes to.
_APPEND_FOR = f"""
WITH event AS ({_EVENT})
INSERT INTO webhook_deliveries (id, merchant_id, livemode, endpoint_id, event_id, sequence, next_attempt_at, created_at)
SELECT delivery_id(event.id, $11, event.created_at), event.merchant_id, event.livemode, $11, event.id, event.sequence,
    now(), event.created_at
FROM event
RETURNING id
"""

_COLUMNS = """
id, merchant_id::text, livemode, type, payment_intent_id, sequence, payload::text AS payload, created_at, object_id,
position
"""

# The object of an event is its payment intent or the object whose id is `object_id`.
_MATCHES = """
merchant_id = $1::text::uuid AND livemode = $2 AND ($3::text IS NULL OR type = $3)
    AND ($4::text IS NULL OR payment_intent_id = $4 OR object_id = $4)
    AND created_at >= $5 AND created_at < $6
    AND position > $7 AND position <= $8
"""

_NEWEST = f"SELECT {_COLUMNS} FROM events WHERE {_MATCHES} ORDER BY position DESC LIMIT $9"
_OLDEST = f"SELECT {_COLUMNS} FROM events WHERE {_MATCHES} ORDER BY position LIMIT $9"

_POSITION = "SELECT position FROM events WHERE id = $1 AND merchant_id = $2::text::uuid AND livemode = $3"

_TYPES_OF = """
SELECT payment_intent_id, array_agg(type ORDER BY sequence) AS types
FROM events WHERE payment_intent_id = ANY ($1::text[]) GROUP BY payment_intent_id
"""

_NUMBERS = """
SELECT type, count(*) AS number FROM events WHERE payment_intent_id = $1 OR object_id = $1 GROUP BY type
"""

_ABOUT = "SELECT object_id FROM events WHERE object_id = ANY ($1::text[]) AND type = $2"

_GET = f"SELECT {_COLUMNS} FROM events WHERE id = $1 AND merchant_id = $2::text::uuid AND livemode = $3"

# The statement first reads the last assigned position. Then it reads the lower bounds that writers still hold as locks.
# The order matters: a writer that takes its lock after the first read gets a position above the last assigned one. The
# lower 48 bits of a lock's key are the bound (see migration 0004).
HORIZON = """
WITH reached AS MATERIALIZED (SELECT last_value FROM events_position)
SELECT least(reached.last_value, (
    SELECT min((classid::bigint << 32 | objid::bigint) & ((1::bigint << 48) - 1))
    FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = 21319 AND reached.last_value IS NOT NULL
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
))
FROM reached
"""


class Matching(msgspec.Struct, frozen=True, kw_only=True):
    """A filter for a merchant's events. It matches events that were created at `since` or later, but before `until`.

    If `event_type` or `object_id` is None, it matches any type or any object.
    """

    event_type: str | None
    object_id: str | None
    since: datetime
    until: datetime


async def append(connection: Connection, event: Event, view: View | None) -> None:
    """Store an event and a delivery for each endpoint subscribed to it."""
    await connection.execute(_APPEND, *_values(event, view))


async def append_for(connection: Connection, event: Event, endpoint_id: str) -> str:
    """Store an event and its delivery to one endpoint. Returns the id of the delivery."""
    return str(await connection.fetchval(_APPEND_FOR, *_values(event, None), endpoint_id))


async def numbers(connection: Connection, object_id: str) -> dict[str, int]:
    """Return how many events of each type exist about an intent or another object."""
    return {row["type"]: row["number"] for row in await connection.fetch(_NUMBERS, object_id)}


async def about(connection: Connection, object_ids: Sequence[str], event_type: EventType) -> set[str]:
    """Return those of the given objects (not intents) for which an event of this type exists."""
    return {row["object_id"] for row in await connection.fetch(_ABOUT, object_ids, event_type)}


async def horizon(connection: Connection) -> int:
    """Return the horizon: a statement that starts now sees every event that will ever exist up to this position.

    Must not run inside a repeatable-read or serializable transaction, because its snapshot may be older.
    """
    return int(await connection.fetchval(HORIZON) or 0)


async def newest(
    connection: Connection,
    merchant_id: str,
    matching: Matching,
    *,
    livemode: bool,
    after: int,
    up_to: int,
    limit: int,
) -> list[Event]:
    """Return a merchant's events with `after` < position <= `up_to`, newest first."""
    return await _between(connection, _NEWEST, merchant_id, livemode, matching, after, up_to, limit)


async def oldest(
    connection: Connection,
    merchant_id: str,
    matching: Matching,
    *,
    livemode: bool,
    after: int,
    up_to: int,
    limit: int,
) -> list[Event]:
    """Return a merchant's events with `after` < position <= `up_to`, oldest first."""
    return await _between(connection, _OLDEST, merchant_id, livemode, matching, after, up_to, limit)


async def position(connection: Connection, event_id: str, merchant_id: str, *, livemode: bool) -> int | None:
    """Return the position of a merchant's event, or None if the merchant has no such event."""
    return await connection.fetchval(_POSITION, event_id, merchant_id, livemode)


async def get(connection: Connection, event_id: str, merchant_id: str, *, livemode: bool) -> Event | None:
    """Return a merchant's event, or None if the merchant has no such event."""
    row = await connection.fetchrow(_GET, event_id, merchant_id, livemode)
    return None if row is None else _event(row)


async def _between(
    connection: Connection,
    statement: str,
    merchant_id: str,
    livemode: bool,
    matching: Matching,
    after: int,
    up_to: int,
    limit: int,
) -> list[Event]:
    rows = await connection.fetch(
        statement, merchant_id, livemode, *msgspec.structs.astuple(matching), after, up_to, limit
    )
    return [_event(row) for row in rows]


def _values(event: Event, view: View | None) -> Sequence[object]:
    return (
        event.id,
        event.merchant_id,
        event.livemode,
        event.type,
        event.payment_intent_id,
        event.sequence,
        event.payload.decode(),
        None if view is None else view_text(view),
        event.created_at,
        event.object_id,
    )


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
        object_id=row["object_id"],
        position=row["position"],
    )


async def types_of(connection: Connection, intent_ids: Sequence[str]) -> dict[str, tuple[EventType, ...]]:
    """Return the types of each intent's events, in the order of the events."""
    rows = await connection.fetch(_TYPES_OF, intent_ids)
    return {row["payment_intent_id"]: tuple(map(EventType, row["types"])) for row in rows}
