"""Daily statistics."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from api.serving import UNREACHABLE, serving
from sgate.objects.stats import StatsObject

STATS = "/v1/merchants/me/stats"
TODAY = datetime.now(UTC).date()


async def test_todays_numbers_are_those_of_now(app, shop):
    await app.watch()
    stranger = await app.merchant()
    await stranger.create()
    paid, canceled, _ = [await shop.create({"amount_sats": 1_000}) for _ in range(3)]
    await app.pay(paid, 1_200)
    await shop.post(f"/v1/payment_intents/{canceled['id']}/cancel")
    await app.watch()
    stats = (await shop.get(STATS)).json
    assert msgspec.convert(stats, StatsObject)
    assert stats["total"] == {
        "created": 3,
        "requires_payment": 1,
        "processing": 0,
        "confirmed": 1,
        "expired": 0,
        "failed": 0,
        "canceled": 1,
        "amount_sats": 3_000,
        "received_sats": 1_200,
        "confirmed_sats": 1_200,
    }
    assert (len(stats["days"]), stats["to_date"]) == (30, stats["days"][-1]["date"])
    assert sum(day["created"] for day in stats["days"]) == 3


async def test_a_reorganization_removes_numbers_and_restores_them(app, shop):
    await app.watch()
    intent = await shop.create({"amount_sats": 1_000})
    await app.pay(intent)
    await app.watch()
    assert (await shop.get(STATS)).json["total"]["confirmed_sats"] == 1_000
    app.chain.reorg(1, "none")
    await app.watch()
    total = (await shop.get(STATS)).json["total"]
    assert (total["confirmed"], total["received_sats"], total["confirmed_sats"]) == (0, 0, 0)
    app.chain.mine()
    await app.watch()
    assert (await shop.get(STATS)).json["total"]["confirmed_sats"] == 1_000


async def test_a_period_can_be_asked_for(shop):
    await shop.create()
    yesterday = TODAY - timedelta(days=1)
    one = (await shop.get(STATS, params={"from_date": str(yesterday), "to_date": str(yesterday)})).json
    assert (one["total"]["created"], [day["date"] for day in one["days"]]) == (0, [str(yesterday)])
    year = (await shop.get(STATS, params={"from_date": str(TODAY - timedelta(days=365))})).json
    assert len(year["days"]) == 366


async def test_modes_are_counted_apart(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        test = await app.merchant()
        live = await app.key(test.merchant_id, "read", livemode=True)
        await test.create()
        seen_test, seen_live = (await test.get(STATS)).json, (await live.get(STATS)).json
        assert (seen_test["livemode"], seen_test["total"]["created"]) == (False, 1)
        assert (seen_live["livemode"], seen_live["total"]["created"]) == (True, 0)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("from_date=x", "from_date"),
        ("to_date=2026-13-01", "to_date"),
        ("to_date=2026-01-01T00:00:00Z", "to_date"),
        ("from_date=2026-01-02&to_date=2026-01-01", "from_date"),
        ("from_date=2024-01-01&to_date=2026-01-01", "from_date"),
        ("from_date=0001-01-01", "from_date"),
        ("to_date=9999-12-31", "to_date"),
        ("from_date=%00", "from_date"),
        ("days=7", "days"),
    ],
)
async def test_a_period_that_cannot_be_is_refused(shop, query, param):
    answer = await shop.get(f"{STATS}?{query}")
    assert (answer.status, answer.code, answer.param) == (422, "validation_error", param)
