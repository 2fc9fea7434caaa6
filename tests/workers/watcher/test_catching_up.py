"""Catching up upward in chunks, with decisions in the order of the blocks; and rescans."""

import pytest

from chain.simulated import open_chain
from services.books import check_books
from services.shop import SIX_BLOCKS
from sgate.chain.quota import READ_INTERVALS
from sgate.ledger import replay
from sgate.services import chain_reset
from sgate.store import chain_cursors
from sgate.store.audit_log import OPERATOR
from sgate.workers.watcher.scanner import CHUNK_BLOCKS
from workers.watcher.following import open_world


async def catch_up(world):
    reports = [await world.poll()]
    while reports[-1].more:
        reports.append(await world.poll())
    return reports


async def test_a_long_gap_is_read_in_chunks_and_expires_no_intent_paid_in_time(pool):
    world = await open_world(pool)
    early, late, never = [await world.shop.intent(1_000, expires_in_s=3_600) for _ in range(3)]
    world.pay(early, 1_000)
    for _ in range(1_500):
        world.clock.now += 5
        world.chain.mine()
    world.pay(late, 1_000)
    world.clock.now += 5
    world.chain.mine(300)
    reports = await catch_up(world)
    assert [report.new_blocks for report in reports] == [
        CHUNK_BLOCKS,
        CHUNK_BLOCKS,
        CHUNK_BLOCKS,
        1_800 - 3 * CHUNK_BLOCKS,
    ][: len(reports)]
    assert reports[0].behind_blocks == 1_800 - CHUNK_BLOCKS
    assert await world.shop.events(early) == ["created", "succeeded"]
    assert await world.shop.events(late) == ["created", "expired", "paid_late"]
    assert await world.shop.events(never) == ["created", "expired"]
    await check_books(pool, world.chain)


async def test_progress_is_kept_between_chunks(pool):
    world = await open_world(pool)
    world.chain.mine(1_400)
    first = await world.poll()
    second = await world.another_watcher().run_once()
    assert second.view.height == first.view.height + CHUNK_BLOCKS
    world.watcher = world.another_watcher()
    await catch_up(world)
    await check_books(pool, world.chain)


@pytest.mark.parametrize("behind", [0, 1_500])
async def test_a_reorganization_of_five_hundred_blocks(pool, behind):
    world = await open_world(pool, blocks=700)
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    for _ in range(495):
        world.chain.mine()
    await catch_up(world)
    assert await world.shop.status(intent_id) == "confirmed"
    world.chain.reorg(500, "none")
    if behind:
        world.chain.mine(behind)
    reports = await catch_up(world)
    assert (
        min(report.reorged_from for report in reports if report.reorged_from) == world.chain.tip.height - 500 - behind
    )
    await world.mine()
    assert await world.shop.status(intent_id) == "confirmed"
    assert (await world.shop.events(intent_id)).count("succeeded") == 1
    await check_books(pool, world.chain)


async def test_what_was_missed_is_found_by_reading_blocks_again(pool):
    world = await open_world(pool)
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    await world.mine()
    await world.mine(700)
    await catch_up(world)
    async with pool.acquire() as connection, connection.transaction():  # as if the first scan had left it out
        await connection.execute("DELETE FROM payment_observations")
        await connection.execute("DELETE FROM payments")
        before = await chain_cursors.get(connection, livemode=False)
        assert await chain_cursors.start_rescan(connection, 5, livemode=False, announces=True)
        assert not await chain_cursors.start_rescan(connection, before.view.height + 1, livemode=False, announces=True)
    first = await world.poll()
    assert (first.more, first.view) == (True, before.view)
    world.watcher = world.another_watcher()
    await catch_up(world)
    assert len(await world.shop.payments()) == 1
    async with pool.acquire() as connection:
        assert (await chain_cursors.get(connection, livemode=False)).rescan is None
    await check_books(pool, world.chain)


async def test_a_second_request_to_read_again_loses_nothing_of_the_first(pool):
    await open_world(pool, blocks=60)
    async with pool.acquire() as connection:
        assert await chain_cursors.start_rescan(connection, 20, livemode=False, announces=True)
        reading = await chain_cursors.get(connection, livemode=False)
        assert await chain_cursors.start_rescan(connection, 10, livemode=False, announces=True)
        assert not await chain_cursors.bump_version(connection, reading)  # the chunk being read is not written
        assert await chain_cursors.start_rescan(connection, 40, livemode=False, announces=True)
        assert (await chain_cursors.get(connection, livemode=False)).rescan.lowest == 10


async def test_another_chain_changes_nothing_until_the_operator_accepts_it(pool):
    world = await open_world(pool, blocks=60)
    final, waiting = await world.shop.intent(1_000), await world.shop.intent(1_000, policy=SIX_BLOCKS)
    world.pay(final, 1_000)
    world.pay(waiting, 1_000)
    await world.mine()
    world.chain = open_chain(clock=world.clock, seed="another")
    world.chain.mine(30)
    world.watcher = world.another_watcher()
    report = await world.poll()
    assert "accept-reset" in report.error
    assert [await world.shop.status(intent_id) for intent_id in (final, waiting)] == ["confirmed", "processing"]
    assert await chain_reset.accept(pool, OPERATOR, livemode=False) == 1
    assert (await world.poll()).error is None
    assert await world.shop.status(final) == "confirmed"
    assert (await world.shop.state(waiting))[:2] == ("requires_payment", 0)


async def test_after_a_chain_restart_final_payments_stay_final_and_everything_else_starts_over(pool):
    world = await open_world(pool, blocks=60)
    final = await world.shop.intent(1_000, policy=SIX_BLOCKS)
    world.pay(final, 1_000)
    world.pay(None, 7)
    await world.mine(6)
    await world.pass_time(READ_INTERVALS.any.total_seconds() + 1)
    world.chain = open_chain(clock=world.clock, seed="another")
    world.chain.mine(30)
    world.watcher = world.another_watcher()
    assert await chain_reset.accept(pool, OPERATOR, livemode=False) == 1
    await world.poll()
    deposits = "SELECT amount_sats, status FROM payments WHERE payment_intent_id IS NULL ORDER BY amount_sats"
    assert [tuple(row) for row in await pool.fetch(deposits)] == [(7, "orphaned")]
    world.pay(None, 8)
    await world.mine()
    await world.reorg(5)
    for _ in range(2):
        await world.pass_time(READ_INTERVALS.any.total_seconds() + 1)
    assert [tuple(row) for row in await pool.fetch(deposits)] == [(7, "orphaned"), (8, "included")]
    await world.mine(60)
    await world.reorg(40)
    assert await world.shop.state(final) == ("confirmed", 1_000, set())
    assert [checked.differences async for checked in replay.check(pool)] == [()]
