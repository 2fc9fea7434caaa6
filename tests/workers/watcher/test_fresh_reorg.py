"""A reorganization right after the first scan, deeper than the blocks that were scanned one by one."""

import pytest

from services.books import check_books
from workers.watcher.following import open_world

KEPT_BLOCKS = 600


async def test_a_first_scan_keeps_six_hundred_headers_below_the_tip(pool):
    world = await open_world(pool, blocks=KEPT_BLOCKS + 60)
    assert await pool.fetchval("SELECT min(height) FROM blocks") == world.chain.tip.height - KEPT_BLOCKS
    await check_books(pool, world.chain)


async def test_a_first_scan_of_a_shorter_chain_keeps_all_of_it(pool):
    world = await open_world(pool, blocks=70)
    assert await pool.fetchval("SELECT min(height) FROM blocks") <= 1
    await check_books(pool, world.chain)


@pytest.mark.parametrize("depth", [40, 590])
async def test_a_deep_reorganisation_right_after_a_first_scan_is_followed(pool, depth):
    world = await open_world(pool, blocks=KEPT_BLOCKS + 60)
    intent = await world.shop.intent(1_000)
    world.pay(intent, 1_000)
    await world.mine()
    report = await world.reorg(depth, "same")
    assert report.error is None
    assert report.reorged_from == world.chain.tip.height - depth
    await world.mine(10)
    assert await world.shop.state(intent) == ("confirmed", 1_000, set())
    assert await world.shop.events(intent) == ["created", "succeeded"]
    await check_books(pool, world.chain)
