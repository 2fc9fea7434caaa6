"""The receipt of a payment intent: what was asked for, what came, how settled it is. For people and for machines."""

import msgspec

from sgate.core.finality import Finality
from sgate.core.intent import Status
from sgate.core.mode import Mode
from sgate.core.payment import Inclusion
from sgate.objects.encoding import iso_ms, iso_ms_or_none
from sgate.objects.payment import payment_object
from sgate.objects.payment_intent import QuoteObject, quote_object, settledness
from sgate.store.payment_intents import IntentView


class ReceiptPayment(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer that is on the chain now."""

    tx_id: str
    amount_sats: int
    sender: str
    block_height: int
    block_hash: str
    block_time: str
    confirmations: int
    finality: Finality | None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer may keep. `final` says whether the payment is final by the merchant's policy.

    `description` is null without the client secret. `quote` is what the amount was worth when it was asked for.
    """

    id: str
    object: str = "receipt"
    livemode: bool
    network: str
    status: Status
    final: bool
    merchant: str
    description: str | None
    amount_sats: int
    amount_received_sats: int
    currency: str = "sbtc"
    quote: QuoteObject | None
    pay_address: str
    memo: str
    confirmations: int
    finality: Finality | None
    created_at: str
    confirmed_at: str | None
    payments: tuple[ReceiptPayment, ...]


def receipt_of(found: IntentView, mode: Mode, *, private: bool) -> Receipt | None:
    """The receipt, or None as long as nothing has come. `private` says that the client secret was shown."""
    intent, terms = found.intent, found.intent.terms
    included = [payment for payment in found.payments if payment.inclusion is Inclusion.INCLUDED]
    if not included:
        return None
    shown = [payment_object(payment, found.scanned) for payment in included]
    confirmations, finality = settledness(included, found.scanned)
    return Receipt(
        id=intent.id,
        livemode=intent.livemode,
        network=mode.network,
        status=intent.status,
        final=intent.status is Status.CONFIRMED,
        merchant=found.merchant_name,
        description=intent.description if private else None,
        amount_sats=terms.amount_sats,
        amount_received_sats=intent.amount_received_sats,
        quote=quote_object(intent.quote),
        pay_address=terms.pay_address,
        memo=intent.id,
        confirmations=confirmations,
        finality=finality,
        created_at=iso_ms(intent.created_at),
        confirmed_at=iso_ms_or_none(intent.confirmed_at),
        payments=tuple(
            ReceiptPayment(
                tx_id=payment.tx_id,
                amount_sats=payment.amount_sats,
                sender=payment.sender,
                block_height=payment.block_height,
                block_hash=payment.block_hash,
                block_time=payment.block_time,
                confirmations=payment.confirmations,
                finality=payment.finality,
            )
            for payment in shown
        ),
    )
