"""A payment as merchants see it: within its intent, and on its own."""

from typing import Any

import msgspec

from sgate.core.finality import Finality, View, bitcoin_blocks, confirmations, finality_of, tenure_changes
from sgate.core.payment import Inclusion, Payment
from sgate.objects.encoding import iso_ms, iso_ms_or_none
from sgate.store.payments import Deposit


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


class PaymentList(msgspec.Struct):
    """A page of payments, newest first."""

    object: str
    data: list[DepositObject]
    has_more: bool
    limit: int


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
        assigned_at=iso_ms_or_none(deposit.assigned_at),
        refunded_at=iso_ms_or_none(deposit.refunded_at),
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
