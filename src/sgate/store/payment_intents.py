"""Payment intents: read in batches, and changed one at a time under a lock. `payment_intents_create` creates them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from sgate.core.finality import View
from sgate.core.intent import Anomaly, LatePolicy, PaymentIntent, Status, Terms
from sgate.core.money import Quote
from sgate.core.payment import Payment
from sgate.db.pool import Connection, Record
from sgate.store.merchant_days import STORABLE
from sgate.store.payments_scan import PAYMENT_JSON, payment_of_json
from sgate.store.rows import metadata_text, policy_of, scanned_of, view_of

MAX_PAYMENTS_SHOWN = 100
"""Maximum number of payments that are read together with an intent. `payments.list_page` can return the others."""

_metadata_decoder = msgspec.json.Decoder(dict[str, str])
_payments_decoder = msgspec.json.Decoder(list[dict[str, Any]])


class Branding(msgspec.Struct, frozen=True, kw_only=True):
    """The appearance of a merchant's pages, and the sites that may embed them.

    Attributes:
        accent_color: `#rrggbb`, or None for the default.
        logo: the digest of the logo, which is part of its URL, or None.
        frame_origins: origins that may embed the pages, such as `https://shop.example`.
    """

    accent_color: str | None
    logo: str | None
    frame_origins: tuple[str, ...]


class IntentView(msgspec.Struct, frozen=True, kw_only=True):
    """An intent with its payments and the current view of the chain.

    Attributes:
        payments: in chain order, at most MAX_PAYMENTS_SHOWN.
        scanned: the scanned tip, or None before the first scan of the chain.
        sighted_at: time of the earliest mempool sighting, or None.
        chain_checked_at: when the chain source was last polled, or None.
        chain_failing: whether the last poll of the chain source failed.
    """

    intent: PaymentIntent
    merchant_name: str
    support_url: str | None
    branding: Branding
    payments: tuple[Payment, ...]
    scanned: View | None
    sighted_at: datetime | None
    chain_checked_at: datetime | None
    chain_failing: bool


class KnownIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The part of an intent that determines whether a transfer pays for it."""

    id: str
    livemode: bool
    pay_address: str
    merchant_id: str


_COLUMNS = """
i.id, i.merchant_id::text, i.livemode, i.amount_sats, i.client_secret, i.expires_at, i.grace_s, i.seen_hold_s,
i.tolerance_sats, i.tolerance_bp, i.confirmation_policy::text AS policy, i.late_payments, i.pay_address, i.description,
i.metadata::text AS metadata, i.success_url, i.cancel_url, i.amount_usd, i.rate_usd_per_btc, i.rate_source, i.quoted_at,
i.priced_in_usd, i.status, i.exceptions, i.amount_received_sats, i.amount_counted_sats, i.sequence, i.next_check_height,
i.next_check_time, i.decided_in::text AS decided_in, i.confirmed_at, i.canceled_at, i.created_at
"""

VIEW_COLUMNS = f"""
{_COLUMNS}, m.name AS merchant_name, m.support_url, m.accent_color, m.logo_digest, m.frame_origins,
c.checked_at AS chain_checked_at, c.trouble IS NOT NULL AS chain_failing,
c.scanned_height, c.scanned_hash, c.scanned_time, c.tenure_height AS scanned_tenure, c.bitcoin_height AS
scanned_bitcoin, (
    SELECT json_agg({PAYMENT_JSON} ORDER BY p.block_height, p.tx_index, p.event_index)::text
    FROM (
        SELECT * FROM payments WHERE payment_intent_id = i.id
        ORDER BY block_height, tx_index, event_index LIMIT {MAX_PAYMENTS_SHOWN}
    ) AS p
) AS payments,
(SELECT min(s.first_seen_at) FROM mempool_sightings s WHERE s.payment_intent_id = i.id) AS sighted_at
"""

_READ = f"""
SELECT {VIEW_COLUMNS}
FROM payment_intents i
JOIN merchants m ON m.id = i.merchant_id
LEFT JOIN chain_cursors c ON c.livemode = i.livemode
WHERE i.id = ANY ($1::text[])
"""

# FOR NO KEY UPDATE, so that rows that refer to the intent (payments, queue) can be written while the lock is held.
_LOCK = f"SELECT {_COLUMNS} FROM payment_intents i WHERE i.id = $1 FOR NO KEY UPDATE"

# Also marks the intent's day dirty if the numbers of the day may be stored already (see `store.merchant_days`).
_SAVE = f"""
WITH saved AS (
    UPDATE payment_intents
    SET status = $2, exceptions = $3, amount_received_sats = $4, sequence = $5, next_check_height = $6,
        next_check_time = $7, decided_in = $8::text::json, confirmed_at = $9, canceled_at = $10,
        amount_counted_sats = $11
    WHERE id = $1
    RETURNING merchant_id, livemode, created_at
)
INSERT INTO touched_days (merchant_id, livemode, day)
SELECT merchant_id, livemode, (created_at AT TIME ZONE 'UTC')::date FROM saved
WHERE created_at < {STORABLE}
"""

_DESCRIBE = "UPDATE payment_intents SET description = $2, metadata = $3::text::jsonb WHERE id = $1"

_KNOWN = "SELECT id, livemode, pay_address, merchant_id::text FROM payment_intents WHERE id = ANY ($1::text[])"

_COUNT_ALL = "SELECT count(*) FROM payment_intents"

_IDS_AFTER = "SELECT id FROM payment_intents WHERE id > $1 ORDER BY id LIMIT $2"

# Reads only the ends of two indexes. The indexes contain only open intents, so closed intents are never scanned.
_ANY_OPEN = """
SELECT num_nonnulls(
    (SELECT min(next_check_time) FROM payment_intents WHERE livemode = $1 AND next_check_time IS NOT NULL),
    (SELECT min(next_check_height) FROM payment_intents WHERE livemode = $1 AND next_check_height IS NOT NULL)
) > 0
"""


async def read(connection: Connection, intent_ids: Sequence[str]) -> dict[str, IntentView]:
    """Return intents by id, with their payments. Unknown ids are missing."""
    rows = await connection.fetch(_READ, intent_ids)
    return {row["id"]: view_of_row(row) for row in rows}


async def lock(connection: Connection, intent_id: str) -> PaymentIntent | None:
    """Lock an intent until the transaction ends and return it, or None if there is no such intent."""
    row = await connection.fetchrow(_LOCK, intent_id)
    return None if row is None else _intent(row)


async def save(connection: Connection, intent: PaymentIntent, view: View) -> None:
    """Store the state of an intent after a decision, and the `view` in which it was made. The terms never change."""
    await connection.execute(
        _SAVE,
        intent.id,
        intent.status,
        sorted(intent.anomalies),
        intent.amount_received_sats,
        intent.sequence,
        intent.next_check_height,
        intent.next_check_time,
        msgspec.json.encode(view).decode(),
        intent.confirmed_at,
        intent.canceled_at,
        intent.amount_counted_sats,
    )


async def describe(connection: Connection, intent_id: str, description: str | None, metadata: dict[str, str]) -> None:
    """Store the merchant's description of a locked intent, and its metadata."""
    await connection.execute(_DESCRIBE, intent_id, description, metadata_text(metadata))


async def known(connection: Connection, intent_ids: Sequence[str]) -> dict[str, KnownIntent]:
    """Return the intents with these ids, which come from memos. Looks in both modes. Unknown ids are missing."""
    rows = await connection.fetch(_KNOWN, intent_ids)
    return {
        row["id"]: KnownIntent(
            id=row["id"], livemode=row["livemode"], pay_address=row["pay_address"], merchant_id=row["merchant_id"]
        )
        for row in rows
    }


async def count_all(connection: Connection) -> int:
    """Return the number of intents in both modes."""
    return int(await connection.fetchval(_COUNT_ALL) or 0)


async def ids_after(connection: Connection, intent_id: str, limit: int) -> list[str]:
    """Return the ids of intents of both modes that are greater than `intent_id`, in order.

    If `intent_id` is empty, start at the first intent.
    """
    return [row["id"] for row in await connection.fetch(_IDS_AFTER, intent_id, limit)]


async def any_open(connection: Connection, *, livemode: bool) -> bool:
    """Return whether any intent waits for payment or finality. If so, the chain must be polled frequently."""
    return bool(await connection.fetchval(_ANY_OPEN, livemode))


def view_of_row(row: Record) -> IntentView:
    """Build an `IntentView` from a row with VIEW_COLUMNS."""
    payments = row["payments"]
    return IntentView(
        intent=_intent(row),
        merchant_name=row["merchant_name"],
        support_url=row["support_url"],
        branding=Branding(
            accent_color=row["accent_color"], logo=row["logo_digest"], frame_origins=tuple(row["frame_origins"])
        ),
        payments=()
        if payments is None
        else tuple(payment_of_json(item) for item in _payments_decoder.decode(payments)),
        scanned=scanned_of(row),
        sighted_at=row["sighted_at"],
        chain_checked_at=row["chain_checked_at"],
        chain_failing=row["chain_failing"],
    )


def _intent(row: Record) -> PaymentIntent:
    metadata, decided_in, anomalies = row["metadata"], row["decided_in"], row["exceptions"]
    return PaymentIntent(
        id=row["id"],
        merchant_id=row["merchant_id"],
        livemode=row["livemode"],
        client_secret=row["client_secret"],
        terms=_terms(row),
        created_at=row["created_at"],
        status=Status(row["status"]),
        anomalies=frozenset(map(Anomaly, anomalies)) if anomalies else frozenset(),
        amount_received_sats=row["amount_received_sats"],
        amount_counted_sats=row["amount_counted_sats"],
        sequence=row["sequence"],
        next_check_height=row["next_check_height"],
        next_check_time=row["next_check_time"],
        confirmed_at=row["confirmed_at"],
        canceled_at=row["canceled_at"],
        description=row["description"],
        metadata={} if metadata is None else _metadata_decoder.decode(metadata),
        success_url=row["success_url"],
        cancel_url=row["cancel_url"],
        quote=_quote(row),
        view=None if decided_in is None else view_of(decided_in),
    )


def _terms(row: Record) -> Terms:
    return Terms(
        amount_sats=row["amount_sats"],
        expires_at=row["expires_at"],
        grace_s=row["grace_s"],
        seen_hold_s=row["seen_hold_s"],
        tolerance_sats=row["tolerance_sats"],
        tolerance_bp=row["tolerance_bp"],
        policy=policy_of(row["policy"]),
        late_payments=LatePolicy(row["late_payments"]),
        pay_address=row["pay_address"],
    )


def _quote(row: Record) -> Quote | None:
    if row["amount_usd"] is None:
        return None
    return Quote(
        amount_usd=row["amount_usd"],
        rate_usd_per_btc=row["rate_usd_per_btc"],
        source=row["rate_source"],
        quoted_at=row["quoted_at"],
        is_price=row["priced_in_usd"],
    )
