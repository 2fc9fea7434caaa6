"""When is a payment final? Confirmation policies, and the view of the chain they are judged in.

A Stacks block is signed by its signers at once, but it can still go when Bitcoin forks. SIP-021 calls a block
bitcoin-final once two tenure changes were built on its tenure. So a policy may ask for Stacks blocks (seconds),
tenure changes or Bitcoin blocks (about ten minutes each), the more the larger the amount.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from sgate.core.payment import Inclusion, Payment

BITCOIN_FINAL_TENURE_CHANGES = 2
"""SIP-021: final "after two tenure changes build upon the tenure that produced" the block."""

MAX_TIERS = 10
MAX_STACKS_BLOCKS = 10_000
MAX_TENURE_CHANGES = 1_000
MAX_BITCOIN_BLOCKS = 1_000


class InvalidPolicy(ValueError):
    """The confirmation policy cannot be used; the message says why."""


class Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What must hold for amounts from `from_sats` upward. All numbers that are given must hold.

    Attributes:
        from_sats: the smallest amount of this tier.
        stacks_blocks: Stacks blocks including the payment's own (1 = included).
        tenure_changes: tenures begun since the payment's.
        bitcoin_blocks: Bitcoin blocks since, including the one the payment's tenure is anchored to (1 = at once).
    """

    from_sats: int
    stacks_blocks: int | None = None
    tenure_changes: int | None = None
    bitcoin_blocks: int | None = None


Policy = tuple[Tier, ...]
"""Tiers by ascending `from_sats`; the first starts at 0."""

DEFAULT_POLICY: Policy = (
    Tier(from_sats=0, stacks_blocks=1),
    Tier(from_sats=1_000_000, stacks_blocks=6),
    Tier(from_sats=100_000_000, tenure_changes=2),
)


class View(msgspec.Struct, frozen=True, kw_only=True):
    """The chain as far as we have really read it.

    Attributes:
        height, index_block_hash: the last scanned block. Height 0 and an empty hash before the first scan.
        time: the latest block time ever scanned, UTC. It never goes back, so that a deadline once passed stays passed.
        tenure_height, bitcoin_height: of the last scanned block.
    """

    height: int
    index_block_hash: str
    time: datetime
    tenure_height: int
    bitcoin_height: int


class Finality(StrEnum):
    """How settled a payment is, in words for payers and merchants."""

    SEEN = "seen"  # in the mempool
    INCLUDED = "included"  # in a Stacks block
    ANCHORED = "anchored"  # one tenure change since
    BITCOIN_FINAL = "bitcoin_final"  # two: as final as Bitcoin


def check_policy(policy: Policy) -> Policy:
    """The policy itself, if it is usable.

    Raises:
        InvalidPolicy: with a sentence that says what is wrong.
    """
    if not 1 <= len(policy) <= MAX_TIERS:
        raise InvalidPolicy(f"a confirmation policy has 1 to {MAX_TIERS} tiers")
    if policy[0].from_sats != 0:
        raise InvalidPolicy("the first tier must start at from_sats 0")
    starts = [tier.from_sats for tier in policy]
    if starts != sorted(set(starts)):
        raise InvalidPolicy("from_sats must rise from tier to tier")
    for tier in policy:
        _check_tier(tier)
    return policy


def _check_tier(tier: Tier) -> None:
    limits = (
        ("stacks_blocks", tier.stacks_blocks, MAX_STACKS_BLOCKS),
        ("tenure_changes", tier.tenure_changes, MAX_TENURE_CHANGES),
        ("bitcoin_blocks", tier.bitcoin_blocks, MAX_BITCOIN_BLOCKS),
    )
    if all(number is None for _, number, _ in limits):
        raise InvalidPolicy("each tier needs at least one of stacks_blocks, tenure_changes, bitcoin_blocks")
    for name, number, limit in limits:
        if number is not None and not 1 <= number <= limit:
            raise InvalidPolicy(f"{name} must be between 1 and {limit}")


def tier_for(policy: Policy, amount_sats: int) -> Tier:
    """The tier that an amount falls into."""
    return next(tier for tier in reversed(policy) if amount_sats >= tier.from_sats)


def at_least_as_strict(policy: Policy, floor: Policy) -> bool:
    """Whether `policy` asks for no less than `floor`, in each number, at every amount."""
    starts = {tier.from_sats for tier in (*policy, *floor)}
    return all(_tier_at_least(tier_for(policy, start), tier_for(floor, start)) for start in starts)


def _tier_at_least(tier: Tier, floor: Tier) -> bool:
    return (
        (tier.stacks_blocks or 1) >= (floor.stacks_blocks or 1)  # being included is always asked for
        and (tier.tenure_changes or 0) >= (floor.tenure_changes or 0)
        and (tier.bitcoin_blocks or 0) >= (floor.bitcoin_blocks or 0)
    )


def confirmations(payment: Payment, view: View) -> int:
    """Stacks blocks from the payment's own to the scanned tip, both counted; 0 when it is not included."""
    if payment.inclusion is Inclusion.ORPHANED:
        return 0
    return max(0, view.height - payment.block_height + 1)


def tenure_changes(payment: Payment, view: View) -> int:
    """Tenures begun since the payment's; 0 when it is not included."""
    if payment.inclusion is Inclusion.ORPHANED:
        return 0
    return max(0, view.tenure_height - payment.tenure_height)


def bitcoin_blocks(payment: Payment, view: View) -> int:
    """Bitcoin blocks since the payment's, its own counted; 0 when it is not included."""
    if payment.inclusion is Inclusion.ORPHANED or view.height < payment.block_height:
        return 0
    return max(0, view.bitcoin_height - payment.bitcoin_height + 1)


def is_final(payment: Payment, tier: Tier, view: View) -> bool:
    """Whether the payment satisfies every number of the tier in this view."""
    return (
        confirmations(payment, view) >= (tier.stacks_blocks or 1)
        and tenure_changes(payment, view) >= (tier.tenure_changes or 0)
        and bitcoin_blocks(payment, view) >= (tier.bitcoin_blocks or 0)
    )


def finality_of(payment: Payment, view: View) -> Finality:
    """The word for how settled an included payment is."""
    changes = tenure_changes(payment, view)
    if changes >= BITCOIN_FINAL_TENURE_CHANGES:
        return Finality.BITCOIN_FINAL
    return Finality.ANCHORED if changes == 1 else Finality.INCLUDED


def next_check_height(pending: Sequence[tuple[Payment, Tier]], view: View) -> int | None:
    """The lowest height at which one of these payments can become final; None when there are none.

    Stacks blocks can be counted ahead. When a tenure or a Bitcoin block will come is unknown, so the next block it is.
    """
    heights = [
        payment.block_height + (tier.stacks_blocks or 1) - 1
        for payment, tier in pending
        if not is_final(payment, tier, view)
    ]
    return max(view.height + 1, min(heights)) if heights else None
