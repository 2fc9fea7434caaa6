"""Finality: confirmation policies, and the view of the chain that they are evaluated in.

A Stacks block is signed within seconds, but can still be lost when Bitcoin forks. SIP-021 calls a block bitcoin-final
once two tenure changes have been built on its tenure. A policy may therefore require Stacks blocks (seconds), tenure
changes or Bitcoin blocks (about ten minutes each), and more of them for larger amounts.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from sgate.core.payment import Inclusion, Payment

BITCOIN_FINAL_TENURE_CHANGES = 2
"""SIP-021: final "after two tenure changes build upon the tenure that produced" the block."""

MAX_TIERS = 10
MAX_STACKS_BLOCKS = 10_000
MAX_TENURE_CHANGES = 1_000
MAX_BITCOIN_BLOCKS = 1_000


class InvalidPolicy(ValueError):
    """The confirmation policy is not valid; the message says why."""


class Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The conditions for amounts of at least `from_sats`. All numbers that are set must be reached."""

    from_sats: Annotated[int, Meta(description="Smallest amount of this tier, in sats.", examples=[0])]
    stacks_blocks: Annotated[
        int | None,
        Meta(description="Number of Stacks blocks, including the payment's own (1 = included).", examples=[1]),
    ] = None
    tenure_changes: Annotated[
        int | None, Meta(description="Number of tenures that began after the payment's.", examples=[2])
    ] = None
    bitcoin_blocks: Annotated[
        int | None,
        Meta(
            description="Number of Bitcoin blocks, including the one that the payment's tenure is anchored to "
            "(1 = immediately).",
            examples=[3],
        ),
    ] = None


Policy = Annotated[
    tuple[Tier, ...],
    Meta(examples=[[{"from_sats": 0, "stacks_blocks": 1}, {"from_sats": 1_000_000, "stacks_blocks": 6}]]),
]
"""Tiers in ascending order of `from_sats`; the first starts at 0."""

DEFAULT_POLICY: Policy = (
    Tier(from_sats=0, stacks_blocks=1),
    Tier(from_sats=1_000_000, stacks_blocks=6),
    Tier(from_sats=100_000_000, tenure_changes=2),
)


class View(msgspec.Struct, frozen=True, kw_only=True):
    """The chain as far as it has been scanned.

    Attributes:
        height, index_block_hash: the last scanned block. Height 0 and an empty hash before the first scan.
        time: the latest block time ever scanned, UTC. It never goes back, so deadlines that passed stay passed.
        tenure_height, bitcoin_height: of the last scanned block.
    """

    height: int
    index_block_hash: str
    time: datetime
    tenure_height: int
    bitcoin_height: int


class Finality(StrEnum):
    """How settled a payment is, as shown to customers and merchants."""

    SEEN = "seen"  # in the mempool
    INCLUDED = "included"  # in a Stacks block
    ANCHORED = "anchored"  # one tenure change since
    BITCOIN_FINAL = "bitcoin_final"  # two tenure changes since: as final as Bitcoin


def check_policy(policy: Policy) -> Policy:
    """Return the policy if it is valid.

    Raises:
        InvalidPolicy: if there are no or too many tiers, their order is wrong, or a number is missing or out of range.
    """
    if not 1 <= len(policy) <= MAX_TIERS:
        raise InvalidPolicy(f"a confirmation policy must have 1 to {MAX_TIERS} tiers")
    if policy[0].from_sats != 0:
        raise InvalidPolicy("the first tier must start at from_sats 0")
    starts = [tier.from_sats for tier in policy]
    if starts != sorted(set(starts)):
        raise InvalidPolicy("from_sats must increase from tier to tier")
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
        raise InvalidPolicy(
            f"the tier with from_sats {tier.from_sats} needs at least one of stacks_blocks, tenure_changes and "
            "bitcoin_blocks"
        )
    for name, number, limit in limits:
        if number is not None and not 1 <= number <= limit:
            raise InvalidPolicy(f"{name} must be between 1 and {limit} in the tier with from_sats {tier.from_sats}")


def tier_for(policy: Policy, amount_sats: int) -> Tier:
    """Return the tier that an amount falls into."""
    return next(tier for tier in reversed(policy) if amount_sats >= tier.from_sats)


class Shortfall(msgspec.Struct, frozen=True, kw_only=True):
    """A number of a confirmation policy that is lower than another policy, its floor, requires.

    Attributes:
        amount_sats: the smallest amount for which the number is too low.
        tier: the tier of the policy that applies to this amount.
        name: name of the number, such as `tenure_changes`.
        number: its value in the policy.
        required: its value in the floor.
    """

    amount_sats: int
    tier: Tier
    name: str
    number: int
    required: int


def first_shortfall(policy: Policy, floor: Policy) -> Shortfall | None:
    """Return the first number, by amount, in which `policy` is less strict than `floor`, or None if there is none."""
    for start in sorted({tier.from_sats for tier in (*policy, *floor)}):
        tier = tier_for(policy, start)
        for (name, number), (_, required) in zip(_numbers(tier), _numbers(tier_for(floor, start)), strict=True):
            if number < required:
                return Shortfall(amount_sats=start, tier=tier, name=name, number=number, required=required)
    return None


def _numbers(tier: Tier) -> tuple[tuple[str, int], ...]:
    return (
        ("stacks_blocks", tier.stacks_blocks or 1),  # inclusion in a block is always required
        ("tenure_changes", tier.tenure_changes or 0),
        ("bitcoin_blocks", tier.bitcoin_blocks or 0),
    )


def confirmations(payment: Payment, view: View) -> int:
    """Return the number of Stacks blocks from the payment's own to the scanned tip, inclusive; 0 if not included."""
    if payment.inclusion is Inclusion.ORPHANED:
        return 0
    return max(0, view.height - payment.block_height + 1)


def tenure_changes(payment: Payment, view: View) -> int:
    """Return the number of tenures begun since the payment's; 0 if not included."""
    if payment.inclusion is Inclusion.ORPHANED:
        return 0
    return max(0, view.tenure_height - payment.tenure_height)


def bitcoin_blocks(payment: Payment, view: View) -> int:
    """Return the number of Bitcoin blocks since the payment's, counting its own; 0 if not included."""
    if payment.inclusion is Inclusion.ORPHANED or view.height < payment.block_height:
        return 0
    return max(0, view.bitcoin_height - payment.bitcoin_height + 1)


def is_final(payment: Payment, tier: Tier, view: View) -> bool:
    """Return whether the payment reaches every number of the tier in this view."""
    return (
        confirmations(payment, view) >= (tier.stacks_blocks or 1)
        and tenure_changes(payment, view) >= (tier.tenure_changes or 0)
        and bitcoin_blocks(payment, view) >= (tier.bitcoin_blocks or 0)
    )


def finality_of(payment: Payment, view: View) -> Finality:
    """Return how settled an included payment is."""
    changes = tenure_changes(payment, view)
    if changes >= BITCOIN_FINAL_TENURE_CHANGES:
        return Finality.BITCOIN_FINAL
    return Finality.ANCHORED if changes == 1 else Finality.INCLUDED


def next_check_height(pending: Sequence[tuple[Payment, Tier]], view: View) -> int | None:
    """Return the lowest height at which one of these payments can become final; None if none is pending.

    Stacks blocks can be counted ahead. The next tenure or Bitcoin block cannot be predicted, so a payment that has its
    Stacks blocks is checked again at the next block.
    """
    heights = [
        payment.block_height + (tier.stacks_blocks or 1) - 1
        for payment, tier in pending
        if not is_final(payment, tier, view)
    ]
    return max(view.height + 1, min(heights)) if heights else None
