"""Two watchers on one database: one effect. A leader that lost its lock writes nothing."""

import asyncio

import pytest

from chain.simulated import SHOP, Clock, open_chain
from services.books import check_books
from services.shop import open_shop, simulated_mode
from sgate.chain.simulator import SimulatorSource
from sgate.store import chain_cursors
from sgate.workers.watcher.watcher import Fenced
from store.waiting import until_a_session_waits
from workers.watcher.following import World, open_world, watcher_of


@pytest.fixture
async def world(pool) -> World:
    return await open_world(pool)


async def run_both(*watchers):
    """Poll with both watchers concurrently. Returns `Fenced` for a fenced one; any other exception is raised."""
    results = await asyncio.gather(*(watcher.run_once() for watcher in watchers), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Fenced):
            raise result
    return results


async def test_two_watchers_at_once_have_one_effect(world):
    """In the NestJS original three replicas sent three webhooks."""
    rival = world.another_watcher()
    fenced = 0
    made = []
    for number in range(12):
        made.append(await world.shop.intent(1_000))
        world.pay(made[-1], 1_000)
        world.chain.mine()
        if number % 4 == 3:
            world.chain.reorg(2, "none")
        results = await run_both(world.watcher, rival)
        fenced += sum(isinstance(result, Fenced) for result in results)
    world.chain.mine()
    await world.clean_poll()
    assert fenced > 0
    for intent_id in made:
        events = await world.shop.events(intent_id)
        assert events.count("succeeded") == 1
        assert await world.shop.status(intent_id) == "confirmed"
    observations = await world.pool.fetch(
        "SELECT payment_id, status, index_block_hash, count(*) FROM payment_observations GROUP BY 1, 2, 3"
    )
    assert {row["count"] for row in observations} == {1}
    await check_books(world.pool, world.chain)


async def test_two_first_scans_at_once(pool):
    chain = open_chain(clock=Clock())
    chain.mine(30)
    shop = await open_shop(pool, chain._clock)
    watchers = [watcher_of(pool, SimulatorSource(chain), shop) for _ in range(2)]
    await run_both(*watchers)
    await check_books(pool, chain)


async def test_a_leader_that_lost_its_lock_writes_nothing(world):
    """It read the cursor, then stalled, while another watcher continued."""
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    world.chain.mine()
    sleepy = world.watcher
    async with world.pool.acquire() as connection:
        cursor = await chain_cursors.ensure(connection, world.shop.mode.network, livemode=False)
    scan = await sleepy._scanner.read(cursor)
    world.chain.reorg(1, "drop")
    world.chain.mine()
    await world.another_watcher().run_once()
    before = await snapshot(world)
    with pytest.raises(Fenced):
        await sleepy._commit(cursor, scan)
    assert await snapshot(world) == before
    await world.clean_poll()
    assert await world.shop.events(intent_id) == ["created"]
    await check_books(world.pool, world.chain)


async def test_the_fence_holds_while_the_other_commit_is_still_open(world):
    """The second writer waits for the first one's cursor row and then finds its version gone."""
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    world.chain.mine()
    async with world.pool.acquire() as connection:
        cursor = await chain_cursors.ensure(connection, world.shop.mode.network, livemode=False)
    scan = await world.watcher._scanner.read(cursor)
    async with world.pool.acquire() as first:
        transaction = first.transaction()
        await transaction.start()
        assert await chain_cursors.advance(first, cursor, scan.view, scan.tip_height)
        second = asyncio.create_task(world.watcher._commit(cursor, scan))
        await until_a_session_waits(world.pool)
        await transaction.commit()
    with pytest.raises(Fenced):
        await second
    assert await world.shop.payments() == []


async def snapshot(world):
    tables = (
        "payments",
        "payment_observations",
        "blocks",
        "chain_cursors",
        "ledger_queue",
        "events",
        "payment_intents",
    )
    return {
        table: [tuple(row) for row in await world.pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")]
        for table in tables
    }


async def test_one_watcher_per_mode_each_on_its_own_chain(pool):
    """Both modes in one database: neither sees the other's money."""
    test = await open_world(pool)
    live_chain = open_chain(clock=Clock(), seed="live")
    shop = await open_shop(pool, live_chain._clock, mode=simulated_mode(livemode=True), name="Live", pay_address=SHOP)
    live = await open_world(pool, live_chain, shop=shop)
    test_intent, live_intent = await test.shop.intent(1_000), await shop.intent(1_000)
    test.pay(live_intent, 1_000)
    live.pay(test_intent, 1_000)
    await run_both(test.watcher, live.watcher)
    await test.mine()
    await live.mine()
    assert await test.shop.status(test_intent) == await shop.status(live_intent) == "requires_payment"
    test.pay(test_intent, 1_000)
    live.pay(live_intent, 1_000)
    await test.mine()
    await live.mine()
    assert await test.shop.status(test_intent) == await shop.status(live_intent) == "confirmed"
