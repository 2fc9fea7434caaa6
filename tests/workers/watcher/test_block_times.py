"""Block times that cannot be right: nothing is concluded from them, and they leave nothing behind."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from chain.simulated import START, Clock, open_chain
from services.books import check_books
from services.shop import simulated_mode
from sgate.chain.simulator import SimulatorSource
from sgate.core.address import Network
from sgate.services import chain_rescan, chain_reset
from sgate.store.audit_log import OPERATOR
from sgate.store.chain_cursors import start_rescan
from sgate.workers.watcher.scanner import CHUNK_BLOCKS
from workers.watcher.following import open_world, watcher_of

YEARS = timedelta(days=3 * 365)


class Lying(SimulatorSource):
    """A server whose headers at and above `from_height` are off by `by`, as long as `lies` is set."""

    lies, by, from_height = False, YEARS, 0

    def _told(self, header):
        if header is None or not self.lies or header.height < self.from_height:
            return header
        return msgspec.structs.replace(header, time=header.time + self.by)

    async def headers(self, cursor=None, unless=None):
        page = await super().headers(cursor, None if self.lies else unless)
        return page and msgspec.structs.replace(page, headers=tuple(map(self._told, page.headers)))

    async def header(self, index_block_hash):
        return self._told(await super().header(index_block_hash))

    async def header_at(self, height):
        return self._told(await super().header_at(height))


async def lying_world(pool, **options):
    chain = open_chain(clock=Clock())
    chain.mine(25)
    source = Lying(chain)
    mode = simulated_mode(network=Network.TESTNET)
    world = await open_world(pool, chain, source=source, mode=mode, **options)
    world.source = source
    return world


async def scanned_time(pool):
    return await pool.fetchval("SELECT scanned_time FROM chain_cursors")


@pytest.mark.parametrize("by", [YEARS, timedelta(hours=2, seconds=60), -YEARS, timedelta(hours=-3)], ids=str)
@pytest.mark.parametrize("blocks", [1, 40, CHUNK_BLOCKS + 100])
async def test_one_wrong_answer_concludes_nothing_and_is_gone_with_the_next(pool, by, blocks):
    world = await lying_world(pool)
    waiting, paid = await world.shop.intent(), await world.shop.intent()
    world.pay(paid, 1_000)
    before = await scanned_time(pool)
    world.source.lies, world.source.by = True, by
    world.source.from_height = world.chain.tip.height + 1
    report = await world.mine(blocks)
    assert "implausible block time" in report.error
    assert "implausible" in await pool.fetchval("SELECT trouble FROM chain_cursors")
    assert await scanned_time(pool) == before
    assert await world.shop.payments() == []
    assert await world.shop.status(waiting) == "requires_payment"
    world.source.lies = False
    await world.clean_poll()
    assert await world.shop.status(waiting) == "requires_payment"
    assert await world.shop.status(paid) == "confirmed"
    await check_books(pool, world.chain)


async def test_a_first_scan_believes_no_block_of_the_future_either(pool):
    chain = open_chain(clock=Clock())
    chain.mine(25)
    source = Lying(chain)
    source.lies = True
    world = await open_world(pool, chain, source=source)
    assert await pool.fetchval("SELECT scanned_height FROM chain_cursors") == 0
    assert await pool.fetchval("SELECT count(*) FROM blocks") == 0
    source.lies = False
    assert (await world.poll()).error is None


async def test_a_clock_hours_behind_the_chain_is_reported_and_concludes_nothing(pool):
    world = await lying_world(pool)
    waiting = await world.shop.intent()
    world.chain.mine()
    world.clock.now -= 3 * 3_600
    report = await world.poll()
    assert "this server's clock says" in report.error
    assert await world.shop.status(waiting) == "requires_payment"
    world.clock.now += 3 * 3_600
    await world.clean_poll()


async def test_a_header_below_the_stored_ones_is_checked_too(pool):
    """Rescans and address reads take the headers of old blocks from the source."""
    world = await lying_world(pool)
    world.pay(await world.shop.intent(), 1_000)
    await world.mine(60)
    await pool.execute("DELETE FROM payment_observations")
    await pool.execute("DELETE FROM payments")
    await pool.execute("DELETE FROM blocks WHERE height < 50")
    async with pool.acquire() as connection:
        await start_rescan(connection, 5, livemode=False, announces=True)
    world.source.lies = True
    world.watcher = watcher_of(pool, world.source, world.shop)
    assert "implausible block time" in (await world.poll()).error
    assert await world.shop.payments() == []
    world.source.lies = False
    await world.clean_poll()
    assert len(await world.shop.payments()) == 1


async def test_equal_times_and_times_that_fall_a_little_are_legal_and_the_view_never_goes_back(pool):
    world = await lying_world(pool)
    before = await scanned_time(pool)
    world.source.lies, world.source.by = True, timedelta(seconds=-1)  # each block is as old as its parent
    world.source.from_height = world.chain.tip.height + 1
    assert (await world.mine()).error is None
    world.source.by = timedelta(minutes=-90)
    world.source.from_height = world.chain.tip.height + 1
    assert (await world.mine()).error is None
    assert await scanned_time(pool) >= before


async def poisoned(world, *, blocks=True):
    """Store what an older version stored after one wrong answer: a time years ahead."""
    pool, ahead = world.pool, datetime.fromtimestamp(START, UTC) + YEARS
    await pool.execute("UPDATE chain_cursors SET scanned_time = $1", ahead)
    if blocks:
        await pool.execute("UPDATE blocks SET block_time = $1 WHERE height > $2", ahead, world.chain.tip.height - 3)


@pytest.mark.parametrize("blocks", [True, False])
async def test_a_scanned_time_that_an_older_version_stored_is_corrected_by_a_rescan(pool, blocks):
    world = await lying_world(pool)
    waiting, canceled = await world.shop.intent(), await world.shop.intent()
    before = await scanned_time(pool)
    await poisoned(world, blocks=blocks)
    for _ in range(2):
        report = await world.mine()
        assert f"sgate chain rescan --from-height {report.view.height}" in report.error
    await world.shop.cancel(canceled)
    await world.poll()
    assert await world.shop.status(canceled) == "canceled"
    assert await world.shop.status(waiting) == "requires_payment"
    assert await chain_rescan.start(pool, world.shop.environment, report.view.height, livemode=False)
    await world.clean_poll()
    assert before <= await scanned_time(pool) <= datetime.fromtimestamp(world.clock.now, UTC) + timedelta(minutes=1)
    world.pay(waiting, 1_000)
    await world.mine()
    assert await world.shop.status(waiting) == "confirmed"
    await check_books(pool, world.chain)


async def test_a_reset_that_was_accepted_keeps_no_time_of_the_future(pool):
    world = await lying_world(pool)
    await poisoned(world)
    world.source = Lying(open_chain(clock=world.clock, seed="restarted"))
    world.chain = world.source._chain
    await chain_reset.accept(pool, OPERATOR, livemode=False, environment=world.shop.environment)
    world.watcher = watcher_of(pool, world.source, world.shop)
    await world.mine()
    waiting = await world.shop.intent()
    world.pay(waiting, 1_000)
    await world.mine()
    assert await world.shop.status(waiting) == "confirmed"
