"""The client with price sources that work or misbehave, over real HTTP."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from rates.markets import CLOSE, HANG, SHAPES, Markets, answer, bitstamp, coinbase, coingecko, kraken
from sgate.core.rate import SOURCES as NAMES
from sgate.core.rate import Sample
from sgate.rates import client as clients
from sgate.rates.client import NoSample, RateClient
from sgate.rates.sources import SOURCES

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOW = datetime(2026, 1, 2, 3, 4, 30, tzinfo=UTC)


class Asking:
    """A client of four sources on a loopback port, with a clock that the test controls."""

    def __init__(self, markets):
        self.markets, self.seconds, self.waits, self.calls = markets, 0.0, [], []
        self.client = RateClient(
            SOURCES,
            markets.urls,
            lambda name, outcome: self.calls.append((name, outcome)),
            sleep=self._wait,
            monotonic_s=lambda: self.seconds,
        )

    async def _wait(self, seconds):
        self.waits.append(seconds)

    async def ask(self):
        return await self.client.ask(lambda: NOW)

    async def one(self, name):
        return (await self.ask())[name]


@pytest.fixture
async def asking():
    async with Markets(lambda: AT) as markets:
        asked = Asking(markets)
        yield asked
        await asked.client.close()


async def test_each_source_is_read_in_its_documented_format(asking):
    asking.markets.quote(coinbase="60001.5", kraken="60002.50000", bitstamp="60003", coingecko="60004.123456789")
    answers = await asking.ask()
    assert answers == {
        "coinbase": Sample(source="Coinbase", usd_per_btc=Decimal("60001.5"), taken_at=AT),
        "kraken": Sample(source="Kraken", usd_per_btc=Decimal("60002.50000"), taken_at=NOW),  # it reports no time
        "bitstamp": Sample(source="Bitstamp", usd_per_btc=Decimal(60003), taken_at=AT),
        "coingecko": Sample(source="CoinGecko", usd_per_btc=Decimal("60004.123456789"), taken_at=AT),
    }
    assert sorted(asking.calls) == sorted((name, "answered") for name in SHAPES)
    assert all("Accept: application/json" in head for head in asking.markets.headers)


BAD_PRICES = [
    "NaN",
    "nan",
    "Infinity",
    "-60000",
    "+60000",
    "0",
    "0.5",
    "6e4",
    "60,000",
    " 60000",
    "",
    "1000000000000",
    "٦٠٠٠٠",
]
BAD = [
    *[("coinbase", answer(coinbase(price, AT))) for price in BAD_PRICES],
    *[("kraken", answer(kraken(price, AT))) for price in BAD_PRICES],
    *[("bitstamp", answer(bitstamp(price, AT))) for price in BAD_PRICES],
    *[("coingecko", answer(coingecko(price, AT))) for price in ("NaN", "-1", "0", "6e4", '"60000"', "null", "true", "{}")],
    ("coinbase", answer(coinbase("60000", AT) | {"price": 60000.0})),
    ("coinbase", answer(coinbase("60000", AT) | {"time": "yesterday"})),
    ("coinbase", answer(coinbase("60000", AT) | {"time": "2026-01-02T03:04:05"})),
    ("coinbase", answer({"message": "NotFound"})),
    ("kraken", answer({"error": ["EGeneral:Too many requests"]})),
    ("kraken", answer({"error": [], "result": {}})),
    ("kraken", answer({"error": [], "result": kraken("1", AT)["result"] | {"XETHZUSD": {"c": ["3000"]}}})),
    ("kraken", answer({"error": [], "result": {"XXBTZUSD": {"c": []}}})),
    ("bitstamp", answer(bitstamp("60000", AT) | {"timestamp": "99999999999999999999"})),
    ("bitstamp", answer(bitstamp("60000", AT) | {"timestamp": "-5"})),
    ("coingecko", answer({})),
    ("coingecko", answer({"bitcoin": {"usd": 60000}})),
    ("coinbase", answer(b"<html><body>Just a moment...</body></html>")),
    ("coinbase", answer(b"")),
    ("coinbase", answer(b"\xff\xfe")),
    ("coinbase", answer(b"[" * 5000)),
    ("coinbase", answer(b'"' + b"x" * 70_000 + b'"')),
    ("coinbase", answer(coinbase("60000", AT), 404)),
    ("coinbase", answer(b"", 204)),
    ("coinbase", answer(coinbase("60000", AT), 302, "Location: /api/v2/ticker/btcusd/")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "response"), BAD)
async def test_an_invalid_response_is_a_reason_and_never_a_price(asking, name, response):
    asking.markets.says[name] = response
    answers = await asking.ask()
    assert isinstance(answers.pop(name), NoSample)
    assert all(isinstance(sample, Sample) for sample in answers.values())  # no other source is affected
    assert asking.markets.asked[name] == 1  # a retry would not help
    assert asking.waits == []


@pytest.mark.parametrize("failure", [answer(b"busy", 500), answer(b"busy", 503)])
async def test_a_transient_failure_is_retried_once(asking, failure):
    asking.markets.says["kraken"] = [failure, answer(kraken("60000", AT))]
    assert (await asking.one("kraken")).usd_per_btc == 60_000
    assert asking.waits == [clients.RETRY_WAIT_S]
    asking.markets.says["kraken"] = failure
    assert isinstance(await asking.one("kraken"), NoSample)
    assert asking.markets.asked["kraken"] == 2 + clients.ATTEMPTS


async def test_a_broken_connection_is_retried_but_not_indefinitely(asking):
    asking.markets.says["kraken"] = [CLOSE, answer(kraken("60000", AT))]
    assert (await asking.one("kraken")).usd_per_btc == 60_000
    asking.markets.says["kraken"] = CLOSE
    assert "connection failed" in (await asking.one("kraken")).reason
    assert (
        asking.markets.asked["kraken"] <= 2 + 2 * clients.ATTEMPTS
    )  # aiohttp itself may try a reused connection again


async def test_a_source_that_hangs_affects_no_other(asking, monkeypatch):
    monkeypatch.setattr(clients, "ATTEMPT_TIMEOUT_S", 0.2)
    asking.markets.says["bitstamp"] = HANG
    answers = await asking.ask()
    assert answers["bitstamp"] == NoSample("no complete response in time")
    assert sum(isinstance(sample, Sample) for sample in answers.values()) == 3


async def test_an_endless_response_is_abandoned(asking):
    asking.markets.says["coinbase"] = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 10_000_000
    assert "larger" in (await asking.one("coinbase")).reason


async def test_the_cooldown_of_a_failing_source_doubles_and_then_it_is_read_again(asking):
    asking.markets.says["coinbase"] = answer(b"", 404)
    for asked, cool_s in enumerate((30, 60, 120, 240, 480, 900, 900), start=1):
        assert isinstance(await asking.one("coinbase"), NoSample)
        assert asking.markets.asked["coinbase"] == asked
        asking.seconds += cool_s - 0.1
        assert "in cooldown" in (await asking.one("coinbase")).reason
        assert asking.markets.asked["coinbase"] == asked
        asking.seconds += 0.1
    asking.markets.quote(coinbase="60000")
    assert isinstance(await asking.one("coinbase"), Sample)
    asking.markets.says["coinbase"] = answer(b"", 404)
    await asking.ask()
    asking.seconds += 30
    await asking.ask()
    assert asking.markets.asked["coinbase"] == 7 + 3  # after a success the first wait is short again
    assert ("coinbase", "cooling") in asking.calls


async def test_a_longer_retry_after_of_a_source_is_obeyed(asking):
    asking.markets.says["coingecko"] = answer(b"", 429, "Retry-After: 300")
    await asking.ask()
    asking.seconds += 299
    assert "in cooldown" in (await asking.one("coingecko")).reason
    asking.seconds += 1
    await asking.ask()
    assert asking.markets.asked["coingecko"] == 2


def test_the_settings_and_the_client_know_the_same_sources():
    assert tuple(SOURCES) == NAMES
