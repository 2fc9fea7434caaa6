"""Answers that do not fit together: a chain that moves while it is read, replicas that lag, servers that fail."""

import itertools

import pytest

from chain.replay import hiro
from chain.simulated import ASSET, SHOP, Clock, open_chain
from services.books import check_books
from services.shop import SIX_BLOCKS
from sgate.chain.simulator import serve
from workers.watcher.following import World, open_world

BLOCKS = "/extended/v2/blocks"
BLOCK = "/extended/v2/blocks/{index_block_hash}"
LOGS = "/extended/v2/smart-contracts/{contract_id}/logs"
MULTIPLE = "/extended/v1/tx/multiple"


@pytest.fixture
async def world(pool) -> World:
    return await open_world(pool)


def mine(chain):
    chain.mine()


def mine_five(chain):
    chain.mine(5)


def mine_forty(chain):
    chain.mine(40)


def reorg_1_none(chain):
    chain.reorg(1, "none")


def reorg_2_same(chain):
    chain.reorg(2, "same")


def reorg_3_none_then_mine(chain):
    chain.reorg(3, "none")
    chain.mine()


def reorg_1_drop(chain):
    chain.reorg(1, "drop")


def shrink(chain):
    chain.faults.lag_blocks = 3


MOVES = [mine, mine_five, mine_forty, reorg_1_none, reorg_2_same, reorg_3_none_then_mine, reorg_1_drop, shrink]


async def story(world):
    """An intent that is confirmed, one that is half paid, one that is being paid, one that waits for six blocks."""
    made = [await world.shop.intent(1_000, policy=policy) for policy in (None, None, None, SIX_BLOCKS)]
    world.pay(made[0], 1_000)
    world.pay(made[1], 400)
    await world.mine()
    world.pay(made[1], 600)
    world.pay(made[2], 1_000)
    world.pay(made[3], 1_000)
    world.chain.mine()
    return made


@pytest.mark.parametrize("endpoint", [BLOCKS, LOGS, MULTIPLE, BLOCK])
@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
async def test_the_chain_moves_once_before_one_response(world, move, endpoint):
    made = await story(world)
    moved = []

    def before(asked):
        if asked == endpoint and not moved:
            moved.append(asked)
            move(world.chain)

    world.chain.faults.before_answer(before)
    await world.poll()
    assert moved
    await check_books_of_what_is_scanned(world)
    await settle_down(world)
    for intent_id in made:
        if move is not reorg_1_drop:
            assert await world.shop.status(intent_id) == "confirmed"
        assert (await world.shop.events(intent_id)).count("succeeded") <= 1


@pytest.mark.parametrize("move", MOVES[:-2], ids=lambda move: move.__name__)
async def test_the_chain_moves_before_every_response_of_several_polls(world, move):
    made = await story(world)
    world.chain.faults.before_answer(lambda asked: move(world.chain))
    for _ in range(4):
        await world.poll()
        await check_books_of_what_is_scanned(world)
    await settle_down(world)
    for intent_id in made:
        assert await world.shop.status(intent_id) == "confirmed"
        assert (await world.shop.events(intent_id)).count("succeeded") == 1


async def check_books_of_what_is_scanned(world):
    """Whatever was committed is in itself consistent, though the chain may be elsewhere already."""
    await check_books(world.pool)


async def settle_down(world):
    world.chain.faults.before_answer(None)
    world.chain.faults.lag_blocks = 0
    world.chain.mine(7)
    await world.clean_poll()
    await check_books(world.pool, world.chain)


async def test_a_chain_that_keeps_moving_is_still_followed(world):
    """A block arrives before each answer: every poll still makes progress and misses nothing."""
    world.chain.faults.before_answer(lambda asked: world.chain.mine())
    for _ in range(5):
        intent_id = await world.shop.intent(1_000)
        world.pay(intent_id, 1_000)
        await world.poll()
        report = await world.poll()
        assert report.error is None
        assert report.new_blocks > 0
        assert await world.shop.status(intent_id) == "confirmed"


async def test_catching_up_succeeds_though_blocks_come_while_the_gap_is_read(world):
    """Reading hundreds of headers takes longer than a block; the poll must still succeed, or none ever would."""
    paid = await world.shop.intent(1_000)
    world.pay(paid, 1_000)
    world.chain.mine(400)
    for number in range(130):
        world.pay(f"pi_{number:024x}", 5)
    last = await world.shop.intent(1_000)
    world.pay(last, 1_000)
    world.chain.mine(200)
    world.chain.faults.before_answer(lambda asked: world.chain.mine())
    report = await world.poll()
    assert report.error is None
    assert report.new_blocks >= 600
    assert await world.shop.status(paid) == await world.shop.status(last) == "confirmed"
    await world.clean_poll()
    await check_books(world.pool, world.chain)


async def test_catching_up_a_few_hundred_blocks_over_the_wire(pool):
    chain = open_chain(clock=Clock())
    server = await serve(chain)
    source = hiro(server.url, ASSET)
    try:
        world = await open_world(pool, chain, source=source)
        made = []
        for _ in range(6):
            made.append(await world.shop.intent(1_000))
            world.pay(made[-1], 1_000)
            chain.mine(50)
        report = await world.poll()
        assert (report.new_blocks, report.payments) == (300, 6)
        assert {await world.shop.status(intent_id) for intent_id in made} == {"confirmed"}
        await check_books(pool, chain)
    finally:
        await source.close()
        await server.close()


async def test_a_deep_reorganization_while_catching_up(world):
    await world.mine(50)
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    await world.mine(3)
    world.chain.reorg(45, "none")
    world.chain.mine(100)
    asked = itertools.count()
    world.chain.faults.before_answer(lambda _: next(asked) == 3 and world.chain.reorg(120, "none"))
    await world.poll()
    await settle_down(world)
    assert await world.shop.status(intent_id) == "confirmed"


async def test_a_branch_that_is_orphaned_during_the_poll_makes_nothing_final(world):
    """The sixth block was orphaned by the time of the last answer; goods shipped for it would have been lost."""
    intent_id = await world.shop.intent(1_000, policy=SIX_BLOCKS)
    world.pay(intent_id, 1_000)
    for _ in range(5):
        await world.mine()
    world.chain.mine()
    gone = []
    world.chain.faults.before_answer(
        lambda asked: asked == BLOCK and not gone and gone.append(world.chain.reorg(6, "drop"))
    )
    report = await world.poll()
    assert gone
    assert report.error is not None
    assert await world.shop.status(intent_id) == "processing"
    await world.clean_poll()
    assert await world.shop.events(intent_id) == ["created", "processing", "reorged"]
    await check_books(world.pool, world.chain)


# --- replicas


@pytest.mark.parametrize("lag_blocks", [1, 2, 5, 19, 25])
async def test_a_replica_that_lags_changes_nothing(world, lag_blocks):
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    before = (await world.mine()).view
    world.chain.faults.lag_blocks = lag_blocks
    report = await world.poll()
    assert (report.view, report.new_blocks, report.reorged_from) == (before, 0, None)
    assert await world.shop.events(intent_id) == ["created", "succeeded"]
    await world.clean_poll()
    await check_books(world.pool, world.chain)


@pytest.mark.parametrize("endpoint", [BLOCKS, LOGS, MULTIPLE, BLOCK])
@pytest.mark.parametrize("lag_blocks", [1, 3, 30])
async def test_one_response_of_a_poll_comes_from_a_replica_that_lags(world, endpoint, lag_blocks):
    """The memos of a block that the replica does not have must not count as read."""
    intent_id = await world.shop.intent(1_000)
    world.chain.mine(2)
    world.pay(intent_id, 1_000)
    world.chain.mine(2)

    def before(asked):
        world.chain.faults.lag_blocks = lag_blocks if asked == endpoint else 0

    world.chain.faults.before_answer(before)
    for _ in range(3):
        await world.poll()
        await check_books_of_what_is_scanned(world)
    await settle_down(world)
    assert await world.shop.events(intent_id) == ["created", "succeeded"]


async def test_flapping_between_replicas_is_not_a_reorganization(world):
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    heights = []
    asked = itertools.count()

    def before(_):
        world.chain.faults.lag_blocks = (0, 4, 1, 7, 2)[next(asked) % 5]

    world.chain.faults.before_answer(before)
    for _ in range(30):
        report = await world.mine()
        assert report.reorged_from is None
        heights.append(report.view.height)
    assert heights == sorted(heights)
    await world.clean_poll()
    assert await world.shop.events(intent_id) == ["created", "succeeded"]
    await check_books(world.pool, world.chain)


@pytest.mark.parametrize("lag_blocks", [12, 60])
async def test_the_second_page_of_memos_comes_from_a_replica_that_lags(world, lag_blocks):
    """Its page silently begins with older memos than it should. No intent may expire because of that."""
    intent_id = await world.shop.intent(1_000)
    world.chain.mine(70)
    world.pay(intent_id, 1_000)
    world.chain.mine(5)
    for number in range(110):
        world.pay(f"pi_{number:024x}", 5)
    world.clock.now += 10_000
    world.chain.mine()
    pages = itertools.count()

    def before(asked):
        world.chain.faults.lag_blocks = lag_blocks if asked == LOGS and next(pages) == 1 else 0

    world.chain.faults.before_answer(before)
    report = await world.poll()
    assert report.error is not None
    await world.clean_poll()
    assert await world.shop.events(intent_id) == ["created", "succeeded"]
    await check_books(world.pool, world.chain)


# --- servers that fail


@pytest.mark.parametrize("nth", range(6))
async def test_any_response_may_fail(world, nth):
    """In the NestJS original a height that could not be fetched counted as 0, and confirmations with it."""
    intent_id = await world.shop.intent(1_000, policy=SIX_BLOCKS)
    world.pay(intent_id, 1_000)
    before = (await world.mine()).view
    second = await world.shop.intent(1_000)
    world.pay(second, 1_000)
    world.chain.mine()
    asked = itertools.count()
    world.chain.faults.before_answer(
        lambda _: next(asked) == nth and world.chain.faults.fail_next(1, (429, 500, 503)[nth % 3])
    )
    report = await world.poll()
    assert report.view.height >= before.height > 0
    assert await world.shop.status(intent_id) == "processing"
    await world.clean_poll()
    assert await world.shop.status(second) == "confirmed"
    await check_books(world.pool, world.chain)


async def test_an_error_is_stored_and_cleared_again(world):
    world.chain.faults.outage = True
    assert (await world.mine()).error is not None
    assert await world.pool.fetchval("SELECT trouble FROM chain_cursors") is not None
    await world.clean_poll()
    assert await world.pool.fetchval("SELECT trouble FROM chain_cursors") is None


async def test_an_unchanged_chain_costs_one_call_per_poll_and_a_block_two(pool):
    chain = open_chain(clock=Clock())
    chain.mine(25)
    asked = []
    chain.faults.before_answer(asked.append)
    world = await open_world(pool, chain)
    await world.poll()
    asked.clear()
    await world.poll()
    assert asked == [BLOCKS]
    await world.mine()
    assert asked == [BLOCKS, BLOCKS, LOGS]


async def test_what_was_read_is_not_fetched_again(world):
    """Neither payments that are recorded, nor those of strangers, however long they stay within the overlap."""
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    world.pay("pi_" + "1" * 24, 5, recipient="ST2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKQYAC0RQ")
    await world.mine()
    asked = []
    world.chain.faults.before_answer(asked.append)
    for _ in range(30):
        await world.mine()
    assert MULTIPLE not in asked


async def test_a_poll_of_an_empty_chain_of_one_block(pool):
    world = await open_world(pool, open_chain(clock=Clock()))
    assert (await world.poll()).view.height == 1
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000, recipient=SHOP)
    await world.mine()
    assert await world.shop.status(intent_id) == "confirmed"
