"""The backlog counts only deliveries that a deliverer could send now."""

import pytest

from services.shop import open_shop
from sgate.store import webhook_deliveries_queue, webhook_endpoints
from workers.webhooks.outbox import Outbox

NOTHING = {"due": 0, "oldest_s": 0.0}


@pytest.fixture
async def connection(pool):
    async with pool.acquire() as connection:
        yield connection


async def test_what_is_held_for_a_disabled_endpoint_counts_again_when_it_is_enabled(pool, connection):
    outbox = await Outbox.open(pool)
    endpoint = await outbox.endpoint("http://127.0.0.1:1/hooks")
    await outbox.event()
    await webhook_endpoints.disable(connection, endpoint, "it is gone", await outbox.now())
    assert await webhook_deliveries_queue.backlog(connection) == NOTHING
    await outbox.enable(endpoint)
    assert (await webhook_deliveries_queue.backlog(connection))["due"] == 1


async def test_only_the_deliveries_of_living_endpoints_count(pool, connection):
    outbox = await Outbox.open(pool)
    await outbox.endpoint("http://127.0.0.1:1/living")
    disabled = await outbox.endpoint("http://127.0.0.1:1/disabled")
    await outbox.event()
    await webhook_endpoints.disable(connection, disabled, "it is gone", await outbox.now())
    assert (await webhook_deliveries_queue.backlog(connection))["due"] == 1


async def test_a_create_that_crosses_the_deletion_of_an_endpoint_leaves_no_backlog(pool, connection):
    """Neither the create nor the deletion sees the other, so a delivery is left over that will never be sent."""
    shop = await open_shop(pool)
    endpoint = await connection.fetchval("SELECT id FROM webhook_endpoints")
    async with connection.transaction():
        assert await webhook_endpoints.delete(connection, endpoint, shop.merchant.id, livemode=shop.mode.livemode)
        await shop.intent()
    assert await connection.fetchval("SELECT count(*) FROM webhook_deliveries") == 1
    assert await webhook_deliveries_queue.backlog(connection) == NOTHING
