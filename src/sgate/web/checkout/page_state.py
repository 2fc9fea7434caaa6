"""What the checkout shows: the facts of an intent as one picture, and the numbers in it. Pure. The words: `messages`.

A wrong picture makes a customer pay twice, or pay nobody. So the instructions how to pay are drawn only while paying
now is right: not when a payment is on its way, not when one lost its block and is likely to come back, and not when the
time is up, even though the ledger keeps an intent open for a while after its deadline.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import assert_never

import msgspec

from sgate.core.address import Network
from sgate.core.finality import Tier, View, bitcoin_blocks, confirmations, tenure_changes
from sgate.core.intent import Anomaly, PaymentIntent, Status
from sgate.core.mode import CHAIN_SILENT_AFTER
from sgate.core.payment import Inclusion, Payment
from sgate.store.payment_intents import IntentView

MINUTES_PER_BITCOIN_BLOCK = 10
SECONDS_PER_STACKS_BLOCK = 5
EXPLORER_URLS: Mapping[str, str] = {
    Network.MAINNET: "https://explorer.hiro.so/txid/{tx_id}?chain=mainnet",
    Network.TESTNET: "https://explorer.hiro.so/txid/{tx_id}?chain=testnet",
}
"""Where a payer can look a transaction up. The page only links there; it never asks anybody itself."""


class Picture(StrEnum):
    """What the page shows."""

    WAITING = "waiting"  # pay now
    PARTIAL = "partial"  # a part has come; pay the rest now
    SEEN = "seen"  # a payment is in the mempool; do not pay again
    LOST = "lost"  # a payment lost its block; do not pay again
    TIME_UP = "time_up"  # the deadline is over, the ledger has not closed the intent yet
    PROCESSING = "processing"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELED = "canceled"


PAYABLE = frozenset({Picture.WAITING, Picture.PARTIAL})
"""Pictures with the instructions how to pay, in full view."""

RECONSIDERED = frozenset({Picture.SEEN, Picture.LOST})
"""Pictures with the instructions folded away: whoever opens them was told to wait."""

BUSY = PAYABLE | RECONSIDERED | {Picture.TIME_UP, Picture.PROCESSING}
"""Pictures that are about to change. Of the others the page asks seldom."""


class Unit(StrEnum):
    """What a confirmation policy counts."""

    STACKS_BLOCKS = "stacks_blocks"
    TENURES = "tenures"
    BITCOIN_BLOCKS = "bitcoin_blocks"


class Excess(StrEnum):
    """Why there is more money than was asked for."""

    PAID_TWICE = "paid_twice"
    TOO_LATE = "too_late"
    TOO_MUCH = "too_much"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One number of the confirmation policy, and how far it has come."""

    unit: Unit
    done: int
    needed: int


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction of the customer. `gone`: its block was taken off the chain. `url`: where to look it up."""

    tx_id: str
    amount_sats: int
    gone: bool
    url: str | None


def picture_of(found: IntentView, now: datetime) -> Picture:
    """Which picture fits. `now` is the server's time: the deadline that a customer sees is judged by it."""
    intent = found.intent
    match intent.status:
        case Status.REQUIRES_PAYMENT:
            return _waiting_picture(found, now)
        case Status.PROCESSING:
            return Picture.PROCESSING
        case Status.CONFIRMED:
            return Picture.CONFIRMED
        case Status.EXPIRED:
            return Picture.EXPIRED
        case Status.FAILED:
            return Picture.FAILED
        case Status.CANCELED:
            return Picture.CANCELED
        case _:
            assert_never(intent.status)


def _waiting_picture(found: IntentView, now: datetime) -> Picture:
    intent = found.intent
    if any(payment.inclusion is Inclusion.ORPHANED for payment in found.payments):
        return Picture.LOST
    if found.sighted_at is not None:
        return Picture.SEEN
    if now >= intent.terms.expires_at:
        return Picture.TIME_UP
    return Picture.PARTIAL if intent.amount_received_sats else Picture.WAITING


def excess_sats(intent: PaymentIntent) -> int:
    """What came beyond the amount, whether it counts or is held."""
    return max(0, intent.amount_received_sats - intent.terms.amount_sats)


def excess_of(intent: PaymentIntent) -> Excess | None:
    """Why there is money beyond the amount on a settled intent, or None."""
    if intent.status not in {Status.PROCESSING, Status.CONFIRMED} or not excess_sats(intent):
        return None  # where nothing was settled, the picture itself speaks of money that is held
    if Anomaly.DUPLICATE_PAYMENT in intent.anomalies:
        return Excess.PAID_TWICE
    if {Anomaly.PAID_LATE, Anomaly.PAID_AFTER_CANCEL} & intent.anomalies:
        return Excess.TOO_LATE
    return Excess.TOO_MUCH


def chain_is_away(found: IntentView, now: datetime) -> bool:
    """Whether nobody sees the chain at the moment, so that a payment would be noticed late. Not before a first look."""
    if found.chain_checked_at is None:
        return False
    return found.chain_trouble or now - found.chain_checked_at > CHAIN_SILENT_AFTER


def transactions_of(payments: Sequence[Payment], network: str) -> tuple[Transaction, ...]:
    """The transactions that pay an intent, in chain order, each once with what it pays."""
    pattern = EXPLORER_URLS.get(network)
    worth_sats: dict[str, int] = {}
    gone: dict[str, bool] = {}
    for payment in payments:
        worth_sats[payment.tx_id] = worth_sats.get(payment.tx_id, 0) + payment.amount_sats
        gone[payment.tx_id] = payment.inclusion is Inclusion.ORPHANED
    return tuple(
        Transaction(
            tx_id=tx_id,
            amount_sats=amount_sats,
            gone=gone[tx_id],
            url=None if pattern is None else pattern.format(tx_id=tx_id),
        )
        for tx_id, amount_sats in worth_sats.items()
    )


def steps_of(required: Tier, payments: Sequence[Payment], view: View | None) -> tuple[Step, ...]:
    """How far the newest payment has come, in each number that must hold. Empty without a payment on the chain."""
    included = [payment for payment in payments if payment.inclusion is Inclusion.INCLUDED]
    if not included or view is None:
        return ()
    newest = max(included, key=lambda payment: payment.chain_order)
    numbers = (
        (Unit.STACKS_BLOCKS, required.stacks_blocks, confirmations(newest, view)),
        (Unit.TENURES, required.tenure_changes, tenure_changes(newest, view)),
        (Unit.BITCOIN_BLOCKS, required.bitcoin_blocks, bitcoin_blocks(newest, view)),
    )
    return tuple(Step(unit=unit, done=min(done, needed), needed=needed) for unit, needed, done in numbers if needed)


def minutes_needed(required: Tier) -> float:
    """A guess, from the block on in which the payment is. A tenure begins with a Bitcoin block; of Bitcoin blocks the
    payment's own counts as the first.
    """
    bitcoin = max(required.tenure_changes or 0, (required.bitcoin_blocks or 1) - 1)
    return _minutes(required.stacks_blocks or 0, bitcoin)


def minutes_left(steps: Sequence[Step]) -> float:
    """A guess of how long it takes until all numbers are reached."""
    missing = {step.unit: step.needed - step.done for step in steps}
    bitcoin = max(missing.get(Unit.TENURES, 0), missing.get(Unit.BITCOIN_BLOCKS, 0))
    return _minutes(missing.get(Unit.STACKS_BLOCKS, 0), bitcoin)


def _minutes(stacks_blocks: int, bitcoin_blocks: int) -> float:
    return max(stacks_blocks * SECONDS_PER_STACKS_BLOCK / 60, bitcoin_blocks * MINUTES_PER_BITCOIN_BLOCK)
