"""A clock behind the chain: deadlines count from the scanned block time, and far behind, no intent is created."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from api.serving import UNREACHABLE, serving
from api.test_statements_per_call import Statements
from sgate.db.batching import MAX_BATCH

PATH = "/v1/payment_intents"
EXPIRES_IN = timedelta(seconds=900)


@pytest.fixture
async def app(database_url, tmp_path):
    """The live chain cannot be reached, so no watcher moves the time that a test sets."""
    async with serving(database_url, tmp_path / "one", live=UNREACHABLE) as running:
        yield running


@pytest.fixture
async def shop(app):
    return await app.merchant(livemode=True)


async def scan(app, ahead_s, *, livemode=True):
    """Pretend that the chain was just scanned up to a block `ahead_s` ahead of the clock. Returns the block's time."""
    scanned_time = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=ahead_s)
    await app.gateway.pool.execute(
        "INSERT INTO chain_cursors (livemode, network, scanned_height, scanned_time, checked_at) "
        "VALUES ($1, $2, 7, $3, now()) ON CONFLICT (livemode) DO UPDATE SET scanned_time = $3, checked_at = now()",
        livemode, "mainnet" if livemode else "simulated", scanned_time,
    )  # fmt: skip
    return scanned_time


def deadline(intent):
    return datetime.fromisoformat(intent["expires_at"])


@pytest.mark.parametrize("ahead_s", [2, 29, 60, 110])
async def test_a_deadline_never_lies_before_the_scanned_time_plus_the_duration(app, shop, ahead_s):
    scanned_time = await scan(app, ahead_s)
    first, second = await shop.create(), await shop.create()
    later = await scan(app, ahead_s + 5)
    third = await shop.create(headers={"Idempotency-Key": "k"})
    assert deadline(first) >= scanned_time + EXPIRES_IN
    assert deadline(second) >= scanned_time + EXPIRES_IN
    assert deadline(third) >= later + EXPIRES_IN
    assert deadline(third) < later + EXPIRES_IN + timedelta(seconds=5)
    stored = await app.gateway.pool.fetchval("SELECT expires_at FROM payment_intents WHERE id = $1", third["id"])
    assert stored == deadline(third)


async def test_it_costs_no_statement_once_the_block_is_known(app, shop):
    await scan(app, 100)
    await shop.create()
    async with Statements(app.gateway.pool).counted() as seen:
        await shop.create()
    assert len(seen) == 1


async def test_concurrent_creates_share_a_statement_and_all_get_a_later_deadline(app, shop):
    await shop.create()
    scanned_time = await scan(app, 100)
    made = await asyncio.gather(*(shop.create() for _ in range(MAX_BATCH + 6)))
    assert all(deadline(intent) >= scanned_time + EXPIRES_IN for intent in made)
    assert await app.gateway.pool.fetchval("SELECT count(*) FROM payment_intents") == MAX_BATCH + 7


@pytest.mark.parametrize("ahead_s", [125, 3_600, 86_400 * 1_000])
async def test_far_behind_creates_are_refused_until_the_clock_is_right(app, shop, ahead_s):
    made = await shop.create(headers={"Idempotency-Key": "before"})
    await scan(app, ahead_s)
    for headers in ({}, {"Idempotency-Key": "now"}, {}):
        answer = await shop.post(PATH, {"amount_sats": 1_000}, headers=headers)
        assert (answer.status, answer.code) == (503, "clock_behind")
        assert int(answer.headers["Retry-After"]) > 0
    assert "synchronize the clock" in answer.json["error"]["message"]
    assert (await shop.create(headers={"Idempotency-Key": "before"}))["id"] == made["id"]
    assert (await shop.get(f"{PATH}/{made['id']}")).status == 200
    await scan(app, 0)  # or an operator has corrected a scanned time that was wrong
    assert (await shop.create(headers={"Idempotency-Key": "now"}))["amount_sats"] > 0
    assert await app.gateway.pool.fetchval("SELECT count(*) FROM payment_intents") == 2


@pytest.mark.parametrize(
    ("ahead_s", "status"), [(-3_600, "healthy"), (20, "healthy"), (45, "degraded"), (200, "degraded")]
)
async def test_the_health_report_says_so_from_half_a_minute_on(app, shop, ahead_s, status):
    await scan(app, ahead_s)
    report = (await app.anyone.get("/health")).json
    assert report["chains"]["live"]["status"] == status
    assert ("s behind the blocks of the chain" in (report["chains"]["live"]["trouble"] or "")) is (status == "degraded")


async def test_on_the_simulated_chain_blocks_may_be_ahead_and_deadlines_follow_them(app):
    shop = await app.merchant()
    scanned_time = await scan(app, 3_600, livemode=False)
    made = await shop.create()
    assert deadline(made) >= scanned_time + EXPIRES_IN
    assert (await app.anyone.get("/health")).json["chains"]["test"]["status"] == "healthy"
