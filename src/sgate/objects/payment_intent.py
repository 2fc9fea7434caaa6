"""A payment intent as merchants see it, with or without its payments."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote as url_quote

import msgspec

from sgate.core.finality import Finality, Policy, View, confirmations, finality_of
from sgate.core.intent import FailureReason, PaymentIntent, Status
from sgate.core.memo import memo_hex_of
from sgate.core.money import Quote
from sgate.core.payment import Inclusion, Payment
from sgate.objects.encoding import encode, iso_ms, iso_ms_or_none
from sgate.objects.fields import (
    LIST,
    OBJECT,
    AmountDue,
    AmountReceived,
    AmountRemaining,
    CancelUrl,
    ClientSecret,
    ConfirmedAt,
    CreatedAt,
    Currency,
    CurrentFinality,
    Description,
    EventCount,
    Exceptions,
    ExpiresAt,
    HasMore,
    IntentId,
    IntentStatus,
    LeastConfirmations,
    Limit,
    Livemode,
    Memo,
    MemoHex,
    Metadata,
    PayAddress,
    PaymentId,
    SuccessUrl,
    Timestamp,
    doc,
)
from sgate.objects.payment import PaymentObject, payment_object
from sgate.store.payments_scan import Move

_GATEWAY_ADDRESS = (
    "You have set no pay address, so the operator of this server receives the payment. If the customer omits the memo, "
    "only the operator sees the deposit. Set pay_address with PATCH /v1/merchants/me."
)


class QuoteObject(msgspec.Struct, frozen=True, kw_only=True):
    """The value of an amount in US dollars when the payment intent was created."""

    amount_usd: Annotated[str, doc("Value of the amount, in US dollars: a decimal string.", "100.00")]
    rate_usd_per_btc: Annotated[str, doc("Exchange rate, in US dollars per bitcoin: a decimal string.", "100000")]
    source: Annotated[str, doc("Source of the exchange rate.", "median of Binance, Coinbase and Kraken")]
    quoted_at: Annotated[Timestamp, doc("Time of the exchange rate, ISO 8601 in UTC.")]


QuoteAtCreation = Annotated[
    QuoteObject | None, doc("Value of the amount in US dollars at creation; null if no exchange rate was available.")
]


class BlockReference(msgspec.Struct, frozen=True, kw_only=True):
    """A Stacks block."""

    height: Annotated[int, doc("Height of the block.", 171_234)]
    index_block_hash: Annotated[
        str,
        doc(
            "Index block hash, which identifies the block across forks.",
            "0x5e2b1c0d9f8a7e6d5c4b3a29180716253443526170818e9dacbbcad9e8f70615",
        ),
    ]


WhyFailed = Annotated[
    FailureReason | None,
    doc(
        "Why the status is `failed`; null for any other status. `underpaid`: part of the amount arrived in time. "
        "`payment_undone`: a chain reorganization undid its payment, which did not return.",
        None,
    ),
]


class IntentObject(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a customer to pay an amount, and its progress."""

    id: IntentId
    object: Annotated[Literal["payment_intent"], OBJECT] = "payment_intent"
    livemode: Livemode
    status: IntentStatus
    exceptions: Exceptions
    failure_reason: WhyFailed
    amount_sats: AmountDue
    amount_received_sats: AmountReceived
    amount_due_sats: AmountRemaining
    currency: Currency = "sbtc"
    pay_address: PayAddress
    memo: Memo
    memo_hex: MemoHex
    confirmations: LeastConfirmations
    finality: Annotated[
        CurrentFinality,
        doc(
            "How settled the least settled payment is. `included`: in a Stacks block. `anchored`: one tenure change "
            "has followed. `bitcoin_final`: two have, so it is as final as Bitcoin. Null without a payment."
        ),
    ]
    confirmation_policy: Annotated[Policy, doc("When a payment counts as final: tiers by amount.")]
    quote: QuoteAtCreation
    description: Description
    metadata: Metadata
    success_url: SuccessUrl
    cancel_url: CancelUrl
    client_secret: ClientSecret
    checkout_url: Annotated[
        str,
        doc(
            "URL of the checkout page, where the customer pays.",
            "https://pay.example.com/pi/pi_6b042ac0a1b2c3d4e5f60718"
            "?client_secret=pi_6b042ac0a1b2c3d4e5f60718_secret_0123456789abcdef0123456789abc",
            format="uri",
        ),
    ]
    expires_at: ExpiresAt
    created_at: CreatedAt
    confirmed_at: ConfirmedAt
    canceled_at: Annotated[
        Timestamp | None, doc("Time at which the merchant canceled it, ISO 8601 in UTC; null if it was not canceled.")
    ]
    sequence: EventCount


class MovedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that a chain reorganization moved to another block, or removed from the chain."""

    payment: PaymentId
    old_block: Annotated[BlockReference, doc("The block that contained the payment before.")]
    new_block: Annotated[
        BlockReference | None, doc("The block that contains it now; null while it is in no block of the chain.")
    ]


class ReorgedIntentObject(IntentObject, frozen=True, kw_only=True):
    """A payment intent after a chain reorganization; the object of `payment_intent.reorged` events."""

    moved_payments: Annotated[
        tuple[MovedPayment, ...],
        doc("The payments whose block changed. Empty if only the confirmations of a payment decreased."),
    ]


class IntentWithPayments(IntentObject, frozen=True, kw_only=True):
    """A payment intent with its payments."""

    payments: Annotated[tuple[PaymentObject, ...], doc("The payments of the payment intent, in chain order.")]


class CreationWarning(msgspec.Struct, frozen=True, kw_only=True):
    """A warning about a payment intent that was created anyway."""

    code: Annotated[
        Literal["gateway_address"],
        doc("`gateway_address`: you have set no pay address, so the operator of the server receives the payment."),
    ]
    message: Annotated[str, doc("Human-readable: what the problem is and what to do.", _GATEWAY_ADDRESS)]


class CreatedIntent(IntentWithPayments, frozen=True, kw_only=True):
    """A payment intent that was just created."""

    warnings: Annotated[tuple[CreationWarning, ...], doc("Problems that need your attention; usually empty.")]


_NO_PAYMENTS = b',"payments":[],"warnings":'
_NO_WARNINGS = _NO_PAYMENTS + b"[]}"
_WARNED = _NO_PAYMENTS + encode([CreationWarning(code="gateway_address", message=_GATEWAY_ADDRESS)]) + b"}"


class IntentList(msgspec.Struct):
    """A page of payment intents, newest first. Totals are present only if the request has a page number."""

    object: Annotated[Literal["list"], LIST]
    data: Annotated[list[IntentWithPayments], doc("The payment intents of this page.")]
    has_more: HasMore
    limit: Limit
    total: Annotated[
        int | msgspec.UnsetType, doc("Number of payment intents that match, counted up to 10,000.", 42)
    ] = msgspec.UNSET
    total_is_exact: Annotated[
        bool | msgspec.UnsetType, doc("`false` if there are more than 10,000, which are not counted.", True)
    ] = msgspec.UNSET
    page: Annotated[int | msgspec.UnsetType, doc("Number of this page; 1 is the first.", 1)] = msgspec.UNSET
    pages: Annotated[int | msgspec.UnsetType, doc("Number of pages that can be reached.", 5)] = msgspec.UNSET


def checkout_url(public_url: str, intent_id: str, client_secret: str) -> str:
    """Return the URL of the page where a customer pays."""
    return f"{public_url}/pi/{intent_id}?client_secret={url_quote(client_secret)}"


def intent_object(
    intent: PaymentIntent, payments: Sequence[Payment], view: View | None, public_url: str
) -> IntentObject:
    """Return an intent, evaluated in `view`. `view` is None before the first scan."""
    return IntentObject(**_intent_fields(intent, payments, view, public_url))


def intent_with_payments(
    intent: PaymentIntent, payments: Sequence[Payment], view: View | None, public_url: str
) -> IntentWithPayments:
    """Return an intent with its payments."""
    shown = tuple(payment_object(payment, view) for payment in payments)
    return IntentWithPayments(**_intent_fields(intent, payments, view, public_url), payments=shown)


def created_intent(intent_json: bytes, *, at_gateway_address: bool) -> bytes:
    """Return the JSON of a `CreatedIntent`. `intent_json` is the JSON of the `IntentObject`.

    Args:
        at_gateway_address: whether the gateway receives the payment, because the merchant has no pay address.
    """
    return intent_json[:-1] + (_WARNED if at_gateway_address else _NO_WARNINGS)


def settledness(payments: Sequence[Payment], view: View | None) -> tuple[int, Finality | None]:
    """Return (confirmations, finality) of the least settled payment on the chain, or (0, None) without a payment."""
    included = [payment for payment in payments if payment.inclusion is Inclusion.INCLUDED]
    if not included or view is None:
        return 0, None
    least = min(included, key=lambda payment: -payment.block_height)
    return confirmations(least, view), finality_of(least, view)


def quote_object(quote: Quote | None) -> QuoteObject | None:
    """Return a quote as merchants see it, or None if there is no quote."""
    if quote is None:
        return None
    return QuoteObject(
        amount_usd=quote.amount_usd,
        rate_usd_per_btc=quote.rate_usd_per_btc,
        source=quote.source,
        quoted_at=iso_ms(quote.quoted_at),
    )


def reorged_intent_object(seen: IntentObject, moves: Sequence[Move]) -> ReorgedIntentObject:
    """Return an intent after a reorganization that moved these payments."""
    return ReorgedIntentObject(
        **msgspec.structs.asdict(seen),
        moved_payments=tuple(
            MovedPayment(
                payment=move.payment_id,
                old_block=BlockReference(height=move.old_height, index_block_hash=move.old_hash),
                new_block=None
                if move.new_height is None or move.new_hash is None
                else BlockReference(height=move.new_height, index_block_hash=move.new_hash),
            )
            for move in moves
        ),
    )


def _failure_reason(intent: PaymentIntent) -> FailureReason | None:
    if intent.status is not Status.FAILED:
        return None
    return FailureReason.UNDERPAID if intent.amount_counted_sats else FailureReason.PAYMENT_UNDONE


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
        "failure_reason": _failure_reason(intent),
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
