"""Creation of payment intents: one statement stores a batch of intents and everything that belongs to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from sgate.core.intent import PaymentIntent
from sgate.db.pool import Connection
from sgate.store.merchant_days import STORABLE
from sgate.store.rows import metadata_text, policy_text


class NewIntent(msgspec.Struct, frozen=True, kw_only=True):
    """An intent to store, with its first event and the response to repeat for its idempotency key.

    Attributes:
        settings_version: version of the merchant's settings that the terms were built from. If the settings have
            changed since, the intent is not stored.
        scanned_at_most: the latest scanned block time for which the intent's deadline is right. If the chain was
            already scanned up to a later time, the intent is not stored. If None, it is stored in any case.
        event_id: id of the `payment_intent.created` event.
        payload: the event's object, as JSON.
        scope: digest that identifies the idempotency key (32 bytes), or None if the request has no key. The fields
            after `scope` are used only with a key.
        request_hash: SHA-256 of the decoded request body.
        answer_encrypted: the response's body, encrypted.
        keep_until: when the idempotency key expires.
    """

    intent: PaymentIntent
    settings_version: int
    scanned_at_most: datetime | None = None
    event_id: str
    payload: bytes
    scope: bytes | None = None
    request_hash: bytes | None = None
    answer_encrypted: bytes | None = None
    keep_until: datetime | None = None


# The columns of the input, in the order of `_row_of`.
INPUT = {
    "id": "text",
    "merchant_id": "text",
    "livemode": "boolean",
    "amount_sats": "bigint",
    "client_secret": "text",
    "expires_at": "timestamptz",
    "grace_s": "integer",
    "seen_hold_s": "integer",
    "tolerance_sats": "bigint",
    "tolerance_bp": "integer",
    "policy": "text",
    "late_payments": "text",
    "pay_address": "text",
    "description": "text",
    "metadata": "text",
    "success_url": "text",
    "cancel_url": "text",
    "amount_usd": "text",
    "rate_usd_per_btc": "text",
    "rate_source": "text",
    "quoted_at": "timestamptz",
    "priced_in_usd": "boolean",
    "next_check_time": "timestamptz",
    "scanned_at_most": "timestamptz",
    "created_at": "timestamptz",
    "settings_version": "integer",
    "event_id": "text",
    "payload": "text",
    "scope": "bytea",
    "request_hash": "bytea",
    "answer_encrypted": "bytea",
    "keep_until": "timestamptz",
}


def _statement(rows: str) -> str:
    """Build the statement that creates intents with their events, deliveries and idempotency rows.

    `rows` is a query for the input. The input must be sorted by scope, and no scope may occur twice. If an intent has a
    scope, the statement fails when it has to wait for a lock longer than the milliseconds in its last parameter.
    """
    return f"""
WITH input AS (
    {rows}
), current AS (
    SELECT input.*, modes.merchant_id AS merchant, modes.rolled_up_to
    FROM input
    JOIN merchant_modes AS modes ON modes.merchant_id = input.merchant_id::uuid
        AND modes.livemode = input.livemode AND modes.version = input.settings_version
    LEFT JOIN chain_cursors AS chain ON chain.livemode = input.livemode
    WHERE (chain.scanned_time > input.scanned_at_most) IS NOT TRUE
), claimed AS (
    INSERT INTO idempotency_keys AS stored (scope, request_hash, object_id, answer_status, answer_encrypted, expires_at)
    SELECT scope, request_hash, id, 201, answer_encrypted, keep_until FROM current
    WHERE scope IS NOT NULL AND set_config('lock_timeout', ${len(INPUT) + 1}, TRUE) <> ''
    ORDER BY scope
    ON CONFLICT (scope) DO UPDATE
        SET request_hash = excluded.request_hash, object_id = excluded.object_id,
            answer_encrypted = excluded.answer_encrypted, expires_at = excluded.expires_at
        WHERE stored.expires_at <= now()
    RETURNING object_id
), fresh AS (
    SELECT * FROM current WHERE scope IS NULL OR id IN (SELECT object_id FROM claimed)
), made AS (
    INSERT INTO payment_intents (
        id, merchant_id, livemode, amount_sats, client_secret, expires_at, grace_s, seen_hold_s, tolerance_sats,
        tolerance_bp, confirmation_policy, late_payments, pay_address, description, metadata, success_url, cancel_url,
        amount_usd, rate_usd_per_btc, rate_source, quoted_at, priced_in_usd, next_check_time, created_at
    )
    SELECT id, merchant, livemode, amount_sats, client_secret, expires_at, grace_s, seen_hold_s, tolerance_sats,
        tolerance_bp, policy::json, late_payments, pay_address, description, metadata::jsonb, success_url, cancel_url,
        amount_usd, rate_usd_per_btc, rate_source, quoted_at, priced_in_usd, next_check_time, created_at
    FROM fresh
    RETURNING id
), dirty AS (
    INSERT INTO touched_days (merchant_id, livemode, day)
    SELECT merchant, livemode, (created_at AT TIME ZONE 'UTC')::date FROM fresh
    WHERE created_at < greatest(rolled_up_to, {STORABLE})
), announced AS (
    INSERT INTO events (id, merchant_id, livemode, type, payment_intent_id, sequence, payload, created_at)
    SELECT event_id, merchant, livemode, 'payment_intent.created', id, 1, payload::json, created_at FROM fresh
), queued AS (
    INSERT INTO webhook_deliveries (
        id, merchant_id, livemode, endpoint_id, event_id, payment_intent_id, sequence, status, next_attempt_at,
        created_at
    )
    SELECT delivery_id(fresh.event_id, endpoints.id, fresh.created_at), fresh.merchant, fresh.livemode, endpoints.id,
        fresh.event_id, fresh.id, 1, CASE WHEN endpoints.disabled_at IS NULL THEN 'pending' ELSE 'held' END,
        CASE WHEN endpoints.disabled_at IS NULL THEN now() END, fresh.created_at
    FROM fresh
    JOIN webhook_endpoints AS endpoints ON endpoints.merchant_id = fresh.merchant
        AND endpoints.livemode = fresh.livemode AND endpoints.deleted_at IS NULL
        AND (endpoints.event_types = '{{}}' OR 'payment_intent.created' = ANY (endpoints.event_types))
)
SELECT id FROM made
"""


_NAMES = ", ".join(INPUT)
_ARRAYS = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(INPUT.values(), 1))
_SCALARS = ", ".join(f"${number}::{kind} AS {name}" for number, (name, kind) in enumerate(INPUT.items(), 1))

CREATE = _statement(f"SELECT * FROM unnest({_ARRAYS}) AS t ({_NAMES})")

# For a single intent, which is the most frequent case. Without arrays, the statement costs the database a tenth less.
CREATE_ONE = _statement(f"SELECT {_SCALARS}")


async def create(connection: Connection, batch: Sequence[NewIntent], *, wait_s: float) -> set[str]:
    """Store a batch of intents and everything that belongs to them, in one statement.

    Returns:
        the ids of the stored intents. An intent is not stored if its idempotency key is in use, if the merchant's
        settings have changed since the intent's terms were built, or if the chain was scanned past
        `scanned_at_most`.

    Raises:
        asyncpg.LockNotAvailableError: if another transaction holds one of the keys for longer than `wait_s`.
    """
    wait_ms = str(int(wait_s * 1000))
    if len(batch) == 1:
        rows = await connection.fetch(CREATE_ONE, *_row_of(batch[0]), wait_ms)
    else:
        rows = await connection.fetch(CREATE, *_columns_of(batch), wait_ms)
    return {row["id"] for row in rows}


def _columns_of(batch: Sequence[NewIntent]) -> list[list[Any]]:
    return [list(column) for column in zip(*(_row_of(new) for new in batch), strict=True)]


def _row_of(new: NewIntent) -> tuple[Any, ...]:
    intent, terms, quote = new.intent, new.intent.terms, new.intent.quote
    return (
        intent.id,
        intent.merchant_id,
        intent.livemode,
        terms.amount_sats,
        intent.client_secret,
        terms.expires_at,
        terms.grace_s,
        terms.seen_hold_s,
        terms.tolerance_sats,
        terms.tolerance_bp,
        policy_text(terms.policy),
        terms.late_payments,
        terms.pay_address,
        intent.description,
        metadata_text(intent.metadata),
        intent.success_url,
        intent.cancel_url,
        None if quote is None else quote.amount_usd,
        None if quote is None else quote.rate_usd_per_btc,
        None if quote is None else quote.source,
        None if quote is None else quote.quoted_at,
        quote is not None and quote.is_price,
        terms.in_time_until,
        new.scanned_at_most,
        intent.created_at,
        new.settings_version,
        new.event_id,
        new.payload.decode(),
        new.scope,
        new.request_hash,
        new.answer_encrypted,
        new.keep_until,
    )
