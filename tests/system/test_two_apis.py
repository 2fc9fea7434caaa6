"""Two processes with all roles, on one database and one Redis, behave as one."""

import asyncio
import contextlib
import json
import time
from collections import Counter, defaultdict

import pytest
from standardwebhooks import Webhook

from servers.patience import patient
from servers.processes import Merchant, Server, Simulator, make_merchant, until
from servers.redis import RedisServer
from workers.webhooks.receiver import Receiver

pytestmark = pytest.mark.timeout(300)

CREATES = 5
INTENTS = 30
REVOCATION_S = 1.0
"""Promised: within this time a revoked key opens nothing, anywhere."""


@contextlib.asynccontextmanager
async def two_servers(place, database_url, **settings):
    """Two servers that follow one chain, and the merchant's key."""
    async with Simulator(place, block_interval_s=0.3) as chain:
        common = {
            "database_url": database_url,
            "test__stacks_api_url": chain.url,
            "test__poll_interval_s": 0.2,
            **settings,
        }
        _, api_key = make_merchant(place, **common)
        async with Server(place, **common) as one, Server(place, **common) as two:
            yield one, two, api_key, chain


async def test_limits_are_counted_once_and_a_change_is_shown_by_both(place, database_url):
    with RedisServer(place) as redis:
        settings = {"redis_url": redis.url, "rate_limit_create": CREATES}
        async with (
            two_servers(place, database_url, **settings) as (one, two, api_key, _),
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

        await until(shown, "the public view shows the cancel", timeout_s=patient(10))


async def test_a_key_revoked_at_one_is_refused_at_the_other_and_an_idempotency_key_has_one_effect(place, database_url):
    async with (
        two_servers(place, database_url) as (one, two, api_key, _),
        Merchant(one.url, api_key) as here,
        Merchant(two.url, api_key) as there,
    ):
        made = await here.expect(201, "POST", "/v1/api_keys", {"name": "leaked", "scopes": ["read"]})
        async with Merchant(one.url, made["secret"]) as thief_here, Merchant(two.url, made["secret"]) as thief_there:
            for thief in (thief_here, thief_there):  # both remember the key as verified
                await thief.expect(200, "GET", "/v1/payment_intents")
            await there.expect(200, "DELETE", f"/v1/api_keys/{made['id']}")
            revoked = time.monotonic()
            for thief in (thief_here, thief_there):

                async def refused(thief=thief):
                    asked = time.monotonic()
                    status, _ = await thief.call("GET", "/v1/payment_intents")
                    assert status == 401 or asked - revoked < REVOCATION_S
                    return status == 401

                await until(refused, "the key is refused", timeout_s=patient(10))
        answers = await asyncio.gather(
            *(
                merchant.call("POST", "/v1/payment_intents", {"amount_sats": 1000}, f"order {number}")
                for number in range(INTENTS)
                for merchant in (here, there)
            )
        )
        assert {status for status, _ in answers} == {201}
        assert len({intent["id"] for _, intent in answers}) == INTENTS


async def test_two_deliverers_send_each_event_once_in_order_and_a_read_is_never_behind(place, database_url):
    async with (
        Receiver() as shop,
        two_servers(place, database_url) as (one, two, api_key, chain),
        Merchant(one.url, api_key) as here,
        Merchant(two.url, api_key) as there,
    ):
        endpoint = await here.expect(201, "POST", "/v1/webhook_endpoints", {"url": shop.url})
        merchants = (here, there)
        made = await asyncio.gather(
            *(
                merchants[number % 2].expect(201, "POST", "/v1/payment_intents", {"amount_sats": 1000})
                for number in range(INTENTS)
            )
        )
        await asyncio.gather(*(chain.pay(intent, 1000) for intent in made))
        await shop.until(lambda shop: len(succeeded(shop)) >= INTENTS)
        for intent_id in succeeded(shop):  # told so by a webhook: no process may know less
            for merchant in merchants:
                read = await merchant.expect(200, "GET", f"/v1/payment_intents/{intent_id}")
                assert read["status"] == "confirmed"
        await until(lambda: nothing_pending(here), "everything is delivered")
        check_deliveries(shop, endpoint["secret"], {intent["id"] for intent in made})


def succeeded(shop):
    bodies = [json.loads(received.body) for received in shop.received]
    return {body["data"]["object"]["id"] for body in bodies if body["type"] == "payment_intent.succeeded"}


async def nothing_pending(merchant):
    return (await merchant.expect(200, "GET", "/v1/webhook_deliveries?status=pending"))["data"] == []


def check_deliveries(shop, secret, intent_ids):
    """Each event came once, signed, and the events of an intent in their order."""
    sequences = defaultdict(list)
    for received in shop.received:
        body = Webhook(secret).verify(received.body, received.headers)
        sequences[body["data"]["object"]["id"]].append(body["sequence"])
    assert set(Counter(received.headers["webhook-id"] for received in shop.received).values()) == {1}
    assert set(sequences) == intent_ids
    for told in sequences.values():
        assert told == list(range(1, len(told) + 1))
