"""Exchange rates from markets: one process polls the sources, and all processes use its result."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from rates.markets import SHAPES, Markets, answer
from sgate.core.rate import Rules
from sgate.environment import Environment
from sgate.rates.client import RateClient
from sgate.rates.sources import SOURCES
from sgate.services.exchange_rates import ExchangeRates
from sgate.store import exchange_rates

RULES = Rules(max_age=timedelta(seconds=180), max_spread=Decimal("0.01"), min_sources=2)
REFRESH = timedelta(seconds=30)
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Trading:
    """Markets, a clock, and processes that poll them. Turns follow the database's clock, which `its_time` advances."""

    def __init__(self, pool, markets):
        self.pool, self.markets, self.now = pool, markets, START
        self.seconds = 0.0
        self._opened = []

    def process(self):
        client = RateClient(
            SOURCES,
            self.markets.urls,
            lambda *_: None,
            sleep=lambda _: asyncio.sleep(0),
            monotonic_s=lambda: self.seconds,
        )
        rates = ExchangeRates(self.pool, client, RULES, Environment(now=lambda: self.now), REFRESH)
        self._opened.append(rates)
        return rates

    async def close(self):
        for rates in self._opened:
            await rates.close()

    async def its_time(self, passed_s=30):
        self.now += timedelta(seconds=passed_s)
        self.seconds += passed_s
        await self.pool.execute("UPDATE exchange_rate_turns SET next_look_at = now()")

    async def rows(self):
        return await self.pool.fetch("SELECT * FROM exchange_rates ORDER BY id")


@pytest.fixture
async def trading(pool):
    async with Markets() as markets:
        made = Trading(pool, markets)
        markets._now = lambda: made.now
        yield made
        await made.close()


def price(rates, now):
    rate = rates.current(now)
    return None if rate is None else str(rate.usd_per_btc)


async def test_before_the_first_poll_there_is_no_rate(trading):
    rates = trading.process()
    assert rates.current(START) is None
    assert rates.age_s() != rates.age_s()  # not a number


async def test_the_result_of_a_poll_is_stored_and_used(trading):
    rates = trading.process()
    trading.markets.quote(coinbase="60000", kraken="60010.00", bitstamp="60020", coingecko="90000.5")
    await rates.refresh()
    rate = rates.current(START)
    assert (str(rate.usd_per_btc), rate.source) == ("60010.00", "median of Coinbase, Kraken and Bitstamp")
    assert (rate.taken_at, rates.age_s()) == (START, 0)
    (row,) = await trading.rows()
    assert (str(row["usd_per_btc"]), row["source"], row["taken_at"]) == ("60010.00", rate.source, START)
    samples = msgspec.json.decode(row["samples"])
    assert samples["coingecko"] == {"usd_per_btc": "90000.5", "taken_at": "2026-01-02T03:04:05.000Z"}


async def test_one_of_many_processes_polls_and_all_use_its_result(trading):
    processes = [trading.process() for _ in range(5)]
    await asyncio.gather(*(rates.refresh() for rates in processes))
    assert trading.markets.asked == dict.fromkeys(SHAPES, 1)
    for rates in processes:
        await rates.refresh()
    assert trading.markets.asked == dict.fromkeys(SHAPES, 1)
    assert {price(rates, START) for rates in processes} == {"60000.00"}
    await trading.its_time()
    trading.markets.quote("61000")
    for rates in processes:
        await rates.refresh()
    assert trading.markets.asked == dict.fromkeys(SHAPES, 2)
    assert {price(rates, trading.now) for rates in processes} == {"61000.00"}


async def test_a_rate_that_is_too_old_is_not_used(trading):
    rates = trading.process()
    await rates.refresh()
    assert price(rates, START + RULES.max_age) == "60000.00"
    assert price(rates, START + RULES.max_age + timedelta(milliseconds=1)) is None
    assert price(rates, START - timedelta(minutes=2)) is None  # nor is one from the future


async def test_a_process_that_starts_late_does_not_use_an_old_row(trading):
    await trading.process().refresh()
    trading.now += timedelta(hours=1)
    late = trading.process()
    await late.refresh()
    assert late.current(trading.now) is None


async def test_stale_responses_from_all_sources_yield_no_rate(trading):
    rates = trading.process()
    trading.markets.quote("60000", at=START - timedelta(seconds=181))
    trading.markets.says["kraken"] = answer(b"", 404)  # its answers contain no time
    await rates.refresh()
    assert rates.current(START) is None
    assert await trading.rows() == []


async def test_while_too_few_sources_respond_the_last_rate_is_used_until_it_is_too_old(trading):
    rates = trading.process()
    await rates.refresh()
    for name in ("coinbase", "kraken", "bitstamp"):
        trading.markets.says[name] = answer(b"", 500)
    await trading.its_time(60)
    await rates.refresh()
    assert price(rates, trading.now) == "60000.00"
    assert len(await trading.rows()) == 1
    assert price(rates, trading.now + timedelta(seconds=121)) is None


async def test_when_sources_disagree_no_process_has_a_rate_any_more(trading):
    polls, uses = trading.process(), trading.process()
    await polls.refresh()
    await uses.refresh()
    await trading.its_time()
    trading.markets.quote(coinbase="60000", kraken="60000", bitstamp="70000", coingecko="70000")
    await polls.refresh()
    await uses.refresh()
    assert (polls.current(trading.now), uses.current(trading.now)) == (None, None)
    row = (await trading.rows())[-1]
    assert row["usd_per_btc"] is None
    assert row["source"].startswith("the sources do not agree: Coinbase 60000")
    await trading.its_time()
    trading.markets.quote("60500")
    await polls.refresh()
    await uses.refresh()
    assert (price(polls, trading.now), price(uses, trading.now)) == ("60500.00", "60500.00")


async def test_a_process_that_dies_during_its_poll_costs_one_turn(trading):
    async with trading.pool.acquire() as connection:
        assert await exchange_rates.take_turn(connection, REFRESH)  # and does nothing more
    rates = trading.process()
    await rates.refresh()
    assert rates.current(START) is None
    await trading.its_time()
    await rates.refresh()
    assert price(rates, trading.now) == "60000.00"


async def test_old_rates_are_deleted_in_batches(trading):
    rates = trading.process()
    for _ in range(3):
        await rates.refresh()
        await trading.its_time()
    await trading.pool.execute("UPDATE exchange_rates SET looked_at = now() - interval '100 days' WHERE id <= 2")
    async with trading.pool.acquire() as connection:
        assert await exchange_rates.prune(connection, timedelta(days=90), 1) == 1
        assert await exchange_rates.prune(connection, timedelta(days=90), 10) == 1
        assert await exchange_rates.prune(connection, timedelta(days=90), 10) == 0
    assert len(await trading.rows()) == 1
