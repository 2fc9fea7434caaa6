"""Exchange rates: the price of a bitcoin on which several sources agree.

The rate is the median of the sources that agree. If they do not agree, there is no rate, because a wrong price costs
money, whereas a missing price costs only time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from statistics import median

import msgspec

CENT = Decimal("0.01")
SOURCES = ("coinbase", "kraken", "bitstamp", "coingecko")
"""The supported sources; `rates.sources` defines how each is read."""

MAX_AHEAD = timedelta(minutes=1)
"""How far a source's clock may be ahead of ours. Timestamps further ahead are rejected as invalid."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange rate, its source as shown to customers, and when it was taken."""

    usd_per_btc: Decimal
    source: str
    taken_at: datetime


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The price from one source.

    Attributes:
        source: the display name of the source.
        taken_at: the time that the source reports; if it reports none, the time at which its response was read.
    """

    source: str
    usd_per_btc: Decimal
    taken_at: datetime


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The conditions under which samples yield a rate.

    Attributes:
        max_age: the maximum age of each sample, and of the rate while it is in use.
        max_spread: how far a sample may be from the median of all fresh samples, as a fraction (0.01 is one percent).
        min_sources: how many sources must agree.
    """

    max_age: timedelta
    max_spread: Decimal
    min_sources: int


class TooFew(msgspec.Struct, frozen=True, kw_only=True):
    """Not enough sources have a fresh price. An earlier rate stays valid."""

    reason: str


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """The sources contradict each other: the price is unknown, and an earlier rate must not be used."""

    reason: str


def is_fresh(taken_at: datetime, now: datetime, max_age: timedelta) -> bool:
    """Return whether a price taken at `taken_at` may be used now."""
    return -MAX_AHEAD <= now - taken_at <= max_age


def agree(samples: Sequence[Sample], now: datetime, rules: Rules) -> Rate | TooFew | Disagreement:
    """Combine samples into one rate.

    Stale samples are ignored. A fresh sample agrees if it is within `max_spread` of the median of all fresh samples. At
    least `min_sources` samples must agree, and they must be a majority of the fresh samples. The rate is the median of
    the samples that agree, rounded to cents. Its `taken_at` is that of the oldest of these samples.
    """
    fresh = [sample for sample in samples if is_fresh(sample.taken_at, now, rules.max_age)]
    if len(fresh) < rules.min_sources:
        return TooFew(reason=f"{len(fresh)} of {len(samples)} prices are fresh, {rules.min_sources} are needed")
    middle = median(sample.usd_per_btc for sample in fresh)
    agreed = [sample for sample in fresh if abs(sample.usd_per_btc - middle) <= middle * rules.max_spread]
    if len(agreed) < rules.min_sources or 2 * len(agreed) <= len(fresh):
        prices = ", ".join(f"{sample.source} {sample.usd_per_btc}" for sample in fresh)
        return Disagreement(reason=f"the sources do not agree: {prices}")
    usd_per_btc = median(sample.usd_per_btc for sample in agreed).quantize(CENT, rounding=ROUND_HALF_EVEN)
    return Rate(
        usd_per_btc=usd_per_btc,
        source=_describe([sample.source for sample in agreed]),
        taken_at=min(sample.taken_at for sample in agreed),
    )


def _describe(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"median of {', '.join(names[:-1])} and {names[-1]}"
