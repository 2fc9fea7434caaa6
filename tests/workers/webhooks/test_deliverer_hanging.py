"""Endpoints that hang, however many, do not take slots from others."""

import asyncio
import contextlib

import pytest

from sgate.db.notifications import Listener
from sgate.workers.loops import Pulse, Stop
from sgate.workers.webhooks.loop import deliver
from workers.webhooks.outbox import Outbox, deliverer_on
from workers.webhooks.receiver import HANG, Receiver

LONGER_THAN_THE_TEST_S = 120.0


@contextlib.asynccontextmanager
async def delivering(worker, database_url):
    """Run the loop, which finds due deliveries by polling."""
    stop = Stop()
    running = asyncio.create_task(deliver(worker, Listener(database_url), stop=stop, pulse=Pulse()))
    try:
        yield
    finally:
        stop.request()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("dead_endpoints", [26])
async def test_a_healthy_endpoint_is_served_while_hundreds_of_attempts_hang(pool, database_url, dead_endpoints):
    outbox = await Outbox.open(pool)
    share = 10
    async with (
        Receiver(HANG) as dead,
        Receiver() as healthy,
        deliverer_on(pool, per_endpoint=share, timeout_s=LONGER_THAN_THE_TEST_S) as worker,
    ):
        for _ in range(dead_endpoints):
            await outbox.endpoint(dead.url)
        for _ in range(share + 2):
            await outbox.event()
        async with delivering(worker, database_url):
            await dead.until(lambda receiver: receiver.hanging == dead_endpoints * share)
            await outbox.endpoint(healthy.url)
            event = await outbox.event()
            await healthy.until(lambda receiver: receiver.received)
            assert [received.headers["webhook-id"] for received in healthy.received] == [event]
            assert dead.hanging == dead_endpoints * share, "each dead endpoint has its share and no more"
            dead.release()
