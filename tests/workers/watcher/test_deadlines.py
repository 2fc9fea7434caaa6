"""Deadlines are decided by the scanned chain: no outage and no slow block expires a payment that was on time."""

from datetime import timedelta

import pytest

from chain.simulated import SHOP
from services.books import check_books
from services.shop import SIX_BLOCKS
from sgate.chain.simulator import Kind, Leg, SimulatedTransfer
from workers.watcher.following import World, open_world

EXPIRES_IN_S, GRACE_S, HOLD_S = 900, 300, 1_800


@pytest.fixture
async def world(pool) -> World:
    return await open_world(pool)


async def test_an_unpaid_intent_expires_only_past_deadline_and_grace(world):
    """At exactly deadline plus grace a payment would still be in time, so it is not over yet."""
    intent_id = await world.shop.intent()
    await world.pass_time(EXPIRES_IN_S + GRACE_S)
    assert await world.shop.status(intent_id) == "requires_payment"
    await world.pass_time(1)
    assert await world.shop.state(intent_id) == ("expired", 0, set())
    assert await world.shop.events(intent_id) == ["created", "expired"]
    await check_books(world.pool, world.chain)


async def test_too_little_by_the_deadline_fails(world):
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 999)
    await world.mine()
    await world.pass_time(EXPIRES_IN_S + GRACE_S + 1)
    assert await world.shop.state(intent_id) == ("failed", 999, {"partially_paid"})
    assert await world.shop.events(intent_id) == ["created", "partially_paid", "failed"]
    await check_books(world.pool, world.chain)


async def test_the_last_second_is_in_time_and_the_next_is_late(world):
    in_time, late = await world.shop.intent(), await world.shop.intent()
    world.clock.now += EXPIRES_IN_S + GRACE_S
    world.pay(in_time, 1_000)
    await world.mine()
    world.pay(late, 1_000)
    await world.pass_time(1)
    assert await world.shop.state(in_time) == ("confirmed", 1_000, set())
    assert await world.shop.state(late) == ("expired", 1_000, {"paid_late"})


async def test_the_clock_alone_expires_no_intent(world):
    """Time is taken only from blocks that were read."""
    intent_id = await world.shop.intent()
    world.clock.now += 10 * EXPIRES_IN_S
    await world.poll()
    assert await world.shop.status(intent_id) == "requires_payment"


async def test_what_is_scanned_says_how_late_it_is_though_our_clock_is_far_ahead(world):
    """A lagging server returns a block from before the deadline, long after it: that must expire no intent."""
    intent_id = await world.shop.intent()
    world.chain.mine()
    world.clock.now += 10 * EXPIRES_IN_S
    world.pay(intent_id, 1_000)
    world.chain.mine()
    world.chain.faults.lag_blocks = 1
    assert (await world.poll()).new_blocks == 1
    assert await world.shop.status(intent_id) == "requires_payment"
    await world.clean_poll()
    assert await world.shop.status(intent_id) == "expired"


async def test_an_outage_across_the_deadline_expires_no_intent_paid_in_time(world):
    """Expiry by the server's own clock would reject customers who paid on time during an outage."""
    paid, unpaid, late = [await world.shop.intent() for _ in range(3)]
    world.chain.faults.outage = True
    world.clock.now += EXPIRES_IN_S
    world.pay(paid, 1_000)
    world.chain.mine()
    for _ in range(5):
        world.clock.now += EXPIRES_IN_S
        world.chain.mine(40)
        report = await world.poll()
        assert report.error is not None
        assert report.settled == 0
    world.pay(late, 1_000)
    world.chain.mine()
    assert {await world.shop.status(intent_id) for intent_id in (paid, unpaid, late)} == {"requires_payment"}
    await world.clean_poll()
    assert await world.shop.events(paid) == ["created", "succeeded"]
    assert await world.shop.events(unpaid) == ["created", "expired"]
    assert await world.shop.events(late) == ["created", "expired", "paid_late"]
    await check_books(world.pool, world.chain)


async def test_processing_does_not_last_forever(world):
    """In the NestJS original `processing` never expired: a payment that vanished was waited for eternally."""
    intent_id = await world.shop.intent(policy=SIX_BLOCKS)
    world.pay(intent_id, 1_000)
    await world.mine()
    assert await world.shop.status(intent_id) == "processing"
    await world.reorg(1, "drop")
    assert await world.shop.status(intent_id) == "requires_payment"
    await world.pass_time(EXPIRES_IN_S + GRACE_S + 1)
    assert await world.shop.status(intent_id) == "requires_payment"  # what was mined once may be mined again
    await world.pass_time(HOLD_S)
    assert await world.shop.state(intent_id) == ("failed", 0, {"reorged"})
    assert await world.shop.events(intent_id) == ["created", "processing", "reorged", "failed"]
    await check_books(world.pool, world.chain)


async def test_processing_is_not_ended_by_the_deadline_while_the_money_is_there(world):
    intent_id = await world.shop.intent(policy=SIX_BLOCKS)
    world.pay(intent_id, 1_000)
    await world.mine()
    await world.pass_time(EXPIRES_IN_S + GRACE_S + HOLD_S + 1)
    assert await world.shop.status(intent_id) == "processing"
    await world.mine(4)
    assert await world.shop.status(intent_id) == "confirmed"


async def sight(world, intent_id, tx_id, seen_at):
    await world.pool.execute(
        "INSERT INTO mempool_sightings (tx_id, payment_intent_id, amount_sats, first_seen_at) VALUES ($1, $2, $3, $4)",
        tx_id, intent_id, 1_000, seen_at,
    )  # fmt: skip


async def test_a_sighting_in_time_holds_the_deadline_open_and_makes_its_payment_in_time(world):
    intent_id = await world.shop.intent()
    deadline = (await world.shop.see(intent_id)).intent.terms.in_time_until
    world.clock.now += EXPIRES_IN_S + GRACE_S
    tx_id = world.chain.submit(SimulatedTransfer(recipient=SHOP, amount_sats=1_000, memo=intent_id.encode()))
    await sight(world, intent_id, tx_id, deadline)
    world.chain.mine(include_mempool=False)
    world.clock.now += HOLD_S
    world.chain.mine(include_mempool=False)
    await world.poll()
    assert await world.shop.status(intent_id) == "requires_payment"
    await world.mine()  # one second later than the hold allows: block times rise
    assert await world.shop.state(intent_id) == ("expired", 1_000, {"paid_late"})


async def test_a_payment_seen_in_time_and_mined_within_the_hold_is_in_time(world):
    intent_id = await world.shop.intent()
    deadline = (await world.shop.see(intent_id)).intent.terms.in_time_until
    tx_id = world.pay(intent_id, 1_000)
    await sight(world, intent_id, tx_id, deadline)
    await world.pass_time(EXPIRES_IN_S + GRACE_S + HOLD_S)
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, set())
    assert await world.pool.fetchval("SELECT count(*) FROM mempool_sightings") == 0
    [payment] = (await world.shop.see(intent_id)).payments
    assert payment.first_seen_at == deadline


async def test_a_sighting_that_is_never_mined_does_not_hold_forever(world):
    intent_id = await world.shop.intent()
    seen_at = (await world.shop.see(intent_id)).intent.terms.expires_at
    await sight(world, intent_id, "0x" + "ab" * 32, seen_at)
    await world.pass_time(EXPIRES_IN_S + GRACE_S + HOLD_S)
    assert await world.shop.status(intent_id) == "requires_payment"
    await world.pass_time(1)
    assert await world.shop.status(intent_id) == "expired"


async def test_every_leg_of_a_transaction_keeps_its_own_sighting(world):
    """One transaction, two intents, both seen in time: neither payment is late."""
    one, two = await world.shop.intent(), await world.shop.intent()
    deadline = (await world.shop.see(one)).intent.terms.in_time_until
    tx_id = world.pay(
        one, 1_000, kind=Kind.TRANSFER_MANY, more=(Leg(recipient=SHOP, amount_sats=1_000, memo=two.encode()),)
    )
    await sight(world, one, tx_id, deadline)
    await sight(world, two, tx_id, deadline)
    await world.pass_time(EXPIRES_IN_S + GRACE_S + 60)
    assert await world.shop.state(one) == ("confirmed", 1_000, set())
    assert await world.shop.state(two) == ("confirmed", 1_000, set())


async def test_many_deadlines_at_once_are_all_judged_in_the_end(world, monkeypatch):
    """There are more than one step handles; the rest follow, and none is lost."""
    monkeypatch.setattr("sgate.ledger.decide.MAX_DUE_PER_STEP", 4)
    made = [await world.shop.intent() for _ in range(10)]
    await world.pass_time(EXPIRES_IN_S + GRACE_S + 1)
    await world.poll()
    await world.poll()
    assert {await world.shop.status(intent_id) for intent_id in made} == {"expired"}
    await check_books(world.pool, world.chain)


async def test_next_check_is_the_deadline_then_nothing(world):
    intent_id = await world.shop.intent()
    intent = (await world.shop.see(intent_id)).intent
    assert intent.next_check_time == intent.terms.expires_at + timedelta(seconds=GRACE_S)
    await world.pass_time(EXPIRES_IN_S + GRACE_S + 1)
    intent = (await world.shop.see(intent_id)).intent
    assert (intent.next_check_time, intent.next_check_height) == (None, None)


PRINCIPAL = "/extended/v3/principals/{principal}/transactions"


@pytest.mark.parametrize("status", [404, 410])
async def test_a_removed_endpoint_expires_no_intent_and_is_named(world, status):
    """Headers and memos still arrive, but deposits without a memo and pending payments cannot be seen."""
    intent_id, paid = await world.shop.intent(), await world.shop.intent(policy=SIX_BLOCKS)
    world.pay(paid, 1_000)
    await world.mine(5)
    assert await world.shop.status(paid) == "processing"
    faults = world.chain.faults
    faults.before_answer(lambda asked: faults.fail_next(1, status) if asked == PRINCIPAL else None)
    report = await world.pass_time(EXPIRES_IN_S + GRACE_S + 1)
    assert (report.new_blocks, report.error) == (1, f"{PRINCIPAL}: the simulated server answered {status}")
    assert (await world.shop.status(intent_id), await world.shop.status(paid)) == ("requires_payment", "confirmed")
    await world.clean_poll()
    assert await world.shop.status(intent_id) == "expired"
    await check_books(world.pool, world.chain)
