"""A transaction that does something else when a reorganization mines it again: it counts for where its funds are now.

In each of these the same transfer event, in the same transaction, goes to another address or names another intent.
"""

import pytest

from chain.simulated import Clock, open_chain
from services.books import check_books
from services.shop import SIX_BLOCKS, open_shop
from sgate.chain.simulator import SimulatorSource, simulated_address
from workers.watcher.following import open_world
from workers.webhooks.rerouted import Rerouted

RIVAL = simulated_address("another merchant here")
STRANGER = simulated_address("nobody here")


@pytest.fixture
async def source():
    chain = open_chain(clock=Clock())
    chain.mine(25)
    return Rerouted(SimulatorSource(chain))


@pytest.fixture
async def world(pool, source):
    return await open_world(pool, source._inner._chain, source=source)


@pytest.fixture
async def rival(pool, world):
    return await open_shop(
        pool, world.clock, mode=world.shop.mode, pay_address=RIVAL, name="Another merchant", with_endpoint=False
    )


async def included(world):
    return [payment for payment in await world.shop.payments() if payment["status"] == "included"]


async def mined_otherwise(world, source, tx_id, **fields):
    """One block is replaced; in the new one the transaction does something else."""
    source.otherwise[tx_id] = fields
    report = await world.reorg(1, "same")
    assert report.error is None
    assert report.reorged_from is not None


async def test_money_that_now_goes_to_another_merchant_never_confirms(pool, world, source, rival):
    intent = await world.shop.intent(1_000, policy=SIX_BLOCKS)
    tx_id = world.pay(intent, 1_000)
    await world.mine()
    assert await world.shop.status(intent) == "processing"
    await mined_otherwise(world, source, tx_id, recipient=RIVAL)
    await world.mine(8)
    assert await world.shop.state(intent) == ("requires_payment", 0, {"reorged"})
    assert "succeeded" not in await world.shop.events(intent)
    [payment] = await included(world)
    assert (payment["recipient"], str(payment["merchant_id"])) == (RIVAL, rival.merchant.id)
    assert payment["payment_intent_id"] is None
    await check_books(pool)


async def test_a_confirmed_intent_whose_money_now_goes_to_another_merchant_is_reorged(pool, world, source, rival):
    intent = await world.shop.intent(1_000)
    tx_id = world.pay(intent, 1_000)
    await world.mine()
    assert await world.shop.status(intent) == "confirmed"
    await mined_otherwise(world, source, tx_id, recipient=RIVAL)
    assert await world.shop.state(intent) == ("requires_payment", 0, {"reorged"})
    assert await world.shop.events(intent) == ["created", "succeeded", "reorged"]
    await check_books(pool)


async def test_money_that_now_goes_to_nobody_here_is_taken_back(pool, world, source):
    intent = await world.shop.intent(1_000)
    tx_id = world.pay(intent, 1_000)
    await world.mine()
    await mined_otherwise(world, source, tx_id, recipient=STRANGER)
    await world.mine(2)
    assert await world.shop.state(intent) == ("requires_payment", 0, {"reorged"})
    assert await included(world) == []
    await check_books(pool)


async def test_money_that_now_names_another_intent_pays_that_one_and_no_longer_the_first(pool, world, source):
    first, second = await world.shop.intent(1_000), await world.shop.intent(1_000)
    tx_id = world.pay(first, 1_000)
    await world.mine()
    await mined_otherwise(world, source, tx_id, memo=second.encode())
    await world.mine(2)
    assert await world.shop.state(first) == ("requires_payment", 0, {"reorged"})
    assert await world.shop.events(first) == ["created", "succeeded", "reorged"]
    assert await world.shop.state(second) == ("confirmed", 1_000, set())
    assert await world.shop.events(second) == ["created", "succeeded"]
    await check_books(pool)


async def test_money_that_goes_away_and_comes_back_reconfirms_and_succeeds_once(pool, world, source, rival):
    intent = await world.shop.intent(1_000)
    tx_id = world.pay(intent, 1_000)
    await world.mine()
    await mined_otherwise(world, source, tx_id, recipient=RIVAL)
    await mined_otherwise(world, source, tx_id)
    assert await world.shop.state(intent) == ("confirmed", 1_000, {"reorged"})
    assert await world.shop.events(intent) == ["created", "succeeded", "reorged", "reconfirmed"]
    [payment] = await included(world)
    assert (payment["payment_intent_id"], str(payment["merchant_id"])) == (intent, world.shop.merchant.id)
    await check_books(pool)


async def test_less_money_than_before_counts_as_what_it_is_now(pool, world, source):
    intent = await world.shop.intent(1_000)
    tx_id = world.pay(intent, 1_000)
    await world.mine()
    await mined_otherwise(world, source, tx_id, amount_sats=400)
    assert (await world.shop.state(intent))[:2] == ("requires_payment", 400)
    assert [payment["amount_sats"] for payment in await included(world)] == [400]
    await check_books(pool)


async def test_an_expired_intent_that_the_money_moves_to_learns_of_it(pool, world, source):
    expired = await world.shop.intent(1_000, expires_in_s=60)
    await world.pass_time(3_600)
    assert await world.shop.status(expired) == "expired"
    paid = await world.shop.intent(1_000)
    tx_id = world.pay(paid, 1_000)
    await world.mine()
    await mined_otherwise(world, source, tx_id, memo=expired.encode())
    assert await world.shop.status(paid) == "requires_payment"
    [payment] = await included(world)
    assert payment["payment_intent_id"] == expired
    assert (await world.shop.state(expired))[1:] != (0, set())
    await check_books(pool)
