"""Payments that lost their block: they are looked up again, and if they were dropped, the customer may pay again."""

import pytest

from chain.simulated import open_chain
from services.books import check_books
from sgate.chain.simulator import SimulatorSource, simulated_address
from sgate.chain.source import Transaction, TxStatus
from sgate.objects.public_intent import public_intent
from sgate.services import chain_reset, payment_hints
from sgate.store.audit_log import OPERATOR
from sgate.web.checkout.page_state import Picture, picture_of, transactions_of
from sgate.workers.watcher.mempool import MAX_REPLACEMENTS
from workers.watcher.following import World, open_world
from workers.watcher.test_mempool import UNKNOWN_TX, hinted, sightings, waiting_hints

MULTIPLE = "multiple"


@pytest.fixture
async def world(pool) -> World:
    return await open_world(pool)


async def seen(world, intent_id):
    """What the public JSON says: whether to pay, which transactions there are, and what the page shows."""
    now, found = world.shop.environment.now(), await world.shop.see(intent_id)
    public = public_intent(found, world.shop.mode, now, private=False)
    return public.accepts_payment, public.tx_ids, picture_of(found, now)


async def give(world, intent_id, tx_id):
    secret = (await world.shop.see(intent_id)).intent.client_secret
    await payment_hints.give(world.pool, world.shop.intents, world.shop.environment, intent_id, secret, tx_id)


def lookups(world):
    asked = []
    world.chain.faults.before_answer(lambda endpoint: asked.append(endpoint) if MULTIPLE in endpoint else None)
    return asked


async def orphaned(world, *, with_hint=True, remine="none"):
    if with_hint:
        intent_id, tx_id = await hinted(world)
    else:
        intent_id = await world.shop.intent(1_000)
        tx_id = world.pay(intent_id, 1_000)
    await world.mine()
    assert await world.shop.status(intent_id) == "confirmed"
    await world.reorg(1, remine)
    return intent_id, tx_id


@pytest.mark.parametrize("with_hint", [True, False])
async def test_an_orphaned_payment_is_looked_up_and_seen_again(world, with_hint):
    intent_id, tx_id = await orphaned(world, with_hint=with_hint)
    assert await sightings(world) == [(intent_id, tx_id)]
    assert await waiting_hints(world) == {tx_id}
    assert await seen(world, intent_id) == (False, (tx_id,), Picture.LOST)
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, {"reorged"})
    assert (await seen(world, intent_id))[2] is Picture.CONFIRMED
    assert await waiting_hints(world) == set()
    await check_books(world.pool, world.chain)


@pytest.mark.parametrize("with_hint", [True, False])
async def test_a_double_spent_payment_is_gone_and_the_customer_may_pay_again(world, with_hint):
    intent_id, tx_id = await orphaned(world, with_hint=with_hint, remine="drop")
    assert await seen(world, intent_id) == (True, (), Picture.WAITING)
    [shown] = transactions_of((await world.shop.see(intent_id)).payments, world.shop.mode.network)
    assert (shown.tx_id, shown.orphaned, shown.dropped) == (tx_id, True, True)
    again = world.pay(intent_id, 1_000, sender=simulated_address("another customer"))
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, {"reorged"})
    assert (await seen(world, intent_id))[1] == (again,)
    await check_books(world.pool, world.chain)


async def test_it_is_gone_only_when_the_api_says_so(world):
    class Forgetful(SimulatorSource):
        async def transactions(self, tx_ids, **_options):
            return {}

    intent_id, tx_id = await hinted(world)
    await world.mine()
    world.watcher = world.another_watcher(source=Forgetful(world.chain))
    await world.reorg(1, "drop")
    assert await seen(world, intent_id) == (False, (tx_id,), Picture.LOST)


async def test_a_dropped_payment_that_comes_back_is_no_longer_gone(world):
    """A node may drop a transaction that its sender then broadcasts again."""

    class Dropping(SimulatorSource):
        async def transactions(self, tx_ids, **_options):
            return {tx_id: Transaction(tx_id=tx_id, status=TxStatus.DROPPED) for tx_id in tx_ids}

    intent_id, tx_id = await hinted(world)
    await world.mine()
    world.watcher = world.another_watcher(source=Dropping(world.chain))
    await world.reorg(1, "none")
    assert (await seen(world, intent_id))[0] is True
    world.watcher = world.another_watcher()
    await give(world, intent_id, tx_id)
    world.clock.now += 60
    await world.poll()
    assert await seen(world, intent_id) == (False, (tx_id,), Picture.LOST)
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, {"reorged"})
    [payment] = (await world.shop.see(intent_id)).payments
    assert not payment.is_dropped


async def test_a_repeated_hint_is_looked_up_again_but_not_at_every_poll(world):
    intent_id = await world.shop.intent()
    await give(world, intent_id, UNKNOWN_TX)
    await world.poll()
    world.clock.now += 25 * 3_600
    await world.poll()
    assert await waiting_hints(world) == set()
    asked = lookups(world)
    for _ in range(60):
        await give(world, intent_id, UNKNOWN_TX)
        world.clock.now += 5
        await world.poll()
    assert 1 <= len(asked) <= 8


async def test_a_repeated_hint_of_an_ended_lookup_waits_longer_each_time(world):
    intent_id, tx_id = await hinted(world)
    await world.mine()
    await world.reorg(1, "drop")
    asked = lookups(world)
    for _ in range(100):
        await give(world, intent_id, tx_id)
        world.clock.now += 3
        await world.poll()
    assert 3 <= len(asked) <= 8


async def test_a_repeated_hint_of_a_mined_payment_costs_nothing(world):
    intent_id, tx_id = await hinted(world)
    await world.mine()
    asked = lookups(world)
    for _ in range(3):
        await give(world, intent_id, tx_id)
        world.clock.now += 600
        await world.poll()
    assert asked == []


async def test_a_reorganization_of_many_payments_looks_up_only_some_of_each_intent(world):
    """Anyone can send any number of payments to an intent."""
    intent_id = await world.shop.intent(1_000)
    for number in range(20):
        world.pay(intent_id, 1, sender=simulated_address(f"customer {number}"))
    await world.mine()
    await world.reorg(1, "none")
    assert len(await waiting_hints(world)) == MAX_REPLACEMENTS


async def test_payments_of_a_chain_that_was_reset_are_not_waited_for(world):
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 400)
    await world.mine()
    world.chain = open_chain(clock=world.clock, seed="another")
    world.chain.mine(30)
    world.watcher = world.another_watcher()
    await chain_reset.accept(world.pool, OPERATOR, livemode=False, environment=world.shop.environment)
    await world.poll()
    assert await seen(world, intent_id) == (True, (), Picture.WAITING)
