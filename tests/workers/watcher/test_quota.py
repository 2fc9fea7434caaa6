"""A small budget of calls makes the watcher slow, never stuck: by the real client, against the wire of the Stacks API."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from chain.simulated import ASSET, SHOP, Clock, open_chain
from services.books import check_books
from sgate.chain.hiro.source import HiroSource
from sgate.chain.quota import READ_INTERVALS, Budget, Limits
from sgate.chain.simulator import Kind, Leg, serve, simulated_address
from sgate.runtime.chain_sources import hiro_limits_for
from sgate.store import blocks
from sgate.workers.watcher.watcher import Watcher
from workers.watcher.following import open_world
from workers.watcher.test_mempool import hint

FREE = Limits(per_minute=25, per_month=150_000)
MOST_ROUNDS = 20


class Time:
    """The clock of the budget, which advances only by sleeping."""

    def __init__(self):
        self.now = datetime(2027, 1, 15, tzinfo=UTC)

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
async def metered(pool):
    """A world whose watcher has Hiro's quota for callers without a key, and its budget and clock."""
    chain, time = open_chain(clock=Clock()), Time()
    budget = Budget(FREE, time)
    server = await serve(chain)
    source = HiroSource(server.url, ASSET, sleep=time.sleep, limits=hiro_limits_for([server.url]), budget=budget)
    world = await open_world(pool, chain, source=source, blocks=5)
    world.watcher = Watcher(
        pool=pool, source=source, mode=world.shop.mode, environment=world.shop.environment, allowance=budget
    )
    world.budget, world.time = budget, time
    yield world
    await source.close()
    await server.close()


async def catch_up(world):
    """Poll until nothing is left to read, with the pauses that the watcher's loop would make."""
    for _ in range(MOST_ROUNDS):
        report = await world.poll()
        if report.error is None and not report.more:
            return
        await world.time.sleep(report.retry_after_s or world.budget.interval_s(5.0, busy=True))
    raise AssertionError(f"after {MOST_ROUNDS} rounds: {report}")


async def test_two_hours_of_absence_are_caught_up_with_twenty_five_calls_a_minute(metered):
    world = metered
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    stranger = simulated_address("a payer of somebody else")
    for nth in range(1_400):
        if nth % 4 == 0:
            world.pay(None, 1, recipient=stranger, memo=f"pi_{nth:024x}".encode())
        world.chain.mine()
    await catch_up(world)
    assert await world.shop.status(intent_id) == "confirmed"
    await check_books(world.pool, world.chain)


async def test_a_server_that_asks_to_wait_in_every_poll_is_caught_up_with(metered):
    """Others behind the same address may use up the quota of a minute."""
    world, asked = metered, itertools.count(1)
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    world.chain.mine(1_400)
    faults = world.chain.faults
    faults.before_answer(lambda _: faults.fail_next(1, 429, 45) if next(asked) % 12 == 0 else None)
    await catch_up(world)
    assert await world.shop.status(intent_id) == "confirmed"


async def test_hints_cost_one_call_per_poll_whatever_they_name(metered):
    """Anyone can give hints about large transactions, and about old ones, whose headers are no longer stored."""
    world = metered
    intents = [await world.shop.intent(1_000) for _ in range(10)]
    stranger, crowd = simulated_address("somebody else"), tuple(Leg(recipient=SHOP, amount_sats=1) for _ in range(120))
    large = [world.pay(None, 1, recipient=stranger, kind=Kind.TRANSFER_MANY, more=crowd) for _ in range(20)]
    old = []
    for _ in range(20):
        old.append(world.pay(None, 1, recipient=stranger))
        await world.mine()
    await world.mine(30)
    async with world.pool.acquire() as connection:
        assert await blocks.prune(connection, 10, 1_000) > 20
    await world.pool.execute("UPDATE pay_addresses SET read_at = now() + interval '9 years'")
    for nth, tx_id in enumerate((*large, *old)):
        await hint(world, intents[nth % len(intents)], tx_id)
    before = world.budget.calls
    assert (await world.poll()).error is None
    assert world.budget.calls - before == 2  # the unchanged tip, and the hints
    assert await world.pool.fetchval("SELECT count(*) FROM payment_hints WHERE next_look_at IS NOT NULL") == 0


async def test_a_hint_just_given_does_not_wait_behind_made_up_ones(metered):
    world = metered
    made_up = await world.shop.intent(1_000)
    await world.pool.execute(
        "INSERT INTO payment_hints (payment_intent_id, tx_id, livemode, looks, next_look_at, hinted_at) "
        "SELECT $1, '0x' || lpad(to_hex(n), 64, '0'), FALSE, 1, 'epoch', $2 FROM generate_series(1, 200) AS n",
        made_up, world.shop.environment.now(),
    )  # fmt: skip
    intent_id = await world.shop.intent(1_000)
    await hint(world, intent_id, world.pay(intent_id, 1_000))
    await world.poll()
    assert await world.pool.fetchval("SELECT count(*) FROM mempool_sightings WHERE payment_intent_id = $1", intent_id)


async def test_a_busy_address_costs_no_more_than_there_is_to_spare(metered):
    world = metered
    for number in range(400):
        world.pay(None, number + 1)
        if number % 50 == 0:
            world.chain.mine()
    with world.budget.extra():
        for _ in range(world.budget.spare_calls()):
            world.budget.count()
    world.clock.now += READ_INTERVALS.any.total_seconds() + 1
    await world.mine()
    found = []
    while not found or found[-1] < 400:
        await world.time.sleep(180)
        before, spare = world.budget.calls, world.budget.spare_calls()
        assert (await world.poll()).error is None
        assert world.budget.calls - before <= spare + 1  # one to see that the tip is the same
        found.append(await world.pool.fetchval("SELECT count(*) FROM payments"))
    assert len(set(found)) > 2  # it took several polls
    await check_books(world.pool, world.chain)
