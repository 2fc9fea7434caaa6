"""Payments as merchants see them: listing payments, assigning them to an intent, marking them as refunded.

The same table contains the facts of the chain, which only the watcher writes (`store/payments_scan.py`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from sgate.core.finality import View
from sgate.core.payment import Payment
from sgate.db.pool import Connection, Record
from sgate.store.payments_scan import PAYMENT_JSON, payment_of_json
from sgate.store.rows import scanned_of


class Deposit(msgspec.Struct, frozen=True, kw_only=True):
    """A payment, and what was done about it.

    Attributes:
        merchant_id: the payment's merchant. None if the gateway's address received the payment and the memo names no
            merchant's intent.
        intent_id: the intent that the payment is for, or None if the payment is unmatched.
        recovered_intent_id: the intent that the memo names, if that intent is not in this database, or None.
        assigned_at: when the payment was manually assigned to its intent, or None.
        refunded_at: when the payment was marked as refunded, or None.
        refund_tx_id: the transaction that refunded it, or None.
        scanned: the scanned tip, or None before the first scan.
    """

    payment: Payment
    merchant_id: str | None
    livemode: bool
    intent_id: str | None
    recovered_intent_id: str | None
    assigned_at: datetime | None
    refunded_at: datetime | None
    refund_tx_id: str | None
    created_at: datetime
    scanned: View | None


_decoder = msgspec.json.Decoder(dict[str, Any])

_COLUMNS = f"""
{PAYMENT_JSON}::text AS payment, p.merchant_id::text, p.livemode, p.payment_intent_id, p.recovered_intent_id,
p.assigned_at, p.refunded_at, p.refund_tx_id, p.created_at,
c.scanned_height, c.scanned_hash, c.scanned_time, c.tenure_height AS scanned_tenure, c.bitcoin_height AS scanned_bitcoin
"""

_FROM = "FROM payments p LEFT JOIN chain_cursors c ON c.livemode = $1"

_GET = f"SELECT {_COLUMNS} {_FROM} WHERE p.livemode = $1 AND p.id = $2"

_LOCK = f"{_GET} FOR NO KEY UPDATE OF p"

# If `$2` is NULL, the statements list payments without a merchant. There is one statement per direction, so that each
# follows the order of an index.
_FILTER = """
WHERE p.livemode = $1 AND p.merchant_id IS NOT DISTINCT FROM $2::text::uuid
    AND ($3::text IS NULL OR p.payment_intent_id = $3)
"""

_OLDER = f"""
SELECT {_COLUMNS} {_FROM} {_FILTER} AND (p.created_at, p.id) < ($4, $5) ORDER BY p.created_at DESC, p.id DESC LIMIT $6
"""

_NEWER = f"""
SELECT {_COLUMNS} {_FROM} {_FILTER} AND (p.created_at, p.id) > ($4, $5) ORDER BY p.created_at, p.id LIMIT $6
"""

_UNMATCHED_OLDER = _OLDER.replace(" ORDER BY", " AND p.payment_intent_id IS NULL ORDER BY")

_UNMATCHED_NEWER = _NEWER.replace(" ORDER BY", " AND p.payment_intent_id IS NULL ORDER BY")

_STATEMENTS = {
    (False, False): _OLDER,
    (False, True): _NEWER,
    (True, False): _UNMATCHED_OLDER,
    (True, True): _UNMATCHED_NEWER,
}  # fmt: skip - by (unmatched, newer)

_POSITION = """
SELECT created_at FROM payments WHERE id = $1 AND livemode = $2 AND merchant_id IS NOT DISTINCT FROM $3::text::uuid
"""

_ASSIGN = """
UPDATE payments SET payment_intent_id = $2, merchant_id = $3::text::uuid, assigned_at = $4
WHERE id = $1 AND payment_intent_id IS NULL AND status = 'included' AND refunded_at IS NULL
"""

_REFUND = "UPDATE payments SET refunded_at = $2, refund_tx_id = $3 WHERE id = $1 AND refunded_at IS NULL"


async def get(connection: Connection, payment_id: str, *, livemode: bool) -> Deposit | None:
    """Return a payment, or None if the mode has no such payment."""
    row = await connection.fetchrow(_GET, livemode, payment_id)
    return None if row is None else _deposit(row)


async def lock(connection: Connection, payment_id: str, *, livemode: bool) -> Deposit | None:
    """Lock a payment until the transaction ends and return it, or None if the mode has no such payment."""
    row = await connection.fetchrow(_LOCK, livemode, payment_id)
    return None if row is None else _deposit(row)


async def list_page(
    connection: Connection,
    merchant_id: str | None,
    *,
    livemode: bool,
    unmatched: bool,
    intent_id: str | None,
    position: tuple[datetime, str],
    newer: bool,
    limit: int,
) -> list[Deposit]:
    """Return the payments next to `position` (created_at, id), newest first.

    If `newer` is true, they are newer than the position. Otherwise they are older.
    """
    statement = _STATEMENTS[unmatched, newer]
    rows: Sequence[Record] = await connection.fetch(statement, livemode, merchant_id, intent_id, *position, limit)
    return [_deposit(row) for row in (reversed(rows) if newer else rows)]


async def position(
    connection: Connection, payment_id: str, merchant_id: str | None, *, livemode: bool
) -> datetime | None:
    """Return when a merchant's payment was recorded, or None if the merchant has no such payment."""
    return await connection.fetchval(_POSITION, payment_id, livemode, merchant_id)


async def assign(connection: Connection, payment_id: str, intent_id: str, merchant_id: str, now: datetime) -> bool:
    """Assign an unmatched payment to an intent.

    Returns False if the payment is no longer unmatched, no longer on the chain, or marked as refunded.
    """
    return await connection.execute(_ASSIGN, payment_id, intent_id, merchant_id, now) == "UPDATE 1"


async def mark_refunded(connection: Connection, payment_id: str, now: datetime, refund_tx_id: str) -> bool:
    """Mark a payment as refunded. Returns False if it is already marked."""
    return await connection.execute(_REFUND, payment_id, now, refund_tx_id) == "UPDATE 1"


def _deposit(row: Record) -> Deposit:
    return Deposit(
        payment=payment_of_json(_decoder.decode(row["payment"])),
        merchant_id=row["merchant_id"],
        livemode=row["livemode"],
        intent_id=row["payment_intent_id"],
        recovered_intent_id=row["recovered_intent_id"],
        assigned_at=row["assigned_at"],
        refunded_at=row["refunded_at"],
        refund_tx_id=row["refund_tx_id"],
        created_at=row["created_at"],
        scanned=scanned_of(row),
    )
