"""A different chain behind the same URL, and pages that lack a header: both are detected, and nothing is concluded."""

import msgspec
import pytest

from chain.simulated import START, Clock, open_chain
from services.books import check_books
from sgate.chain.simulator import SimulatorSource
from workers.watcher.following import World, open_world, watcher_of


@pytest.fixture
async def world(pool) -> World:
    return await open_world(pool)


async def test_a_different_chain_behind_the_same_url_is_recognized_and_orphans_nothing(world):
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    before = (await world.mine()).view
    waiting = await world.shop.intent(1_000)
    other = open_chain(clock=Clock(START + 10**6), seed="another chain")
    for blocks in (1, 20, 30, 400):
        other.mine(blocks)
        report = await watcher_of(world.pool, SimulatorSource(other), world.shop).run_once()
        assert report.error is not None
        assert "another network or a restarted chain" in report.error
        assert report.view == before
    assert await world.shop.events(intent_id) == ["created", "succeeded"]
    assert await world.shop.status(waiting) == "requires_payment"
    assert [row["status"] for row in await world.shop.payments()] == ["included"]
    world.pay(waiting, 1_000)
    await world.mine()
    assert await world.shop.status(waiting) == "confirmed"
    await check_books(world.pool, world.chain)


async def test_a_different_chain_is_recognized_without_reading_it(world):
    await world.mine(400)
    other = open_chain(clock=Clock(START + 10**6), seed="another chain")
    other.mine(2_000)
    asked = []
    other.faults.before_answer(asked.append)
    report = await watcher_of(world.pool, SimulatorSource(other), world.shop).run_once()
    assert "accept-reset" in report.error
    assert len(asked) <= 4


class Gappy(SimulatorSource):
    """A page of headers lacks a block."""

    async def headers(self, cursor=None, unless=None):
        page = await super().headers(cursor, unless)
        return page and msgspec.structs.replace(page, headers=(*page.headers[:3], *page.headers[4:]))


@pytest.mark.parametrize("first", [True, False])
async def test_a_gap_in_a_page_of_headers_is_noticed(pool, first):
    chain = open_chain(clock=Clock())
    chain.mine(25)
    world = await open_world(pool, chain, source=Gappy(chain) if first else None)
    chain.mine(10)
    world.watcher = world.another_watcher(source=Gappy(chain))
    report = await world.poll()
    assert "moved while its headers were read" in report.error
    world.watcher = world.another_watcher()
    await world.poll()
    heights = [row["height"] for row in await pool.fetch("SELECT height FROM blocks ORDER BY height")]
    assert heights == list(range(heights[0], chain.tip.height + 1))


async def test_a_restarted_shorter_chain_is_a_different_chain(world):
    before = (await world.mine(50)).view
    other = open_chain(clock=Clock(START), seed="anew")
    report = await watcher_of(world.pool, SimulatorSource(other), world.shop).run_once()
    assert report.error is not None
    assert report.view == before
