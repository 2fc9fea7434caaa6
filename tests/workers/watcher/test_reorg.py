"""Reorganizations: orphaned and re-included payments are reported, and nothing succeeds twice."""

import msgspec
import pytest

from chain.replay import hiro
from chain.simulated import ASSET, SHOP, Clock, open_chain
from services.books import check_books
from services.shop import SIX_BLOCKS
from sgate.chain.simulator import Kind, Leg, serve
from workers.watcher.following import World, open_world

DEPTHS = [1, 2, 3, 7, 20, 29, 35, 70]


@pytest.fixture
async def world(pool) -> World:
    return await open_world(pool, blocks=5)


async def paid_world(pool, depth, source=None, chain=None):
    """A world with a confirmed intent whose payment lies `depth` blocks deep, and one that is deeper than that."""
    world = await open_world(pool, chain, source=source, blocks=5)
    deep, shallow = await world.shop.intent(500), await world.shop.intent(1_000)
    world.pay(deep, 500)
    await world.mine()
    world.pay(shallow, 1_000)
    await world.mine(depth)
    assert await world.shop.status(shallow) == "confirmed"
    return world, deep, shallow


@pytest.mark.parametrize("depth", DEPTHS)
async def test_mined_again_in_the_same_reorganisation_nothing_is_taken_back(pool, depth):
    """The payment moves to another block; at no scanned moment was it gone."""
    world, deep, shallow = await paid_world(pool, depth)
    before = (await world.shop.payments())[1]
    report = await world.reorg(depth, "same")
    assert report.reorged_from == before["block_height"]
    after = (await world.shop.payments())[1]
    assert after["id"] == before["id"]
    assert after["block_height"] == before["block_height"] + 1
    assert after["index_block_hash"] != before["index_block_hash"]
    assert after["first_mined_at"] == before["first_mined_at"]
    assert await world.shop.state(shallow) == ("confirmed", 1_000, set())
    assert await world.shop.events(shallow) == ["created", "succeeded"]
    assert await world.shop.events(deep) == ["created", "succeeded"]
    await check_books(pool, world.chain)


@pytest.mark.parametrize("depth", DEPTHS)
async def test_gone_and_mined_again_later(pool, depth):
    world, deep, shallow = await paid_world(pool, depth)
    world.chain.reorg(depth, "none")
    await world.poll()
    assert await world.shop.state(shallow) == ("requires_payment", 0, {"reorged"})
    assert await world.shop.state(deep) == ("confirmed", 500, set())
    await check_books(pool, world.chain)
    await world.mine()
    assert await world.shop.state(shallow) == ("confirmed", 1_000, {"reorged"})
    assert await world.shop.events(shallow) == ["created", "succeeded", "reorged", "reconfirmed"]
    assert await world.shop.events(deep) == ["created", "succeeded"]
    await check_books(pool, world.chain)


@pytest.mark.parametrize("depth", [1, 7, 35])
async def test_gone_for_good_by_a_double_spend(pool, depth):
    world, deep, shallow = await paid_world(pool, depth)
    await world.reorg(depth, "drop")
    await world.mine(3)
    assert await world.shop.state(shallow) == ("requires_payment", 0, {"reorged"})
    assert await world.shop.events(shallow) == ["created", "succeeded", "reorged"]
    assert await world.shop.status(deep) == "confirmed"
    await check_books(pool, world.chain)


async def test_over_the_wire_of_the_stacks_api(pool):
    chain = open_chain(clock=Clock())
    server = await serve(chain)
    source = hiro(server.url, ASSET)
    try:
        world, deep, shallow = await paid_world(pool, 35, source, chain)
        await world.reorg(35, "none")
        assert await world.shop.state(shallow) == ("requires_payment", 0, {"reorged"})
        await world.mine()
        assert await world.shop.events(shallow) == ["created", "succeeded", "reorged", "reconfirmed"]
        assert await world.shop.events(deep) == ["created", "succeeded"]
        await check_books(pool, chain)
    finally:
        await source.close()
        await server.close()


async def test_back_and_forth_many_times_there_is_one_success(world):
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    await world.mine()
    for _ in range(4):
        await world.reorg(1, "none")
        await world.mine()
    events = await world.shop.events(intent_id)
    assert events == ["created", "succeeded", *["reorged", "reconfirmed"] * 4]
    await check_books(world.pool, world.chain)


async def test_a_payment_that_never_was_final_is_reorged_and_succeeds_later_for_the_first_time(world):
    intent_id = await world.shop.intent(1_000, policy=SIX_BLOCKS)
    world.pay(intent_id, 1_000)
    await world.mine(3)
    await world.reorg(3, "none")
    assert await world.shop.state(intent_id) == ("requires_payment", 0, {"reorged"})
    await world.mine(6)
    assert await world.shop.events(intent_id) == ["created", "processing", "reorged", "succeeded"]
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, {"reorged"})


async def test_confirmations_begin_anew_after_a_reorganisation(world):
    intent_id = await world.shop.intent(1_000, policy=SIX_BLOCKS)
    world.pay(intent_id, 1_000)
    await world.mine(5)
    assert await world.shop.status(intent_id) == "processing"
    await world.reorg(5, "same")  # one block higher than before, and so one block later final
    assert await world.shop.status(intent_id) == "processing"
    await world.mine()
    assert await world.shop.events(intent_id) == ["created", "processing", "succeeded"]


async def test_only_the_half_in_the_orphaned_block_is_taken_back(world):
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 400)
    await world.mine()
    world.pay(intent_id, 600)
    await world.mine()
    await world.reorg(1, "none")
    assert await world.shop.state(intent_id) == ("requires_payment", 400, {"partially_paid", "reorged"})
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, {"reorged"})
    await check_books(world.pool, world.chain)


async def test_the_second_payment_going_away_takes_the_excess_back_and_nothing_else(world):
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    await world.mine()
    world.pay(intent_id, 1_000)
    await world.mine()
    await world.reorg(1, "drop")
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, set())
    assert await world.shop.events(intent_id) == ["created", "succeeded", "duplicate_payment"]
    await check_books(world.pool, world.chain)


async def test_all_legs_of_a_transaction_move_together(world):
    one, two = await world.shop.intent(100), await world.shop.intent(200)
    legs = (Leg(recipient=SHOP, amount_sats=200, memo=two.encode()), Leg(recipient=SHOP, amount_sats=7))
    world.pay(one, 100, kind=Kind.TRANSFER_MANY, more=legs)
    await world.mine()
    await world.reorg(1, "none")
    assert [row["status"] for row in await world.shop.payments()] == ["orphaned"] * 3
    assert await world.shop.status(one) == await world.shop.status(two) == "requires_payment"
    await world.mine()
    assert [row["status"] for row in await world.shop.payments()] == ["included"] * 3
    assert await world.shop.status(one) == await world.shop.status(two) == "confirmed"
    await check_books(world.pool, world.chain)


async def test_money_in_time_stays_in_time_though_its_block_comes_back_late(world):
    intent_id = await world.shop.intent(1_000)
    world.clock.now += 1_100
    world.pay(intent_id, 1_000)
    await world.mine()
    await world.reorg(1, "none")
    world.clock.now += 1_700  # past deadline and grace, within the hold
    world.chain.mine(include_mempool=False)
    await world.poll()
    assert await world.shop.status(intent_id) == "requires_payment"
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, {"reorged"})
    assert await world.shop.events(intent_id) == ["created", "succeeded", "reorged", "reconfirmed"]


async def test_what_was_closed_after_a_reorganisation_opens_again_when_the_money_comes_back(world):
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    await world.mine()
    world.clock.now += 10_000
    world.chain.reorg(1, "none")
    world.chain.mine(include_mempool=False)
    await world.poll()
    assert await world.shop.state(intent_id) == ("failed", 0, {"reorged"})
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, {"reorged"})
    assert await world.shop.events(intent_id) == ["created", "succeeded", "reorged", "failed", "reconfirmed"]
    await check_books(world.pool, world.chain)


async def test_every_place_a_payment_ever_had_is_on_record(world):
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    await world.mine()
    await world.reorg(1, "none")
    await world.mine()
    rows = await world.pool.fetch("SELECT status, block_height FROM payment_observations ORDER BY id")
    [payment] = await world.shop.payments()
    assert [row["status"] for row in rows] == ["included", "orphaned", "included"]
    assert rows[0]["block_height"] == rows[1]["block_height"] < rows[2]["block_height"] == payment["block_height"]


async def test_an_equal_rival_of_the_tip_changes_nothing(world):
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    await world.mine()
    world.chain.rival()
    report = await world.poll()
    assert (report.reorged_from, report.new_blocks, report.error) == (None, 0, None)
    assert await world.shop.events(intent_id) == ["created", "succeeded"]


async def test_the_time_of_the_view_never_goes_back(world):
    """A deadline once passed stays passed, though the new branch has earlier block times."""
    world.clock.now += 500
    before = (await world.mine()).view
    world.chain.reorg(1)
    after = (await world.poll()).view
    assert after.height == before.height + 1
    assert after.time >= before.time


async def moves(pool):
    rows = await pool.fetch("SELECT payload::text FROM events WHERE type = 'payment_intent.reorged' ORDER BY position")
    return [msgspec.json.decode(row["payload"])["moved_payments"] for row in rows]


def block_of(payment):
    return {"height": payment["block_height"], "index_block_hash": payment["index_block_hash"]}


async def test_the_event_names_the_block_that_went(pool):
    world, _, _ = await paid_world(pool, 2)
    before = (await world.shop.payments())[1]
    world.chain.reorg(2, "none")
    await world.poll()
    expected = [{"payment": before["id"], "old_block": block_of(before), "new_block": None}]
    assert await moves(pool) == [expected]


async def test_the_event_names_the_old_and_the_new_block_of_a_payment_that_lost_its_depth(pool):
    world = await open_world(pool, blocks=5)
    intent_id = await world.shop.intent(1_000, policy=SIX_BLOCKS)
    world.pay(intent_id, 1_000)
    await world.mine()
    await world.mine(6)
    assert await world.shop.status(intent_id) == "confirmed"
    before = (await world.shop.payments())[0]
    world.chain.reorg(7, "none")
    world.chain.mine()
    await world.poll()
    after = (await world.shop.payments())[0]
    assert block_of(before) != block_of(after)
    assert await moves(pool) == [
        [{"payment": before["id"], "old_block": block_of(before), "new_block": block_of(after)}]
    ]


async def test_a_payment_that_did_not_move_is_not_named(pool):
    world = await open_world(pool, blocks=5)
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 400)
    await world.mine()
    world.pay(intent_id, 600)
    await world.mine()
    _, second = await world.shop.payments()
    world.chain.reorg(1, "none")
    await world.poll()
    assert [[move["payment"] for move in event] for event in await moves(pool)] == [[second["id"]]]
