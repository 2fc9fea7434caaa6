"""First scans of a chain whose older transfers carry memos of the form of an intent id.

Nothing below the first stored header can be checked or belongs to this database, so such memos mean nothing. Each way
to begin a scan is tried with memos near and far below it.
"""

import pytest

from chain.simulated import OTHER_SHOP, SHOP, Clock, open_chain
from services.books import check_books
from sgate.chain.simulator import SimulatedTransfer, SimulatorSource
from sgate.services import chain_reset
from sgate.store.audit_log import OPERATOR
from sgate.workers.watcher import rebuild as rebuilding
from sgate.workers.watcher.headers import FIRST_HEADERS
from sgate.workers.watcher.scanner import CHUNK_BLOCKS
from sgate.workers.watcher.watcher import Watcher
from workers.watcher.following import open_world, watcher_of

MULTIPLE = "/extended/v1/tx/multiple"
OLD_MEMO = b"pi_" + b"0" * 24


def pay_long_ago(chain, recipient=OTHER_SHOP, memo=OLD_MEMO):
    chain.submit(SimulatedTransfer(recipient=recipient, amount_sats=1_000, memo=memo))
    chain.mine()


def chain_with_older_memos(*, blocks_above, memos=1, clock=None, seed="older"):
    """A chain in which `blocks_above` blocks have been mined since the last of these memos."""
    chain = open_chain(clock=clock or Clock(), seed=seed)
    chain.mine(5)
    for _ in range(memos):
        pay_long_ago(chain)
    if blocks_above:
        chain.mine(blocks_above)
    return chain


async def begin(pool, chain, start_height):
    world = await open_world(pool, chain, start_height=start_height)
    report = await world.poll()
    while report.more:
        assert report.error is None
        report = await world.poll()
    assert (report.error, report.view.height) == (None, chain.tip.height)
    return world


async def assert_pays(world):
    """Check that a new intent is paid as usual, that older memos are nobody's payment, and that they cost no calls."""
    assert await world.shop.payments() == []
    asked = []
    world.chain.faults.before_answer(asked.append)
    await world.mine()
    before = asked.count(MULTIPLE)
    await world.mine()
    assert asked.count(MULTIPLE) == before
    world.chain.faults.before_answer(None)
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    await world.mine()
    assert await world.shop.status(intent_id) == "confirmed"
    await check_books(world.pool, world.chain)


STARTS = {
    "no start height": lambda tip: None,
    "at the tip": lambda tip: tip,
    "above the tip": lambda tip: tip + 3,
    "a little below the tip": lambda tip: tip - 10,
    "more than a chunk below the tip": lambda tip: tip - CHUNK_BLOCKS - 20,
}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("memos", [1, 120], ids=["one memo", "more than a page of memos"])
async def test_it_begins_however_it_is_asked_to(pool, start, memos):
    chain = chain_with_older_memos(blocks_above=FIRST_HEADERS + 40, memos=memos)
    start_height = start(chain.tip.height)
    if start_height is not None and start_height > chain.tip.height:
        early = await open_world(pool, chain, start_height=start_height)
        assert (await early.poll()).error is None
        chain.mine(3)
        early.watcher = watcher_of(pool, SimulatorSource(chain), early.shop, start_height)
        assert (await early.poll()).error is None
        await assert_pays(early)
        return
    await assert_pays(await begin(pool, chain, start_height))


async def test_a_memo_in_the_block_before_the_first_means_nothing_and_one_in_the_first_counts(pool):
    chain = chain_with_older_memos(blocks_above=0)
    start_height = chain.tip.height + 1
    pay_long_ago(chain, SHOP)
    world = await begin(pool, chain, start_height)
    assert [payment["block_height"] for payment in await world.shop.payments()] == [start_height]


@pytest.mark.parametrize("from_height", [150, 601, 1_000])
async def test_a_rebuild_from_a_height_begins_above_older_memos(pool, from_height):
    chain = chain_with_older_memos(blocks_above=1_010)
    world = await open_world(pool, chain, start_height=from_height)
    watcher = Watcher(
        pool=pool, source=SimulatorSource(chain), mode=world.shop.mode, environment=world.shop.environment,
        start_height=from_height, announces_unmatched=False,
    )  # fmt: skip

    async def wait(report):
        raise AssertionError(report)

    await rebuilding.prepare(pool, from_height, livemode=False)
    await rebuilding.rebuild(
        pool, watcher, world.shop.environment, from_height, livemode=False, wait=wait, observe=lambda _: None
    )
    assert await pool.fetchval("SELECT min(height) FROM blocks") == from_height
    world.watcher = world.another_watcher()
    await assert_pays(world)


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
async def test_a_reset_that_was_accepted_begins_above_older_memos(pool, start):
    world = await open_world(pool)
    other = chain_with_older_memos(blocks_above=FIRST_HEADERS + 40, clock=world.clock, seed="restarted")
    world.chain = other
    start_height = start(other.tip.height)
    world.watcher = watcher_of(pool, SimulatorSource(other), world.shop, start_height)
    assert "accept-reset" in (await world.poll()).error
    await chain_reset.accept(pool, OPERATOR, livemode=False)
    if start_height is not None and start_height > other.tip.height:
        other.mine(3)
    report = await world.poll()
    while report.more:
        report = await world.poll()
    assert (report.error, report.view.height) == (None, other.tip.height)
    await assert_pays(world)
