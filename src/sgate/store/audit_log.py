"""The audit log: who did what to keys, endpoints, addresses and policies. Append-only."""

from datetime import datetime
from typing import Any

import msgspec

from sgate.db.pool import Connection, Record


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who performed an action.

    Attributes:
        name: the id of an API key, or `operator`.
        address: the address that the request came from, or None.
        request_id: the id of the request, or None.
    """

    name: str
    address: str | None = None
    request_id: str | None = None


OPERATOR = Actor(name="operator")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the audit log. Later entries have higher numbers."""

    number: int
    livemode: bool
    actor: str
    action: str
    object_id: str | None
    request_id: str | None
    address: str | None
    detail: dict[str, Any]
    created_at: datetime


_INSERT = """
INSERT INTO audit_log (merchant_id, livemode, actor, action, object_id, request_id, address, detail)
VALUES ($1::text::uuid, $2, $3, $4, $5, $6, $7, $8::text::jsonb)
"""

_LIST = """
SELECT id, livemode, actor, action, object_id, request_id, address, detail::text AS detail, created_at FROM audit_log
WHERE merchant_id = $1::text::uuid AND livemode = $2 AND id < $3 AND ($4::text IS NULL OR action = $4)
    AND ($5::text IS NULL OR object_id = $5)
ORDER BY id DESC
LIMIT $6
"""

_HOLDS = "SELECT EXISTS (SELECT FROM audit_log WHERE id = $1 AND merchant_id = $2::text::uuid AND livemode = $3)"


async def record(
    connection: Connection,
    actor: Actor,
    action: str,
    *,
    merchant_id: str | None = None,
    livemode: bool | None = None,
    object_id: str | None = None,
    detail: dict[str, object] | None = None,
) -> None:
    """Write an entry in the same transaction as the change that it records. `detail` must not contain secrets."""
    await connection.execute(
        _INSERT,
        merchant_id,
        livemode,
        actor.name,
        action,
        object_id,
        actor.request_id,
        actor.address,
        msgspec.json.encode(detail or {}).decode(),
    )


async def holds(connection: Connection, number: int, merchant_id: str, *, livemode: bool) -> bool:
    """Return whether the merchant has an entry with this number."""
    return bool(await connection.fetchval(_HOLDS, number, merchant_id, livemode))


async def list_before(
    connection: Connection,
    merchant_id: str,
    *,
    livemode: bool,
    before: int,
    action: str | None,
    object_id: str | None,
    limit: int,
) -> list[Entry]:
    """Return a merchant's entries with numbers below `before`, newest first."""
    rows = await connection.fetch(_LIST, merchant_id, livemode, before, action, object_id, limit)
    return [_entry(row) for row in rows]


def _entry(row: Record) -> Entry:
    return Entry(
        number=row["id"],
        livemode=row["livemode"],
        actor=row["actor"],
        action=row["action"],
        object_id=row["object_id"],
        request_id=row["request_id"],
        address=row["address"],
        detail=msgspec.json.decode(row["detail"]),
        created_at=row["created_at"],
    )
