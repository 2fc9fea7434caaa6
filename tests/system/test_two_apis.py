"""Two API processes on one database and one Redis behave as one."""

import pytest

from api.redis_server import RedisServer
from system.processes import Merchant, Server, Simulator, make_merchant, until

pytestmark = pytest.mark.timeout(300)

CREATES = 5


async def test_limits_are_counted_once_and_a_change_is_shown_by_both(place, database_url):
    with RedisServer(place) as redis:
        async with Simulator(place, block_interval_s=30) as chain:
            settings = {
                "database_url": database_url,
                "test__stacks_api_url": chain.url,
                "redis_url": redis.url,
                "rate_limit_create": CREATES,
            }
            _, api_key = make_merchant(place, **settings)
            async with (
                Server(place, **settings) as one,
                Server(place, **settings) as two,
                Merchant(one.url, api_key) as here,
                Merchant(two.url, api_key) as there,
            ):
                assert (await one.metric("sgate_redis_up"), await two.metric("sgate_redis_up")) == (1, 1)
                statuses, intents = [], []
                for number in range(CREATES + 2):
                    status, intent = await (here, there)[number % 2].call(
                        "POST", "/v1/payment_intents", {"amount_sats": 1000}
                    )
                    statuses.append(status)
                    intents.append(intent)
                assert statuses == [201] * CREATES + [429] * 2
                await _both_show_a_cancel(here, there, intents[0]["id"])


async def _both_show_a_cancel(here, there, intent_id):
    view = f"/public/payment_intents/{intent_id}"
    for merchant in (here, there, here, there):  # both have the old state in memory
        assert (await merchant.expect(200, "GET", view))["status"] == "requires_payment"
    await here.expect(200, "POST", f"/v1/payment_intents/{intent_id}/cancel")
    for merchant in (here, there):
        read = await merchant.expect(200, "GET", f"/v1/payment_intents/{intent_id}")
        assert read["status"] == "canceled"

        async def shown(merchant=merchant):
            return (await merchant.expect(200, "GET", view))["status"] == "canceled"

        await until(shown, "the public view shows the cancel", timeout_s=10)
