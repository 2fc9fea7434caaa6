"""The queue of webhook deliveries, which is their table.

A process claims deliveries before it sends them. The claimed deliveries are leased to the process for a limited time.
The result of an attempt is stored only with the token of the lease.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from sgate.db.pool import Connection, Record
from sgate.store.rows import count_of

WINDOW_FACTOR = 2
"""A claim reads a window of this many times the requested number of rows and chooses from it. Rows that cannot be
claimed now are excluded from the window: those that are held, leased or waiting for an earlier event, and those of an
endpoint at its cap. Otherwise they could fill the window, and no other rows would be claimed."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed delivery, and everything that an attempt needs.

    Attributes:
        attempt: number of this attempt, starting at 1.
        tries: number of earlier attempts since the delivery was created or last redelivered.
        previous_secret_encrypted: the endpoint's previous secret, with which the webhook is signed as well during a
            rotation, or None.
        failing_since: time since which no attempt to the endpoint has succeeded, or None while the endpoint works.
        payload: the event's object, as JSON.
        due_at: when the delivery was due.
    """

    id: str
    merchant_id: str
    endpoint_id: str
    attempt: int
    tries: int
    url: str
    livemode: bool
    secret_encrypted: bytes
    previous_secret_encrypted: bytes | None
    failing_since: datetime | None
    event_id: str
    event_type: str
    event_created_at: datetime
    sequence: int
    payload: bytes
    due_at: datetime


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an attempt, as it is stored. Exactly one of `delivered`, `failed` and `retry_in_s` is set.

    `retry_in_s` counts from the current time of the database. This clock also determines when a delivery is due.
    """

    delivery_id: str
    token: UUID
    attempt: int
    url: str
    started_at: datetime
    duration_ms: int
    response_status: int | None
    response_headers: str | None
    response_body: str | None
    error: str | None
    delivered: bool
    failed: bool
    retry_in_s: float | None


QUEUE_SETTINGS: Mapping[str, str] = {
    "synchronous_commit": "off",
    "enable_bitmapscan": "off",
    "enable_seqscan": "off",
}
"""PostgreSQL settings for the sessions that claim and complete deliveries.

The commits of these sessions do not wait for the disk. If a crash loses a commit, a webhook is sent again with the same
id, which is harmless. Rows are always found with an index, so that no more rows are read than needed. Otherwise the
planner, whose statistics are poor for a queue, would read the whole backlog each time."""

# `chosen` checks `next_attempt_at` to see whether a delivery is still pending, because no partial index has this
# condition. With a condition on `status`, the planner may scan all due rows to find the few chosen ones.
# First attempts keep the order of an intent's events: event n+1 waits until event n was tried once at this endpoint.
_CLAIM = """
WITH due AS (
    SELECT d.id, d.endpoint_id, d.next_attempt_at
    FROM webhook_deliveries AS d
    JOIN webhook_endpoints AS e ON e.id = d.endpoint_id AND e.disabled_at IS NULL AND e.deleted_at IS NULL
    WHERE d.status = 'pending' AND d.next_attempt_at <= now() AND (d.leased_until IS NULL OR d.leased_until <= now())
        AND d.endpoint_id <> ALL ($1::text[])
        AND (d.last_attempt IS NOT NULL OR NOT EXISTS (
            SELECT 1 FROM webhook_deliveries AS earlier
            WHERE earlier.payment_intent_id = d.payment_intent_id AND earlier.endpoint_id = d.endpoint_id
                AND earlier.sequence < d.sequence AND earlier.status IN ('pending', 'held')
                AND earlier.last_attempt IS NULL
        ))
    ORDER BY d.next_attempt_at
    LIMIT $4
), placed AS (
    SELECT due.id, due.next_attempt_at, coalesce(busy.in_flight, 0)
        + row_number() OVER (PARTITION BY due.endpoint_id ORDER BY due.next_attempt_at) AS place
    FROM due
    LEFT JOIN unnest($2::text[], $3::integer[]) AS busy (endpoint_id, in_flight) USING (endpoint_id)
), chosen AS (
    SELECT d.id FROM webhook_deliveries AS d
    WHERE d.id = ANY (ARRAY(SELECT id FROM placed WHERE place <= $5 ORDER BY place, next_attempt_at LIMIT $6))
        AND d.next_attempt_at IS NOT NULL AND (d.leased_until IS NULL OR d.leased_until <= now())
    FOR UPDATE SKIP LOCKED
)
UPDATE webhook_deliveries AS d
SET lease_token = $7, leased_until = now() + $8::interval
FROM chosen, webhook_endpoints AS e, events AS v
WHERE d.id = ANY (ARRAY(SELECT id FROM chosen)) AND d.id = chosen.id AND e.id = d.endpoint_id AND v.id = d.event_id
RETURNING d.id, d.merchant_id::text, d.endpoint_id, d.attempts, d.attempts_before, e.url, d.livemode,
    e.secret_encrypted,
    CASE WHEN e.previous_secret_until > now() THEN e.previous_secret_encrypted END AS previous_secret_encrypted,
    e.failing_since, d.event_id, v.type, v.created_at AS event_created_at, v.sequence, v.payload::text AS payload,
    d.next_attempt_at
"""

# Stores the results of a batch. A row is not changed if its token differs, because another process has taken the lease.
_COMPLETE = """
WITH result AS (
    SELECT t.* FROM unnest(
        $1::text[], $2::uuid[], $3::integer[], $4::text[], $5::timestamptz[], $6::integer[], $7::integer[], $8::text[],
        $9::text[], $10::text[], $11::boolean[], $12::boolean[], $13::float8[]
    ) AS t (
        id, token, attempt, url, started_at, duration_ms, response_status, response_headers, response_body, error,
        delivered, failed, retry_in_s
    )
), updated AS (
    UPDATE webhook_deliveries AS d
    SET status = CASE WHEN r.delivered THEN 'delivered' WHEN r.failed THEN 'failed' ELSE 'pending' END,
        next_attempt_at = now() + make_interval(secs => r.retry_in_s),
        lease_token = NULL, leased_until = NULL, attempts = r.attempt, last_attempt = r.started_at,
        last_error = r.error,
        response_status = r.response_status,
        delivered_at = CASE WHEN r.delivered THEN now() END, failed_at = CASE WHEN r.failed THEN now() END
    FROM result AS r
    WHERE d.id = r.id AND d.id = ANY ($1::text[]) AND d.lease_token = r.token AND d.status = 'pending'
    RETURNING d.id
)
INSERT INTO webhook_attempts (
    delivery_id, attempt, url, started_at, duration_ms, response_status, response_headers, response_body, error
)
SELECT r.id, r.attempt, r.url, r.started_at, r.duration_ms, r.response_status, r.response_headers::json,
    r.response_body, r.error
FROM result AS r JOIN updated USING (id)
ON CONFLICT (delivery_id, attempt) DO NOTHING
"""

# Ends an unused lease, as if the delivery had never been claimed.
_RELEASE = """
UPDATE webhook_deliveries
SET lease_token = NULL, leased_until = NULL
WHERE lease_token = $1 AND id = ANY ($2::text[]) AND status = 'pending'
"""

# Like _RELEASE, but the delivery becomes due later. For deliveries that cannot be sent now for a reason that is not the
# receiver's fault.
_POSTPONE = """
UPDATE webhook_deliveries
SET lease_token = NULL, leased_until = NULL, next_attempt_at = now() + $3::interval, last_error = $4
WHERE lease_token = $1 AND id = ANY ($2::text[]) AND status = 'pending'
"""

_BACKLOG = """
SELECT count(*) AS due, coalesce(extract(epoch FROM now() - min(next_attempt_at)), 0)::float8 AS oldest_s
FROM webhook_deliveries AS d
JOIN webhook_endpoints AS e ON e.id = d.endpoint_id AND e.disabled_at IS NULL AND e.deleted_at IS NULL
WHERE d.status = 'pending' AND d.next_attempt_at <= now()
"""


async def claim(
    connection: Connection,
    token: UUID,
    *,
    in_flight: Mapping[str, int],
    per_endpoint: int,
    limit: int,
    lease: timedelta,
) -> list[Delivery]:
    """Claim due deliveries with a lease. Must run in its own transaction, in a session with QUEUE_SETTINGS.

    Args:
        token: identifies the lease. The results must contain the same token.
        in_flight: number of running attempts for each endpoint.
        per_endpoint: maximum number of attempts for each endpoint, including the running ones.
        limit: maximum number of deliveries to claim.
        lease: how long no other process may claim the deliveries. Must exceed twice the maximum duration of an attempt.
    """
    saturated = [endpoint for endpoint, count in in_flight.items() if count >= per_endpoint]
    rows = await connection.fetch(
        _CLAIM,
        saturated,
        list(in_flight),
        list(in_flight.values()),
        WINDOW_FACTOR * limit,
        per_endpoint,
        limit,
        token,
        lease,
    )
    return [_delivery(row) for row in rows]


async def complete(connection: Connection, results: Sequence[Result]) -> int:
    """Store the results of attempts, except those whose lease has been lost. Returns the number of stored results."""
    columns = zip(*(msgspec.structs.astuple(result) for result in results), strict=True)
    tag = await connection.execute(_COMPLETE, *(list(column) for column in columns))
    return count_of(tag)


async def release(connection: Connection, token: UUID, delivery_ids: Sequence[str]) -> None:
    """Release claimed deliveries without an attempt."""
    await connection.execute(_RELEASE, token, delivery_ids)


async def postpone(
    connection: Connection, token: UUID, delivery_ids: Sequence[str], wait: timedelta, reason: str
) -> None:
    """Release claimed deliveries without an attempt. They become due again after `wait`."""
    await connection.execute(_POSTPONE, token, delivery_ids, wait, reason)


async def backlog(connection: Connection) -> Mapping[str, float]:
    """Return the number of due deliveries, and for how many seconds the oldest one has been due."""
    row = await connection.fetchrow(_BACKLOG)
    return {"due": row["due"], "oldest_s": row["oldest_s"]} if row else {"due": 0, "oldest_s": 0.0}


def _delivery(row: Record) -> Delivery:
    return Delivery(
        id=row["id"],
        merchant_id=row["merchant_id"],
        endpoint_id=row["endpoint_id"],
        attempt=row["attempts"] + 1,
        tries=row["attempts"] - row["attempts_before"],
        url=row["url"],
        livemode=row["livemode"],
        secret_encrypted=row["secret_encrypted"],
        previous_secret_encrypted=row["previous_secret_encrypted"],
        failing_since=row["failing_since"],
        event_id=row["event_id"],
        event_type=row["type"],
        event_created_at=row["event_created_at"],
        sequence=row["sequence"],
        payload=row["payload"].encode(),
        due_at=row["next_attempt_at"],
    )
