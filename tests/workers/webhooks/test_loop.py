"""The deliverer's loop: slow receivers, an unavailable database, and shutdown."""

import asyncio
import contextlib
import json

import asyncpg
import pytest

from sgate.db.notifications import Channel, Listener, notify
from sgate.workers import loops
from sgate.workers.loops import Pulse, Stop
from sgate.workers.webhooks import loop
from sgate.workers.webhooks.loop import deliver
from workers.webhooks.outbox import Outbox, deliverer_on
from workers.webhooks.receiver import HANG, Receiver, response


@pytest.fixture
async def outbox(pool):
    return await Outbox.open(pool)


@pytest.fixture
async def listener(database_url):
    """A feed that listens."""
    listener = Listener(database_url)
    listening = asyncio.create_task(listener.run())
    woken = asyncio.Event()
    unlisten = listener.listen(Channel.DELIVERY, lambda _: woken.set())
    await asyncio.wait_for(woken.wait(), 20)  # it wakes everyone when it is connected
    unlisten()
    yield listener
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


@contextlib.asynccontextmanager
async def delivering(worker, listener, *, on_defect=lambda: None, **options):
    """The loop, running; (stop, pulse, task)."""
    stop, pulse = Stop(), Pulse(on_defect)
    running = asyncio.create_task(deliver(worker, listener, stop=stop, pulse=pulse, **options))
    try:
        yield stop, pulse, running
    finally:
        stop.request()
        await asyncio.gather(running, return_exceptions=True)


async def send_notification(pool):
    async with pool.acquire() as connection:
        await notify(connection, Channel.DELIVERY)


async def test_a_new_delivery_is_sent_when_notified(pool, outbox, listener, monkeypatch):
    monkeypatch.setattr(loop, "DELIVERY_POLL_S", 60.0)
    async with Receiver() as shop, deliverer_on(pool) as worker, delivering(worker, listener):
        await outbox.endpoint(shop.url)
        await outbox.event()
        await send_notification(pool)
        await shop.until(lambda shop: len(shop.received) == 1)


async def test_polling_finds_deliveries_without_a_notification(pool, outbox, database_url):
    deaf = Listener(database_url)
    async with Receiver() as shop, deliverer_on(pool) as worker, delivering(worker, deaf):
        await outbox.endpoint(shop.url)
        await outbox.event()
        await shop.until(lambda shop: len(shop.received) == 1)


async def test_an_endpoint_that_hangs_delays_neither_others_nor_the_next_events_of_their_intents(
    pool, outbox, listener, monkeypatch
):
    monkeypatch.setattr(loop, "DELIVERY_POLL_S", 60.0)  # nothing below may wait for a poll
    async with Receiver(HANG) as slow, Receiver() as quick, deliverer_on(pool, per_endpoint=3) as worker:
        await outbox.endpoint(slow.url)
        await outbox.endpoint(quick.url)
        intents = [await outbox.intent() for _ in range(5)]
        for sequence in (1, 2, 3):
            for intent_id in intents:
                await outbox.event(intent_id, sequence)
        async with delivering(worker, listener):
            await quick.until(lambda shop: len(shop.received) == 15)
            assert len(slow.received) == slow.hanging == 3
            slow.release()
            await slow.until(lambda shop: len(shop.received) == 15)
    assert [json.loads(received.body)["sequence"] for received in quick.received].count(3) == 5


async def test_it_waits_while_the_database_is_unavailable_and_continues_when_it_is_back(pool, outbox, listener):
    async with Receiver() as shop, deliverer_on(pool) as worker, delivering(worker, listener) as (_, _, running):
        await outbox.endpoint(shop.url)
        async with pool.acquire() as connection:
            for _ in range(3):
                with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError):
                    await connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
        await outbox.event()
        await shop.until(lambda shop: len(shop.received) == 1)
        assert not running.done()


async def test_a_defect_in_one_attempt_is_counted_and_the_other_deliveries_go_on(pool, outbox, listener):
    failures, failed = [], asyncio.Event()

    def note():
        failures.append(1)
        failed.set()

    def broken_once(*_):
        if not failures:
            raise LookupError("a defect of ours")

    async with (
        Receiver() as shop,
        deliverer_on(pool, observe=broken_once) as worker,
        delivering(worker, listener, on_defect=note) as (_, pulse, running),
    ):
        await outbox.endpoint(shop.url)
        await outbox.event()
        await asyncio.wait_for(failed.wait(), 20)
        assert pulse.last_error == "LookupError: a defect of ours"
        await outbox.event()
        await send_notification(pool)
        await shop.until(lambda shop: len(shop.received) == 2)
        assert not running.done()
    assert len(failures) == 1


async def test_a_defect_in_claiming_restarts_the_loop(pool, outbox, listener, monkeypatch):
    failures = []
    async with Receiver() as shop, deliverer_on(pool) as worker:
        claim = worker.claim

        async def broken_twice():
            if len(failures) < 2:
                raise LookupError("a defect of ours")
            return await claim()

        monkeypatch.setattr(worker, "claim", broken_twice)
        monkeypatch.setattr(loops, "DEFECT_BACK_OFF_S", 0.01)
        await outbox.endpoint(shop.url)
        await outbox.event()
        async with delivering(worker, listener, on_defect=lambda: failures.append(1)):
            await shop.until(lambda shop: len(shop.received) == 1)
    assert len(failures) == 2


async def test_a_stop_waits_for_what_is_in_flight(pool, outbox, listener):
    async with Receiver(HANG) as shop, deliverer_on(pool) as worker, delivering(worker, listener) as (stop, _, running):
        await outbox.endpoint(shop.url)
        await outbox.event()
        await shop.until(lambda shop: shop.hanging == 1)
        stop.request()
        assert not (await asyncio.wait([running], timeout=0.05))[0]
        shop.release()
        await asyncio.wait_for(running, 20)
    assert [row["status"] for row in await outbox.deliveries()] == ["delivered"]


async def test_a_stop_cancels_slow_attempts_and_releases_their_leases(pool, outbox, listener):
    async with Receiver(HANG) as shop, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        for _ in range(3):
            await outbox.event()
        async with delivering(worker, listener, stop_grace_s=0.05) as (stop, _, running):
            await shop.until(lambda shop: shop.hanging == 3)
            stop.request()
            await asyncio.wait_for(running, 20)
        deliveries = await outbox.deliveries()
        assert [(row["status"], row["attempts"], row["lease_token"]) for row in deliveries] == [
            ("pending", 0, None)
        ] * 3
        assert worker.in_flight == 0


async def test_nothing_new_is_claimed_after_a_stop(pool, outbox, listener):
    async with Receiver(response(200)) as shop, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        stop = Stop()
        stop.request()
        await outbox.event()
        await asyncio.wait_for(deliver(worker, listener, stop=stop, pulse=Pulse()), 20)
        assert shop.received == []
