"""The state of the checkout page: one picture for a payment intent, and the numbers that it shows. No I/O.

The sentences are in `messages`. A wrong picture can make a customer pay twice, or not at all. Payment instructions are
therefore shown only while the customer should pay. They are not shown if a payment is in the mempool, or if an orphaned
payment is likely to be mined again. They are not shown after the deadline either, although the ledger keeps the intent
open for the grace period.
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
"""Links to transactions in an explorer. The page never requests them itself."""


HELD = frozenset({Anomaly.PAID_LATE, Anomaly.PAID_AFTER_CANCEL, Anomaly.CANCELED_WITH_PAYMENT})
"""The exceptions of intents with payments that wait for the merchant's decision."""


class Picture(StrEnum):
    """A state of the page."""

    WAITING = "waiting"  # pay now
    PARTIAL = "partial"  # part of the amount was received; pay the rest now
    SEEN = "seen"  # a payment is in the mempool; do not pay again
    LOST = "lost"  # a payment was orphaned; do not pay again
    TIME_UP = "time_up"  # the deadline has passed, but the ledger has not closed the intent yet
    PROCESSING = "processing"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELED = "canceled"


PAYABLE = frozenset({Picture.WAITING, Picture.PARTIAL})
"""Pictures that show the payment instructions."""

COLLAPSED = frozenset({Picture.SEEN, Picture.LOST})
"""Pictures that hide the payment instructions in a closed disclosure, below the advice not to pay again."""

BUSY = PAYABLE | COLLAPSED | {Picture.TIME_UP, Picture.PROCESSING}
"""Pictures that are expected to change. In the other pictures, the page polls less often."""


class Unit(StrEnum):
    """A unit that a confirmation policy counts."""

    STACKS_BLOCKS = "stacks_blocks"
    TENURES = "tenures"
    BITCOIN_BLOCKS = "bitcoin_blocks"


class Excess(StrEnum):
    """The reason why more than the amount due was received."""

    PAID_TWICE = "paid_twice"
    TOO_LATE = "too_late"
    TOO_MUCH = "too_much"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Progress toward one requirement of the confirmation policy."""

    unit: Unit
    done: int
    needed: int


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's transaction.

    Attributes:
        tx_id: the transaction id.
        amount_sats: the amount that it pays toward the intent.
        orphaned: whether its block is no longer part of the chain.
        dropped: whether it will not be mined again either, so the customer may have to pay again.
        url: the URL of its page in an explorer, or None on the simulated chain.
    """

    tx_id: str
    amount_sats: int
    orphaned: bool
    dropped: bool
    url: str | None


def picture_of(found: IntentView, now: datetime) -> Picture:
    """Return the picture for an intent. `now` is the server's time, against which the deadline is checked."""
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
    if any(payment.may_return for payment in found.payments):
        return Picture.LOST
    if found.sighted_at is not None:
        return Picture.SEEN
    if now >= intent.terms.expires_at:
        return Picture.TIME_UP
    return Picture.PARTIAL if intent.amount_received_sats else Picture.WAITING


def excess_sats(intent: PaymentIntent) -> int:
    """Return the amount received in excess of the requested amount, including held payments."""
    return max(0, intent.amount_received_sats - intent.terms.amount_sats)


def excess_of(intent: PaymentIntent) -> Excess | None:
    """Return the reason why more than the amount was received for a settled intent, or None."""
    if intent.status not in {Status.PROCESSING, Status.CONFIRMED} or not excess_sats(intent):
        return None  # the other pictures already mention held money
    if Anomaly.DUPLICATE_PAYMENT in intent.anomalies:
        return Excess.PAID_TWICE
    came_late = bool(HELD & intent.anomalies)
    if came_late and intent.amount_received_sats > intent.amount_counted_sats:
        return Excess.TOO_LATE  # unless all of it counts: then the merchant has accepted what came late
    return Excess.TOO_MUCH


def is_undone(picture: Picture, intent: PaymentIntent) -> bool:
    """Return whether a reorganization undid the payments of a closed intent."""
    return picture is Picture.FAILED and not intent.amount_received_sats


def may_still_count(intent: PaymentIntent, now: datetime) -> bool:
    """Return whether a payment that is included in a block now would be in time."""
    return now <= intent.terms.in_time_until


def chain_is_unavailable(found: IntentView, now: datetime) -> bool:
    """Return whether the chain cannot be read now, so that payments are detected late.

    False before the first poll of the chain.
    """
    if found.chain_checked_at is None:
        return False
    return found.chain_failing or now - found.chain_checked_at > CHAIN_SILENT_AFTER


def transactions_of(payments: Sequence[Payment], network: str) -> tuple[Transaction, ...]:
    """Return the transactions that pay an intent, in chain order, with the amount of each."""
    pattern = EXPLORER_URLS.get(network)
    amounts_sats: dict[str, int] = {}
    orphaned: dict[str, bool] = {}
    dropped: dict[str, bool] = {}
    for payment in payments:
        amounts_sats[payment.tx_id] = amounts_sats.get(payment.tx_id, 0) + payment.amount_sats
        orphaned[payment.tx_id] = payment.inclusion is Inclusion.ORPHANED
        dropped[payment.tx_id] = payment.is_dropped
    return tuple(
        Transaction(
            tx_id=tx_id,
            amount_sats=amount_sats,
            orphaned=orphaned[tx_id],
            dropped=dropped[tx_id],
            url=None if pattern is None else pattern.format(tx_id=tx_id),
        )
        for tx_id, amount_sats in amounts_sats.items()
    )


def steps_of(required: Tier, payments: Sequence[Payment], view: View | None) -> tuple[Step, ...]:
    """Return the progress of the newest payment toward each requirement, or nothing if no payment is on the chain."""
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
    """Estimate the time from a payment's block until it is final.

    A tenure begins with a Bitcoin block. The payment's own Bitcoin block counts as the first one.
    """
    bitcoin = max(required.tenure_changes or 0, (required.bitcoin_blocks or 1) - 1)
    return _minutes(required.stacks_blocks or 0, bitcoin)


def minutes_left(steps: Sequence[Step]) -> float:
    """Estimate the time until all requirements are met."""
    missing = {step.unit: step.needed - step.done for step in steps}
    bitcoin = max(missing.get(Unit.TENURES, 0), missing.get(Unit.BITCOIN_BLOCKS, 0))
    return _minutes(missing.get(Unit.STACKS_BLOCKS, 0), bitcoin)


def _minutes(stacks_blocks: int, bitcoin_blocks: int) -> float:
    return max(stacks_blocks * SECONDS_PER_STACKS_BLOCK / 60, bitcoin_blocks * MINUTES_PER_BITCOIN_BLOCK)
