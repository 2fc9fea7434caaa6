"""Deliveries that wait for their endpoint: of a disabled one until it is enabled, and the surplus of a slow one.

`held` deliveries are out of the queue, so that nobody's claim has to walk past them. They are moved a few at a time; an
endpoint for which there may be something to move is marked by `tended_until`.
"""

import msgspec

from sgate.db.pool import Connection
from sgate.store.rows import count_of
from sgate.store.webhook_endpoints import TENDED_FOR


class Tended(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint to look after. `settled`: its last change is long enough ago that nothing new can come up."""

    id: str
    disabled: bool
    failing: bool
    settled: bool


_TENDED = """
SELECT id, disabled_at IS NOT NULL AS disabled, failing_since IS NOT NULL AS failing, tended_until <= now() AS settled
FROM webhook_endpoints
WHERE tended_until IS NOT NULL AND deleted_at IS NULL
ORDER BY random()  -- so that a hundred with much to move do not keep out the others
LIMIT $1
FOR NO KEY UPDATE SKIP LOCKED
"""

_TEND = "UPDATE webhook_endpoints SET tended_until = now() + $2 WHERE id = $1 AND deleted_at IS NULL"

_LEAVE = "UPDATE webhook_endpoints SET tended_until = NULL WHERE id = $1"

_DUE = """
SELECT count(*) FROM (
    SELECT 1 FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'pending' LIMIT $2
) AS waiting
"""

_ANY_HELD = "SELECT EXISTS (SELECT 1 FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'held')"

# Those under way are left alone. The longest due stay.
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


async def tended(connection: Connection, limit: int) -> list[Tended]:
    """Endpoints to look after, locked until the transaction ends; those that others look after are left out."""
    return [Tended(**dict(row)) for row in await connection.fetch(_TENDED, limit)]


async def tend(connection: Connection, endpoint_id: str) -> None:
    """Mark an endpoint: there may be deliveries to move."""
    await connection.execute(_TEND, endpoint_id, TENDED_FOR)


async def leave(connection: Connection, endpoint_id: str) -> None:
    """There is nothing left to move."""
    await connection.execute(_LEAVE, endpoint_id)


async def due(connection: Connection, endpoint_id: str, at_most: int) -> int:
    """How many of an endpoint's deliveries are in the queue; counted up to `at_most`."""
    return int(await connection.fetchval(_DUE, endpoint_id, at_most) or 0)


async def any_held(connection: Connection, endpoint_id: str) -> bool:
    """Whether there are deliveries of an endpoint that are held."""
    return bool(await connection.fetchval(_ANY_HELD, endpoint_id))


async def hold(connection: Connection, endpoint_id: str, *, keep: int, limit: int) -> int:
    """Take an endpoint's deliveries out of the queue, except `keep` and those under way. Returns how many."""
    return count_of(await connection.execute(_HOLD, endpoint_id, keep, limit))


async def release(connection: Connection, endpoint_id: str, limit: int) -> int:
    """Put held deliveries of an endpoint back, the oldest first. Returns how many."""
    return count_of(await connection.execute(_RELEASE, endpoint_id, limit))
