"""SIGTERM: finish what is in flight, give leases back, and end, whatever hangs."""

import aiohttp
import pytest

from servers.patience import patient
from servers.processes import Merchant, Server, make_merchant, until
from sgate.chain.simulator import simulated_address
from workers.webhooks.receiver import HANG, Receiver

pytestmark = pytest.mark.timeout(300)

STOP_S = patient(20.0)


def settings_of(place, database_url):
    return {"database_url": database_url, "test__source": "simulator", "data_dir": place}


async def an_order(merchant, shop):
    await merchant.expect(200, "PATCH", "/v1/merchants/me", {"pay_address": simulated_address("the shop")})
    await merchant.expect(201, "POST", "/v1/webhook_endpoints", {"url": shop.url})
    await merchant.expect(201, "POST", "/v1/payment_intents", {"amount_sats": 1000})
    await shop.until(lambda shop: shop.hanging == 1)


async def test_a_webhook_in_flight_is_finished_and_noted_before_the_process_ends(place, database_url, pool):
    settings = settings_of(place, database_url)
    _, api_key = make_merchant(place, **settings)
    async with Receiver(HANG) as shop, Server(place, **settings) as server:
        async with Merchant(server.url, api_key) as merchant:
            await an_order(merchant, shop)
        server.terminate()
        shop.release()
        assert (await server.stop())[0] == 0
        assert "Traceback" not in server.text
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT status FROM webhook_deliveries") == "delivered"
    assert len(shop.received) == 1


async def test_what_hangs_is_broken_off_within_a_bound_and_its_lease_given_back(place, database_url, pool):
    async with Receiver(HANG) as chain, Receiver(HANG) as shop:
        settings = settings_of(place, database_url) | {"test__stacks_api_url": f"http://127.0.0.1:{chain.port}"}
        _, api_key = make_merchant(place, **settings)
        async with Server(place, **settings) as server:
            async with Merchant(server.url, api_key) as merchant:
                await an_order(merchant, shop)
            await chain.until(lambda chain: chain.hanging >= 1)
            status, seconds = await server.stop()
            assert status == 0, server.text
            assert seconds < STOP_S
            assert "Traceback" not in server.text
        async with pool.acquire() as connection:
            row = await connection.fetchrow("SELECT status, attempts, lease_token FROM webhook_deliveries")
    # Given back, or, if the attempt's own time was up first, waiting for its next attempt.
    assert (row["status"], row["lease_token"]) == ("pending", None)


async def test_a_stop_first_says_that_it_is_not_ready_and_serves_on_so_that_proxies_go_elsewhere(place, database_url):
    async with (
        Server(place, **settings_of(place, database_url), drain_s=3) as server,
        aiohttp.ClientSession(server.url) as session,
    ):
        async with session.get("/health/live") as before:
            assert before.headers.get("Connection") != "close"
        server.terminate()

        async def leaving():
            async with session.get("/health/ready") as answer:
                # The web server looks ten times a second whether it is to stop, and drains from then on.
                return answer.status == 503 and answer.headers.get("Connection") == "close"

        await until(leaving, "the server says that it is not ready")
        async with session.get("/docs") as during, session.get("/health/live") as alive:
            assert (during.status, during.headers["Connection"]) == (200, "close")
            assert (alive.status, alive.headers["Connection"]) == (200, "close")
        status, seconds = await server.stop()
        assert status == 0
        assert seconds < 3 + STOP_S
        assert "Traceback" not in server.text
