"""Parked deliveries: those of an endpoint that is disabled, and those that a slow endpoint cannot take yet.

Parked deliveries have the status `held` and are not in the queue, so that a worker that takes deliveries from the queue
does not have to skip them. They are moved out of the queue and back a few at a time. `tended_until` marks the endpoints
that may have deliveries to move.
"""

import msgspec

from sgate.db.pool import Connection
from sgate.store.rows import count_of
from sgate.store.webhook_endpoints import MARKED_FOR


class MarkedEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A marked endpoint.

    Attributes:
        failing: whether no attempt has succeeded at the endpoint since its last failure.
        settled: whether the endpoint's mark has expired. If so, no delivery with the wrong status can be added any
            more, because every transaction that began before the endpoint's last change has ended.
    """

    id: str
    disabled: bool
    failing: bool
    settled: bool


_LOCK_MARKED = """
SELECT id, disabled_at IS NOT NULL AS disabled, failing_since IS NOT NULL AS failing, tended_until <= now() AS settled
FROM webhook_endpoints
WHERE tended_until IS NOT NULL AND deleted_at IS NULL
ORDER BY random()  -- so that a hundred endpoints with much to move do not starve the others
LIMIT $1
FOR NO KEY UPDATE SKIP LOCKED
"""

_MARK = "UPDATE webhook_endpoints SET tended_until = now() + $2 WHERE id = $1 AND deleted_at IS NULL"

_UNMARK = "UPDATE webhook_endpoints SET tended_until = NULL WHERE id = $1"

_DUE = """
SELECT count(*) FROM (
    SELECT 1 FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'pending' LIMIT $2
) AS waiting
"""

_ANY_HELD = "SELECT EXISTS (SELECT 1 FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'held')"

# Skips deliveries that are being sent. Those that have been due for the longest time stay in the queue.
_HOLD = """
WITH surplus AS (
    SELECT id FROM webhook_deliveries
    WHERE endpoint_id = $1 AND status = 'pending' AND (leased_until IS NULL OR leased_until <= now())
    ORDER BY next_attempt_at
    OFFSET $2
    LIMIT $3
    FOR UPDATE SKIP LOCKED
)
UPDATE webhook_deliveries AS d
SET status = 'held', next_attempt_at = NULL, lease_token = NULL, leased_until = NULL
FROM surplus WHERE d.id = surplus.id
"""

_RELEASE = """
WITH oldest AS (
    SELECT id FROM webhook_deliveries
    WHERE endpoint_id = $1 AND status = 'held'
    ORDER BY created_at, sequence
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE webhook_deliveries AS d SET status = 'pending', next_attempt_at = now() FROM oldest WHERE d.id = oldest.id
"""


async def lock_marked(connection: Connection, limit: int) -> list[MarkedEndpoint]:
    """Lock marked endpoints until the transaction ends and return them.

    Endpoints that other transactions have locked are skipped.
    """
    return [MarkedEndpoint(**dict(row)) for row in await connection.fetch(_LOCK_MARKED, limit)]


async def mark(connection: Connection, endpoint_id: str) -> None:
    """Mark an endpoint, because there may be deliveries to move."""
    await connection.execute(_MARK, endpoint_id, MARKED_FOR)


async def unmark(connection: Connection, endpoint_id: str) -> None:
    """Remove an endpoint's mark, because there is nothing left to move."""
    await connection.execute(_UNMARK, endpoint_id)


async def due(connection: Connection, endpoint_id: str, at_most: int) -> int:
    """Return the number of an endpoint's deliveries in the queue, counted up to `at_most`."""
    return int(await connection.fetchval(_DUE, endpoint_id, at_most) or 0)


async def any_held(connection: Connection, endpoint_id: str) -> bool:
    """Return whether an endpoint has parked deliveries."""
    return bool(await connection.fetchval(_ANY_HELD, endpoint_id))


async def hold(connection: Connection, endpoint_id: str, *, keep: int, limit: int) -> int:
    """Park at most `limit` of an endpoint's deliveries. Returns the number of parked deliveries.

    Deliveries that are being sent stay in the queue. Of the others, the `keep` that have been due longest stay as well.
    """
    return count_of(await connection.execute(_HOLD, endpoint_id, keep, limit))


async def release(connection: Connection, endpoint_id: str, limit: int) -> int:
    """Put at most `limit` of an endpoint's parked deliveries back into the queue, oldest first.

    Returns the number of deliveries that were put back.
    """
    return count_of(await connection.execute(_RELEASE, endpoint_id, limit))
