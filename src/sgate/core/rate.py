"""Exchange rates: what several sources say a bitcoin costs, and whether that is one answer.

No source is believed alone. The rate is the median of those that agree; if they do not agree there is no rate, for a
wrong price costs somebody money and no price only costs time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from statistics import median

import msgspec

CENT = Decimal("0.01")
SOURCES = ("coinbase", "kraken", "bitstamp", "coingecko")
"""Who can be asked; `rates.sources` says how."""

MAX_AHEAD = timedelta(minutes=1)
"""How far a source's clock may be ahead of ours. What comes from further in the future is nonsense."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange rate, where it comes from in words a customer may read, and when it was taken."""

    usd_per_btc: Decimal
    source: str
    taken_at: datetime


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What one source says. `source` is its name for people, `taken_at` the source's own time if it tells one."""

    source: str
    usd_per_btc: Decimal
    taken_at: datetime


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """When samples make a rate.

    Attributes:
        max_age: of each sample, and of the rate while it is used.
        max_spread: how far a sample may be from the median of all, as a fraction (0.01 is one percent).
        min_sources: how many must agree.
    """

    max_age: timedelta
    max_spread: Decimal
    min_sources: int


class TooFew(msgspec.Struct, frozen=True, kw_only=True):
    """Not enough sources have a fresh price. That says nothing against a rate found before."""

    reason: str


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """The sources contradict each other: nobody knows the price, and a rate found before is not to be trusted."""

    reason: str


def is_fresh(taken_at: datetime, now: datetime, max_age: timedelta) -> bool:
    """Whether a price of that time may be used now."""
    return -MAX_AHEAD <= now - taken_at <= max_age


def agree(samples: Sequence[Sample], now: datetime, rules: Rules) -> Rate | TooFew | Disagreement:
    """What the samples come to.

    Old samples do not count. Of the others those within `max_spread` of their median agree; they must be at least
    `min_sources`, and more than half. The rate is their median in whole cents, as old as the oldest of them.
    """
    fresh = [sample for sample in samples if is_fresh(sample.taken_at, now, rules.max_age)]
    if len(fresh) < rules.min_sources:
        return TooFew(reason=f"{len(fresh)} of {len(samples)} answers are fresh, {rules.min_sources} are needed")
    middle = median(sample.usd_per_btc for sample in fresh)
    agreed = [sample for sample in fresh if abs(sample.usd_per_btc - middle) <= middle * rules.max_spread]
    if len(agreed) < rules.min_sources or 2 * len(agreed) <= len(fresh):
        prices = ", ".join(f"{sample.source} {sample.usd_per_btc}" for sample in fresh)
        return Disagreement(reason=f"the sources do not agree: {prices}")
    usd_per_btc = median(sample.usd_per_btc for sample in agreed).quantize(CENT, rounding=ROUND_HALF_EVEN)
    return Rate(
        usd_per_btc=usd_per_btc,
        source=_in_words([sample.source for sample in agreed]),
        taken_at=min(sample.taken_at for sample in agreed),
    )


def _in_words(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"median of {', '.join(names[:-1])} and {names[-1]}"
