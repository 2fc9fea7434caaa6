"""The watcher on what the real Stacks API answered, end to end: HTTP, HiroSource, facts, decisions, events.

Only the memo bytes are substituted (see `recorded_chain`): the recorded chain knows no intent of ours.
"""

import copy

import pytest

from chain.replay import TX, Replay, hiro
from chain.simulated import Clock
from services.books import check_books
from services.shop import open_shop, simulated_mode
from sgate.core.address import Network
from sgate.core.finality import Tier
from workers.watcher.following import watcher_of
from workers.watcher.recorded_chain import (
    ASSET,
    MERCHANT,
    RecordedChain,
    big,
    double_spent,
    equal_height,
    mined,
    moved,
    reorged,
    substitute,
)

CHAIN_STARTED = 1_795_410_000.0


class Recorded:
    """A live shop at the recorded merchant's address, and a watcher on the recorded chain."""

    def __init__(self, shop, chain, watcher):
        self.shop, self.chain, self.watcher = shop, chain, watcher
        self.pool = shop.pool

    async def intent(self, memo, amount_sats, *, padded=False):
        """A new intent, whose id takes the place of a recorded memo."""
        intent_id = await self.shop.intent(amount_sats, expires_in_s=86_400)
        self.chain.names[memo] = intent_id.encode().ljust(34 if padded else 0, b"\0")
        return intent_id

    async def see(self, stage):
        self.chain.show(stage)
        report = await self.watcher.run_once()
        assert report.error is None
        return report


@pytest.fixture
async def recorded(pool):
    replay = Replay()
    await replay.start()
    source = hiro(replay.url, ASSET)
    mode = simulated_mode(
        livemode=True, network=Network.MAINNET, asset=ASSET, policy=(Tier(from_sats=0, stacks_blocks=1),)
    )
    shop = await open_shop(pool, Clock(CHAIN_STARTED), mode=mode, pay_address=MERCHANT)
    yield Recorded(shop, RecordedChain(replay, {}), watcher_of(pool, source, shop))
    await source.close()
    await replay.close()


def test_a_memo_is_substituted_with_its_length_everywhere_and_nothing_else_is():
    answer = {
        "hex": "0x0200000008494e562d30303031",
        "repr": "(some 0x494e562d30303031)",
        "other": "0x494e562d3030303100",
    }
    assert substitute(answer, {b"INV-0001": b"pi_1"}) == {
        "hex": "0x020000000470695f31",
        "repr": "(some 0x70695f31)",
        "other": "0x494e562d3030303100",
    }


async def test_the_recorded_payments_confirm_the_intents_whose_memos_they_carry(recorded):
    direct = await recorded.intent(b"INV-0001", 100_000)
    router = await recorded.intent(b"INV-0002", 5_000)
    first_leg = await recorded.intent(b"INV-0003", 1_111)
    second_leg = await recorded.intent(b"INV-0004", 2_222)
    padded = await recorded.intent(b"INV-001".ljust(34, b"\0"), 100_000, padded=True)
    await recorded.see(mined())
    places = {}
    for intent_id, amount_sats in (
        (direct, 100_000), (router, 5_000), (first_leg, 1_111), (second_leg, 2_222), (padded, 100_000),
    ):  # fmt: skip
        assert await recorded.shop.state(intent_id) == ("confirmed", amount_sats, set())
        assert await recorded.shop.events(intent_id) == ["created", "succeeded"]
        [payment] = (await recorded.shop.see(intent_id)).payments
        places[intent_id] = (payment.tx_id, payment.event_index, payment.block_height)
    assert places == {
        direct: (TX["direct_memo"], 0, 3),
        router: (TX["router"], 1, 4),
        first_leg: (TX["many"], 0, 4),
        second_leg: (TX["many"], 2, 4),
        padded: (TX["memo_padded"], 0, 6),
    }
    await check_books(recorded.pool)


async def test_the_recorded_failures_credit_nothing(recorded):
    """Their arguments name the intents; nothing moved."""
    made = [await recorded.intent(memo, 1) for memo in (b"INV-0005", b"INV-0006")]
    await recorded.see(mined())
    for intent_id in made:
        assert await recorded.shop.state(intent_id) == ("requires_payment", 0, set())
    failed = {TX["fail_response"], TX["fail_pc"]}
    assert not failed & {row["tx_id"] for row in await recorded.shop.payments()}


def another_asset(entry):
    entry["events"][0]["asset"]["asset_id"] = "SP1521AWPS27SJHXXRZXPYE5Y0MF6RA566T8RMZJS.sbtc-token::sbtc-token"


def another_token_of_the_contract(entry):
    entry["events"][0]["asset"]["asset_id"] += "-locked"


def a_mint(entry):
    entry["events"][0]["asset"] |= {"asset_event_type": "mint", "sender": ""}


def somebody_else(entry):
    entry["events"][0]["asset"]["recipient"] = "SP23FM1Q5JJHM740JPDFM85TRE33JRB0BBWMW55MA"


def a_print_without_a_transfer(entry):
    del entry["events"][0]
    entry["event_count"] = 1


def a_print_of_another_contract(entry):
    entry["events"][1]["contract_log"]["contract_id"] = "SP1521AWPS27SJHXXRZXPYE5Y0MF6RA566T8RMZJS.pay-router-v1"


def a_print_that_is_not_next_to_the_transfer(entry):
    entry["events"][1]["event_index"] = 2


@pytest.mark.parametrize(
    "spoil",
    [
        another_asset,
        another_token_of_the_contract,
        a_mint,
        somebody_else,
        a_print_without_a_transfer,
        a_print_of_another_contract,
        a_print_that_is_not_next_to_the_transfer,
    ],
    ids=lambda spoil: spoil.__name__,
)
async def test_a_recorded_payment_with_one_thing_wrong_credits_nothing(recorded, spoil):
    intent_id = await recorded.intent(b"INV-0001", 100_000)
    stage = mined()
    spoil(stage.transactions[TX["direct_memo"]]["result"])
    await recorded.see(stage)
    assert await recorded.shop.state(intent_id) == ("requires_payment", 0, set())
    await check_books(recorded.pool)


@pytest.mark.parametrize(
    "tx_status", ["abort_by_response", "abort_by_post_condition", "dropped_problematic", "new_kind"]
)
async def test_a_memo_whose_transaction_did_not_succeed_holds_the_scan_back_and_credits_nothing(recorded, tx_status):
    """Logs and transaction contradict each other: two replicas. Nothing is concluded until they agree."""
    intent_id = await recorded.intent(b"INV-0001", 100_000)
    stage = mined()
    stage.transactions[TX["direct_memo"]]["result"]["tx_status"] = tx_status
    recorded.chain.show(stage)
    report = await recorded.watcher.run_once()
    assert report.error is not None
    assert report.view.height == 0
    assert await recorded.shop.state(intent_id) == ("requires_payment", 0, set())
    await recorded.see(mined())
    assert await recorded.shop.status(intent_id) == "confirmed"


async def test_the_recorded_reorganization_before_after_and_mined_again(recorded):
    lost, safe = await recorded.intent(b"INV-0008", 88_000), await recorded.intent(b"INV-0001", 100_000)
    await recorded.see(reorged("1-before"))
    assert await recorded.shop.state(lost) == ("confirmed", 88_000, set())
    report = await recorded.see(reorged("2-after"))
    assert report.reorged_from == 11
    assert await recorded.shop.state(lost) == ("requires_payment", 0, {"reorged"})
    await check_books(recorded.pool)
    report = await recorded.see(reorged("3-remined"))
    assert report.reorged_from is None
    assert await recorded.shop.state(lost) == ("confirmed", 88_000, {"reorged"})
    assert await recorded.shop.events(lost) == ["created", "succeeded", "reorged", "reconfirmed"]
    assert await recorded.shop.events(safe) == ["created", "succeeded"]
    [payment] = (await recorded.shop.see(lost)).payments
    assert (payment.tx_id, payment.block_height, payment.event_index) == (TX["reorged"], 15, 0)
    await check_books(recorded.pool)


async def test_the_recorded_transaction_that_moved_to_another_block_of_the_branch(recorded):
    intent_id = await recorded.intent(b"INV-0009", 99_000)
    await recorded.see(moved(after=False))
    assert await recorded.shop.state(intent_id) == ("confirmed", 99_000, set())
    report = await recorded.see(moved(after=True))
    assert report.reorged_from == 16
    [payment] = (await recorded.shop.see(intent_id)).payments
    assert payment.block_height == 17
    assert await recorded.shop.events(intent_id) == ["created", "succeeded"]
    await check_books(recorded.pool)


async def test_the_recorded_double_spend_after_a_reorganization(recorded):
    intent_id = await recorded.intent(b"INV-0010", 88_000)
    await recorded.see(double_spent(after=False))
    assert await recorded.shop.status(intent_id) == "confirmed"
    report = await recorded.see(double_spent(after=True))
    assert report.reorged_from == 19
    assert await recorded.shop.state(intent_id) == ("requires_payment", 0, {"reorged"})
    assert await recorded.shop.events(intent_id) == ["created", "succeeded", "reorged"]
    await check_books(recorded.pool)


async def test_the_recorded_competitor_of_equal_height_changes_nothing(recorded):
    intent_id = await recorded.intent(b"INV-0009", 99_000)
    before = await recorded.see(equal_height())
    recorded.chain.forget("0x76d8abe7f72888d18d114e9729738105f54a66c204d4e60a6a31b5410552e9ca")
    after = await recorded.see(equal_height())
    assert (after.view, after.new_blocks, after.reorged_from) == (before.view, 0, None)
    assert await recorded.shop.events(intent_id) == ["created", "succeeded"]


async def test_the_recorded_transaction_of_four_hundred_events(recorded):
    """Leg 1 and 99 lie on recorded pages, 101 and 199 on those built in their likeness; legs of even number go elsewhere."""
    made = {leg: await recorded.intent(f"BIG-{leg}".encode(), 10) for leg in (0, 1, 99, 101, 199)}
    await recorded.see(equal_height())
    await recorded.see(big())
    states = {leg: await recorded.shop.state(intent_id) for leg, intent_id in made.items()}
    assert states[0] == ("requires_payment", 0, set())
    assert {states[leg][0] for leg in (1, 99, 101, 199)} == {"confirmed"}
    assert (states[1][1], states[99][1]) == (11, 109)
    legs = [row for row in await recorded.shop.payments() if row["tx_id"] == TX["big"]]
    assert len(legs) == 100  # all the shop's legs; without a known memo: unmatched deposits
    await check_books(recorded.pool)


async def test_all_recorded_stages_in_a_row(recorded):
    made = {
        memo: await recorded.intent(memo, amount)
        for memo, amount in (
            (b"INV-0001", 100_000), (b"INV-0008", 88_000), (b"INV-0009", 99_000), (b"INV-0010", 88_000), (b"BIG-1", 11),
        )
    }  # fmt: skip
    stages = [
        mined(), reorged("1-before"), reorged("2-after"), reorged("3-remined"), moved(after=False), moved(after=True),
        double_spent(after=False), double_spent(after=True), equal_height(), big(),
    ]  # fmt: skip
    for stage in stages:
        await recorded.see(copy.deepcopy(stage))
        await check_books(recorded.pool)
    assert {memo: await recorded.shop.status(intent_id) for memo, intent_id in made.items()} == {
        b"INV-0001": "confirmed",
        b"INV-0008": "confirmed",
        b"INV-0009": "confirmed",
        b"INV-0010": "requires_payment",
        b"BIG-1": "confirmed",
    }
