"""Export and import of merchants and their addresses. A rebuild needs this data, and it is not on the chain."""

from typing import Any

import msgspec

from sgate.db.pool import Connection


class OwnedAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A current or former pay address of a merchant."""

    livemode: bool
    address: str


class ModeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's settings in one mode."""

    livemode: bool
    pay_address: str | None = None
    confirmation_policy: Any = None
    tolerance_sats: int = 0
    tolerance_bp: int = 0
    late_payments: str = "hold"


class MerchantEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An exported merchant. It contains no keys and no secrets."""

    id: str
    name: str
    support_url: str | None = None
    addresses: tuple[OwnedAddress, ...] = ()
    modes: tuple[ModeEntry, ...] = ()


_EXPORT = """
SELECT json_build_object(
    'id', m.id::text, 'name', m.name, 'support_url', m.support_url,
    'addresses', coalesce((
        SELECT json_agg(json_build_object('livemode', a.livemode, 'address', a.address) ORDER BY a.livemode, a.address)
        FROM pay_addresses a WHERE a.merchant_id = m.id
    ), '[]'::json),
    'modes', (
        SELECT json_agg(json_build_object(
            'livemode', s.livemode, 'pay_address', s.pay_address, 'confirmation_policy', s.confirmation_policy,
            'tolerance_sats', s.tolerance_sats, 'tolerance_bp', s.tolerance_bp, 'late_payments', s.late_payments
        ) ORDER BY s.livemode)
        FROM merchant_modes s WHERE s.merchant_id = m.id
    )
)::text AS entry
FROM merchants m
WHERE m.id > $1::text::uuid
ORDER BY m.id
LIMIT $2
"""

_INSERT = "INSERT INTO merchants (id, name, support_url) VALUES ($1::text::uuid, $2, $3) ON CONFLICT (id) DO NOTHING"

_INSERT_ADDRESS = """
INSERT INTO pay_addresses (livemode, address, merchant_id) VALUES ($1, $2, $3::text::uuid)
ON CONFLICT (livemode, address) DO NOTHING
"""

_INSERT_MODE = """
INSERT INTO merchant_modes (
    merchant_id, livemode, pay_address, confirmation_policy, tolerance_sats, tolerance_bp, late_payments
)
VALUES ($1::text::uuid, $2, $3, $4::text::jsonb, $5, $6, $7)
ON CONFLICT (merchant_id, livemode) DO NOTHING
"""

FIRST_ID = "00000000-0000-0000-0000-000000000000"

_decoder = msgspec.json.Decoder(MerchantEntry)


async def export_after(connection: Connection, merchant_id: str, limit: int) -> list[MerchantEntry]:
    """Return merchants with ids greater than `merchant_id`, ordered by id. Pass FIRST_ID to start at the first one."""
    return [_decoder.decode(row["entry"]) for row in await connection.fetch(_EXPORT, merchant_id, limit)]


async def import_merchant(connection: Connection, entry: MerchantEntry) -> bool:
    """Create a merchant from an export. Existing rows stay unchanged. Returns False if the merchant already exists."""
    made = await connection.execute(_INSERT, entry.id, entry.name, entry.support_url) != "INSERT 0 0"
    for owned in entry.addresses:
        await connection.execute(_INSERT_ADDRESS, owned.livemode, owned.address, entry.id)
    for mode in entry.modes:
        policy = None if mode.confirmation_policy is None else msgspec.json.encode(mode.confirmation_policy).decode()
        await connection.execute(
            _INSERT_MODE,
            entry.id,
            mode.livemode,
            mode.pay_address,
            policy,
            mode.tolerance_sats,
            mode.tolerance_bp,
            mode.late_payments,
        )
    return made
