"""kill -9 at any moment loses nothing and doubles nothing."""

import asyncio
import contextlib
import itertools
import json
import random
import time

import aiohttp
import pytest

from servers.processes import Merchant, Server, Simulator, make_merchant, until
from sgate.chain.simulator import simulated_address
from workers.webhooks.receiver import Receiver

pytestmark = pytest.mark.timeout(400)

SEED = 20261123
KILLS = 10
AMOUNT_SATS = 3_000
ORDERS_AT_ONCE = 4


def settings_of(database_url, chain):
    return {
        "database_url": database_url,
        "test__source": "simulator",
        "test__stacks_api_url": chain.url,
        "test__poll_interval_s": 0.2,
    }


class Business:
    """Orders come in all the time, and customers pay them in one, two or three parts."""

    def __init__(self, merchant, chain):
        self._merchant, self._chain = merchant, chain
        self._numbers = itertools.count()
        self.open = True
        self.acknowledged = {}
        self.paid = {}  # transaction id -> (intent id, sats)

    async def work(self):
        while self.open:
            number = next(self._numbers)
            intent = await self._order(f"order {number}")
            self.acknowledged[intent["id"]] = intent
            parts = number % 3 + 1
            for _ in range(parts):
                tx_id = await self._chain.pay(intent, AMOUNT_SATS // parts)
                self.paid[tx_id] = (intent["id"], AMOUNT_SATS // parts)

    async def _order(self, key):
        """Ask until it is acknowledged, as a careful merchant does: always with the same key."""
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, ValueError):
                status, answer = await self._merchant.call(
                    "POST", "/v1/payment_intents", {"amount_sats": AMOUNT_SATS}, key
                )
                if status == 201:
                    return answer
                assert status in {409, 500, 503}, answer
            await asyncio.sleep(0.05)


async def kill_again_and_again(server, dice):
    """The server dies while it starts, while it works, and while it dies."""
    for kill in range(KILLS):
        server.start()
        if kill % 3:
            await server.ready()
        await asyncio.sleep(dice.uniform(0.0, 1.5))  # the moment of death is the point, not a wait for something
        server.kill()


_INTENTS = """
SELECT i.id, i.status, i.amount_received_sats, i.sequence,
    (SELECT array_agg(e.sequence ORDER BY e.sequence) FROM events e WHERE e.payment_intent_id = i.id) AS sequences,
    (SELECT count(*) FROM events e
        WHERE e.payment_intent_id = i.id AND e.type = 'payment_intent.succeeded') AS succeeded
FROM payment_intents AS i
"""


async def test_nothing_is_lost_and_nothing_doubled_however_often_the_server_is_killed(place, database_url, pool):
    async with Simulator(place) as chain, Receiver() as shop:
        settings = settings_of(database_url, chain)
        _, api_key = make_merchant(place, **settings)
        server = Server(place, **settings)
        async with Merchant(server.url, api_key) as merchant, pool.acquire() as connection:
            server.start()
            try:
                await server.ready()
                address = simulated_address("the shop")
                await merchant.expect(200, "PATCH", "/v1/merchants/me", {"pay_address": address})
                await merchant.expect(201, "POST", "/v1/webhook_endpoints", {"url": shop.url})
                server.kill()

                business = Business(merchant, chain)
                working = [asyncio.create_task(business.work()) for _ in range(ORDERS_AT_ONCE)]
                await kill_again_and_again(server, random.Random(SEED))
                server.start()
                await server.ready()
                business.open = False
                await asyncio.wait_for(asyncio.gather(*working), 60)

                async def all_confirmed():
                    return not await connection.fetchval(
                        "SELECT count(*) FROM payment_intents WHERE status <> 'confirmed'"
                    )

                async def all_delivered():
                    return not await connection.fetchval(
                        "SELECT count(*) FROM webhook_deliveries WHERE status <> 'delivered'"
                    )

                await until(all_confirmed, "every intent is confirmed")
                await until(all_delivered, "every event is delivered", 90)
                assert (await server.stop())[0] == 0
            finally:
                server.close()

            intents = {row["id"]: row for row in await connection.fetch(_INTENTS)}
            payments = await connection.fetch("SELECT tx_id, payment_intent_id, amount_sats, status FROM payments")
            events = await connection.fetch("SELECT id, payment_intent_id FROM events")
            waiting = await connection.fetchval("SELECT count(*) FROM ledger_queue")

    assert len(business.acknowledged) > KILLS, "the test must have had something to lose"
    assert intents.keys() == business.acknowledged.keys(), "one intent per order, and none that nobody was told of"
    assert {row["amount_received_sats"] for row in intents.values()} == {AMOUNT_SATS}
    assert {row["succeeded"] for row in intents.values()} == {1}
    assert all(row["sequences"] == list(range(1, row["sequence"] + 1)) for row in intents.values())
    recorded = [(row["tx_id"], (row["payment_intent_id"], row["amount_sats"])) for row in payments]
    assert len(recorded) == len(business.paid), "each payment is recorded once"
    assert dict(recorded) == business.paid
    assert {row["status"] for row in payments} == {"included"}
    assert waiting == 0
    received = {delivery.headers["webhook-id"]: json.loads(delivery.body) for delivery in shop.received}
    assert received.keys() == {row["id"] for row in events}
    succeeded = [
        body["data"]["object"]["id"] for body in received.values() if body["type"] == "payment_intent.succeeded"
    ]
    assert sorted(succeeded) == sorted(intents)


async def test_of_two_servers_one_leads_and_the_other_takes_over_when_it_is_killed(place, database_url):
    async with Simulator(place) as chain, Receiver() as shop:
        settings = settings_of(database_url, chain)
        _, api_key = make_merchant(place, **settings)
        async with Server(place, **settings) as first:
            await until(lambda: first.metric("sgate_watcher_leading"), "the first leads")
            async with Server(place, **settings) as second, Merchant(second.url, api_key) as merchant:
                await merchant.expect(200, "PATCH", "/v1/merchants/me", {"pay_address": simulated_address("the shop")})
                await merchant.expect(201, "POST", "/v1/webhook_endpoints", {"url": shop.url})

                async def confirmed(intent):
                    answer = await merchant.expect(200, "GET", f"/v1/payment_intents/{intent['id']}")
                    return answer["status"] == "confirmed"

                async def pay_one():
                    intent = await merchant.expect(201, "POST", "/v1/payment_intents", {"amount_sats": AMOUNT_SATS})
                    await chain.pay(intent, AMOUNT_SATS)
                    await until(lambda: confirmed(intent), "the payment is confirmed")

                await pay_one()
                assert await second.metric("sgate_watcher_leading") == 0, "it stands by"
                first.kill()
                killed = time.monotonic()
                await pay_one()
                assert time.monotonic() - killed < 20
                assert await second.metric("sgate_watcher_leading") == 1
                assert (await second.stop())[0] == 0
