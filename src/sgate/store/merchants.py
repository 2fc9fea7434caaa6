"""Merchants, their settings per mode, and the addresses at which they receive payments."""

from datetime import datetime, timedelta

from sgate.core.intent import LatePolicy
from sgate.core.merchant import MerchantSettings
from sgate.db.pool import Connection, Record
from sgate.store.rows import policy_of, policy_text


class Merchant(MerchantSettings, frozen=True, kw_only=True):
    """A merchant in one mode, with its settings in that mode.

    Attributes:
        id: UUID as text.
        logo: digest of the logo, or None.
        version: increases with every change to the mode's settings.
        suspended_at: when the operator suspended the merchant, or None.
    """

    id: str
    livemode: bool
    logo: str | None
    created_at: datetime
    version: int
    suspended_at: datetime | None = None


_INSERT = "INSERT INTO merchants (name) VALUES ($1) RETURNING id::text"

_INSERT_MODES = """
INSERT INTO merchant_modes (merchant_id, livemode)
VALUES ($1::text::uuid, FALSE), ($1::text::uuid, TRUE)
"""

_GET = """
SELECT m.id::text, o.livemode, m.name, m.support_url, m.accent_color, m.logo_digest, m.frame_origins,
       m.created_at, o.pay_address, o.confirmation_policy::text AS
       policy, o.tolerance_sats, o.tolerance_bp, o.late_payments, o.version,
       m.suspended_at
FROM merchants m JOIN merchant_modes o ON o.merchant_id = m.id
WHERE m.id = $1::text::uuid AND o.livemode = $2
"""

# The versions are bumped, so that requests that are creating intents at this moment store nothing (see
# `payment_intents_create.CREATE`).
_SUSPEND = """
WITH merchant AS (
    UPDATE merchants SET suspended_at = CASE WHEN $2 THEN now() END
    WHERE id = $1::text::uuid AND (suspended_at IS NULL) = $2
    RETURNING id
)
UPDATE merchant_modes SET version = version + 1 FROM merchant WHERE merchant_id = merchant.id
RETURNING merchant_id
"""

_SUSPENDED_SINCE = "SELECT id::text FROM merchants WHERE suspended_at > now() - $1::interval"

# FOR NO KEY UPDATE, so that intents that refer to the row can be created while the lock is held.
_LOCK = """
SELECT o.version
FROM merchants m JOIN merchant_modes o ON o.merchant_id = m.id
WHERE m.id = $1::text::uuid AND o.livemode = $2
FOR NO KEY UPDATE
"""

_UPDATE_PROFILE = """
UPDATE merchants SET name = $2, support_url = $3, accent_color = $4, frame_origins = $5 WHERE id = $1::text::uuid
"""

_UPDATE_MODE = """
UPDATE merchant_modes
SET pay_address = $3, confirmation_policy = $4::text::jsonb, tolerance_sats = $5, tolerance_bp = $6, late_payments = $7,
    version = version + 1
WHERE merchant_id = $1::text::uuid AND livemode = $2
"""

_CLAIM_ADDRESS = """
INSERT INTO pay_addresses (livemode, address, merchant_id, read_to_height)
VALUES ($1, $2, $3::text::uuid, coalesce((SELECT scanned_height FROM chain_cursors WHERE livemode = $1), 0))
ON CONFLICT (livemode, address) DO UPDATE SET address = excluded.address
RETURNING merchant_id::text
"""

_OWNERS_OF = "SELECT address, merchant_id::text FROM pay_addresses WHERE livemode = $1 AND address = ANY($2::text[])"

_PAY_ADDRESSES = """
SELECT merchant_id::text, pay_address FROM merchant_modes WHERE livemode = $1 AND pay_address IS NOT NULL
ORDER BY merchant_id
"""

_LIST = "SELECT id::text, name, created_at FROM merchants ORDER BY created_at, id LIMIT $1"


async def insert(connection: Connection, name: str) -> str:
    """Create a merchant with default settings in both modes. Returns its id."""
    merchant_id = str(await connection.fetchval(_INSERT, name))
    await connection.execute(_INSERT_MODES, merchant_id)
    return merchant_id


async def get(connection: Connection, merchant_id: str, *, livemode: bool) -> Merchant | None:
    """Return a merchant with the settings of one mode, or None."""
    row = await connection.fetchrow(_GET, merchant_id, livemode)
    return None if row is None else _merchant(row)


async def lock(connection: Connection, merchant_id: str, *, livemode: bool) -> None:
    """Lock the profile and the settings of one mode until the transaction ends."""
    await connection.execute(_LOCK, merchant_id, livemode)


async def update(connection: Connection, merchant: Merchant) -> None:
    """Store the profile and the mode's settings, and increase the version."""
    await connection.execute(
        _UPDATE_PROFILE,
        merchant.id,
        merchant.name,
        merchant.support_url,
        merchant.accent_color,
        list(merchant.frame_origins),
    )
    await connection.execute(
        _UPDATE_MODE,
        merchant.id,
        merchant.livemode,
        merchant.pay_address,
        None if merchant.confirmation_policy is None else policy_text(merchant.confirmation_policy),
        merchant.tolerance_sats,
        merchant.tolerance_bp,
        merchant.late_payments,
    )


async def claim_address(connection: Connection, merchant_id: str | None, address: str, *, livemode: bool) -> str | None:
    """Make a merchant the owner of an address that has no owner yet. Returns the owner of the address.

    If `merchant_id` is None, the gateway itself becomes the owner. The result is then None as well.
    """
    return await connection.fetchval(_CLAIM_ADDRESS, livemode, address, merchant_id)


async def owners_of(connection: Connection, addresses: list[str], *, livemode: bool) -> dict[str, str | None]:
    """Return the merchant id of each address's owner, or None if the gateway owns it. Unknown addresses are missing."""
    rows = await connection.fetch(_OWNERS_OF, livemode, addresses)
    return {row["address"]: row["merchant_id"] for row in rows}


async def pay_addresses(connection: Connection, *, livemode: bool) -> list[tuple[str, str]]:
    """Return the id and the pay address of each merchant that has set one."""
    return [(row["merchant_id"], row["pay_address"]) for row in await connection.fetch(_PAY_ADDRESSES, livemode)]


async def list_all(connection: Connection, limit: int) -> list[Record]:
    """Return merchants (id, name, created_at), oldest first."""
    return await connection.fetch(_LIST, limit)


async def suspend(connection: Connection, merchant_id: str, *, suspended: bool) -> bool:
    """Suspend or resume a merchant. Returns False if the merchant is already in the requested state or unknown."""
    return bool(await connection.fetch(_SUSPEND, merchant_id, suspended))


async def suspended_since(connection: Connection, age: timedelta) -> list[str]:
    """Return the ids of the merchants that were suspended within the last `age`."""
    return [row["id"] for row in await connection.fetch(_SUSPENDED_SINCE, age)]


def _merchant(row: Record) -> Merchant:
    return Merchant(
        id=row["id"],
        livemode=row["livemode"],
        name=row["name"],
        support_url=row["support_url"],
        accent_color=row["accent_color"],
        logo=row["logo_digest"],
        frame_origins=tuple(row["frame_origins"]),
        created_at=row["created_at"],
        pay_address=row["pay_address"],
        confirmation_policy=None if row["policy"] is None else policy_of(row["policy"]),
        tolerance_sats=row["tolerance_sats"],
        tolerance_bp=row["tolerance_bp"],
        late_payments=LatePolicy(row["late_payments"]),
        version=row["version"],
        suspended_at=row["suspended_at"],
    )
