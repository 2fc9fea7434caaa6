"""What the outside sees: an intent, a payment, an event as the objects of the API and of webhooks.

Rendered in one place, because the answer to a create, the stored event and the webhook must agree to the letter.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote as url_quote

import msgspec

from sgate.core.finality import Finality, Policy, View, bitcoin_blocks, confirmations, finality_of, tenure_changes
from sgate.core.intent import PaymentIntent
from sgate.core.memo import memo_hex_of
from sgate.core.money import Quote
from sgate.core.payment import Inclusion, Payment
from sgate.store.deposits import Deposit


class QuoteObject(msgspec.Struct, frozen=True, kw_only=True):
    """What the amount was worth in US dollars when the intent was made, and who said so."""

    amount_usd: str
    rate_usd_per_btc: str
    source: str
    quoted_at: str


class PaymentObject(msgspec.Struct, frozen=True, kw_only=True):
    """One sBTC transfer. `confirmations` counts Stacks blocks; it is 0 while the payment is orphaned."""

    id: str
    object: str = "payment"
    tx_id: str
    event_index: int
    amount_sats: int
    sender: str
    recipient: str
    memo_hex: str | None
    status: Inclusion
    confirmations: int
    tenure_changes: int
    bitcoin_blocks: int
    finality: Finality | None
    block_height: int
    block_hash: str
    block_time: str


class DepositObject(PaymentObject, frozen=True, kw_only=True):
    """A payment on its own, with what became of it; the object of `payment.*` events.

    `payment_intent` is null for an unmatched deposit; `recovered_intent_id` is then the intent that its memo names and
    that this server does not know. `assigned_at` says that it was assigned by hand; `refunded_at` and `refund_tx_id`
    that it was marked as sent back.
    """

    livemode: bool
    payment_intent: str | None
    recovered_intent_id: str | None
    assigned_at: str | None
    refunded_at: str | None
    refund_tx_id: str | None
    created_at: str


class IntentObject(msgspec.Struct, frozen=True, kw_only=True):
    """A payment intent as merchants see it.

    `amount_received_sats` is the sum of all its payments on the chain; `amount_due_sats` what is still missing.
    `confirmations` and `finality` are those of its least settled payment.
    """

    id: str
    object: str = "payment_intent"
    livemode: bool
    status: str
    exceptions: tuple[str, ...]
    amount_sats: int
    amount_received_sats: int
    amount_due_sats: int
    currency: str = "sbtc"
    pay_address: str
    memo: str
    memo_hex: str
    confirmations: int
    finality: Finality | None
    confirmation_policy: Policy
    quote: QuoteObject | None
    description: str | None
    metadata: dict[str, str]
    success_url: str | None
    cancel_url: str | None
    client_secret: str
    checkout_url: str
    expires_at: str
    created_at: str
    confirmed_at: str | None
    canceled_at: str | None
    sequence: int


class IntentWithPayments(IntentObject, frozen=True, kw_only=True):
    """A payment intent with its payments, in chain order."""

    payments: tuple[PaymentObject, ...]


_encoder = msgspec.json.Encoder()
NO_PAYMENTS = b',"payments":[]}'


def iso_ms(moment: datetime) -> str:
    """A moment as ISO 8601, UTC, `Z`, milliseconds."""
    return iso_ms_bytes(moment).decode()


def iso_ms_bytes(moment: datetime) -> bytes:
    """The same, to be put into JSON."""
    utc = moment.astimezone(UTC)
    seconds = encode(utc)[1:20]  # `2026-01-02T03:04:05`, in a quarter of the time that `isoformat` takes
    return b"%b.%03dZ" % (seconds, utc.microsecond // 1000)


def checkout_url(public_url: str, intent_id: str, client_secret: str) -> str:
    """The page where a customer pays."""
    return f"{public_url}/pi/{intent_id}?client_secret={url_quote(client_secret)}"


def intent_object(
    intent: PaymentIntent, payments: Sequence[Payment], view: View | None, public_url: str
) -> IntentObject:
    """An intent, judged in `view` (None before the first scan)."""
    return IntentObject(**_intent_fields(intent, payments, view, public_url))


def intent_with_payments(
    intent: PaymentIntent, payments: Sequence[Payment], view: View | None, public_url: str
) -> IntentWithPayments:
    """An intent with its payments."""
    shown = tuple(payment_object(payment, view) for payment in payments)
    return IntentWithPayments(**_intent_fields(intent, payments, view, public_url), payments=shown)


def encode(value: object) -> bytes:
    """JSON bytes."""
    return _encoder.encode(value)


def with_no_payments(intent_json: bytes) -> bytes:
    """The bytes of an IntentWithPayments without payments, from those of the IntentObject."""
    return intent_json[:-1] + NO_PAYMENTS


def payment_object(payment: Payment, view: View | None) -> PaymentObject:
    """A payment, judged in `view`."""
    return PaymentObject(**_payment_fields(payment, view))


def deposit_object(deposit: Deposit) -> DepositObject:
    """A payment on its own."""
    return DepositObject(
        **_payment_fields(deposit.payment, deposit.scanned),
        livemode=deposit.livemode,
        payment_intent=deposit.intent_id,
        recovered_intent_id=deposit.recovered_intent_id,
        assigned_at=None if deposit.assigned_at is None else iso_ms(deposit.assigned_at),
        refunded_at=None if deposit.refunded_at is None else iso_ms(deposit.refunded_at),
        refund_tx_id=deposit.refund_tx_id,
        created_at=iso_ms(deposit.created_at),
    )


def _payment_fields(payment: Payment, view: View | None) -> dict[str, Any]:
    included = payment.inclusion is Inclusion.INCLUDED and view is not None
    return {
        "id": payment.id,
        "tx_id": payment.tx_id,
        "event_index": payment.event_index,
        "amount_sats": payment.amount_sats,
        "sender": payment.sender,
        "recipient": payment.recipient,
        "memo_hex": None if payment.memo is None else payment.memo.hex(),
        "status": payment.inclusion,
        "confirmations": 0 if view is None else confirmations(payment, view),
        "tenure_changes": 0 if view is None else tenure_changes(payment, view),
        "bitcoin_blocks": 0 if view is None else bitcoin_blocks(payment, view),
        "finality": finality_of(payment, view) if included and view is not None else None,
        "block_height": payment.block_height,
        "block_hash": payment.block_hash,
        "block_time": iso_ms(payment.block_time),
    }


def settledness(payments: Sequence[Payment], view: View | None) -> tuple[int, Finality | None]:
    """Confirmations and finality of the least settled payment on the chain; (0, None) without one."""
    included = [payment for payment in payments if payment.inclusion is Inclusion.INCLUDED]
    if not included or view is None:
        return 0, None
    least = min(included, key=lambda payment: -payment.block_height)
    return confirmations(least, view), finality_of(least, view)


def quote_object(quote: Quote | None) -> QuoteObject | None:
    """A quote, or nothing."""
    if quote is None:
        return None
    return QuoteObject(
        amount_usd=quote.amount_usd,
        rate_usd_per_btc=quote.rate_usd_per_btc,
        source=quote.source,
        quoted_at=iso_ms(quote.quoted_at),
    )


def _intent_fields(
    intent: PaymentIntent, payments: Sequence[Payment], view: View | None, public_url: str
) -> dict[str, Any]:
    confirmed, finality = settledness(payments, view)
    terms = intent.terms
    return {
        "id": intent.id,
        "livemode": intent.livemode,
        "status": intent.status,
        "exceptions": tuple(sorted(intent.anomalies)),
        "amount_sats": terms.amount_sats,
        "amount_received_sats": intent.amount_received_sats,
        "amount_due_sats": intent.amount_due_sats,
        "pay_address": terms.pay_address,
        "memo": intent.id,
        "memo_hex": memo_hex_of(intent.id),
        "confirmations": confirmed,
        "finality": finality,
        "confirmation_policy": terms.policy,
        "quote": quote_object(intent.quote),
        "description": intent.description,
        "metadata": intent.metadata,
        "success_url": intent.success_url,
        "cancel_url": intent.cancel_url,
        "client_secret": intent.client_secret,
        "checkout_url": checkout_url(public_url, intent.id, intent.client_secret),
        "expires_at": iso_ms(terms.expires_at),
        "created_at": iso_ms(intent.created_at),
        "confirmed_at": None if intent.confirmed_at is None else iso_ms(intent.confirmed_at),
        "canceled_at": None if intent.canceled_at is None else iso_ms(intent.canceled_at),
        "sequence": intent.sequence,
    }
