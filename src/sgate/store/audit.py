"""The audit log: who did what to keys, endpoints, addresses and policies. Append-only."""

import msgspec

from sgate.store.pool import Connection


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts: an API key (its id) or the operator, from which address, in which request."""

    name: str
    address: str | None = None
    request_id: str | None = None


OPERATOR = Actor(name="operator")

_INSERT = """
INSERT INTO audit_log (merchant_id, livemode, actor, action, object_id, request_id, address, detail)
VALUES ($1::text::uuid, $2, $3, $4, $5, $6, $7, $8::text::jsonb)
"""


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
    """Write one line of the audit log, in the transaction of what it records. `detail` must hold no secret."""
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
