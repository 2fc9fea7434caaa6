"""Limits that several instances share through Redis, and what happens when Redis does not answer."""

import asyncio
import contextlib
import time

import pytest

from api.serving import AMOUNT_SATS, one_window, serving, until
from servers.redis import RedisServer
from sgate.http import rate_limits_shared

PATH = "/v1/payment_intents"
LIMITS = {"rate_limit_create": 6, "rate_limit_retrieve": 4, "rate_limit_public": 5, "rate_limit_other": 5}
MANY = dict.fromkeys(LIMITS, 100_000)
SOON_S = 0.02
PATIENT_S = 30.0


@pytest.fixture
def redis(tmp_path):
    with RedisServer(tmp_path) as server:
        yield server


@contextlib.asynccontextmanager
async def two(database_url, tmp_path, **settings):
    """Two instances on one database and one Redis."""
    async with (
        serving(database_url, tmp_path / "one", environment=one_window(), **settings) as one,
        serving(database_url, tmp_path / "two", environment=one_window(), **settings) as other,
    ):
        yield one, other


@pytest.fixture
async def pair(database_url, tmp_path, redis, monkeypatch):
    """Two instances with low limits, which wait for Redis even if this machine is busy."""
    monkeypatch.setattr(rate_limits_shared, "ANSWER_TIMEOUT_S", PATIENT_S)
    async with two(database_url, tmp_path, redis_url=redis.url, **LIMITS) as instances:
        yield instances


@pytest.fixture
async def alone(database_url, tmp_path, redis, monkeypatch):
    """An instance with high limits that retries an unavailable Redis often."""
    monkeypatch.setattr(rate_limits_shared, "RETRY_S", SOON_S)
    async with serving(database_url, tmp_path / "one", environment=one_window(), redis_url=redis.url, **MANY) as app:
        yield app


async def health_of(app):
    return (await app.anyone.get("/health")).json["services"]["cache"]


async def metric(app, name):
    text = (await app.anyone.get("/metrics")).body.decode()
    return float(next(line for line in text.splitlines() if line.startswith(f"{name} ")).split()[1])


def remaining(answer):
    return int(answer.headers["X-RateLimit-Remaining"])


async def test_two_instances_count_together(pair):
    one, two = pair
    here = await one.merchant()
    there = await here.at(two)
    answers = [await caller.get(PATH) for caller in (here, there, here, there, here, there, here)]
    assert [answer.status for answer in answers] == [200] * 5 + [429] * 2
    assert [remaining(answer) for answer in answers] == [4, 3, 2, 1, 0, 0, 0]
    resets = [int(answer.headers["X-RateLimit-Reset"]) for answer in answers]
    assert max(resets) - min(resets) <= 1  # both know when the window ends, whoever began it
    assert answers[-1].headers["RateLimit"].startswith('"other";r=0;t=')
    assert (await here.post(PATH, {"amount_sats": AMOUNT_SATS})).status == 201  # another class


async def test_of_many_calls_at_once_at_two_instances_exactly_the_limit_is_let_through(pair):
    one, two = pair
    here = await one.merchant()
    there = await here.at(two)
    calls = [caller.post(PATH, {"amount_sats": AMOUNT_SATS}) for caller in (here, there) * 20]
    answers = await asyncio.gather(*calls)
    made = [answer for answer in answers if answer.status == 201]
    assert len(made) == LIMITS["rate_limit_create"]
    assert sorted(remaining(answer) for answer in made) == list(range(LIMITS["rate_limit_create"]))
    assert {answer.status for answer in answers} == {201, 429}


async def test_keys_are_counted_separately_even_in_concurrent_calls(pair):
    one, _ = pair
    shops = [await one.merchant() for _ in range(20)]
    answers = await asyncio.gather(*(shop.get(PATH) for shop in shops))
    assert [(answer.status, remaining(answer)) for answer in answers] == [(200, 4)] * 20


async def test_failed_authentications_are_shared_too(pair):
    one, two = pair
    wrong = {"Authorization": "Bearer sk_test_" + "0" * 64}
    answers = [await (one, two)[number % 2].anyone.get(PATH, headers=wrong) for number in range(32)]
    assert [answer.status for answer in answers] == [401] * 30 + [429] * 2


async def test_the_api_keeps_working_while_redis_stops_and_restarts(alone, redis, logged):
    shop = await alone.merchant()
    assert remaining(await shop.get(PATH)) == 99_999
    assert (await health_of(alone), await metric(alone, "sgate_redis_up")) == ("healthy", 1)
    redis.stop()
    answers = [await shop.get(PATH) for _ in range(30)]
    assert {answer.status for answer in answers} == {200}
    assert [remaining(answer) for answer in answers] == list(
        range(99_999, 99_969, -1)
    )  # counted in this process, from zero
    assert (await health_of(alone), await metric(alone, "sgate_redis_up")) == ("degraded", 0)
    assert await metric(alone, "sgate_rate_limit_fallbacks_total") == 30
    assert [line["event"] for line in logged.lines if line["event"].startswith("redis")] == ["redis_away"]
    redis.start()
    shared = alone.gateway.deps.rate_limits
    await until(lambda: shared.as_configured)
    assert (await health_of(alone), await metric(alone, "sgate_redis_up")) == ("healthy", 1)
    assert remaining(await shop.get(PATH)) == 99_999  # the restarted Redis is empty
    assert [line["event"] for line in logged.lines if line["event"].startswith("redis")] == ["redis_away", "redis_back"]


async def test_a_redis_that_hangs_delays_calls_once_and_not_for_long(alone, redis):
    shop = await alone.merchant()
    await shop.get(PATH)
    redis.hang()
    began = time.monotonic()
    answers = await asyncio.gather(*(shop.get(PATH) for _ in range(50)))
    first_s = time.monotonic() - began
    assert {answer.status for answer in answers} == {200}
    assert (
        first_s < rate_limits_shared.ANSWER_TIMEOUT_S + 2
    )  # not fifty times the wait, whatever this machine is busy with
    assert not alone.gateway.deps.rate_limits.as_configured
    assert (await shop.get(PATH)).status == 200


async def test_a_redis_that_responds_but_refuses_writes_is_unavailable(alone, redis):
    shop = await alone.merchant()
    await shop.get(PATH)
    assert redis.ask("CONFIG SET maxmemory 1").startswith(b"+OK")
    assert (await shop.get(PATH)).status == 200
    assert not alone.gateway.deps.rate_limits.as_configured
    assert redis.ask("CONFIG SET maxmemory 0").startswith(b"+OK")
    await until(lambda: alone.gateway.deps.rate_limits.as_configured)


async def test_an_instance_starts_without_its_redis(database_url, tmp_path):
    async with serving(
        database_url, tmp_path, environment=one_window(), redis_url="redis://127.0.0.1:1/0", **LIMITS
    ) as app:
        shop = await app.merchant()
        statuses = [(await shop.get(PATH)).status for _ in range(6)]
        assert statuses == [200] * 5 + [429]
        assert await health_of(app) == "degraded"
        assert (await app.anyone.get("/health")).status == 200  # degraded, and still serving
