"""The ledger's own rules: the queue, concurrent ledgers, a concurrent cancel, and intents that cannot be decided."""

import asyncio

import msgspec
import pytest

from chain.simulated import SHOP, Clock
from services.books import check_books
from services.crashing import Countdown, CrashingPool
from services.shop import facts_of, open_shop, simulated_mode
from sgate.core import errors
from sgate.core.event import EventType, event_id
from sgate.core.finality import View
from sgate.core.lifecycle import Accept, Cancel, Refund
from sgate.core.payment import Payment
from sgate.ledger import decide as ledger
from sgate.store import chain_cursors, ledger_commands, payment_intents, payments_scan
from sgate.store import ledger_queue as store
from sgate.store.payments_scan import FoundPayment
from store.waiting import until_a_session_waits

HASHES = {height: f"0x{height:064x}" for height in range(1, 30)}


class Desk:
    """A shop, and facts recorded directly instead of by a watcher."""

    def __init__(self, shop):
        self.shop, self.pool, self.clock = shop, shop.pool, shop.clock
        self.height = 0

    async def scan(self, height):
        """Record that the chain is scanned to `height`, at the clock's time."""
        async with self.pool.acquire() as connection:
            cursor = await chain_cursors.ensure(connection, "simulated", livemode=False)
            assert await chain_cursors.advance(connection, cursor, self.view(height), height)
        self.height = height

    def view(self, height):
        now = self.shop.environment.now()
        return View(height=height, index_block_hash=HASHES[height], time=now, tenure_height=1, bitcoin_height=1)

    async def found(self, intent_id, amount_sats=1_000, *, number=1, height=None):
        """Record a payment and queue the intent."""
        height = height or self.height
        now = self.shop.environment.now()
        payment = Payment(
            id=self.shop.environment.new_id("pay"), tx_id=f"0x{number:064x}", event_index=0, amount_sats=amount_sats,
            sender="ST2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKQYAC0RQ", recipient=SHOP, memo=intent_id.encode(),
            block_height=height, block_hash=HASHES[height], index_block_hash=HASHES[height], block_time=now, tx_index=0,
            tenure_height=1, bitcoin_height=1, first_mined_at=now,
        )  # fmt: skip
        found = FoundPayment(payment=payment, merchant_id=self.shop.merchant.id, intent_id=intent_id)
        async with self.pool.acquire() as connection, connection.transaction():
            await payments_scan.include(connection, found, self.view(height), livemode=False)
            await store.queue(connection, [intent_id], livemode=False)
        return payment.id

    async def command(self, intent_id, command):
        async with self.pool.acquire() as connection, connection.transaction():
            await ledger_commands.add(connection, intent_id, command)
            await store.queue(connection, [intent_id], livemode=False)

    async def settle(self, pool=None):
        return await ledger.settle_next(
            pool or self.pool, self.shop.environment, self.shop.mode.public_url, livemode=False
        )

    async def settle_all(self):
        while await self.settle() is not None:
            pass


@pytest.fixture
async def desk(pool) -> Desk:
    desk = Desk(await open_shop(pool, Clock()))
    await desk.scan(10)
    return desk


async def test_a_decision_is_made_once_and_the_queue_is_empty(desk):
    intent_id = await desk.shop.intent()
    await desk.found(intent_id)
    assert await desk.settle() == intent_id
    assert await desk.settle() is None
    assert await desk.shop.events(intent_id) == ["created", "succeeded"]
    await check_books_of(desk)


async def check_books_of(desk):
    assert await desk.pool.fetchval("SELECT count(*) FROM ledger_queue") == 0
    await desk.pool.execute("UPDATE chain_cursors SET scanned_height = scanned_height")
    await desk.pool.execute(
        "INSERT INTO blocks SELECT FALSE, scanned_height, scanned_hash, scanned_hash, scanned_hash, scanned_time, 1, 1 "
        "FROM chain_cursors ON CONFLICT DO NOTHING"
    )
    await check_books(desk.pool)


async def test_deciding_again_without_new_facts_changes_and_announces_nothing(desk):
    intent_id = await desk.shop.intent()
    await desk.found(intent_id)
    await desk.settle_all()
    before = await desk.pool.fetch("SELECT * FROM payment_intents")
    for _ in range(3):
        async with desk.pool.acquire() as connection:
            await store.queue(connection, [intent_id], livemode=False)
        await desk.settle_all()
    assert await desk.pool.fetch("SELECT * FROM payment_intents") == before
    assert await desk.shop.events(intent_id) == ["created", "succeeded"]


async def test_the_order_in_which_facts_are_learned_does_not_matter(desk):
    one, two = await desk.shop.intent(), await desk.shop.intent()
    await desk.found(one, 400, number=1, height=8)
    await desk.settle_all()
    await desk.found(one, 600, number=2, height=9)
    await desk.found(two, 600, number=4, height=9)
    await desk.settle_all()
    await desk.found(two, 400, number=3, height=8)
    await desk.settle_all()
    assert await desk.shop.state(one) == await desk.shop.state(two) == ("confirmed", 1_000, set())


async def test_two_ledgers_at_once_decide_each_intent_once(desk):
    made = [await desk.shop.intent() for _ in range(20)]
    for number, intent_id in enumerate(made):
        await desk.found(intent_id, number=number + 1)
    await asyncio.gather(*(desk.settle_all() for _ in range(4)))
    for intent_id in made:
        assert await desk.shop.events(intent_id) == ["created", "succeeded"]
    await check_books_of(desk)


async def test_a_fact_learned_while_its_intent_is_being_decided_is_decided_afterwards(desk):
    """The facts are read and the queue row is about to be deleted when the watcher queues the intent again.

    The intent must stay queued.
    """
    intent_id = await desk.shop.intent()
    await desk.found(intent_id, 400, number=1)
    async with desk.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        assert await store.take(connection, livemode=False) == intent_id
        await decide(desk, connection, intent_id)
        learning = asyncio.create_task(desk.found(intent_id, 600, number=2))
        await until_a_session_waits(desk.pool)
        await store.done(connection, intent_id)
        await transaction.commit()
    await learning
    assert await desk.settle() == intent_id
    assert await desk.shop.state(intent_id) == ("confirmed", 1_000, set())


async def decide(desk, connection, intent_id):
    intent = await payment_intents.lock(connection, intent_id)
    await ledger.decide(connection, desk.shop.environment, intent, desk.shop.mode.public_url)


async def test_status_and_webhook_are_saved_together_or_not_at_all(desk):
    """The NestJS original could save the status and lose the webhook. Here, a crash is tried at every statement."""
    clean = Countdown()
    intent_id = await desk.shop.intent()
    await desk.found(intent_id, number=1)
    await desk.settle(CrashingPool(desk.pool, clean))
    assert "COMMIT" in clean.seen
    for number in range(1, len(clean.seen) + 1):
        intent_id = await desk.shop.intent()
        await desk.found(intent_id, number=100 + number)
        with pytest.raises(ConnectionResetError):
            await desk.settle(CrashingPool(desk.pool, Countdown(number)))
        assert await desk.shop.state(intent_id) == ("requires_payment", 0, set())
        assert await desk.shop.events(intent_id) == ["created"]
        assert await desk.settle() == intent_id
        assert await desk.shop.events(intent_id) == ["created", "succeeded"]
    await check_books_of(desk)


async def test_an_event_has_one_delivery_for_each_endpoint_subscribed_to_it(desk):
    await desk.shop.endpoint("payment_intent.succeeded")
    await desk.shop.endpoint("payment_intent.expired")
    intent_id = await desk.shop.intent()
    await desk.found(intent_id)
    await desk.settle_all()
    rows = await desk.pool.fetch(
        "SELECT v.type, count(d.id) FROM events v LEFT JOIN webhook_deliveries d ON d.event_id = v.id GROUP BY v.type"
    )
    assert {row["type"]: row["count"] for row in rows} == {
        "payment_intent.created": 1,
        "payment_intent.succeeded": 2,
    }


async def test_a_disabled_endpoint_gets_its_deliveries_to_be_held_and_a_deleted_one_none(desk):
    await desk.pool.execute("UPDATE webhook_endpoints SET disabled_at = now(), disabled_reason = 'by a test'")
    await desk.shop.endpoint()
    await desk.pool.execute("UPDATE webhook_endpoints SET deleted_at = now() WHERE disabled_at IS NULL")
    await desk.shop.intent()
    assert await desk.pool.fetchval("SELECT count(*) FROM webhook_deliveries") == 1


async def test_an_intent_that_cannot_be_decided_is_postponed_and_does_not_block_the_others(desk):
    """A bug in sGate (here a command that cannot be decoded) must not block other payments."""
    broken, fine = await desk.shop.intent(), await desk.shop.intent()
    await desk.pool.execute(
        'INSERT INTO ledger_commands (payment_intent_id, command) VALUES ($1, \'{"type": "rubbish"}\')', broken
    )
    await desk.found(broken, number=1)
    await desk.found(fine, number=2)
    with pytest.raises(ledger.Undecided) as caught:
        await desk.settle()
    assert caught.value.intent_id == broken
    assert caught.value.__cause__ is not None
    assert await desk.settle() == fine
    assert await desk.settle() is None
    assert await desk.shop.status(fine) == "confirmed"
    assert await desk.shop.events(broken) == ["created"]
    await desk.pool.execute("DELETE FROM ledger_commands")
    await desk.pool.execute("UPDATE ledger_queue SET queued_at = now()")
    await desk.settle_all()
    assert await desk.shop.status(broken) == "confirmed"


async def test_an_illegal_move_changes_nothing(desk):
    intent_id = await desk.shop.intent()
    await desk.pool.execute(
        "UPDATE payment_intents SET status = 'expired', next_check_time = NULL WHERE id = $1", intent_id
    )
    async with desk.pool.acquire() as connection:
        await store.queue(connection, [intent_id], livemode=False)
    with pytest.raises(ledger.Undecided) as caught:  # the facts say: still waiting
        await desk.settle()
    assert isinstance(caught.value.__cause__, ledger.IllegalMove)
    assert await desk.shop.status(intent_id) == "expired"
    assert await desk.shop.events(intent_id) == ["created"]


async def test_the_database_refuses_a_second_success_whatever_the_code_does(desk):
    """The history is lost (as by a bug), but the partial unique index holds."""
    intent_id = await desk.shop.intent()
    await desk.found(intent_id)
    await desk.settle_all()
    await desk.pool.execute(
        "UPDATE payment_intents SET status = 'requires_payment', confirmed_at = NULL, next_check_time = now()"
    )
    async with desk.pool.acquire() as connection:
        await store.queue(connection, [intent_id], livemode=False)
    with pytest.raises(ledger.Undecided):
        await desk.settle()
    assert (await desk.shop.events(intent_id)).count("succeeded") == 1


# --- commands


async def test_a_cancel_is_refused_once_a_payment_is_known(desk):
    intent_id = await desk.shop.intent(1_000)
    await desk.found(intent_id, 1)
    with pytest.raises(errors.PaymentIntentNotCancelable):  # known, though not decided yet
        await desk.shop.cancel(intent_id)
    await desk.settle_all()
    with pytest.raises(errors.PaymentIntentNotCancelable):
        await desk.shop.cancel(intent_id)
    assert await desk.shop.state(intent_id) == ("requires_payment", 1, {"partially_paid"})


async def test_a_cancel_and_a_payment_at_the_same_time_end_in_one_of_two_right_ways(desk):
    for number in range(1, 15):
        intent_id = await desk.shop.intent()
        outcomes = await asyncio.gather(
            desk.shop.cancel(intent_id), desk.found(intent_id, number=number), desk.settle_all(), return_exceptions=True
        )
        await desk.settle_all()
        if isinstance(outcomes[0], errors.PaymentIntentNotCancelable):
            assert await desk.shop.state(intent_id) == ("confirmed", 1_000, set())
        else:
            assert outcomes[0] is None
            assert await desk.shop.state(intent_id) == ("canceled", 1_000, {"paid_after_cancel"})
    await check_books_of(desk)


async def test_two_cancels_at_once_cancel_once(desk):
    intent_id = await desk.shop.intent()
    outcomes = await asyncio.gather(*(desk.shop.cancel(intent_id) for _ in range(3)), return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert all(outcome is None or isinstance(outcome, errors.PaymentIntentNotCancelable) for outcome in outcomes)
    assert await desk.shop.events(intent_id) == ["created", "canceled"]
    await check_books_of(desk)


async def test_a_cancel_before_the_chain_was_ever_scanned(pool):
    shop = await open_shop(pool, Clock())
    intent_id = await shop.intent()
    await shop.cancel(intent_id)
    assert await shop.events(intent_id) == ["created", "canceled"]


async def test_a_merchant_cannot_cancel_the_intent_of_another(desk):
    other = await open_shop(desk.pool, desk.clock, pay_address=None, mode=simulated_mode(), name="Other")
    intent_id = await desk.shop.intent()
    with pytest.raises(errors.PaymentIntentNotFound):
        await other.cancel(intent_id)
    assert await desk.shop.status(intent_id) == "requires_payment"


async def test_accepted_money_counts_from_then_on(desk):
    intent_id = await desk.shop.intent()
    await desk.shop.cancel(intent_id)
    payment_id = await desk.found(intent_id)
    await desk.settle_all()
    assert await desk.shop.state(intent_id) == ("canceled", 1_000, {"paid_after_cancel"})
    await desk.command(intent_id, Accept(at=desk.shop.environment.now_ms(), payment_ids=(payment_id,)))
    await desk.settle_all()
    assert await desk.shop.status(intent_id) == "confirmed"
    assert await desk.shop.events(intent_id) == ["created", "canceled", "paid_after_cancel", "succeeded"]
    await check_books_of(desk)


async def test_refunded_money_never_counts(desk):
    intent_id = await desk.shop.intent()
    await desk.shop.cancel(intent_id)
    payment_id = await desk.found(intent_id)
    at = desk.shop.environment.now_ms()
    await desk.command(intent_id, Refund(at=at, payment_id=payment_id, tx_id="0x" + "cd" * 32))
    await desk.settle_all()
    assert await desk.shop.status(intent_id) == "canceled"
    assert "succeeded" not in await desk.shop.events(intent_id)


async def test_commands_come_back_from_the_table_as_they_went_in_and_in_order(desk):
    intent_id, at = await desk.shop.intent(), desk.shop.environment.now_ms()
    given = (
        Cancel(at=at),
        Accept(at=at, payment_ids=("pay_1", "pay_2")),
        Refund(at=at, payment_id="pay_1", tx_id="0x" + "cd" * 32),
    )
    for command in given:
        await desk.command(intent_id, command)
    assert (await facts_of(desk.pool, intent_id)).commands == given


async def test_an_event_carries_the_object_as_it_was_then(desk):
    intent_id = await desk.shop.intent(1_000)
    await desk.found(intent_id, 2_500)
    await desk.settle_all()
    rows = await desk.pool.fetch("SELECT type, payload::text FROM events WHERE object_id IS NULL ORDER BY sequence")
    seen = [(row["type"], msgspec.json.decode(row["payload"])) for row in rows]
    assert [(kind, shown["status"], shown["sequence"], shown["amount_received_sats"]) for kind, shown in seen] == [
        (EventType.CREATED, "requires_payment", 1, 0),
        (EventType.SUCCEEDED, "confirmed", 2, 2_500),
        (EventType.OVERPAID, "confirmed", 3, 2_500),
    ]


async def held_events(desk):
    rows = await desk.pool.fetch("SELECT payload::text FROM events WHERE type = 'payment.held' ORDER BY position")
    shown = [msgspec.json.decode(row["payload"]) for row in rows]
    return [(one["id"], one["held_reason"], one["amount_sats"], one["payment_intent"]) for one in shown]


async def test_each_payment_after_the_first_is_announced_once_although_the_intent_shows_nothing_new(desk):
    intent_id = await desk.shop.intent(1_000)
    ids = []
    for number in range(1, 5):
        ids.append(await desk.found(intent_id, number=number, height=number))
        await desk.settle_all()
        await desk.settle_all()
    assert await held_events(desk) == [(one, "duplicate", 1_000, intent_id) for one in ids[1:]]
    assert await desk.shop.events(intent_id) == ["created", "succeeded", "duplicate_payment"]


async def test_money_for_a_canceled_intent_is_announced_again_after_an_earlier_payment_was_accepted(desk):
    intent_id = await desk.shop.intent(1_000)
    await desk.shop.cancel(intent_id)
    first = await desk.found(intent_id, number=1)
    await desk.settle_all()
    await desk.command(intent_id, Accept(at=desk.shop.environment.now(), payment_ids=(first,)))
    await desk.settle_all()
    second = await desk.found(intent_id, number=2)
    await desk.settle_all()
    assert await held_events(desk) == [
        (first, "after_cancel", 1_000, intent_id),
        (second, "after_cancel", 1_000, intent_id),
    ]


async def test_an_event_of_the_same_type_gets_another_id_and_a_repeated_decision_none(desk):
    one, other = await desk.shop.intent(), await desk.shop.intent()
    for intent_id, number in ((one, 1), (other, 2)):
        await desk.found(intent_id, number=number)
        await desk.settle_all()
    ids = [row["id"] for row in await desk.pool.fetch("SELECT id FROM events")]
    assert len(set(ids)) == len(ids) == 4
    assert event_id(one, EventType.SUCCEEDED, 1) in ids
