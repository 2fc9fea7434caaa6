"""Ledger verification: a clean ledger passes, and any tampering is reported."""

from datetime import timedelta

import pytest

from sgate.chain.simulator import simulated_address
from sgate.ledger import replay
from sgate.store import ledger_queue
from workers.watcher.following import open_world

INTENT = "UPDATE payment_intents SET {} WHERE id = $1"
STEP = "UPDATE ledger_decisions SET {} WHERE payment_intent_id = $1"
ELSEWHERE = """before = jsonb_set(before::jsonb, '{status}', '"canceled"')::json"""

# Changes behind the ledger's back, and what the check reports about each.
TAMPERINGS = {
    "a status": (INTENT.format("status = 'expired', next_check_height = NULL"), "status is expired"),
    "an amount": (INTENT.format("amount_received_sats = 5000"), "amount_received_sats is 5000"),
    "a sequence": (INTENT.format("sequence = 9"), "the sequence is 9"),
    "an event": (
        "UPDATE events SET type = 'payment_intent.failed' WHERE payment_intent_id = $1 AND sequence = 2",
        "the stored ones are",
    ),
    "a decision that is gone": ("DELETE FROM ledger_decisions WHERE payment_intent_id = $1", "the path ends at"),
    "a decision's events": (STEP.format("events = '{}'"), "the due events are"),
    "a decision's beginning": (STEP.replace("{}", ELSEWHERE), "it begins at canceled"),
    "a payment": ("UPDATE payments SET status = 'orphaned' WHERE payment_intent_id = $1", "its facts say"),
}


@pytest.fixture
async def world(pool):
    """Intents in every state, with a reorganization in their past."""
    world = await open_world(pool)
    paid, part, over, canceled = [await world.shop.intent(1_000) for _ in range(4)]
    await world.shop.intent(1_000, expires_in_s=86_400)
    for intent_id, amount_sats in ((paid, 1_000), (part, 400), (over, 1_500)):
        world.pay(intent_id, amount_sats)
    await world.shop.cancel(canceled)
    await world.mine()
    await world.reorg(2, "none")
    await world.mine()
    await world.pass_time(7_200)
    world.paid = paid
    return world


async def checked(pool):
    return [item async for item in replay.check(pool)]


async def test_clean_books_agree(pool, world):
    assert await replay.count(pool) == 5
    items = await checked(pool)
    assert [item.differences for item in items] == [()] * 5
    assert not any(item.waiting for item in items)


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_what_is_tampered_with_is_reported(pool, world, name):
    statement, sentence = TAMPERINGS[name]
    await pool.execute(statement, world.paid)
    wrong = [item for item in await checked(pool) if item.differences]
    assert [item.intent_id for item in wrong] == [world.paid]
    assert any(sentence in difference for difference in wrong[0].differences), wrong[0].differences


async def test_a_decision_that_is_still_due_is_no_difference(pool, world):
    await pool.execute("INSERT INTO ledger_queue (payment_intent_id, livemode) VALUES ($1, FALSE)", world.paid)
    await pool.execute("UPDATE payments SET status = 'orphaned' WHERE payment_intent_id = $1", world.paid)
    [item] = [item for item in await checked(pool) if item.waiting]
    assert (item.intent_id, item.differences) == (world.paid, ())


async def test_books_larger_than_a_batch(pool, world, monkeypatch):
    monkeypatch.setattr(replay, "BATCH", 2)
    assert len(await checked(pool)) == 5


@pytest.mark.parametrize("amounts", [(2**63 - 1, 1), (2**63 - 1, 2**63 - 1), (2**62, 2**62), (2**62, 2**62 - 1)])
async def test_payments_that_sum_to_more_than_can_be_stored_are_reported_until_they_can_be_decided(pool, amounts):
    """Only the simulated chain has that many sats."""
    world = await open_world(pool)
    intent_id, other = await world.shop.intent(1_000), await world.shop.intent(1_000)
    for number, amount_sats in enumerate(amounts):
        world.pay(intent_id, amount_sats, sender=simulated_address(f"customer {number}"))
    world.pay(other, 1_000)
    await world.mine()
    assert await world.shop.status(other) == "confirmed"
    wrong = {item.intent_id: item.differences for item in await checked(pool) if item.differences}
    async with pool.acquire() as connection:
        count = await ledger_queue.count_undecided(connection)
    if sum(amounts) < 2**63:
        assert (wrong, count) == ({}, 0)
        return
    assert (wrong.keys(), count) == ({intent_id}, 1)
    assert f"sum to {sum(amounts)} sats" in wrong[intent_id][0]
    await world.reorg(1, "drop")
    await pool.execute("UPDATE ledger_queue SET queued_at = now()")  # instead of waiting for a minute
    await world.poll()
    assert [item.differences for item in await checked(pool)] == [(), ()]
    async with pool.acquire() as connection:
        assert await ledger_queue.count_undecided(connection) == 0


async def test_an_intent_that_cannot_be_decided_for_another_reason_is_reported_too(pool, world):
    async with pool.acquire() as connection:
        await ledger_queue.queue(connection, [world.paid], livemode=False)
        await ledger_queue.postpone(connection, world.paid, timedelta(minutes=1))
    [wrong] = [item for item in await checked(pool) if item.differences]
    assert (wrong.intent_id, wrong.waiting) == (world.paid, True)
    assert "intent_undecided" in wrong.differences[0]
