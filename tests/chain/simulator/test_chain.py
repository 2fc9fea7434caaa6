import asyncio
import itertools

import pytest

from chain.simulated import OTHER_SHOP, SHOP, START, Clock, open_chain, payment
from sgate.chain.simulator import (
    PAYER,
    Kind,
    Leg,
    RefusedOperation,
    RefusedTransfer,
    SimulatorSource,
    mine_at_interval,
)


def test_block_times_follow_the_clock_and_always_rise():
    clock = Clock()
    chain = open_chain(clock=clock)
    assert chain.tip.time == START
    assert chain.mine().time == START + 1
    clock.now = START + 100.9
    assert chain.mine().time == START + 100
    clock.now = START
    assert chain.mine(3, seconds_between=5).time == START + 101 + 10


def test_a_tenure_begins_on_a_new_bitcoin_block_at_a_fixed_interval():
    chain = open_chain(blocks_per_tenure=3)
    chain.mine(8)
    blocks = chain.history.canonical
    assert [block.tenure_height for block in blocks] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert [block.bitcoin.height - 900_000 for block in blocks] == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_bitcoin_blocks_on_demand():
    chain = open_chain(blocks_per_tenure=100)
    assert chain.bitcoin_block() == 900_002
    assert (chain.tip.bitcoin.height, chain.bitcoin_height) == (900_001, 900_002)
    tip = chain.mine()
    assert (tip.tenure_height, tip.bitcoin.height) == (2, 900_002)
    chain.bitcoin_block(new_tenure=False)
    tip = chain.mine()
    assert (tip.tenure_height, tip.bitcoin.height) == (2, 900_003)
    chain.bitcoin_block()
    chain.bitcoin_block()
    tip = chain.mine(2)
    assert (tip.tenure_height, tip.bitcoin.height) == (3, 900_005)


def test_a_branch_keeps_times_tenures_and_bitcoin_blocks():
    chain = open_chain(blocks_per_tenure=3)
    chain.mine(9)
    before = list(chain.history.canonical)
    chain.reorg(6)
    after = chain.history.canonical
    assert len(after) == len(before) + 1
    assert after[:4] == before[:4]
    for old, new in zip(before[4:], after[4:], strict=False):
        assert old.index_block_hash != new.index_block_hash
        assert (old.time, old.tenure_height, old.bitcoin) == (new.time, new.tenure_height, new.bitcoin)
    for parent, child in itertools.pairwise(after):
        assert child.parent_index_hash == parent.index_block_hash
        assert child.parent_hash == parent.block_hash
        assert child.time > parent.time
        assert child.bitcoin.height >= parent.bitcoin.height
    assert before[-1].index_block_hash in chain.history.by_index_hash


def test_pending_transactions_are_mined_in_order_of_arrival():
    clock = Clock()
    chain = open_chain(clock=clock)
    later = chain.submit(payment(not_before=START + 5))
    first = chain.submit(payment())
    clock.now = START + 10
    last = chain.submit(payment())
    assert chain.mine(include_mempool=False).tx_ids == ()
    assert chain.mine(2).tx_ids == ()
    assert chain.history.canonical[-2].tx_ids == (first, later, last)


def test_the_same_operations_give_the_same_hashes_and_another_seed_others():
    def play(seed):
        chain = open_chain(seed=seed)
        tx_id = chain.submit(payment())
        chain.mine(3)
        chain.reorg(2)
        return tx_id, chain.history.canonical

    assert play("a") == play("a")
    assert play("a")[0] != play("b")[0]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"recipient": "ST123"}, "checksum|length|address"),
        ({"recipient": PAYER}, "the same"),
        ({"sender": OTHER_SHOP + ".vault"}, "wallet address"),
        ({"recipient": SHOP.replace("0", "O") + "."}, "contract name"),
        ({"memo": b"x" * 35}, "at most 34 bytes"),
        ({"amount_sats": 0}, "between 1"),
        ({"amount_sats": 2**63}, "between 1"),
        ({"not_before": float("nan")}, "Unix time"),
        ({"more": (Leg(recipient=SHOP, amount_sats=1),)}, "more than one leg"),
        ({"kind": Kind.TRANSFER_MANY, "more": (Leg(recipient=SHOP, amount_sats=1),) * 200}, "at most 200 legs"),
    ],
)
def test_a_transfer_that_no_chain_would_accept_is_refused(fields, problem):
    chain = open_chain()
    with pytest.raises(RefusedTransfer, match=problem):
        chain.submit(payment(**fields))
    assert chain.history.mempool == {}


def test_an_impossible_operation_is_refused():
    chain = open_chain()
    for impossible in (
        lambda: chain.mine(0),
        lambda: chain.mine(seconds_between=0),
        lambda: chain.reorg(0),
        lambda: chain.reorg(1),
        lambda: chain.replace("0x" + "00" * 32, payment()),
        chain.rival,
        lambda: open_chain(blocks_per_tenure=0),
    ):
        with pytest.raises(RefusedOperation):
            impossible()
    assert chain.tip.height == 1


async def test_the_miner_mines_at_its_interval():
    chain, waits = open_chain(), []

    async def sleep(seconds):
        waits.append(seconds)
        if len(waits) > 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await mine_at_interval(chain, 2.5, sleep)
    assert (chain.tip.height, waits) == (4, [2.5] * 4)


async def test_a_long_chain_is_built_and_read_without_scanning():
    chain = open_chain()
    for number in range(2_000):
        chain.submit(payment(number + 1, b"%d" % number))
        chain.mine(10)
    assert chain.tip.height == 20_001
    source = SimulatorSource(chain)
    page = await source.logs()
    for _ in range(19):
        page = await source.logs(page.older)
    assert page.older is None
    assert page.logs[-1].memo == b"0"
