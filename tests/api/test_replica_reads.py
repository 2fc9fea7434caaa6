"""Lists and numbers over REST with a real streaming replica behind them."""

import asyncio
import tempfile
from pathlib import Path

import pytest

from api.serving import serving, until
from servers.postgres_15 import replicated
from sgate.store import migrate

LISTS = (
    "/v1/payment_intents",
    "/v1/payment_intents?page=1",
    "/v1/payments",
    "/v1/webhook_deliveries",
    "/v1/merchants/me/stats",
)


@pytest.fixture
def pair():
    with tempfile.TemporaryDirectory(prefix="sgate-pair-") as place, replicated(Path(place)) as servers:
        asyncio.run(migrate.migrate(servers[0].url))
        yield [server.url for server in servers]


async def caught_up(reads):
    """Until the replica shows all that has happened before."""
    begun = reads._monotonic_s()

    async def shown():
        await reads.measure()
        return reads._freshness.shows_until_s > begun

    await until(shown)


async def test_lists_come_from_the_replica_and_never_lack_what_their_reader_has_made(pair, tmp_path, logged):
    primary_url, replica_url = pair
    async with serving(primary_url, tmp_path, listener=True, database_replica_url=replica_url) as app:
        reads = app.gateway.deps.reads
        shop = await app.merchant()
        first = await shop.create()
        await caught_up(reads)
        for path in LISTS:
            assert (await shop.get(path)).status == 200
        assert reads.served_by_replica == len(LISTS)
        [listed] = (await shop.get(LISTS[0])).json["data"]
        assert listed["id"] == first["id"]
        for _ in range(20):
            made = await shop.create()
            assert (await shop.get(LISTS[0])).json["data"][0]["id"] == made["id"], "at once, wherever it is read"
        assert (await app.anyone.get("/health")).json["services"]["replica"] == "healthy"


async def test_an_unavailable_replica_stops_nothing_and_is_reported(database_url, tmp_path, logged):
    away = "postgresql://nobody@127.0.0.1:1/nothing"
    async with serving(database_url, tmp_path, database_replica_url=away) as app:
        shop = await app.merchant()
        await app.gateway.deps.reads.measure()
        made = await shop.create()
        assert [item["id"] for item in (await shop.get(LISTS[0])).json["data"]] == [made["id"]]
        health = await app.anyone.get("/health")
        assert (health.status, health.json["services"]["replica"]) == (200, "degraded")


async def test_without_a_replica_health_does_not_speak_of_one(app):
    assert "replica" not in (await app.anyone.get("/health")).json["services"]
