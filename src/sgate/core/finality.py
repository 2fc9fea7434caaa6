"""Finality: confirmation policies, and the view of the chain against which they are evaluated.

A Stacks block is signed within seconds, but can still be lost when Bitcoin forks. SIP-021 calls a block bitcoin-final
once two tenure changes have been built on its tenure. A policy may therefore require Stacks blocks (seconds each), or
tenure changes or Bitcoin blocks (about ten minutes each), and more of them for larger amounts.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from sgate.core.payment import Inclusion, Payment

BITCOIN_FINAL_TENURE_CHANGES = 2
"""SIP-021 calls a block final "after two tenure changes build upon the tenure that produced" it."""

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
"""Tiers in ascending order of `from_sats`; the first tier starts at 0."""

DEFAULT_POLICY: Policy = (
    Tier(from_sats=0, stacks_blocks=1),
    Tier(from_sats=1_000_000, stacks_blocks=6),
    Tier(from_sats=100_000_000, tenure_changes=2),
)


class View(msgspec.Struct, frozen=True, kw_only=True):
    """The chain as far as it has been scanned.

    Attributes:
        height, index_block_hash: the height and the index block hash of the last scanned block. Before the first scan,
            these are 0 and an empty string.
        time: the latest block time ever scanned, UTC. It never goes back, so a deadline that has passed stays passed.
        tenure_height, bitcoin_height: the tenure height and the Bitcoin height of the last scanned block.
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
    ANCHORED = "anchored"  # in a block, with one tenure change since
    BITCOIN_FINAL = "bitcoin_final"  # in a block, with two tenure changes since: as final as Bitcoin


def check_policy(policy: Policy) -> Policy:
    """Return the policy if it is valid.

    Raises:
        InvalidPolicy: if there are no tiers or too many, the first does not start at 0, their order is wrong, a tier
            sets no number, or a number is out of range.
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
    """A number in a confirmation policy that is lower than the same number in another policy, the floor.

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
    """Return the shortfall of `policy` at the smallest amount for which it is less strict than `floor`, or None."""
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
    """Return the number of Stacks blocks from the payment's block to the scanned tip, counting both.

    This is 0 if the payment is not on the scanned chain.
    """
    if payment.inclusion is Inclusion.ORPHANED:
        return 0
    return max(0, view.height - payment.block_height + 1)


def tenure_changes(payment: Payment, view: View) -> int:
    """Return the number of tenures that began after the payment's tenure; 0 if the payment is orphaned."""
    if payment.inclusion is Inclusion.ORPHANED:
        return 0
    return max(0, view.tenure_height - payment.tenure_height)


def bitcoin_blocks(payment: Payment, view: View) -> int:
    """Return the number of Bitcoin blocks from the payment's Bitcoin block to the latest, counting both.

    This is 0 if the payment is not on the scanned chain.
    """
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
    """Return the lowest height at which one of these payments can become final; None if all of them are final.

    The height at which a payment will have enough Stacks blocks is known in advance. The next tenure or Bitcoin block
    cannot be predicted, so a payment that already has enough Stacks blocks is checked again at the next block.
    """
    heights = [
        payment.block_height + (tier.stacks_blocks or 1) - 1
        for payment, tier in pending
        if not is_final(payment, tier, view)
    ]
    return max(view.height + 1, min(heights)) if heights else None
