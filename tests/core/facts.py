"""Facts for table-driven tests: an intent of 1,000 sats, its chain, and what can happen on that chain.

All times are relative to `START`, when the intent is created, and `DEADLINE`, the deadline shown to the customer.
A payment is in time up to and including `IN_TIME_UNTIL`, the deadline plus the grace period.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from sgate.core.finality import Policy, Tier, View
from sgate.core.intent import LatePolicy, Terms
from sgate.core.lifecycle import Command, State, reduce
from sgate.core.payment import Inclusion, Payment, Sighting

START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
DEADLINE = START + timedelta(minutes=15)
IN_TIME_UNTIL = DEADLINE + timedelta(minutes=5)
HOLD = timedelta(minutes=30)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)

HEIGHT = 100
TENURE_HEIGHT = 40
BITCOIN_HEIGHT = 900_000
ADDRESS = "ST2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKQYAC0RQ"

ONE_BLOCK: Policy = (Tier(from_sats=0, stacks_blocks=1),)
SIX_BLOCKS: Policy = (Tier(from_sats=0, stacks_blocks=6),)


def hash_of(number: int) -> str:
    """Return a recognizable 32-byte hash."""
    return f"0x{number:064x}"


def terms(
    amount_sats: int = 1_000,
    *,
    expires_at: datetime = DEADLINE,
    grace_s: int = 300,
    seen_hold_s: int = 1_800,
    tolerance_sats: int = 0,
    tolerance_bp: int = 0,
    policy: Policy = ONE_BLOCK,
    late_payments: LatePolicy = LatePolicy.HOLD,
) -> Terms:
    """Return terms; by default 1,000 sats, 15 minutes, a grace period of 5 minutes, and one block."""
    return Terms(
        amount_sats=amount_sats,
        expires_at=expires_at,
        grace_s=grace_s,
        seen_hold_s=seen_hold_s,
        tolerance_sats=tolerance_sats,
        tolerance_bp=tolerance_bp,
        policy=policy,
        late_payments=late_payments,
        pay_address=ADDRESS,
    )


def view(
    height: int = HEIGHT,
    time: datetime = START + MINUTE,
    *,
    tenure_height: int = TENURE_HEIGHT,
    bitcoin_height: int = BITCOIN_HEIGHT,
) -> View:
    """Return a view of the chain; by default one minute after the intent was created."""
    return View(
        height=height,
        index_block_hash=hash_of(height),
        time=time,
        tenure_height=tenure_height,
        bitcoin_height=bitcoin_height,
    )


def payment(
    number: int = 1,
    amount_sats: int = 1_000,
    *,
    transaction: int | None = None,
    event_index: int = 0,
    height: int = HEIGHT,
    tx_index: int = 0,
    mined_at: datetime = START + MINUTE,
    first_mined_at: datetime | None = None,
    seen_at: datetime | None = None,
    tenure_height: int = TENURE_HEIGHT,
    bitcoin_height: int = BITCOIN_HEIGHT,
    inclusion: Inclusion = Inclusion.INCLUDED,
) -> Payment:
    """Return payment `number`, alone in its transaction unless `transaction` is another number."""
    return Payment(
        id=f"pay_{number:024x}",
        tx_id=hash_of(number if transaction is None else transaction),
        event_index=event_index,
        amount_sats=amount_sats,
        sender="ST2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKQYAC0RQ",
        recipient=ADDRESS,
        memo=None,
        block_height=height,
        block_hash=hash_of(height),
        index_block_hash=hash_of(height),
        block_time=mined_at,
        tx_index=tx_index,
        tenure_height=tenure_height,
        bitcoin_height=bitcoin_height,
        first_mined_at=mined_at if first_mined_at is None else first_mined_at,
        first_seen_at=seen_at,
        inclusion=inclusion,
    )


def sighting(number: int = 1, amount_sats: int = 1_000, *, seen_at: datetime = START + MINUTE) -> Sighting:
    """Transaction `number`, waiting in the mempool."""
    return Sighting(tx_id=hash_of(number), amount_sats=amount_sats, first_seen_at=seen_at)


def orphaned(payment_: Payment) -> Payment:
    """Return the payment after a reorganization orphaned its block."""
    return msgspec.structs.replace(payment_, inclusion=Inclusion.ORPHANED)


def state_of(
    payments: Iterable[Payment] = (),
    *,
    sightings: Iterable[Sighting] = (),
    commands: Iterable[Command] = (),
    terms: Terms = terms(),  # noqa: B008  (frozen)
    view: View = view(),  # noqa: B008  (frozen)
) -> State:
    """`reduce`, with the usual terms and view where the test does not care."""
    return reduce(terms, payments, sightings, commands, view)
