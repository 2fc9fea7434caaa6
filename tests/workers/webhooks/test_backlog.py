"""Deliveries that wait for their endpoint are parked, so that they delay no other, and are requeued."""

import asyncio
import contextlib

import pytest

from sgate.store import webhook_deliveries_queue, webhook_endpoints
from sgate.workers.webhooks.backlog import MAX_QUEUED, MAX_QUEUED_FAILING, Backlog
from workers.webhooks.outbox import Outbox, deliverer_on
from workers.webhooks.receiver import HANG, Receiver

_BACKLOG = """
WITH event AS (
    INSERT INTO events (id, merchant_id, livemode, type, sequence, payload, created_at)
    SELECT 'evt_' || lpad(to_hex(n), 24, '0'), $1::text::uuid, FALSE, 'payment_intent.created', 1, '{}',
        now() - interval '1 hour' + n * interval '1 ms'
    FROM generate_series(1, $3) AS n
    RETURNING id, created_at
)
INSERT INTO webhook_deliveries (id, merchant_id, livemode, endpoint_id, event_id, sequence, created_at)
SELECT delivery_id(id, $2, created_at), $1::text::uuid, FALSE, $2, id, 1, created_at FROM event
"""


@pytest.fixture
async def outbox(pool):
    return await Outbox.open(pool)


async def backlog(outbox, endpoint_id, count):
    async with outbox.pool.acquire() as connection:
        await connection.execute(_BACKLOG, outbox.merchant_id, endpoint_id, count)


async def states(outbox):
    found = {}
    for row in await outbox.deliveries():
        found[row["status"]] = found.get(row["status"], 0) + 1
    return found


async def tended(pool, stuck=()):
    while (moved := await Backlog(pool).run_once(stuck)).held or moved.released:
        pass


async def let_time_pass(pool):
    """The last change of an endpoint is long ago."""
    async with pool.acquire() as connection:
        await connection.execute("UPDATE webhook_endpoints SET tended_until = now() - interval '1 second'")


async def looked_after(pool):
    async with pool.acquire() as connection:
        return await connection.fetchval("SELECT count(*) FROM webhook_endpoints WHERE tended_until IS NOT NULL")


async def test_the_excess_of_an_endpoint_that_hangs_is_parked_and_requeued(pool, outbox):
    async with Receiver(HANG) as slow, deliverer_on(pool, per_endpoint=2, timeout_s=60) as worker:
        endpoint = await outbox.endpoint(slow.url)
        await backlog(outbox, endpoint, MAX_QUEUED_FAILING + 50)
        sending = asyncio.create_task(worker.run_once())
        async with asyncio.timeout(20):
            while not worker.stuck:
                await asyncio.sleep(0.05)
        await tended(pool, worker.stuck)
        assert await states(outbox) == {"pending": MAX_QUEUED_FAILING + 2, "held": 48}
        slow.release()
        await sending
        assert worker.stuck == []
        await tended(pool)
        while (await worker.run_once()).claimed:
            await tended(pool)
        assert await states(outbox) == {"delivered": MAX_QUEUED_FAILING + 50}
        order = [received.headers["webhook-id"] for received in slow.received]
        assert sorted(order[:60]) == sorted(f"evt_{number:024x}" for number in range(1, 61))


async def test_a_large_backlog_is_requeued_at_the_rate_the_endpoint_can_handle(pool, outbox):
    endpoint = await outbox.endpoint("http://127.0.0.1:1/hooks")
    async with pool.acquire() as connection:
        await webhook_endpoints.disable(connection, endpoint, "by a test", (await outbox.now()))
    await backlog(outbox, endpoint, MAX_QUEUED + 500)
    await tended(pool)
    assert await states(outbox) == {"held": MAX_QUEUED + 500}
    async with pool.acquire() as connection:
        assert await webhook_endpoints.enable(connection, endpoint)
    await tended(pool)
    assert await states(outbox) == {"pending": MAX_QUEUED, "held": 500}
    async with pool.acquire() as connection:
        await webhook_endpoints.mark_failing(connection, [endpoint], await outbox.now())
        await connection.execute("UPDATE webhook_deliveries SET status = 'held', next_attempt_at = NULL")
    await tended(pool)
    assert await states(outbox) == {"pending": MAX_QUEUED_FAILING, "held": MAX_QUEUED + 500 - MAX_QUEUED_FAILING}, (
        "it fails: not so many"
    )


async def test_an_endpoint_is_managed_until_nothing_is_left_and_nothing_new_can_arrive(pool, outbox):
    endpoint = await outbox.endpoint("http://127.0.0.1:1/hooks")
    async with pool.acquire() as connection:
        await webhook_endpoints.disable(connection, endpoint, "by a test", await outbox.now())
    await tended(pool)
    assert await looked_after(pool) == 1, "a transaction that saw it enabled may still commit"
    await backlog(outbox, endpoint, 3)  # which it does
    await let_time_pass(pool)
    await tended(pool)
    assert await states(outbox) == {"held": 3}
    await tended(pool)
    assert await looked_after(pool) == 0


async def test_what_is_held_is_not_overtaken_by_later_events_of_its_intent(pool, outbox):
    async with Receiver() as shop, deliverer_on(pool) as worker:
        endpoint, intent = await outbox.endpoint(shop.url), await outbox.intent()
        async with pool.acquire() as connection:
            await webhook_endpoints.disable(connection, endpoint, "by a test", await outbox.now())
        first = await outbox.event(intent, 1)
        async with pool.acquire() as connection:
            await webhook_endpoints.enable(connection, endpoint)
        second = await outbox.event(intent, 2)
        assert (await worker.run_once()).claimed == 0, "the first is still held"
        await tended(pool)
        for _ in range(2):
            assert (await worker.run_once()).delivered == 1
        assert [received.headers["webhook-id"] for received in shop.received] == [first, second]


async def test_two_concurrent_backlogs_do_not_wait_for_each_other(pool, outbox):
    for _ in range(3):
        endpoint = await outbox.endpoint("http://127.0.0.1:1/hooks")
        async with pool.acquire() as connection:
            await webhook_endpoints.disable(connection, endpoint, "by a test", await outbox.now())
    for _ in range(20):
        await outbox.event()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(20):
            await asyncio.gather(*(tended(pool) for _ in range(4)))
    assert await states(outbox) == {"held": 60}


async def test_a_claim_skips_no_more_than_the_queue_limit_of_an_endpoint_that_hangs(pool, outbox):
    endpoint = await outbox.endpoint("http://127.0.0.1:1/hooks")
    await backlog(outbox, endpoint, MAX_QUEUED_FAILING + 900)
    async with pool.acquire() as connection:
        before = (await webhook_deliveries_queue.backlog(connection))["due"]
        await tended(pool, [endpoint])
        assert (before, (await webhook_deliveries_queue.backlog(connection))["due"]) == (
            MAX_QUEUED_FAILING + 900,
            MAX_QUEUED_FAILING,
        )
