"""Several API servers are compared once an hour; a disagreement is reported and changes nothing else."""

from datetime import timedelta

import msgspec
import pytest

from chain.simulated import Clock, open_chain
from services.books import check_books
from sgate.chain.failover import FailoverSource, NamedSource
from sgate.chain.simulator import SimulatorSource
from sgate.chain.source import ChainUnavailable
from sgate.store import chain_cursors
from sgate.workers.watcher.watcher import Watcher
from workers.watcher.following import open_world

HOUR_S = 3_600


class Second(SimulatorSource):
    """The second server. `asked` are the heights for which it was asked."""

    def __init__(self, chain):
        super().__init__(chain)
        self.asked, self.down, self.changes, self.lag, self.lead = [], False, {}, 0, 0

    async def header_at(self, height):
        self.asked.append(height)
        if self.down:
            raise ChainUnavailable("down")
        if self.lag and height > self._chain.tip.height - self.lag:
            return None
        if self.lead and height > self._chain.tip.height:
            return await super().header_at(self._chain.tip.height)
        header = await super().header_at(height)
        return header and msgspec.structs.replace(header, **self.changes)


class Counting:
    """An allowance with some calls, which counts how often something was charged to it."""

    def __init__(self, calls):
        self.calls, self.charged = calls, 0

    def spare_calls(self):
        return self.calls

    def extra(self):
        return self

    def __enter__(self):
        self.charged += 1

    def __exit__(self, *_):
        pass


def compare(world, second, allowance=None):
    """Let the watcher read two servers, of which the second is only asked when they are compared."""
    first = SimulatorSource(world.chain)
    servers = {"first": first, "second": second}
    world.watcher = Watcher(
        pool=world.pool, source=FailoverSource([NamedSource(*item) for item in servers.items()]), mode=world.shop.mode,
        environment=world.shop.environment, servers=servers, allowance=allowance,
    )  # fmt: skip


@pytest.fixture
async def world(pool):
    chain = open_chain(clock=Clock())
    chain.mine(25)
    return await open_world(pool, chain)


async def cursor(world):
    async with world.pool.acquire() as connection:
        return await chain_cursors.get(connection, livemode=False)


async def test_servers_that_agree_are_compared_once_an_hour(world):
    second = Second(world.chain)
    compare(world, second)
    for _ in range(3):
        await world.pass_time(60)
    assert second.asked == [world.chain.tip.height - 2 - 6, world.chain.tip.height - 2 + 7]
    assert (await cursor(world)).disagreement is None
    await world.pass_time(HOUR_S)
    assert len(second.asked) == 4


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"lag": 7}, "second has no block"),
        ({"lead": 7}, "blocks ahead"),
        ({"changes": {"index_block_hash": "0x" + "ab" * 32}}, "another index_block_hash for block"),
        ({"changes": {"block_hash": "0x" + "ab" * 32}}, "another block_hash for block"),
        ({"changes": {"bitcoin_height": 7}}, "another bitcoin_height"),
    ],
    ids=str,
)
async def test_a_disagreement_is_stored_until_they_agree_again_and_concludes_nothing(world, fault, says):
    second = Second(world.chain)
    for name, value in fault.items():
        setattr(second, name, value)
    compare(world, second)
    intent_id = await world.shop.intent()
    world.pay(intent_id, 1_000)
    report = await world.mine()
    assert report.error is None
    assert says in (await cursor(world)).disagreement
    assert await world.shop.status(intent_id) == "confirmed"
    second.down = True  # says nothing new
    await world.pass_time(HOUR_S)
    assert says in (await cursor(world)).disagreement
    second.down, second.lag, second.lead, second.changes = False, 0, 0, {}
    await world.pass_time(HOUR_S)
    assert (await cursor(world)).disagreement is None
    await check_books(world.pool, world.chain)


@pytest.mark.parametrize("lag", [0, 1, 6])
async def test_a_lag_of_six_blocks_is_no_disagreement(world, lag):
    second = Second(world.chain)
    second.lag = lag
    compare(world, second)
    await world.mine()
    assert (await cursor(world)).disagreement is None
    assert second.asked


async def test_only_calls_to_spare_are_used(world):
    second, poor = Second(world.chain), Counting(3)
    compare(world, second, poor)
    await world.mine()
    assert second.asked == []
    poor.calls, poor.charged = 4, 0
    await world.pass_time(60)
    assert len(second.asked) == 2
    assert poor.charged == 3  # hints, addresses and this


async def test_one_server_is_compared_with_nothing(world):
    await world.pass_time(2 * HOUR_S)
    assert (await cursor(world)).cross_checked_at is None


async def test_a_clock_that_was_set_back_delays_no_comparison(world):
    second = Second(world.chain)
    compare(world, second)
    await world.pass_time(60)
    world.clock.now -= timedelta(minutes=30).total_seconds()
    await world.mine()
    assert len(second.asked) == 4
