"""Rates: when several prices agree on one, and when they do not."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgate.core.rate import Disagreement, Rate, Rules, Sample, TooFew, agree, is_fresh

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RULES = Rules(max_age=timedelta(seconds=180), max_spread=Decimal("0.01"), min_sources=2)
NAMES = ("Coinbase", "Kraken", "Bitstamp", "CoinGecko")


def samples(*prices, ages_s=()):
    ages = [*ages_s, *[0] * len(prices)]
    return [
        Sample(source=name, usd_per_btc=Decimal(price), taken_at=NOW - timedelta(seconds=age))
        for name, price, age in zip(NAMES, prices, ages, strict=False)
    ]


@pytest.mark.parametrize(
    ("prices", "rate", "source"),
    [
        (["60000", "60010"], "60005.00", "median of Coinbase and Kraken"),
        (["60000", "60010", "60500"], "60010.00", "median of Coinbase, Kraken and Bitstamp"),
        (["60000", "60010", "70000"], "60005.00", "median of Coinbase and Kraken"),  # an outlier
        (["1", "60000", "60010", "60020"], "60010.00", "median of Kraken, Bitstamp and CoinGecko"),
        (["60000", "60000.015"], "60000.01", "median of Coinbase and Kraken"),
        (["60000.123456789", "60000.123456789"], "60000.12", "median of Coinbase and Kraken"),
    ],
)
def test_the_rate_is_the_median_of_those_that_agree(prices, rate, source):
    found = agree(samples(*prices), NOW, RULES)
    assert isinstance(found, Rate)
    assert (str(found.usd_per_btc), found.source, found.taken_at) == (rate, source, NOW)


@pytest.mark.parametrize(
    "prices",
    [
        ["60000", "63000"],
        ["60000", "60000", "70000", "70000"],
        ["50000", "60000", "70000"],
        ["50000", "60000", "60010", "70000"],  # two of four are not a majority
    ],
)
def test_sources_that_contradict_each_other_yield_no_rate(prices):
    found = agree(samples(*prices), NOW, RULES)
    assert isinstance(found, Disagreement)
    assert f"Coinbase {prices[0]}" in found.reason


def test_too_few_fresh_prices_yield_no_rate_and_report_their_number():
    assert agree([], NOW, RULES) == TooFew(reason="0 of 0 prices are fresh, 2 are needed")
    assert agree(samples("60000"), NOW, RULES) == TooFew(reason="1 of 1 prices are fresh, 2 are needed")
    stale = samples("60000", "60000", ages_s=[181, 0])
    assert agree(stale, NOW, RULES) == TooFew(reason="1 of 2 prices are fresh, 2 are needed")


def test_stale_prices_do_not_count_and_the_rate_is_as_old_as_the_oldest_that_does():
    found = agree(samples("90000", "60000", "60010", ages_s=[181, 180, 7]), NOW, RULES)
    assert (found.usd_per_btc, found.taken_at) == (Decimal("60005.00"), NOW - timedelta(seconds=180))


def test_one_source_is_enough_if_the_operator_configures_it():
    rules = Rules(max_age=RULES.max_age, max_spread=RULES.max_spread, min_sources=1)
    assert agree(samples("60000"), NOW, rules).source == "Coinbase"


@pytest.mark.parametrize(("age_s", "fresh"), [(0, True), (180, True), (180.001, False), (-60, True), (-60.001, False)])
def test_prices_from_the_future_are_rejected_like_stale_ones(age_s, fresh):
    assert is_fresh(NOW - timedelta(seconds=age_s), NOW, RULES.max_age) is fresh


prices = st.lists(st.decimals(1, 100_000_000, places=2), max_size=4)


@given(prices)
def test_a_rate_lies_among_the_prices_and_a_majority_is_near_it(given_prices):
    found = agree(samples(*given_prices), NOW, RULES)
    if isinstance(found, Rate):
        assert min(given_prices) <= found.usd_per_btc <= max(given_prices)
        near = [
            price for price in given_prices if abs(price - found.usd_per_btc) <= found.usd_per_btc * Decimal("0.03")
        ]
        assert len(near) >= RULES.min_sources
        assert 2 * len(near) > len(given_prices)


@given(prices, st.randoms())
def test_the_order_of_the_prices_does_not_matter(given_prices, rng):
    shuffled = list(given_prices)
    rng.shuffle(shuffled)
    one, other = (agree(samples(*order), NOW, RULES) for order in (given_prices, shuffled))
    assert type(one) is type(other)
    if isinstance(one, Rate):
        assert one.usd_per_btc == other.usd_per_btc
