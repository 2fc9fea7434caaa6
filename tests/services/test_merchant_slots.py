"""A merchant's costly reads run a few at a time, and wait in no long line."""

import asyncio

import pytest

from sgate.core.errors import RateLimitExceeded
from sgate.services.merchant_slots import MerchantSlots

SHOP, OTHER = "shop", "other"


class Reads:
    """Reads that run until the test ends them."""

    def __init__(self, **limits):
        self.slots = MerchantSlots(**limits)
        self.running = []
        self.end = asyncio.Event()

    async def read(self, merchant):
        async with self.slots.slot(merchant):
            self.running.append(merchant)
            await self.end.wait()

    async def start(self, merchant, number):
        tasks = [asyncio.create_task(self.read(merchant)) for _ in range(number)]
        for _ in range(3):
            await asyncio.sleep(0)
        return tasks


async def test_some_run_some_wait_and_the_others_are_refused():
    reads = Reads(running=2, waiting=3)
    tasks = await reads.start(SHOP, 7)
    assert reads.running == [SHOP] * 2
    refused = [task for task in tasks if task.done()]
    assert [type(task.exception()) for task in refused] == [RateLimitExceeded] * 2
    reads.end.set()
    await asyncio.gather(*(task for task in tasks if task not in refused))
    assert reads.running == [SHOP] * 5


async def test_a_merchant_does_not_wait_for_another():
    reads = Reads(running=1, waiting=0)
    tasks = await reads.start(SHOP, 1) + await reads.start(OTHER, 1)
    assert reads.running == [SHOP, OTHER]
    reads.end.set()
    await asyncio.gather(*tasks)


async def test_nobody_waits_longer_than_the_limit():
    reads = Reads(running=1, waiting=1, max_wait_s=0.01)
    first, second = await reads.start(SHOP, 2)
    with pytest.raises(RateLimitExceeded) as refused:
        await second
    assert refused.value.retry_after_s == 1
    reads.end.set()
    await first
    await (await reads.start(SHOP, 1))[0]


async def test_a_canceled_or_failed_read_gives_its_place_back():
    reads = Reads(running=1, waiting=1)
    running, waiting = await reads.start(SHOP, 2)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    (next_one,) = await reads.start(SHOP, 1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await asyncio.sleep(0)
    assert len(reads.running) == 2
    reads.end.set()
    await next_one
    with pytest.raises(LookupError):
        async with reads.slots.slot(SHOP):
            raise LookupError
    assert not reads.slots._present
    assert not reads.slots._slots
