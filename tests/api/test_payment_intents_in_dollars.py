"""Payment intents priced in dollars, in a mode that takes its rates from markets."""

from datetime import timedelta
from decimal import Decimal

import pytest

from api.serving import UNREACHABLE, serving
from rates.markets import SHAPES, Markets, answer

PATH = "/v1/payment_intents"
NINETEEN = {"amount_usd": "19.99"}


@pytest.fixture
async def markets():
    async with Markets() as running:
        yield running


@pytest.fixture
async def app(markets, database_url, tmp_path):
    rates = {"exchange_rate_sources": tuple(SHAPES), "exchange_rate_urls": markets.urls}
    async with serving(database_url, tmp_path / "one", live=UNREACHABLE, **rates) as running:
        yield running


@pytest.fixture
async def shop(app):
    return await app.merchant(livemode=True)


async def refresh_rate(app):
    await app.gateway.pool.execute("UPDATE exchange_rate_turns SET next_look_at = now()")
    await app.gateway.market.refresh()


async def test_the_quote_says_what_was_asked_at_which_rate_from_whom_and_when(app, shop, markets):
    markets.quote(coinbase="60000", kraken="60010.00", bitstamp="60020", coingecko="30000")
    await refresh_rate(app)
    intent = await shop.create(NINETEEN)
    quote = intent["quote"]
    assert (quote["amount_usd"], quote["rate_usd_per_btc"]) == ("19.99", "60010.00")
    assert quote["source"] == "median of Coinbase, Kraken and Bitstamp"
    assert intent["amount_sats"] == 33312  # 33311.11..., rounded up
    assert Decimal(intent["amount_sats"]) * Decimal("60010.00") / 100_000_000 >= Decimal("19.99")
    assert (await shop.get(f"{PATH}/{intent['id']}")).json["quote"] == quote
    row = await app.gateway.pool.fetchrow("SELECT usd_per_btc::text, source FROM exchange_rates")
    assert tuple(row) == ("60010.00", quote["source"])


async def test_an_amount_in_sats_carries_a_quote_if_there_is_a_rate_and_works_without_one(app, shop):
    assert (await shop.create({"amount_sats": 100_000}))["quote"] is None
    await refresh_rate(app)
    assert (await shop.create({"amount_sats": 100_000}))["quote"]["amount_usd"] == "60.00"


async def test_without_a_rate_a_price_in_dollars_is_refused_and_not_invented(app, shop, markets):
    refused = await shop.post(PATH, NINETEEN)
    assert (refused.status, refused.code) == (503, "rate_unavailable")
    assert int(refused.headers["Retry-After"]) == refused.json["retry_after"] > 0
    for name in SHAPES:
        markets.says[name] = answer(b"", 404)
    await refresh_rate(app)
    assert (await shop.post(PATH, NINETEEN)).code == "rate_unavailable"
    assert await app.gateway.pool.fetchval("SELECT count(*) FROM payment_intents") == 0


async def test_a_rate_that_has_become_stale_is_refused(app, shop):
    await refresh_rate(app)
    await shop.create(NINETEEN)
    market = app.gateway.market
    market._rate = type(market._rate)(
        usd_per_btc=market._rate.usd_per_btc,
        source=market._rate.source,
        taken_at=market._rate.taken_at - timedelta(seconds=181),
    )
    assert (await shop.post(PATH, NINETEEN)).code == "rate_unavailable"


async def test_sources_that_disagree_are_refused_at_once(app, shop, markets):
    await refresh_rate(app)
    await shop.create(NINETEEN)
    markets.quote(coinbase="60000", kraken="60000", bitstamp="66000", coingecko="66000")
    await refresh_rate(app)
    assert (await shop.post(PATH, NINETEEN)).code == "rate_unavailable"


async def test_a_repeated_request_gets_its_response_even_when_the_rate_is_gone(app, shop, markets):
    await refresh_rate(app)
    key = {"Idempotency-Key": "order 17"}
    made = await shop.post(PATH, NINETEEN, headers=key)
    markets.quote(coinbase="60000", kraken="60000", bitstamp="66000", coingecko="66000")
    await refresh_rate(app)
    again = await shop.post(PATH, NINETEEN, headers=key)
    assert (again.status, again.body) == (201, made.body)


async def test_the_simulated_chain_has_a_fixed_rate_that_says_so(app):
    shop = await app.merchant()
    quote = (await shop.create(NINETEEN))["quote"]
    assert (quote["rate_usd_per_btc"], quote["source"]) == (
        "100000",
        "fixed rate of the simulated chain, not a market price",
    )


async def test_metrics_show_the_state_of_the_sources_and_the_age_of_the_rate(app, markets):
    markets.says["kraken"] = answer(b"", 404)
    await refresh_rate(app)
    text = (await app.anyone.get("/metrics")).body.decode()
    assert 'sgate_exchange_rate_calls_total{outcome="answered",source="coinbase"} 1.0' in text
    assert 'sgate_exchange_rate_calls_total{outcome="failed",source="kraken"} 1.0' in text
    age = next(line for line in text.splitlines() if line.startswith("sgate_exchange_rate_age_seconds "))
    assert 0 <= float(age.split()[1]) < 60
