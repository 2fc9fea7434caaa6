"""A replica that stayed on an orphaned branch, with a transaction that was mined again much later."""

from chain.simulated import OTHER_SHOP, Clock, open_chain
from services.books import check_books
from workers.watcher.following import open_world

MULTIPLE = "/extended/v1/tx/multiple"


async def test_a_transaction_that_is_deep_only_on_a_stale_branch_is_not_taken_for_read(pool):
    chain = open_chain(clock=Clock())
    chain.mine(25)
    world = await open_world(pool, chain)
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    await world.mine()
    chain.leave_replica()
    await world.reorg(1, "none")
    for _ in range(60):
        chain.mine(include_mempool=False)
    await world.poll()
    chain.faults.before_answer(lambda asked: setattr(chain.faults, "stuck", asked == MULTIPLE))
    chain.mine()  # the payment is back, sixty blocks higher
    report = await world.poll()
    assert "not on the scanned chain" in report.error
    chain.faults.before_answer(None)
    chain.faults.stuck = False
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, {"reorged"})
    await check_books(pool, chain)


async def test_memos_older_than_the_stored_headers_are_read_once(pool):
    """What is below can not be checked, and was read when it was new."""
    chain = open_chain(clock=Clock())
    chain.mine(5)
    world = await open_world(pool, chain)
    world.pay("pi_" + "0" * 24, 1, recipient=OTHER_SHOP)
    await world.mine(50)
    await pool.execute("DELETE FROM blocks WHERE height < 30")
    world.watcher = world.another_watcher()
    asked = []
    chain.faults.before_answer(asked.append)
    for _ in range(3):
        await world.mine()
    assert asked.count(MULTIPLE) == 1
