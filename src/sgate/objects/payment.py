"""A payment as merchants see it: as part of its payment intent, or as an object of its own."""

from typing import Annotated, Any, Literal

import msgspec

from sgate.core.finality import View, bitcoin_blocks, confirmations, finality_of, tenure_changes
from sgate.core.lifecycle import HeldReason
from sgate.core.payment import Inclusion, Payment
from sgate.objects.encoding import iso_ms, iso_ms_or_none
from sgate.objects.fields import (
    LIST,
    OBJECT,
    BlockHash,
    BlockHeight,
    BlockTime,
    Confirmations,
    CreatedAt,
    CurrentFinality,
    HasMore,
    IntentId,
    Limit,
    Livemode,
    PayAddress,
    PaymentId,
    Sats,
    Sender,
    Timestamp,
    TransactionId,
    doc,
)
from sgate.store.payments import Deposit


class PaymentObject(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer of sBTC to a pay address."""

    id: PaymentId
    object: Annotated[Literal["payment"], OBJECT] = "payment"
    tx_id: TransactionId
    event_index: Annotated[
        int, doc("Index of the transfer among the transaction's events: one transaction may pay several times.", 0)
    ]
    amount_sats: Annotated[Sats, doc("Amount of the transfer, in sats.")]
    sender: Sender
    recipient: Annotated[PayAddress, doc("Stacks address or contract that received the payment.")]
    memo_hex: Annotated[
        str | None,
        doc(
            "Memo of the transfer as hexadecimal bytes; null if it has none.",
            "70695f366136663062343061316232633364346535663630373138",
        ),
    ]
    status: Annotated[
        Inclusion,
        doc(
            "`included` while its block is on the chain. `orphaned` if a reorganization removed the block; it may be "
            "included again.",
            "included",
        ),
    ]
    confirmations: Annotated[
        Confirmations,
        doc("Number of Stacks blocks from the one with the payment to the tip of the chain; 0 while it is orphaned."),
    ]
    tenure_changes: Annotated[int, doc("Number of tenures that began after the one with the payment.", 2)]
    bitcoin_blocks: Annotated[
        int, doc("Number of Bitcoin blocks from the one that the payment's tenure is anchored to, which counts.", 3)
    ]
    finality: Annotated[
        CurrentFinality,
        doc(
            "How settled the payment is. `included`: in a Stacks block. `anchored`: one tenure change has followed. "
            "`bitcoin_final`: two have, so it is as final as Bitcoin. Null while it is orphaned."
        ),
    ]
    block_height: BlockHeight
    block_hash: BlockHash
    block_time: BlockTime


class DepositObject(PaymentObject, frozen=True, kw_only=True):
    """A payment with its payment intent and its history; the object of `payment.*` events."""

    livemode: Livemode
    payment_intent: Annotated[IntentId | None, doc("Id of the payment intent; null for an unmatched deposit.")]
    recovered_intent_id: Annotated[
        IntentId | None,
        doc("Id of a payment intent that the memo names but that this server does not know; null otherwise."),
    ]
    assigned_at: Annotated[
        Timestamp | None,
        doc(
            "Time at which the deposit was assigned to its payment intent by hand, ISO 8601 in UTC; null if it was not."
        ),
    ]
    refunded_at: Annotated[
        Timestamp | None, doc("Time at which the payment was marked as refunded, ISO 8601 in UTC; null if it was not.")
    ]
    refund_tx_id: Annotated[TransactionId | None, doc("Id of the transaction that refunded it; null if none is known.")]
    created_at: Annotated[CreatedAt, doc("Time at which sGate first recorded the payment, ISO 8601 in UTC.")]


class HeldPaymentObject(DepositObject, frozen=True, kw_only=True):
    """A payment that waits for the merchant's decision; the object of `payment.held` events."""

    held_reason: Annotated[
        HeldReason,
        doc(
            "Why it waits for your decision. `late`: it arrived after the deadline. `after_cancel`: it arrived after "
            "the payment intent was canceled. `canceled`: it had arrived before the payment intent was canceled. "
            "`duplicate`: it pays the intent in full a second time. `overpaid`: with it, more than the amount arrived. "
            "The first three do not count until you accept them.",
            "late",
        ),
    ]


class PaymentList(msgspec.Struct):
    """A page of payments, newest first."""

    object: Annotated[Literal["list"], LIST]
    data: Annotated[list[DepositObject], doc("The payments of this page.")]
    has_more: HasMore
    limit: Limit


def payment_object(payment: Payment, view: View | None) -> PaymentObject:
    """Return a payment as part of its intent, evaluated in `view`."""
    return PaymentObject(**_payment_fields(payment, view))


def deposit_object(deposit: Deposit) -> DepositObject:
    """Return a payment as an object of its own."""
    return DepositObject(**_deposit_fields(deposit))


def held_payment_object(deposit: Deposit, reason: HeldReason) -> HeldPaymentObject:
    """Return a payment that waits for the merchant's decision."""
    return HeldPaymentObject(**_deposit_fields(deposit), held_reason=reason)


def _deposit_fields(deposit: Deposit) -> dict[str, Any]:
    return _payment_fields(deposit.payment, deposit.scanned) | {
        "livemode": deposit.livemode,
        "payment_intent": deposit.intent_id,
        "recovered_intent_id": deposit.recovered_intent_id,
        "assigned_at": iso_ms_or_none(deposit.assigned_at),
        "refunded_at": iso_ms_or_none(deposit.refunded_at),
        "refund_tx_id": deposit.refund_tx_id,
        "created_at": iso_ms(deposit.created_at),
    }


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
