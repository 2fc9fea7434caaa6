"""The client keeps to the budget, and updates it from the server's headers."""

from datetime import UTC, datetime, timedelta

import pytest

from chain.replay import ASSET, BLOCKS, Replay, answer, recording
from sgate.chain.hiro.source import HiroSource
from sgate.chain.quota import Budget, Limits
from sgate.chain.source import ChainUnavailable


class World:
    def __init__(self, replay, limits):
        self.now, self.slept, self.replay = datetime(2026, 11, 1, tzinfo=UTC), [], replay
        self.budget = Budget(limits, lambda: self.now)
        self.source = HiroSource(replay.url, ASSET, sleep=self.sleep, budget=self.budget)

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
async def world():
    replay = Replay()
    await replay.start()
    replay.put(BLOCKS, recording("1-mined/v2-blocks"))
    worlds = []

    def open_world(**limits):
        worlds.append(World(replay, Limits(**limits)))
        return worlds[0]

    yield open_world
    await worlds[0].source.close()
    await replay.close()


async def test_a_call_waits_for_its_minute(world):
    world = world(per_minute=1)
    await world.source.headers()
    world.now += timedelta(seconds=55)
    await world.source.headers()
    await world.source.headers()
    assert world.slept == [5.0, 60.0]
    assert len(world.replay.requests) == 3


async def test_no_call_is_made_once_the_month_is_exhausted(world):
    world = world(per_month=2)
    await world.source.headers()
    await world.source.headers()
    with pytest.raises(ChainUnavailable, match="STACKS_API_CALLS_PER_MONTH"):
        await world.source.headers()
    assert len(world.replay.requests) == 2


async def test_retries_count_as_the_server_counts_them(world):
    world = world(per_month=100)
    world.replay.put(BLOCKS, answer({}, 500), answer({}, 500), recording("1-mined/v2-blocks"))
    await world.source.headers()
    assert world.budget.calls == 3


async def test_the_servers_count_of_remaining_calls_is_used(world):
    world = world(per_month=1_000)
    answer = recording("1-mined/v2-blocks")
    answer.headers = answer.headers | {"x-ratelimit-remaining-stacks-month": "17"}
    world.replay.put(BLOCKS, answer)
    await world.source.headers()
    assert world.budget.remaining() == 17
