"""Payments: the facts of the chain. Written by the watcher only and never deleted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from sgate.core.finality import View
from sgate.core.payment import Inclusion, Payment, Sighting
from sgate.db.pool import Connection
from sgate.store.rows import view_text

# A payment as a JSON object, for statements that also read other objects.
PAYMENT_JSON = """
json_build_object(
    'id', p.id, 'tx_id', p.tx_id, 'event_index', p.event_index, 'amount_sats', p.amount_sats, 'sender', p.sender,
    'recipient', p.recipient, 'memo', encode(p.memo, 'hex'), 'block_height', p.block_height, 'block_hash', p.block_hash,
    'index_block_hash', p.index_block_hash, 'block_time', p.block_time, 'tx_index', p.tx_index,
    'tenure_height', p.tenure_height, 'bitcoin_height', p.bitcoin_height, 'first_mined_at', p.first_mined_at,
    'first_seen_at', p.first_seen_at, 'inclusion', p.status, 'dropped_at', p.dropped_at
)
"""


class FoundPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer to a watched address, as found on the chain.

    Attributes:
        merchant_id: the merchant that receives the payment, or None if unknown.
        intent_id: the intent that the payment is for, or None if unknown.
        recovered_intent_id: the intent that the memo names, if that intent is not in this database, or None.
    """

    payment: Payment
    merchant_id: str | None
    intent_id: str | None
    recovered_intent_id: str | None = None


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that a reorganization moved to another block, or removed from the chain.

    Attributes:
        old_height, old_hash: the height and the index block hash of the block that included the payment before.
        new_height, new_hash: the block that includes it now, or None.
    """

    payment_id: str
    old_height: int
    old_hash: str
    new_height: int | None
    new_hash: str | None


class Included(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that was recorded as included. `is_new` is whether the payment was unknown before."""

    payment_id: str
    intent_id: str | None
    is_new: bool


# If a known payment is included again, its place on the chain is overwritten. The fields that a reorganization does not
# change, such as the assigned intent, are kept. The amount, the recipient and the memo are part of the key. Therefore
# an event at the same place with a different amount, recipient or memo is a different payment.
_UPSERT = """
INSERT INTO payments AS stored (
    id, livemode, merchant_id, payment_intent_id, tx_id, event_index, amount_sats, sender, recipient, memo, status,
    block_height, block_hash, index_block_hash, block_time, tx_index, tenure_height, bitcoin_height, first_mined_at,
    first_seen_at, recovered_intent_id
)
VALUES ($1, $2, $3::text::uuid, $4::text, $5::text, $6, $7, $8, $9, $10, 'included', $11, $12, $13, $14, $15, $16,
    $17, $14, ( SELECT min(first_seen_at) FROM mempool_sightings WHERE payment_intent_id = $4::text AND tx_id = $5::text
), $18)
ON CONFLICT (livemode, tx_id, event_index, recipient, amount_sats, coalesce(memo, '\\x'::bytea)) DO UPDATE
SET sender = excluded.sender, memo = excluded.memo, status = 'included',
    block_height = excluded.block_height, block_hash = excluded.block_hash,
    index_block_hash = excluded.index_block_hash, block_time = excluded.block_time, tx_index = excluded.tx_index,
    tenure_height = excluded.tenure_height, bitcoin_height = excluded.bitcoin_height,
    merchant_id = coalesce(stored.merchant_id, excluded.merchant_id),
    payment_intent_id = coalesce(stored.payment_intent_id, excluded.payment_intent_id),
    first_mined_at = least(stored.first_mined_at, excluded.first_mined_at),
    first_seen_at = coalesce(stored.first_seen_at, excluded.first_seen_at), dropped_at = NULL
WHERE stored.status <> 'included' OR stored.index_block_hash <> excluded.index_block_hash
RETURNING id, payment_intent_id, xmax = 0 AS is_new
"""

# A transaction that is included again may have different transfers (legs). The legs that it no longer has are orphaned.
_ORPHAN_OTHER_LEGS = """
UPDATE payments AS p SET status = 'orphaned'
WHERE livemode = $1 AND tx_id = $2 AND status = 'included' AND NOT EXISTS (
    SELECT 1 FROM unnest($3::integer[], $4::text[], $5::bigint[], $6::bytea[]) AS leg (place, payee, sats, note)
    WHERE leg.place = p.event_index AND leg.payee = p.recipient AND leg.sats = p.amount_sats
        AND leg.note = coalesce(p.memo, '\\x'::bytea)
)
RETURNING id, payment_intent_id, block_height, index_block_hash
"""

# Orphans the payments that were included in a block that is not on the followed chain.
_ORPHAN_FROM = """
UPDATE payments SET status = 'orphaned'
WHERE livemode = $1 AND block_height >= $2 AND status = 'included' AND index_block_hash <> ALL ($3::text[])
RETURNING id, payment_intent_id, block_height, index_block_hash
"""

# After a restart of the chain, only the payments of confirmed intents are kept. All others are orphaned, including
# unmatched deposits. They are not waited for, because the chain that had them no longer exists.
_ORPHAN_UNFINAL = """
UPDATE payments AS p SET status = 'orphaned', dropped_at = now()
WHERE p.livemode = $1 AND p.status = 'included' AND NOT EXISTS (
    SELECT 1 FROM payment_intents AS i WHERE i.id = p.payment_intent_id AND i.status = 'confirmed'
)
RETURNING p.id, p.payment_intent_id, p.block_height, p.index_block_hash
"""

# Final payments must stay final. At height 0, which is below the first block of the new chain, no reorganization
# reaches them. Their observations still record their original place.
_KEEP_FINAL = """
UPDATE payments SET block_height = 0, tenure_height = 0, bitcoin_height = 0
WHERE livemode = $1 AND status = 'included'
"""

_OBSERVE = """
INSERT INTO payment_observations (payment_id, status, block_height, index_block_hash, view)
VALUES ($1, $2, $3, $4, $5::text::json)
"""

_CLEAR_SIGHTINGS = "DELETE FROM mempool_sightings WHERE tx_id = $1"

# For each payment whose place changed since the last decision about its intent: the block that held it before, and the
# block that holds it now. `decided_at` and `observed_at` are the times at which their transactions started, and the
# decision that calls this has the time now().
_MOVED = """
SELECT p.id, p.status, p.block_height, p.index_block_hash, old.block_height AS old_height,
    old.index_block_hash AS old_hash
FROM payments AS p
JOIN LATERAL (
    SELECT o.block_height, o.index_block_hash FROM payment_observations AS o
    WHERE o.payment_id = p.id AND o.status = 'included'
        AND (p.status = 'orphaned' OR o.index_block_hash <> p.index_block_hash)
    ORDER BY o.id DESC LIMIT 1
) AS old ON true
WHERE p.payment_intent_id = $1 AND EXISTS (
    SELECT 1 FROM payment_observations AS o WHERE o.payment_id = p.id AND o.observed_at > coalesce((
        SELECT max(d.decided_at) FROM ledger_decisions AS d WHERE d.payment_intent_id = $1 AND d.decided_at < now()
    ), '-infinity')
)
ORDER BY old.block_height, p.id
"""

_SET_DROPPED = """
UPDATE payments SET dropped_at = $3
WHERE livemode = $1 AND tx_id = $2 AND status = 'orphaned' AND (dropped_at IS NULL) <> ($3::timestamptz IS NULL)
RETURNING payment_intent_id
"""

_HELD = """
SELECT tx_id, CASE WHEN block_height >= $3 THEN index_block_hash END AS index_block_hash
FROM payments
WHERE livemode = $1 AND tx_id = ANY ($2::text[]) AND status = 'included'
"""


async def include(connection: Connection, found: FoundPayment, view: View, *, livemode: bool) -> Included | None:
    """Record a transfer that is on the chain. Returns None if nothing changed."""
    payment = found.payment
    row = await connection.fetchrow(
        _UPSERT,
        payment.id,
        livemode,
        found.merchant_id,
        found.intent_id,
        payment.tx_id,
        payment.event_index,
        payment.amount_sats,
        payment.sender,
        payment.recipient,
        payment.memo,
        payment.block_height,
        payment.block_hash,
        payment.index_block_hash,
        payment.block_time,
        payment.tx_index,
        payment.tenure_height,
        payment.bitcoin_height,
        found.recovered_intent_id,
    )
    if row is None:
        return None
    observation = (row["id"], Inclusion.INCLUDED, payment.block_height, payment.index_block_hash, view_text(view))
    await connection.execute(_OBSERVE, *observation)
    return Included(payment_id=row["id"], intent_id=row["payment_intent_id"], is_new=row["is_new"])


async def clear_sightings(connection: Connection, tx_id: str) -> None:
    """Delete the sightings of a transaction, because it is in a block and all its payments are recorded."""
    await connection.execute(_CLEAR_SIGHTINGS, tx_id)


async def orphan_other_legs(
    connection: Connection, tx_id: str, legs: Sequence[Payment], view: View, *, livemode: bool
) -> set[str]:
    """Orphan those payments of a transaction that are not in `legs`. Returns the ids of the affected intents."""
    rows = await connection.fetch(
        _ORPHAN_OTHER_LEGS,
        livemode,
        tx_id,
        [leg.event_index for leg in legs],
        [leg.recipient for leg in legs],
        [leg.amount_sats for leg in legs],
        [leg.memo or b"" for leg in legs],
    )
    return await _observe_orphans(connection, rows, view)


async def orphan_from(
    connection: Connection, height: int, canonical_hashes: Sequence[str], view: View, *, livemode: bool
) -> set[str]:
    """Orphan the payments included at `height` or above in blocks not listed in `canonical_hashes`.

    Returns the ids of the affected intents.
    """
    rows = await connection.fetch(_ORPHAN_FROM, livemode, height, canonical_hashes)
    return await _observe_orphans(connection, rows, view)


async def orphan_unfinal(connection: Connection, view: View, *, livemode: bool) -> tuple[int, set[str]]:
    """Orphan all payments except those of confirmed intents, because a new chain replaced the old one.

    The remaining payments are moved to height 0, where the reorganizations of the new chain do not affect them.

    Returns:
        the number of orphaned payments, and the ids of the affected intents.
    """
    rows = await connection.fetch(_ORPHAN_UNFINAL, livemode)
    await connection.execute(_KEEP_FINAL, livemode)
    return len(rows), await _observe_orphans(connection, rows, view)


async def set_dropped(connection: Connection, tx_id: str, at: datetime | None, *, livemode: bool) -> set[str]:
    """Record that the transaction of orphaned payments was dropped at this time, or if None, that it was not dropped.

    Returns the ids of the intents whose payments changed.
    """
    rows = await connection.fetch(_SET_DROPPED, livemode, tx_id, at)
    return {row["payment_intent_id"] for row in rows if row["payment_intent_id"] is not None}


async def held_in_blocks(
    connection: Connection, tx_ids: Sequence[str], height: int, *, livemode: bool
) -> dict[str, set[str]]:
    """Return the ids of those transactions that have included payments.

    Each id is mapped to the index hashes of the payments' blocks at `height` or above.
    """
    held: dict[str, set[str]] = {}
    for row in await connection.fetch(_HELD, livemode, tx_ids, height):
        hashes = held.setdefault(row["tx_id"], set())
        if row["index_block_hash"] is not None:
            hashes.add(row["index_block_hash"])
    return held


async def moved(connection: Connection, intent_id: str) -> list[Move]:
    """Return the payments of an intent whose block changed since the last decision about it."""
    return [
        Move(
            payment_id=row["id"],
            old_height=row["old_height"],
            old_hash=row["old_hash"],
            new_height=row["block_height"] if row["status"] == Inclusion.INCLUDED else None,
            new_hash=row["index_block_hash"] if row["status"] == Inclusion.INCLUDED else None,
        )
        for row in await connection.fetch(_MOVED, intent_id)
    ]


async def _observe_orphans(connection: Connection, rows: Sequence[Any], view: View) -> set[str]:
    for row in rows:
        observation = (row["id"], Inclusion.ORPHANED, row["block_height"], row["index_block_hash"], view_text(view))
        await connection.execute(_OBSERVE, *observation)
    return {row["payment_intent_id"] for row in rows if row["payment_intent_id"] is not None}


def payment_of_json(item: dict[str, Any]) -> Payment:
    """Build a payment from PAYMENT_JSON."""
    memo = item["memo"]
    return msgspec.convert({**item, "memo": None if memo is None else bytes.fromhex(memo)}, Payment)


def sighting_of_json(item: dict[str, Any]) -> Sighting:
    """Build a sighting from a JSON object of its fields."""
    return msgspec.convert(item, Sighting)
