"""A crash at any statement of a poll loses no payment, counts none twice, loses no event and no delivery.

One poll that does everything at once (new blocks, a reorganization, new and re-included payments, decisions, deadlines)
is killed at its k-th statement, for every k; then a clean poll must end with the right books.
"""

import pytest

from chain.simulated import SHOP, Clock, open_chain
from services.books import check_books
from services.crashing import Countdown, CrashingPool, Killed
from services.shop import SIX_BLOCKS
from sgate.chain.simulator import Kind, Leg
from workers.watcher.following import open_world


async def eventful_world(pool):
    """A world with one unread stretch of chain in which everything happens; and what must come of it."""
    world = await open_world(pool, open_chain(clock=Clock()))
    shop = world.shop
    await world.mine(5)
    moved, halved, many, waiting, idle = [
        await shop.intent(1_000, policy=policy, expires_in_s=expires_in_s)
        for policy, expires_in_s in ((None, 900), (None, 900), (None, 900), (SIX_BLOCKS, 900), (None, 60))
    ]
    world.pay(halved, 400)
    await world.mine()
    world.pay(moved, 1_000)
    await world.mine()
    world.chain.reorg(1, "none")
    await world.poll()
    world.pay(halved, 600)
    world.pay(many, 600, kind=Kind.TRANSFER_MANY, more=(Leg(recipient=SHOP, amount_sats=400, memo=many.encode()),))
    world.pay(waiting, 1_000)
    world.clock.now += 400
    world.chain.mine()
    world.chain.reorg(2, "none")
    world.chain.mine(2)
    return world, {
        moved: (("confirmed", 1_000, {"reorged"}), ["created", "succeeded", "reorged", "reconfirmed"]),
        halved: (("confirmed", 1_000, set()), ["created", "partially_paid", "succeeded"]),
        many: (("confirmed", 1_000, set()), ["created", "succeeded"]),
        waiting: (("processing", 1_000, set()), ["created", "processing"]),
        idle: (("expired", 0, set()), ["created", "expired"]),
    }


async def check_outcome(world, expected):
    for intent_id, (state, events) in expected.items():
        assert await world.shop.state(intent_id) == state
        assert await world.shop.events(intent_id) == events
    await check_books(world.pool, world.chain)


async def statements_of_a_clean_poll(pool):
    world, expected = await eventful_world(pool)
    countdown = Countdown()
    await world.another_watcher(CrashingPool(pool, countdown)).run_once()
    await check_outcome(world, expected)
    return countdown.seen


async def test_the_clean_round_has_every_kind_of_statement(pool):
    """Else the tests below would prove little."""
    seen = await statements_of_a_clean_poll(pool)
    for needed in (
        "UPDATE chain_cursors", "UPDATE payments SET status = 'orphaned'", "DELETE FROM blocks", "INSERT INTO blocks",
        "INSERT INTO payments", "INSERT INTO payment_observations", "INSERT INTO ledger_queue", "UPDATE payment_intents",
        "WITH event AS", "INSERT INTO ledger_commands", "SELECT pg_notify", "DELETE FROM ledger_queue", "COMMIT",
    ):  # fmt: skip
        assert any(needed in statement for statement in seen), needed
    assert 50 < len(seen) < MOST_STATEMENTS


MOST_STATEMENTS = 180
GROUPS = 6


@pytest.mark.parametrize("group", range(GROUPS))
async def test_a_lost_connection_at_any_statement(pool, group):
    """The same watcher continues afterward: it must not assume that it has read what was never committed."""
    for number in range(group + 1, MOST_STATEMENTS, GROUPS):
        if not await crash(pool, number, error=ConnectionResetError):
            return
    raise AssertionError("the poll has more statements than this test reaches")


@pytest.mark.parametrize("group", range(GROUPS))
async def test_a_kill_at_many_statements(pool, group):
    """A new watcher continues afterward."""
    for number in range(group + 1, MOST_STATEMENTS, 4 * GROUPS + 1):
        await crash(pool, number, error=Killed)


async def test_a_commit_that_succeeded_without_a_confirmation(pool):
    seen = await statements_of_a_clean_poll(pool)
    commits = [number for number, statement in enumerate(seen, start=1) if statement == "COMMIT"]
    assert len(commits) > 5
    for number in commits:
        assert await crash(pool, number, error=ConnectionResetError, after=True)


async def crash(pool, number, *, error, after=False):
    """Crash the eventful poll at its statement `number`; a clean poll must then repair everything.

    Returns:
        whether the poll got that far.
    """
    await empty(pool)
    world, expected = await eventful_world(pool)
    countdown = Countdown(number, error=error, after=after)
    crashing = world.another_watcher(CrashingPool(pool, countdown))
    if number_reached := await dies(crashing, error):
        countdown.at = countdown.died_at = None
        await (crashing if error is ConnectionResetError else world.another_watcher()).run_once()
    await check_outcome(world, expected)
    return number_reached


async def dies(watcher, error):
    try:
        await watcher.run_once()
    except error:
        return True
    return False


async def empty(pool):
    await pool.execute("TRUNCATE merchants, chain_cursors, blocks, payments, payment_intents, events CASCADE")
