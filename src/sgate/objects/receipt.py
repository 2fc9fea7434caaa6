"""The receipt of a payment intent: the amount due, the payments received, and how settled they are."""

from typing import Annotated, Literal

import msgspec

from sgate.core.intent import Status
from sgate.core.mode import Mode
from sgate.core.payment import Inclusion
from sgate.core.text import shown_line, shown_lines
from sgate.objects.encoding import iso_ms, iso_ms_or_none
from sgate.objects.fields import (
    OBJECT,
    AmountDue,
    AmountReceived,
    BlockHash,
    BlockHeight,
    BlockTime,
    Confirmations,
    ConfirmedAt,
    CreatedAt,
    Currency,
    CurrentFinality,
    Description,
    IntentId,
    IntentStatus,
    LeastConfirmations,
    Livemode,
    Memo,
    NetworkName,
    PayAddress,
    Sats,
    Sender,
    TransactionId,
    doc,
)
from sgate.objects.payment import payment_object
from sgate.objects.payment_intent import QuoteAtCreation, quote_object, settledness
from sgate.store.payment_intents import IntentView


class ReceiptPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment on a receipt: one that is on the chain now."""

    tx_id: TransactionId
    amount_sats: Annotated[Sats, doc("Amount of the payment, in sats.")]
    sender: Sender
    block_height: BlockHeight
    block_hash: BlockHash
    block_time: BlockTime
    confirmations: Confirmations
    finality: CurrentFinality


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt for the customer."""

    id: IntentId
    object: Annotated[Literal["receipt"], OBJECT] = "receipt"
    livemode: Livemode
    network: NetworkName
    status: IntentStatus
    final: Annotated[bool, doc("`true` if the amount is paid and final by the confirmation policy.", True)]
    merchant: Annotated[str, doc("Name of the merchant.", "Corner Coffee")]
    description: Annotated[Description, doc("Description of what is paid for. Null without the client secret.")]
    amount_sats: AmountDue
    amount_received_sats: AmountReceived
    currency: Currency = "sbtc"
    quote: QuoteAtCreation
    pay_address: PayAddress
    memo: Memo
    confirmations: LeastConfirmations
    finality: CurrentFinality
    created_at: CreatedAt
    confirmed_at: ConfirmedAt
    payments: Annotated[tuple[ReceiptPayment, ...], doc("The payments that are on the chain now, in chain order.")]


def receipt_of(found: IntentView, mode: Mode, *, private: bool) -> Receipt | None:
    """Return the receipt, or None if there is no payment. `private` is true if the client secret was given."""
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
        merchant=shown_line(found.merchant_name),
        description=shown_lines(intent.description) if private and intent.description is not None else None,
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
