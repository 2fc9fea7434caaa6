"""Webhook endpoints: where a merchant wants to be told, and what about. Secrets are stored encrypted."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from sgate.store.pool import Connection, Record


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A stored endpoint. Empty `event_types` means all; `disabled_at` holds its deliveries back."""

    id: str
    merchant_id: str
    livemode: bool
    url: str
    description: str | None
    event_types: tuple[str, ...]
    secret_encrypted: bytes
    created_at: datetime
    disabled_at: datetime | None = None
    disabled_reason: str | None = None


_INSERT = """
INSERT INTO webhook_endpoints (id, merchant_id, livemode, url, description, event_types, secret_encrypted, created_at)
VALUES ($1, $2::text::uuid, $3, $4, $5, $6, $7, $8)
"""

_COUNT = """
SELECT count(*) FROM webhook_endpoints WHERE merchant_id = $1::text::uuid AND livemode = $2 AND deleted_at IS NULL
"""

_LIST = """
SELECT id, merchant_id::text, livemode, url, description, event_types, secret_encrypted, created_at, disabled_at,
       disabled_reason
FROM webhook_endpoints
WHERE merchant_id = $1::text::uuid AND livemode = $2 AND deleted_at IS NULL
ORDER BY created_at DESC, id DESC
"""

_DELETE = """
UPDATE webhook_endpoints SET deleted_at = now()
WHERE id = $1 AND merchant_id = $2::text::uuid AND livemode = $3 AND deleted_at IS NULL
"""

_FAIL_PENDING = """
UPDATE webhook_deliveries
SET status = 'failed', failed_at = now(), next_attempt_at = NULL, last_error = 'the endpoint was deleted',
    lease_token = NULL, leased_until = NULL
WHERE endpoint_id = $1 AND status = 'pending'
"""

_DISABLE = """
UPDATE webhook_endpoints SET disabled_at = now(), disabled_reason = $2
WHERE id = ANY ($1::text[]) AND disabled_at IS NULL
"""


async def insert(connection: Connection, endpoint: Endpoint) -> None:
    """Store a new endpoint."""
    await connection.execute(
        _INSERT,
        endpoint.id,
        endpoint.merchant_id,
        endpoint.livemode,
        endpoint.url,
        endpoint.description,
        list(endpoint.event_types),
        endpoint.secret_encrypted,
        endpoint.created_at,
    )


async def count(connection: Connection, merchant_id: str, *, livemode: bool) -> int:
    """How many endpoints a merchant has."""
    return int(await connection.fetchval(_COUNT, merchant_id, livemode) or 0)


async def list_of(connection: Connection, merchant_id: str, *, livemode: bool) -> list[Endpoint]:
    """A merchant's endpoints, newest first."""
    return [_endpoint(row) for row in await connection.fetch(_LIST, merchant_id, livemode)]


async def delete(connection: Connection, endpoint_id: str, merchant_id: str, *, livemode: bool) -> bool:
    """Take an endpoint out of use, and close what was still to be sent there. False if there is no such endpoint."""
    if await connection.execute(_DELETE, endpoint_id, merchant_id, livemode) != "UPDATE 1":
        return False
    await connection.execute(_FAIL_PENDING, endpoint_id)
    return True


async def disable(connection: Connection, endpoint_ids: Sequence[str], reason: str) -> None:
    """Send nothing more to these endpoints until they are enabled again; what is pending is held."""
    await connection.execute(_DISABLE, endpoint_ids, reason)


def _endpoint(row: Record) -> Endpoint:
    return Endpoint(
        id=row["id"],
        merchant_id=row["merchant_id"],
        livemode=row["livemode"],
        url=row["url"],
        description=row["description"],
        event_types=tuple(row["event_types"]),
        secret_encrypted=row["secret_encrypted"],
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
        disabled_reason=row["disabled_reason"],
    )
