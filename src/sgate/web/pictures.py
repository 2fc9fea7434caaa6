"""What the checkout shows: the facts about an intent as one picture, and the words and numbers in it. Pure.

A wrong picture makes a customer pay twice, or pay nobody. So the instructions how to pay are drawn only while paying
now is right: not when a payment is on its way, not when one lost its block and is likely to come back, and not when the
time is up, even though the ledger keeps an intent open for a while after its deadline.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import assert_never

import msgspec

from sgate.core.address import Network
from sgate.core.finality import Tier, View, bitcoin_blocks, confirmations, tenure_changes
from sgate.core.intent import Anomaly, PaymentIntent, Status
from sgate.core.payment import Inclusion, Payment
from sgate.store.intents import IntentView

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

TITLES: Mapping[Picture, str] = {
    Picture.WAITING: "Waiting for your payment",
    Picture.PARTIAL: "A part has arrived",
    Picture.SEEN: "Payment seen",
    Picture.LOST: "Your payment is being mined again",
    Picture.TIME_UP: "The time is up",
    Picture.PROCESSING: "Payment received, being confirmed",
    Picture.CONFIRMED: "Paid. Thank you!",
    Picture.EXPIRED: "This payment request has expired",
    Picture.FAILED: "Not enough was paid in time",
    Picture.CANCELED: "This payment request was canceled",
}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One number of the confirmation policy, and how far it has come."""

    name: str
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


def excess_notice(intent: PaymentIntent) -> str | None:
    """The title of the notice about money beyond the amount, or None."""
    if intent.status not in {Status.PROCESSING, Status.CONFIRMED} or not excess_sats(intent):
        return None  # where nothing was settled, the picture itself speaks of money that is held
    if Anomaly.DUPLICATE_PAYMENT in intent.anomalies:
        return "It was paid twice"
    if {Anomaly.PAID_LATE, Anomaly.PAID_AFTER_CANCEL} & intent.anomalies:
        return "Another payment came too late"
    return "More arrived than was due"


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
        ("Stacks blocks", required.stacks_blocks, confirmations(newest, view)),
        ("Tenures", required.tenure_changes, tenure_changes(newest, view)),
        ("Bitcoin blocks", required.bitcoin_blocks, bitcoin_blocks(newest, view)),
    )
    return tuple(Step(name=name, done=min(done, needed), needed=needed) for name, needed, done in numbers if needed)


def needs_in_words(required: Tier) -> str:
    """What a payment needs to be final, with a guess in minutes."""
    return f"{' and '.join(_needs(required))} ({_guess(required)})"


def _needs(required: Tier) -> Iterator[str]:
    numbers = (
        (required.stacks_blocks, "Stacks block"),
        (required.tenure_changes, "new tenure"),
        (required.bitcoin_blocks, "Bitcoin block"),
    )
    for number, name in numbers:
        if number:
            yield f"{number} {name}{'' if number == 1 else 's'}"


def _guess(required: Tier) -> str:
    """A tenure begins with a Bitcoin block; of Bitcoin blocks the payment's own counts as the first."""
    bitcoin = max(required.tenure_changes or 0, (required.bitcoin_blocks or 1) - 1)
    minutes = max((required.stacks_blocks or 0) * SECONDS_PER_STACKS_BLOCK / 60, bitcoin * MINUTES_PER_BITCOIN_BLOCK)
    if minutes < 1:
        return "under a minute"
    return "about a minute" if round(minutes) == 1 else f"about {round(minutes)} minutes"
