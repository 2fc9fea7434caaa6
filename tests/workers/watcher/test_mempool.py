"""Hints of wallets: verified on the chain, shown as seen, waited for a while, and never trusted."""

import contextlib

import msgspec
import pytest

from chain.simulated import OTHER_SHOP, SHOP
from services.books import check_books
from sgate.chain.simulator import Kind, SimulatedTransfer, SimulatorSource, simulated_address
from sgate.core.finality import Finality
from sgate.objects.public_intent import public_intent
from sgate.store import payment_hints
from sgate.workers.watcher.mempool import MAX_REPLACEMENTS
from sgate.workers.watcher.watcher import Watcher
from workers.watcher.following import World, open_world

UNKNOWN_TX = "0x" + "ab" * 32


@pytest.fixture
async def world(pool) -> World:
    return await open_world(pool)


async def hint(world, intent_id, tx_id):
    now = world.shop.environment.now()
    async with world.pool.acquire() as connection:
        assert await payment_hints.add(connection, intent_id, tx_id, MAX_REPLACEMENTS, now, livemode=False)


async def hinted(world, amount_sats=1_000, **fields):
    """Return an intent, and a pending payment for it with a hint."""
    intent_id = await world.shop.intent(1_000)
    tx_id = world.pay(intent_id, amount_sats, **fields)
    await hint(world, intent_id, tx_id)
    return intent_id, tx_id


async def finality(world, intent_id):
    seen = await world.shop.see(intent_id)
    return public_intent(seen, world.shop.mode, world.shop.environment.now(), private=False).finality


async def sightings(world):
    """(intent, transaction) of each payment that is seen now."""
    rows = await world.pool.fetch("SELECT payment_intent_id, tx_id FROM mempool_sightings")
    return [tuple(row) for row in rows]


async def waiting_hints(world):
    rows = await world.pool.fetch("SELECT tx_id FROM payment_hints WHERE next_look_at IS NOT NULL")
    return {row["tx_id"] for row in rows}


async def test_a_waiting_payment_is_seen_and_nothing_more(world):
    intent_id, tx_id = await hinted(world)
    assert await finality(world, intent_id) is None
    await world.poll()
    assert await sightings(world) == [(intent_id, tx_id)]
    assert await finality(world, intent_id) is Finality.SEEN
    assert await world.shop.state(intent_id) == ("requires_payment", 0, set())
    assert await world.shop.payments() == []
    await check_books(world.pool)


async def test_a_seen_payment_that_is_mined_counts_and_its_hint_has_served(world):
    intent_id, _ = await hinted(world)
    await world.poll()
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, set())
    assert await waiting_hints(world) == set()
    await check_books(world.pool, world.chain)


async def test_seen_in_time_and_mined_late_is_in_time(world):
    intent_id, tx_id = await hinted(world)
    seen_at = world.shop.environment.now()
    await world.poll()
    deadline = (await world.shop.see(intent_id)).intent.terms.expires_at.timestamp()
    world.clock.now = deadline + 300
    world.chain.mine(include_mempool=False)
    await world.poll()
    assert await world.shop.status(intent_id) == "requires_payment"
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, set())
    [payment] = (await world.shop.see(intent_id)).payments
    assert (payment.tx_id, payment.first_seen_at) == (tx_id, seen_at)
    await check_books(world.pool, world.chain)


async def test_the_deadline_is_held_for_a_while_and_no_longer(world):
    intent_id, _ = await hinted(world)
    await world.poll()
    terms = (await world.shop.see(intent_id)).intent.terms
    world.clock.now = terms.in_time_until.timestamp() + terms.seen_hold_s - 60
    world.chain.mine(include_mempool=False)
    await world.poll()
    assert await world.shop.status(intent_id) == "requires_payment"
    world.clock.now += 120
    world.chain.mine(include_mempool=False)
    await world.poll()
    assert await world.shop.status(intent_id) == "expired"


async def test_a_seen_payment_does_not_block_a_cancel(world):
    intent_id, _ = await hinted(world)
    await world.poll()
    await world.shop.cancel(intent_id)
    assert await world.shop.status(intent_id) == "canceled"


async def test_a_replaced_payment_is_not_seen_any_more_and_the_new_one_is_followed(world):
    intent_id, old = await hinted(world)
    await world.poll()
    new = world.chain.replace(old, SimulatedTransfer(recipient=SHOP, amount_sats=1_000, memo=intent_id.encode()))
    world.clock.now += 60
    await world.poll()
    assert await waiting_hints(world) == {new}
    await world.poll()
    assert await sightings(world) == [(intent_id, new)]
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, set())


async def test_a_replacement_that_pays_someone_else_leaves_nothing(world):
    intent_id, old = await hinted(world)
    await world.poll()
    world.chain.replace(old, SimulatedTransfer(recipient=OTHER_SHOP, amount_sats=1_000, memo=None))
    world.clock.now += 60
    await world.poll()
    await world.poll()
    assert await sightings(world) == []
    assert await finality(world, intent_id) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"recipient": OTHER_SHOP},
        {"kind": Kind.OTHER_ASSET},
        {"kind": Kind.ROUTER},
        {"kind": Kind.STX},
    ],
    ids=str,
)
async def test_what_does_not_call_the_token_for_this_intent_is_not_seen(world, fields):
    intent_id, _ = await hinted(world, **fields)
    await world.poll()
    assert await sightings(world) == []
    assert await finality(world, intent_id) is None


async def test_the_payment_of_another_intent_or_without_memo_is_not_seen(world):
    mine, other = await world.shop.intent(), await world.shop.intent()
    await hint(world, mine, world.pay(other, 1_000))
    await hint(world, mine, world.pay(None, 1_000, sender=simulated_address("another customer")))
    await world.poll()
    assert await sightings(world) == []


class Boastful(SimulatorSource):
    """A call can name any amount: the mempool accepts it, but the contract never will."""

    amount_sats = 0

    async def transactions(self, tx_ids, **options):
        known = await super().transactions(tx_ids, **options)
        return {tx_id: self._boast(transaction) for tx_id, transaction in known.items()}

    def _boast(self, transaction):
        if transaction.intention is None:
            return transaction
        intention = msgspec.structs.replace(transaction.intention, amount_sats=self.amount_sats)
        return msgspec.structs.replace(transaction, intention=intention)


@pytest.mark.parametrize("amount_sats", [0, 2_100_000_000_000_001, 2**63, 2**128 - 1])
async def test_an_impossible_amount_is_not_seen_and_stops_no_other(world, amount_sats):
    intent_id, _ = await hinted(world)
    other, seen = await hinted(world, sender=simulated_address("another customer"))
    boastful = Boastful(world.chain)
    boastful.amount_sats = amount_sats
    world.watcher = world.another_watcher(source=boastful)
    assert (await world.poll()).error is None
    assert await sightings(world) == []
    world.watcher = world.another_watcher()
    world.clock.now += 60
    await world.poll()
    assert (other, seen) in await sightings(world)
    assert await finality(world, intent_id) is Finality.SEEN


async def test_a_failed_transaction_is_not_seen_any_more(world):
    intent_id, _ = await hinted(world, kind=Kind.ABORT_BY_RESPONSE)
    await world.poll()
    assert await finality(world, intent_id) is Finality.SEEN
    world.clock.now += 60
    await world.mine()
    assert await finality(world, intent_id) is None
    assert await waiting_hints(world) == set()
    assert await world.shop.state(intent_id) == ("requires_payment", 0, set())


async def test_an_unknown_transaction_is_checked_ever_more_rarely_and_given_up(world):
    intent_id = await world.shop.intent()
    await hint(world, intent_id, UNKNOWN_TX)
    asked = []
    world.chain.faults.before_answer(lambda endpoint: asked.append(endpoint) if "multiple" in endpoint else None)
    await world.poll()
    await world.poll()
    assert len(asked) == 1
    world.clock.now += 3
    await world.poll()
    assert len(asked) == 2
    world.clock.now += 25 * 3600
    await world.poll()
    assert await waiting_hints(world) == set()
    world.clock.now += 3600
    await world.poll()
    assert len(asked) == 3


class Forgetful(SimulatorSource):
    """A replica whose mempool is empty."""

    async def transactions(self, tx_ids, **_options):
        return {}


async def test_a_replica_that_does_not_know_the_transaction_does_not_lose_the_sighting(world):
    intent_id, tx_id = await hinted(world)
    await world.poll()
    world.clock.now += 60
    world.watcher = world.another_watcher(source=Forgetful(world.chain))
    await world.poll()
    assert await sightings(world) == [(intent_id, tx_id)]
    assert await finality(world, intent_id) is Finality.SEEN


async def test_a_hinted_deposit_without_memo_is_in_the_inbox_at_once(pool):
    """The address was read a moment ago and is not due: only the hint leads to it."""
    world = await open_world(pool)
    intent_id = await world.shop.intent()
    await world.poll()
    tx_id = world.pay(None, 700)
    await world.mine()
    assert await world.shop.payments() == []
    await hint(world, intent_id, tx_id)
    await world.poll()
    [deposit] = await world.shop.payments()
    assert (deposit["tx_id"], deposit["payment_intent_id"], deposit["amount_sats"]) == (tx_id, None, 700)
    assert await world.shop.state(intent_id) == ("requires_payment", 0, set())


class Penniless:
    """An allowance of nothing."""

    def spare_calls(self):
        return 0

    def extra(self):
        return contextlib.nullcontext()


async def test_without_budget_hints_wait(world):
    intent_id, tx_id = await hinted(world)
    asked = []
    world.chain.faults.before_answer(asked.append)
    poor = Watcher(
        pool=world.pool,
        source=SimulatorSource(world.chain),
        mode=world.shop.mode,
        environment=world.shop.environment,
        allowance=Penniless(),
    )
    await poor.run_once()
    assert not any("multiple" in endpoint for endpoint in asked)
    assert (await sightings(world), await waiting_hints(world)) == ([], {tx_id})
    await world.poll()
    assert any("multiple" in endpoint for endpoint in asked)
    assert await sightings(world) == [(intent_id, tx_id)]
