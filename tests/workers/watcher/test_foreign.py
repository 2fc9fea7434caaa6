"""The watcher's cache of foreign transactions, and when it must be cleared."""

from chain.simulated import Clock, open_chain
from services.books import check_books
from sgate.chain.simulator import SimulatorSource, simulated_address
from workers.watcher.following import open_world
from workers.webhooks.rerouted import Rerouted

STRANGER = simulated_address("nobody here")


async def test_a_former_leader_forgets_what_was_foreign_before_a_reorganisation_that_another_one_followed(pool):
    chain = open_chain(clock=Clock())
    chain.mine(25)
    source = Rerouted(SimulatorSource(chain))
    world = await open_world(pool, chain, source=source)
    other = world.another_watcher(source=source)
    intent = await world.shop.intent(1_000)
    tx_id = world.pay(intent, 1_000)
    source.otherwise[tx_id] = {"recipient": STRANGER}
    await world.mine()
    assert await world.shop.payments() == []
    chain.reorg(1, "none")
    assert (await other.run_once()).reorged_from is not None
    del source.otherwise[tx_id]  # in its new block it pays the merchant
    await world.mine()
    assert await world.shop.state(intent) == ("confirmed", 1_000, set())
    await check_books(pool, chain)
