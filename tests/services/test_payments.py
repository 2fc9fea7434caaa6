"""Decisions of a merchant about waiting payments: assign, accept, mark as refunded."""

import asyncio

import msgspec
import pytest

from chain.simulated import OTHER_SHOP
from services.books import check_books
from services.shop import ACTOR, open_shop
from sgate.core import errors
from sgate.services.payments import Payments
from workers.watcher.following import GATEWAY, open_world
from workers.watcher.test_deposits import SECONDS

REFUND = "0x" + "ab" * 32


class Decisions:
    """A world with a shop, and the decisions of its merchant."""

    def __init__(self, world):
        self.world, self.shop = world, world.shop
        self.payments = Payments(world.pool, {False: world.shop.mode}, world.shop.cipher, world.shop.environment)

    async def deposit(self, amount_sats, **fields):
        """Make an unmatched deposit and return its id."""
        self.world.pay(None, amount_sats, **fields)
        await self.world.pass_time(SECONDS)
        await self.world.poll()
        return await self.world.pool.fetchval(
            "SELECT id FROM payments WHERE amount_sats = $1 AND payment_intent_id IS NULL", amount_sats
        )

    async def assign(self, payment_id, intent_id, merchant=None):
        answer = await self.payments.assign(payment_id, intent_id, merchant or self.shop.merchant, None, ACTOR)
        return msgspec.json.decode(answer.body)

    async def accept(self, intent_id, merchant=None):
        answer = await self.payments.accept(intent_id, merchant or self.shop.merchant, None, ACTOR)
        return msgspec.json.decode(answer.body)

    async def mark_refunded(self, payment_id, merchant=None):
        answer = await self.payments.mark_refunded(payment_id, REFUND, merchant or self.shop.merchant, None, ACTOR)
        return msgspec.json.decode(answer.body)

    async def late(self):
        """Return the ids of an intent with a held late payment and of that payment."""
        intent_id = await self.shop.intent(1_000, expires_in_s=60)
        await self.world.pass_time(3_600)
        self.world.pay(intent_id, 1_000)
        await self.world.mine()
        [payment_id] = [row["id"] for row in await self.shop.payments() if row["payment_intent_id"] == intent_id]
        return intent_id, payment_id

    async def audited(self):
        return [row["action"] for row in await self.world.pool.fetch("SELECT action FROM audit_log ORDER BY id")]


@pytest.fixture
async def decisions(pool):
    return Decisions(await open_world(pool))


async def test_an_assigned_deposit_pays_for_the_intent(decisions):
    intent_id = await decisions.shop.intent(1_000, expires_in_s=3_600)
    payment_id = await decisions.deposit(1_000)
    shown = await decisions.assign(payment_id, intent_id)
    assert (shown["payment_intent"], shown["assigned_at"] is not None) == (intent_id, True)
    assert await decisions.shop.state(intent_id) == ("confirmed", 1_000, set())
    assert await decisions.shop.events(intent_id) == ["created", "succeeded"]
    assert "payment.assigned" in await decisions.audited()
    await check_books(decisions.world.pool)


async def test_deposits_that_cannot_be_assigned_are_refused(decisions):
    world, shop = decisions.world, decisions.shop
    intent_id, payment_id = await shop.intent(1_000, expires_in_s=86_400), await decisions.deposit(1_000)
    other = await open_shop(world.pool, world.clock, pay_address=OTHER_SHOP, name="Other")
    theirs = await other.intent(1_000)
    with pytest.raises(errors.PaymentIntentNotFound):
        await decisions.assign(payment_id, theirs)
    with pytest.raises(errors.PaymentNotFound):
        await decisions.assign(payment_id, theirs, other.merchant)
    for unknown in ("pi_" + "0" * 24, "nonsense", "\0"):
        with pytest.raises(errors.PaymentIntentNotFound):
            await decisions.assign(payment_id, unknown)
    world.chain.reorg(world.chain.tip.height - 20, "none")
    await world.poll()
    with pytest.raises(errors.PaymentNotAssignable, match="reorganization"):
        await decisions.assign(payment_id, intent_id)
    await world.mine()
    await world.pass_time(SECONDS)
    await decisions.assign(payment_id, intent_id)
    with pytest.raises(errors.PaymentNotAssignable, match="already pays for"):
        await decisions.assign(payment_id, intent_id)
    await check_books(world.pool)


async def test_a_deposit_is_assigned_once_by_concurrent_calls(decisions):
    first, second = await decisions.shop.intent(1_000, expires_in_s=3_600), await decisions.shop.intent(1_000)
    payment_id = await decisions.deposit(1_000)
    asked = [decisions.assign(payment_id, intent_id) for intent_id in (first, second)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in done) == ["PaymentNotAssignable", "dict"]
    await check_books(decisions.world.pool)


async def test_late_payments_are_held_until_they_are_accepted(decisions):
    intent_id, _ = await decisions.late()
    assert await decisions.shop.state(intent_id) == ("expired", 1_000, {"paid_late"})
    assert (await decisions.shop.see(intent_id)).intent.amount_due_sats == 1_000
    shown = await decisions.accept(intent_id)
    assert (shown["status"], shown["amount_due_sats"]) == ("confirmed", 0)
    with pytest.raises(errors.NothingToAccept):
        await decisions.accept(intent_id)
    assert "payment_intent.accepted" in await decisions.audited()
    await check_books(decisions.world.pool)


async def test_payments_after_a_cancellation_can_be_accepted(decisions):
    intent_id = await decisions.shop.intent(1_000)
    await decisions.shop.cancel(intent_id)
    decisions.world.pay(intent_id, 1_000)
    await decisions.world.mine()
    assert (await decisions.accept(intent_id))["status"] == "confirmed"
    assert await decisions.shop.events(intent_id) == ["created", "canceled", "paid_after_cancel", "succeeded"]
    await check_books(decisions.world.pool)


async def test_a_held_payment_that_was_refunded_never_counts(decisions):
    intent_id, payment_id = await decisions.late()
    shown = await decisions.mark_refunded(payment_id)
    assert (shown["refund_tx_id"], shown["refunded_at"] is not None) == (REFUND, True)
    with pytest.raises(errors.NothingToAccept):
        await decisions.accept(intent_id)
    with pytest.raises(errors.PaymentNotRefundable, match="already marked"):
        await decisions.mark_refunded(payment_id)
    assert await decisions.shop.status(intent_id) == "expired"
    await check_books(decisions.world.pool)


async def test_a_counted_payment_cannot_be_marked_as_refunded(decisions):
    intent_id = await decisions.shop.intent(1_000)
    decisions.world.pay(intent_id, 1_000)
    await decisions.world.mine()
    [payment] = await decisions.shop.payments()
    with pytest.raises(errors.PaymentNotRefundable, match="counts toward"):
        await decisions.mark_refunded(payment["id"])
    assert await decisions.world.pool.fetchval("SELECT refunded_at FROM payments") is None


async def test_a_refunded_deposit_cannot_be_assigned(decisions):
    intent_id, payment_id = await decisions.shop.intent(1_000, expires_in_s=3_600), await decisions.deposit(1_000)
    await decisions.mark_refunded(payment_id)
    with pytest.raises(errors.PaymentNotAssignable, match="was refunded"):
        await decisions.assign(payment_id, intent_id)


async def test_the_operator_assigns_deposits_at_the_gateway_address(pool):
    from services.shop import simulated_mode

    world = await open_world(pool, mode=simulated_mode(gateway_address=GATEWAY), pay_address=None)
    decisions = Decisions(world)
    intent_id = await world.shop.intent(1_000, expires_in_s=3_600)
    payment_id = await decisions.deposit(1_000, recipient=GATEWAY)
    with pytest.raises(errors.PaymentNotFound):
        await decisions.assign(payment_id, intent_id)
    page = await decisions.payments.list_page(None, livemode=False, unmatched=True, limit=10)
    assert [item.id for item in page.items] == [payment_id]
    await decisions.payments.assign_by_operator(payment_id, intent_id, ACTOR, livemode=False)
    assert await world.shop.status(intent_id) == "confirmed"
    await check_books(pool)


async def test_payments_are_listed_newest_first_in_both_directions(decisions):
    for amount_sats in range(1, 8):
        await decisions.deposit(amount_sats)
    list_page = decisions.payments.list_page
    mine = {"livemode": False, "unmatched": True}
    merchant_id = decisions.shop.merchant.id
    first = await list_page(merchant_id, limit=3, **mine)
    assert ([item.amount_sats for item in first.items], first.has_more) == ([7, 6, 5], True)
    second = await list_page(merchant_id, limit=3, starting_after=first.items[-1].id, **mine)
    assert [item.amount_sats for item in second.items] == [4, 3, 2]
    back = await list_page(merchant_id, limit=2, ending_before=second.items[0].id, **mine)
    assert ([item.amount_sats for item in back.items], back.has_more) == ([6, 5], True)
    with pytest.raises(errors.InvalidCursor):
        await list_page(merchant_id, limit=2, ending_before="pay_" + "0" * 24, **mine)
    assert (await list_page(None, limit=10, **mine)).items == ()
