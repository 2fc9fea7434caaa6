"""A merchant's deliveries: listing them, and sending a delivery again."""

from datetime import datetime

import msgspec

from sgate.db.pool import Connection, Record


class LoggedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery and its event. If `endpoint_gone`, the endpoint is deleted or disabled: nothing can be sent to it."""

    id: str
    endpoint_id: str
    endpoint_url: str
    endpoint_gone: bool
    event_id: str
    event_type: str
    event_created_at: datetime
    livemode: bool
    sequence: int
    payload: bytes
    status: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    last_attempt: datetime | None
    last_error: str | None
    response_status: int | None
    delivered_at: datetime | None
    failed_at: datetime | None


class LoggedAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt and its response.

    Attributes:
        response_headers: the headers of the response, as JSON.
        response_body: the truncated body of the response. It is always valid text.
    """

    attempt: int
    url: str
    started_at: datetime
    duration_ms: int
    response_status: int | None
    response_headers: str | None
    response_body: str | None
    error: str | None


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter for deliveries. A field that is None matches every delivery."""

    endpoint_id: str | None = None
    event_id: str | None = None
    status: str | None = None


_COLUMNS = """
d.id, d.endpoint_id, e.url AS endpoint_url, (e.disabled_at IS NOT NULL OR e.deleted_at IS NOT NULL) AS endpoint_gone,
d.event_id, v.type AS event_type, v.created_at AS event_created_at, d.livemode, d.sequence, v.payload::text AS payload,
d.status, d.attempts, d.created_at, d.next_attempt_at, d.last_attempt, d.last_error, d.response_status, d.delivered_at,
d.failed_at
"""

# Newest first. Reads up to $7 deliveries of each endpoint with an index. This is cheap, because a merchant has few
# endpoints.
_LIST = f"""
SELECT {_COLUMNS}
FROM webhook_endpoints AS e
CROSS JOIN LATERAL (
    SELECT * FROM webhook_deliveries AS own
    WHERE own.endpoint_id = e.id AND (own.created_at, own.id) < ($3, $4)
        AND ($6::text IS NULL OR own.status = $6)
    ORDER BY own.created_at DESC, own.id DESC
    LIMIT $7
) AS d
JOIN events AS v ON v.id = d.event_id
WHERE e.merchant_id = $1::text::uuid AND e.livemode = $2 AND ($5::text IS NULL OR e.id = $5)
ORDER BY d.created_at DESC, d.id DESC
LIMIT $7
"""

# The deliveries of one event. The id of a delivery follows from the event and the endpoint, so each delivery takes one
# lookup in one month's partition.
_LIST_OF_EVENT = f"""
SELECT {_COLUMNS}
FROM events AS v
JOIN webhook_endpoints AS e ON e.merchant_id = v.merchant_id AND e.livemode = v.livemode
JOIN webhook_deliveries AS d ON d.id = delivery_id(v.id, e.id, v.created_at)
WHERE v.id = $8 AND v.merchant_id = $1::text::uuid AND v.livemode = $2 AND (d.created_at, d.id) < ($3, $4)
    AND ($5::text IS NULL OR e.id = $5) AND ($6::text IS NULL OR d.status = $6)
ORDER BY d.created_at DESC, d.id DESC
LIMIT $7
"""

_GET = f"""
SELECT {_COLUMNS}
FROM webhook_deliveries AS d
JOIN webhook_endpoints AS e ON e.id = d.endpoint_id
JOIN events AS v ON v.id = d.event_id
WHERE d.id = $1 AND d.merchant_id = $2::text::uuid AND d.livemode = $3
"""

_POSITION = """
SELECT created_at FROM webhook_deliveries WHERE id = $1 AND merchant_id = $2::text::uuid AND livemode = $3
"""

_ATTEMPTS = """
SELECT attempt, url, started_at, duration_ms, response_status, response_headers::text AS response_headers,
    response_body, error
FROM webhook_attempts WHERE delivery_id = $1 ORDER BY attempt
"""

# The retries start over with the first wait of the schedule. A delivery that is being sent at this moment is skipped.
_REDELIVER = """
UPDATE webhook_deliveries
SET status = 'pending', next_attempt_at = now(), attempts_before = attempts, delivered_at = NULL, failed_at = NULL,
    lease_token = NULL, leased_until = NULL
WHERE id = $1 AND (status <> 'pending' OR leased_until IS NULL OR leased_until <= now())
"""


async def list_of(
    connection: Connection,
    merchant_id: str,
    wanted: Filter,
    *,
    livemode: bool,
    before: tuple[datetime, str],
    limit: int,
) -> list[LoggedDelivery]:
    """Return a merchant's deliveries older than the position `before` (created_at, id), newest first."""
    arguments = [merchant_id, livemode, *before, wanted.endpoint_id, wanted.status, limit]
    if wanted.event_id is None:
        rows = await connection.fetch(_LIST, *arguments)
    else:
        rows = await connection.fetch(_LIST_OF_EVENT, *arguments, wanted.event_id)
    return [_delivery(row) for row in rows]


async def get(connection: Connection, delivery_id: str, merchant_id: str, *, livemode: bool) -> LoggedDelivery | None:
    """Return a merchant's delivery, or None if the merchant has no such delivery."""
    row = await connection.fetchrow(_GET, delivery_id, merchant_id, livemode)
    return None if row is None else _delivery(row)


async def position(connection: Connection, delivery_id: str, merchant_id: str, *, livemode: bool) -> datetime | None:
    """Return when a merchant's delivery was created, or None if the merchant has no such delivery."""
    return await connection.fetchval(_POSITION, delivery_id, merchant_id, livemode)


async def attempts(connection: Connection, delivery_id: str) -> list[LoggedAttempt]:
    """Return all attempts of a delivery, oldest first."""
    return [LoggedAttempt(**dict(row)) for row in await connection.fetch(_ATTEMPTS, delivery_id)]


async def redeliver(connection: Connection, delivery_id: str) -> None:
    """Schedule a delivery to be sent again immediately, unless it is being sent at this moment."""
    await connection.execute(_REDELIVER, delivery_id)


def _delivery(row: Record) -> LoggedDelivery:
    return LoggedDelivery(**{**dict(row), "payload": row["payload"].encode()})
