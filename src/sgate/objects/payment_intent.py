"""A payment intent as merchants see it, with its payments or without."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote as url_quote

import msgspec

from sgate.core.finality import Finality, Policy, View, confirmations, finality_of
from sgate.core.intent import PaymentIntent
from sgate.core.memo import memo_hex_of
from sgate.core.money import Quote
from sgate.core.payment import Inclusion, Payment
from sgate.objects.encoding import iso_ms, iso_ms_or_none
from sgate.objects.payment import PaymentObject, payment_object


class QuoteObject(msgspec.Struct, frozen=True, kw_only=True):
    """What the amount was worth in US dollars when the intent was made, and who said so."""

    amount_usd: str
    rate_usd_per_btc: str
    source: str
    quoted_at: str


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


NO_PAYMENTS = b',"payments":[]}'


class IntentList(msgspec.Struct):
    """A part of the list of payment intents, newest first. The last four fields are there if `page` was given.

    `total` is counted up to 10,000; if there are more, `total_is_exact` is false.
    """

    object: str
    data: list[IntentWithPayments]
    has_more: bool
    limit: int
    total: int | msgspec.UnsetType = msgspec.UNSET
    total_is_exact: bool | msgspec.UnsetType = msgspec.UNSET
    page: int | msgspec.UnsetType = msgspec.UNSET
    pages: int | msgspec.UnsetType = msgspec.UNSET


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


def with_no_payments(intent_json: bytes) -> bytes:
    """The bytes of an IntentWithPayments without payments, from those of the IntentObject."""
    return intent_json[:-1] + NO_PAYMENTS


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
        "confirmed_at": iso_ms_or_none(intent.confirmed_at),
        "canceled_at": iso_ms_or_none(intent.canceled_at),
        "sequence": intent.sequence,
    }
