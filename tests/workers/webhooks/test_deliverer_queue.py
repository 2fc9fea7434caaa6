"""The delivery queue: order, shares, leases, and several deliverers at once."""

import asyncio
import collections
import json

import pytest

from sgate.store import webhook_deliveries_queue, webhook_endpoints
from sgate.workers.webhooks.client import TIMEOUT_S
from sgate.workers.webhooks.deliverer import BATCH, MAX_IN_FLIGHT
from workers.webhooks.outbox import Outbox, deliverer_on
from workers.webhooks.receiver import HANG, Receiver, response


@pytest.fixture
async def outbox(pool):
    return await Outbox.open(pool)


def sequences(shop, intent_id):
    bodies = [json.loads(received.body) for received in shop.received]
    return [body["sequence"] for body in bodies if body["data"]["object"]["id"] == intent_id]


async def until_nothing_is_due(worker):
    while (await worker.run_once()).claimed:
        pass


async def test_events_of_an_intent_are_first_tried_in_their_order_at_each_endpoint(pool, outbox):
    async with Receiver() as shop, Receiver() as other, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        await outbox.endpoint(other.url)
        intents = [await outbox.intent() for _ in range(3)]
        for sequence in (1, 2, 3, 4):
            for intent_id in intents:
                await outbox.event(intent_id, sequence)
        await until_nothing_is_due(worker)
        for receiver in (shop, other):
            assert [sequences(receiver, intent_id) for intent_id in intents] == [[1, 2, 3, 4]] * 3


async def test_an_event_waits_for_the_first_attempt_of_the_one_before_and_not_for_its_success(pool, outbox):
    def refuse_the_first(received):
        return response(500 if json.loads(received.body)["sequence"] == 1 else 200)

    async with Receiver(choose=refuse_the_first) as shop, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        intent_id = await outbox.intent()
        for sequence in (1, 2, 3):
            await outbox.event(intent_id, sequence)
        assert (await worker.run_once()).retried == 1
        assert (await worker.run_once()).delivered == 1
        assert (await worker.run_once()).delivered == 1
        assert sequences(shop, intent_id) == [1, 2, 3]


async def test_a_crash_during_the_first_attempt_does_not_let_the_next_event_overtake(pool, outbox):
    async with Receiver() as shop, deliverer_on(pool) as dead, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        intent_id = await outbox.intent()
        await outbox.event(intent_id, 1)
        await outbox.event(intent_id, 2)
        assert len((await dead.claim())[1]) == 1  # and then nothing is ever heard of it
        assert (await worker.run_once()).claimed == 0
        await outbox.leases_run_out()
        await until_nothing_is_due(worker)
        assert sequences(shop, intent_id) == [1, 2]


def send_each(worker, token, claimed):
    return {delivery: asyncio.create_task(worker.send(token, [delivery])) for delivery in claimed}


async def test_an_endpoint_has_at_most_its_share_in_flight_and_delays_no_other(pool, outbox):
    async with Receiver(HANG) as slow, Receiver() as quick, deliverer_on(pool, per_endpoint=3) as worker:
        slow_endpoint, quick_endpoint = await outbox.endpoint(slow.url), await outbox.endpoint(quick.url)
        for _ in range(8):
            await outbox.event()
        sending = {}
        while (claim := await worker.claim())[1]:
            sending |= send_each(worker, *claim)
            await asyncio.gather(
                *(task for delivery, task in sending.items() if delivery.endpoint_id == quick_endpoint)
            )
        assert len(await outbox.deliveries(status="delivered", endpoint_id=quick_endpoint)) == 8
        assert worker.in_flight == 3
        slow.release()
        await asyncio.gather(*sending.values())
        await until_nothing_is_due(worker)
        assert len(slow.received) == 8
    assert len(await outbox.deliveries(status="delivered", endpoint_id=slow_endpoint)) == 8


async def test_attempts_under_way_count_against_the_share_of_the_next_claim(pool, outbox):
    async with Receiver(response(200), HANG) as shop, deliverer_on(pool, per_endpoint=3) as worker:
        await outbox.endpoint(shop.url)
        for _ in range(8):
            await outbox.event()
        token, claimed = await worker.claim()
        assert len(claimed) == 3
        sending = send_each(worker, token, claimed)
        await asyncio.wait(sending.values(), return_when=asyncio.FIRST_COMPLETED)
        assert worker.in_flight == 2
        token, claimed = await worker.claim()
        assert len(claimed) == 1
        sending |= send_each(worker, token, claimed)
        assert (await worker.claim())[1] == []
        shop.release()
        await asyncio.gather(*sending.values())


async def test_a_claim_gives_each_endpoint_its_turn_before_any_gets_a_second(pool, outbox):
    async with deliverer_on(pool) as worker:
        for _ in range(BATCH // 4):
            await outbox.endpoint("http://127.0.0.1:1/hooks")
        for _ in range(9):
            await outbox.event()
        _, claimed = await worker.claim()
    assert len(claimed) == BATCH
    assert set(collections.Counter(delivery.endpoint_id for delivery in claimed).values()) == {4}


_MANY_HELD = """
WITH event AS (
    INSERT INTO events (id, merchant_id, livemode, type, sequence, payload, created_at)
    SELECT 'evt_' || n, $1::text::uuid, FALSE, 'payment_intent.created', 1, '{}', now() FROM generate_series(1, $3) AS n
    RETURNING id, created_at
)
INSERT INTO webhook_deliveries (id, merchant_id, livemode, endpoint_id, event_id, sequence, next_attempt_at, created_at)
SELECT delivery_id(id, $2, created_at), $1::text::uuid, FALSE, $2, id, 1, now() - interval '1 day', created_at FROM event
"""


async def test_a_backlog_held_for_a_disabled_endpoint_delays_no_other_webhooks(pool, outbox):
    async with Receiver(response(410)) as gone, Receiver() as shop, deliverer_on(pool) as worker:
        endpoint = await outbox.endpoint(gone.url)
        await outbox.event()
        await worker.run_once()
        async with pool.acquire() as connection:
            await connection.execute(_MANY_HELD, outbox.merchant_id, endpoint, MAX_IN_FLIGHT * 3)
        await outbox.endpoint(shop.url)
        await outbox.event()
        assert (await worker.run_once()).delivered == 1
        assert len(shop.received) == 1


async def test_a_backlog_leased_by_a_dead_process_delays_no_other_webhooks(pool, outbox):
    async with Receiver() as shop, deliverer_on(pool) as worker:
        endpoint = await outbox.endpoint("http://127.0.0.1:1/hooks")
        async with pool.acquire() as connection:
            await connection.execute(_MANY_HELD, outbox.merchant_id, endpoint, MAX_IN_FLIGHT * 3)
            await connection.execute(
                "UPDATE webhook_deliveries SET lease_token = gen_random_uuid(), leased_until = now() + interval '1 min'"
            )
        await outbox.endpoint(shop.url)
        await outbox.event()
        assert (await worker.run_once()).delivered == 1


async def test_a_lease_that_has_not_run_out_is_respected(pool, outbox):
    async with Receiver() as shop, deliverer_on(pool) as first, deliverer_on(pool) as second:
        await outbox.endpoint(shop.url)
        await outbox.event()
        assert len((await first.claim())[1]) == 1
        assert (await second.claim())[1] == []


async def test_a_lease_outlasts_twice_the_longest_attempt(pool, outbox):
    async with Receiver() as shop, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        await outbox.event()
        await worker.claim()
        async with pool.acquire() as connection:
            lease_s = await connection.fetchval(
                "SELECT extract(epoch FROM leased_until - now())::float8 FROM webhook_deliveries"
            )
    assert lease_s > 2 * TIMEOUT_S


async def test_an_expired_lease_is_taken_over_and_the_late_result_of_its_holder_is_refused(pool, outbox):
    async with Receiver(response(500), response(200)) as shop, deliverer_on(pool) as late, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        await outbox.event()
        token, claimed = await late.claim()
        await outbox.leases_run_out()
        other_token, again = await worker.claim()
        assert [delivery.id for delivery in again] == [delivery.id for delivery in claimed]
        assert (await late.send(token, claimed)).retried == 1
        (delivery,) = await outbox.deliveries()
        assert (delivery["status"], delivery["lease_token"]) == ("pending", other_token), "the late 500 changed nothing"
        assert (await worker.send(other_token, again)).delivered == 1
    (delivery,) = await outbox.deliveries()
    assert (delivery["status"], delivery["attempts"]) == ("delivered", 1)
    assert [(attempt["attempt"], attempt["response_status"]) for attempt in await outbox.attempts()] == [(1, 200)]


async def test_a_late_failure_does_not_undo_a_success(pool, outbox):
    async with Receiver(response(200), response(500)) as shop, deliverer_on(pool) as late, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        await outbox.event()
        token, claimed = await late.claim()
        await outbox.leases_run_out()
        assert (await worker.run_once()).delivered == 1
        await late.send(token, claimed)
    assert [row["status"] for row in await outbox.deliveries()] == ["delivered"]


async def test_a_released_delivery_can_be_claimed_at_once_and_has_cost_no_attempt(pool, outbox):
    async with Receiver() as shop, deliverer_on(pool) as leaving, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        await outbox.event()
        await leaving.release(*await leaving.claim())
        assert (await worker.run_once()).delivered == 1
    assert [row["attempts"] for row in await outbox.deliveries()] == [1]


async def test_a_release_does_not_affect_deliveries_claimed_by_another_process(pool, outbox):
    async with deliverer_on(pool) as leaving, deliverer_on(pool) as worker:
        await outbox.endpoint("http://127.0.0.1:1/hooks")
        await outbox.event()
        token, claimed = await leaving.claim()
        await outbox.leases_run_out()
        other_token, _ = await worker.claim()
        await leaving.release(token, claimed)
    assert [row["lease_token"] for row in await outbox.deliveries()] == [other_token]


async def test_two_deliverers_at_once_deliver_everything_and_each_delivery_once(pool, outbox):
    async with Receiver() as shop, deliverer_on(pool) as first, deliverer_on(pool) as second:
        for _ in range(3):
            await outbox.endpoint(shop.url)
        events = [await outbox.event() for _ in range(60)]

        async def work(worker):
            delivered = 0
            while await outbox.deliveries(status="pending"):
                delivered += (await worker.run_once()).delivered
            return delivered

        assert sum(await asyncio.gather(work(first), work(second))) == 180
        sent = collections.Counter(received.headers["webhook-id"] for received in shop.received)
        assert sent == dict.fromkeys(events, 3)


async def test_a_deleted_endpoint_gets_nothing_more(pool, outbox):
    async with Receiver() as shop, deliverer_on(pool) as worker:
        endpoint = await outbox.endpoint(shop.url)
        await outbox.event()
        token, claimed = await worker.claim()
        async with pool.acquire() as connection:
            assert await webhook_endpoints.delete(connection, endpoint, outbox.merchant_id, livemode=False)
        await worker.send(token, claimed)  # this one was on its way already
        await outbox.event()
        assert (await worker.run_once()).claimed == 0
    assert [row["status"] for row in await outbox.deliveries()] == ["failed"]


async def test_the_backlog_counts_what_is_due(pool, outbox):
    await outbox.endpoint("http://127.0.0.1:1/hooks")
    async with pool.acquire() as connection:
        assert await webhook_deliveries_queue.backlog(connection) == {"due": 0, "oldest_s": 0.0}
        await outbox.event()
        await outbox.event()
        await connection.execute("UPDATE webhook_deliveries SET next_attempt_at = now() - interval '90 s'")
        backlog = await webhook_deliveries_queue.backlog(connection)
    assert backlog["due"] == 2
    assert 90 <= backlog["oldest_s"] < 120
