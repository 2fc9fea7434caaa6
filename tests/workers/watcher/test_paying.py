"""Payments on the simulated chain, read directly and over its HTTP interface, which implements the Stacks API."""

import pytest

from chain.replay import hiro
from chain.simulated import ASSET, OTHER_SHOP, SHOP, START, Clock, open_chain
from services.books import check_books
from services.shop import SIX_BLOCKS, open_shop, simulated_mode
from sgate.chain.simulator import Kind, Leg, SimulatedTransfer, SimulatorSource, serve, simulated_address
from sgate.core.finality import Tier
from sgate.core.intent import LatePolicy
from workers.watcher.following import GATEWAY, World, open_world


@pytest.fixture(params=["direct", "http"])
async def both(pool, request):
    """The few scenarios that run against both sources."""
    chain = open_chain(clock=Clock())
    if request.param == "direct":
        yield await open_world(pool, chain)
        return
    server = await serve(chain)
    source = hiro(server.url, ASSET)
    yield await open_world(pool, chain, source=source)
    await source.close()
    await server.close()


@pytest.fixture
async def world(pool) -> World:
    return await open_world(pool)


async def test_an_exact_payment_is_confirmed_in_the_next_block(both):
    intent_id = await both.shop.intent(1_000)
    tx_id = both.pay(intent_id, 1_000)
    await both.mine()
    assert await both.shop.state(intent_id) == ("confirmed", 1_000, set())
    assert await both.shop.events(intent_id) == ["created", "succeeded"]
    [payment] = (await both.shop.see(intent_id)).payments
    assert (payment.tx_id, payment.memo, payment.block_height) == (tx_id, intent_id.encode(), both.chain.tip.height)
    await check_books(both.pool, both.chain)


async def test_halves_are_summed(both):
    """In the NestJS original halves were never summed: both were too little."""
    intent_id = await both.shop.intent(1_000)
    both.pay(intent_id, 400, sender=simulated_address("one friend"))
    await both.mine()
    assert await both.shop.state(intent_id) == ("requires_payment", 400, {"partially_paid"})
    both.pay(intent_id, 600, sender=simulated_address("another friend"))
    await both.mine()
    assert await both.shop.state(intent_id) == ("confirmed", 1_000, set())
    assert await both.shop.events(intent_id) == ["created", "partially_paid", "succeeded"]
    await check_books(both.pool, both.chain)


async def test_several_intents_are_paid_by_one_transaction_each_by_its_own_legs(both):
    one, two, three = [await both.shop.intent(amount) for amount in (100, 200, 300)]
    both.chain.submit(
        SimulatedTransfer(
            recipient=SHOP,
            amount_sats=100,
            memo=one.encode(),
            kind=Kind.TRANSFER_MANY,
            more=(
                Leg(recipient=SHOP, amount_sats=120, memo=two.encode()),
                Leg(recipient=simulated_address("stranger"), amount_sats=300, memo=three.encode()),
                Leg(recipient=SHOP, amount_sats=80, memo=two.encode()),
            ),
        )
    )
    await both.mine()
    assert await both.shop.state(one) == ("confirmed", 100, set())
    assert await both.shop.state(two) == ("confirmed", 200, set())
    assert await both.shop.state(three) == ("requires_payment", 0, set())
    await check_books(both.pool, both.chain)


async def test_a_payment_through_a_third_party_contract_counts(both):
    intent_id = await both.shop.intent(1_000)
    both.pay(intent_id, 1_000, kind=Kind.ROUTER)
    await both.mine()
    assert await both.shop.state(intent_id) == ("confirmed", 1_000, set())
    await check_books(both.pool, both.chain)


@pytest.mark.parametrize(
    "kind",
    [
        Kind.ABORT_BY_RESPONSE,
        Kind.ABORT_BY_POST_CONDITION,
        Kind.OTHER_ASSET,
        Kind.IMITATION,
        Kind.IMITATION_AFTER_TRANSFER,
        Kind.PEG_IN,
        Kind.STX,
    ],
)
async def test_what_only_looks_like_a_payment_credits_nothing(both, kind):
    intent_id = await both.shop.intent(1_000)
    both.pay(intent_id, 1_000, kind=kind)
    await both.mine()
    await both.mine()
    assert await both.shop.state(intent_id) == ("requires_payment", 0, set())
    assert await both.shop.payments() == []
    await check_books(both.pool, both.chain)


@pytest.mark.parametrize("ending", [b"", b"\0" * 7, b" ", b"\n"])
async def test_a_padded_memo_is_accepted(world, ending):
    intent_id = await world.shop.intent(1_000)
    world.pay(None, 1_000, memo=intent_id.encode() + ending)
    await world.mine()
    assert await world.shop.status(intent_id) == "confirmed"


@pytest.mark.parametrize("spoil", [str.upper, lambda text: text[:-1], lambda text: "x" + text, lambda text: text[3:]])
async def test_a_memo_that_is_almost_an_id_credits_no_intent(world, spoil):
    intent_id = await world.shop.intent(1_000)
    world.pay(None, 1_000, memo=spoil(intent_id).encode())
    await world.mine()
    assert await world.shop.state(intent_id) == ("requires_payment", 0, set())


async def test_too_much_is_overpaid(world):
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_001)
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_001, {"overpaid"})
    assert await world.shop.events(intent_id) == ["created", "succeeded", "overpaid"]


async def test_a_second_payment_in_full_is_a_duplicate_and_never_a_second_success(world):
    intent_id = await world.shop.intent(1_000)
    for _ in range(3):
        world.pay(intent_id, 1_000)
        await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 3_000, {"duplicate_payment"})
    assert await world.shop.events(intent_id) == ["created", "succeeded", "duplicate_payment"]
    await check_books(world.pool, world.chain)


async def test_a_little_missing_is_enough_within_the_tolerance(world):
    await world.shop.change(tolerance_sats=10)
    enough, short = await world.shop.intent(1_000), await world.shop.intent(1_000)
    world.pay(enough, 990)
    world.pay(short, 989)
    await world.mine()
    assert await world.shop.status(enough) == "confirmed"
    assert await world.shop.status(short) == "requires_payment"


async def test_a_late_payment_is_held_and_reported(world):
    intent_id = await world.shop.intent(1_000)
    await world.pass_time(900 + 300 + 1)
    assert await world.shop.status(intent_id) == "expired"
    world.pay(intent_id, 1_000)
    await world.mine()
    assert await world.shop.state(intent_id) == ("expired", 1_000, {"paid_late"})
    assert await world.shop.events(intent_id) == ["created", "expired", "paid_late"]
    await check_books(world.pool, world.chain)


async def test_late_money_counts_where_the_merchant_accepts_it(world):
    await world.shop.change(late_payments=LatePolicy.ACCEPT)
    intent_id = await world.shop.intent(1_000)
    await world.pass_time(900 + 300 + 1)
    world.pay(intent_id, 1_000)
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, {"paid_late"})
    assert await world.shop.events(intent_id) == ["created", "expired", "succeeded", "paid_late"]


async def test_a_payment_after_cancellation_is_held_and_reported(world):
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    await world.shop.cancel(intent_id)
    await world.mine()
    assert await world.shop.state(intent_id) == ("canceled", 1_000, {"paid_after_cancel"})
    assert await world.shop.events(intent_id) == ["created", "canceled", "paid_after_cancel"]
    await check_books(world.pool, world.chain)


async def test_money_to_another_merchants_address_is_the_owners_deposit_and_pays_no_intent(world):
    other = await open_shop(world.pool, world.clock, pay_address=OTHER_SHOP, name="Other shop")
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000, recipient=OTHER_SHOP)
    await world.mine()
    assert await world.shop.state(intent_id) == ("requires_payment", 0, set())
    [deposit] = await world.shop.payments()
    assert (str(deposit["merchant_id"]), deposit["payment_intent_id"]) == (other.merchant.id, None)
    await check_books(world.pool, world.chain)


async def test_an_unknown_memo_leaves_an_unmatched_deposit_with_its_merchant(world):
    world.pay("pi_" + "0" * 24, 777)
    await world.mine()
    [deposit] = await world.shop.payments()
    assert (str(deposit["merchant_id"]), deposit["payment_intent_id"]) == (world.shop.merchant.id, None)
    assert (deposit["amount_sats"], deposit["recipient"], deposit["status"]) == (777, SHOP, "included")


async def test_a_leg_without_a_memo_of_a_known_transaction_is_an_unmatched_deposit(world):
    intent_id = await world.shop.intent(1_000)
    transfer = SimulatedTransfer(
        recipient=SHOP, amount_sats=5, kind=Kind.TRANSFER_MANY,
        more=(Leg(recipient=SHOP, amount_sats=1_000, memo=intent_id.encode()),),
    )  # fmt: skip
    world.chain.submit(transfer)
    await world.mine()
    assert [(row["amount_sats"], row["payment_intent_id"]) for row in await world.shop.payments()] == [
        (5, None),
        (1_000, intent_id),
    ]
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, set())


async def test_an_old_address_stays_watched_and_an_intent_keeps_the_address_it_was_made_with(world):
    intent_id = await world.shop.intent(1_000)
    async with world.pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO pay_addresses (livemode, address, merchant_id) VALUES (FALSE, $1, $2::text::uuid)",
            OTHER_SHOP, world.shop.merchant.id,
        )  # fmt: skip
    await world.shop.change(pay_address=OTHER_SHOP)
    world.pay(intent_id, 1_000, recipient=OTHER_SHOP)
    await world.mine()
    assert await world.shop.state(intent_id) == ("requires_payment", 0, set())
    world.pay(intent_id, 1_000, recipient=SHOP)
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, set())


async def test_the_gateways_own_address_serves_merchants_without_one(pool):
    world = await open_world(pool, mode=simulated_mode(gateway_address=GATEWAY), pay_address=None)
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000, recipient=GATEWAY)
    world.pay("pi_" + "0" * 24, 5, recipient=GATEWAY)
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, set())
    paid, unknown = await world.shop.payments()
    assert str(paid["merchant_id"]) == world.shop.merchant.id
    assert (unknown["merchant_id"], unknown["payment_intent_id"]) == (None, None)


async def test_an_intent_of_the_other_mode_is_not_credited(world):
    live = await open_shop(
        world.pool, world.clock, mode=simulated_mode(livemode=True), pay_address=simulated_address("live"), name="Live"
    )
    intent_id = await live.intent(1_000)
    world.pay(intent_id, 1_000, recipient=SHOP)
    world.pay(intent_id, 1_000, recipient=simulated_address("live"))
    await world.mine()
    assert await live.state(intent_id) == ("requires_payment", 0, set())
    assert [row["payment_intent_id"] for row in await world.shop.payments()] == [None]


async def test_six_blocks_are_six_blocks(world):
    intent_id = await world.shop.intent(1_000, policy=SIX_BLOCKS)
    world.pay(intent_id, 1_000)
    await world.mine()
    assert (await world.shop.see(intent_id)).intent.next_check_height == world.chain.tip.height + 5
    for _ in range(4):
        await world.mine()
        assert await world.shop.status(intent_id) == "processing"
    await world.mine()
    assert await world.shop.status(intent_id) == "confirmed"
    assert await world.shop.events(intent_id) == ["created", "processing", "succeeded"]


async def test_nothing_is_decided_again_before_its_threshold(world):
    intent_id = await world.shop.intent(1_000, policy=SIX_BLOCKS)
    world.pay(intent_id, 1_000)
    assert (await world.mine()).settled == 1
    for _ in range(4):
        assert (await world.mine()).settled == 0
    assert (await world.mine()).settled == 1


async def test_the_tier_is_chosen_by_the_larger_of_due_and_paid(world):
    policy = (Tier(from_sats=0, stacks_blocks=1), Tier(from_sats=5_000, stacks_blocks=3))
    small, large = await world.shop.intent(1_000, policy=policy), await world.shop.intent(1_000, policy=policy)
    world.pay(small, 1_000)
    world.pay(large, 5_000)
    await world.mine()
    assert (await world.shop.status(small), await world.shop.status(large)) == ("confirmed", "processing")
    await world.mine()
    await world.mine()
    assert await world.shop.state(large) == ("confirmed", 5_000, {"overpaid"})


async def test_a_tenure_policy_waits_for_tenures_however_many_blocks_come(world):
    intent_id = await world.shop.intent(1_000, policy=(Tier(from_sats=0, stacks_blocks=1, tenure_changes=2),))
    world.pay(intent_id, 1_000)
    for _ in range(2):
        for _ in range(3):
            await world.mine()
            assert await world.shop.status(intent_id) == "processing"
        world.chain.bitcoin_block()
    await world.mine()
    assert await world.shop.status(intent_id) == "confirmed"


async def test_a_bitcoin_policy_counts_bitcoin_blocks_without_a_new_tenure_too(world):
    intent_id = await world.shop.intent(1_000, policy=(Tier(from_sats=0, stacks_blocks=1, bitcoin_blocks=2),))
    world.pay(intent_id, 1_000)
    await world.mine()
    assert await world.shop.status(intent_id) == "processing"
    world.chain.bitcoin_block(new_tenure=False)
    await world.mine()
    assert await world.shop.status(intent_id) == "confirmed"


async def test_more_than_the_newest_fifty_transactions_are_seen(world):
    """In the NestJS original a payment was lost as soon as fifty others came after it."""
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    for number in range(260):
        world.pay(f"pi_{number:024x}", 5, recipient=simulated_address("somebody else"))
    await world.mine()
    assert await world.shop.state(intent_id) == ("confirmed", 1_000, set())


async def test_a_payment_missing_from_a_response_is_recorded_while_its_block_is_recent(world):
    """Each poll reads the last twenty blocks again."""
    intent_id = await world.shop.intent(1_000)
    world.pay(intent_id, 1_000)
    await world.mine()
    await world.pool.execute("DELETE FROM payment_observations")
    await world.pool.execute("DELETE FROM payments")  # as if the answer had not shown it
    await world.mine()
    assert [row["payment_intent_id"] for row in await world.shop.payments()] == [intent_id]
    await check_books(world.pool, world.chain)


async def test_a_first_scan_looks_a_few_blocks_back_and_a_given_start_height_looks_further(pool):
    chain = open_chain(clock=Clock(START))
    shop = await open_shop(pool, Clock(START))
    old = await shop.intent(1_000)
    chain.submit(SimulatedTransfer(recipient=SHOP, amount_sats=1_000, memo=old.encode()))
    chain.mine(100)
    world = await open_world(pool, chain, shop=shop, source=SimulatorSource(chain), start_height=2)
    assert (await world.poll()).new_blocks == 100
    assert await shop.status(old) == "confirmed"
    await check_books(pool, chain)
