"""Conformance tests of ChainSource: the direct one on a simulated chain, and Hiro's on the same chain over HTTP."""

import itertools
from dataclasses import dataclass

import pytest

from chain.replay import UNKNOWN_TX, hiro
from chain.simulated import ASSET, OTHER_SHOP, SHOP, START, Clock, open_chain, payment
from sgate.chain.simulator import PAYER, Kind, Leg, SimulatedChain, SimulatorSource, serve
from sgate.chain.source import ChainSource, ChainUnavailable, TxStatus


@dataclass
class World:
    chain: SimulatedChain
    source: ChainSource
    clock: Clock


@pytest.fixture(params=["direct", "http"])
async def world(request):
    clock = Clock()
    chain = open_chain(clock=clock, blocks_per_tenure=5)
    if request.param == "direct":
        yield World(chain, SimulatorSource(chain), clock)
        return
    server = await serve(chain)
    source = hiro(server.url, ASSET)
    yield World(chain, source, clock)
    await source.close()
    await server.close()


async def one(world, tx_id):
    return (await world.source.transactions([tx_id]))[tx_id]


async def all_headers(source):
    page = await source.headers()
    headers = list(page.headers)
    while page.older is not None:
        page = await source.headers(page.older)
        headers += page.headers
    return headers


async def test_headers_link_down_to_the_first_block(world):
    world.chain.mine(70)
    headers = await all_headers(world.source)
    assert [header.height for header in headers] == list(range(71, 0, -1))
    for newer, older in itertools.pairwise(headers):
        assert newer.parent_index_block_hash == older.index_block_hash
        assert newer.time > older.time
        assert newer.tenure_height - older.tenure_height in (0, 1)
        assert newer.bitcoin_height - older.bitcoin_height == newer.tenure_height - older.tenure_height
    assert headers[0].tenure_height == 15
    page = await world.source.headers()
    assert len(page.headers) == 30


async def test_unless_returns_none_if_nothing_changed(world):
    page = await world.source.headers()
    assert await world.source.headers(unless=page.etag) is None
    world.chain.mine()
    changed = await world.source.headers(unless=page.etag)
    assert changed.headers[0].height == 2


async def test_one_header(world):
    tip = world.chain.mine()
    header = await world.source.header(tip.index_block_hash)
    assert (header.height, header.block_hash) == (2, tip.block_hash)
    assert header.time.timestamp() == tip.time
    assert await world.source.header(UNKNOWN_TX) is None
    assert await world.source.header(tip.block_hash) is None


async def test_logs_in_pages_newest_first(world):
    tx_ids = []
    for number in range(250):
        tx_ids.append(world.chain.submit(payment(memo=b"%d" % number)))
        if number % 7 == 0:
            world.chain.mine()
    world.chain.mine()
    page = await world.source.logs()
    assert page.tip == world.chain.tip.index_block_hash
    pages, logs = [page], list(page.logs)
    while page.older is not None:
        assert page.older_height is not None
        page = await world.source.logs(page.older)
        pages.append(page)
        logs += page.logs
    assert [len(page.logs) for page in pages] == [100, 100, 50]
    assert (page.older, page.older_height) == (None, None)
    assert [log.memo for log in logs] == [b"%d" % number for number in reversed(range(250))]
    assert [log.tx_id for log in logs] == tx_ids[::-1]
    assert {log.event_index for log in logs} == {1}


async def test_the_height_of_the_older_page(world):
    for _ in range(101):
        world.chain.submit(payment())
        world.chain.mine()
    page = await world.source.logs()
    [oldest] = (await world.source.logs(page.older)).logs
    assert page.older_height == 2
    assert (await one(world, oldest.tx_id)).block_height == 2


async def test_a_log_cursor_above_everything_begins_at_the_newest(world):
    world.chain.submit(payment(memo=b"here"))
    world.chain.mine()
    page = await world.source.logs("999:2147483647:0:0")
    assert [log.memo for log in page.logs] == [b"here"]


async def test_a_payment_from_mempool_to_block(world):
    tx_id = world.chain.submit(payment(1234, b"pi_1"))
    pending = await one(world, tx_id)
    assert pending.status is TxStatus.PENDING
    assert (pending.block_hash, pending.block_height, pending.block_time, pending.tx_index) == (None,) * 4
    assert pending.received_at.timestamp() == START
    assert (pending.intention.amount_sats, pending.intention.memo) == (1234, b"pi_1")
    assert (pending.intention.sender, pending.intention.recipient) == (PAYER, SHOP)
    assert pending.transfers == ()

    tip = world.chain.mine()
    mined = await one(world, tx_id)
    assert mined.status is TxStatus.SUCCESS
    assert (mined.block_hash, mined.block_height, mined.tx_index) == (tip.block_hash, 2, 0)
    assert mined.block_time.timestamp() == tip.time
    assert (mined.intention, mined.received_at) == (None, None)
    [transfer] = mined.transfers
    assert (transfer.event_index, transfer.amount_sats, transfer.memo) == (0, 1234, b"pi_1")


LEGS = (
    Leg(recipient=OTHER_SHOP, amount_sats=2, memo=b"two"),
    Leg(recipient=SHOP, amount_sats=3),
    Leg(recipient=SHOP, amount_sats=4, memo=b""),
)

KINDS = [
    (payment(1, None), [(0, 1, None)]),
    (payment(1, b"\xff" * 34), [(0, 1, b"\xff" * 34)]),
    (
        payment(1, b"one", kind=Kind.TRANSFER_MANY, more=LEGS),
        [(0, 1, b"one"), (2, 2, b"two"), (4, 3, None), (5, 4, b"")],
    ),
    (payment(1, b"one", kind=Kind.ROUTER, more=LEGS), [(1, 1, b"one"), (3, 2, b"two"), (5, 3, None), (6, 4, b"")]),
    (payment(1, None, kind=Kind.ROUTER), [(1, 1, None)]),
    (payment(1, b"one", kind=Kind.OTHER_ASSET), []),
    (payment(1, b"one", kind=Kind.IMITATION), []),
    (payment(1, b"one", kind=Kind.IMITATION_AFTER_TRANSFER), [(0, 1, None)]),
    (payment(1, b"one", kind=Kind.PEG_IN), []),
    (payment(1, b"one", kind=Kind.STX), []),
    (payment(1, sender=SHOP, recipient=OTHER_SHOP + ".vault"), [(0, 1, b"m")]),
]


@pytest.mark.parametrize(("transfer", "expected"), KINDS)
async def test_kinds_of_transactions(world, transfer, expected):
    tx_id = world.chain.submit(transfer)
    world.chain.mine()
    mined = await one(world, tx_id)
    assert mined.status is TxStatus.SUCCESS
    assert [(leg.event_index, leg.amount_sats, leg.memo) for leg in mined.transfers] == expected
    logs = (await world.source.logs()).logs
    assert {log.memo for log in logs} == {memo for _, _, memo in expected if memo is not None}


@pytest.mark.parametrize("kind", [Kind.ABORT_BY_RESPONSE, Kind.ABORT_BY_POST_CONDITION])
async def test_failed_ones_pay_nothing(world, kind):
    tx_id = world.chain.submit(payment(kind=kind))
    assert (await one(world, tx_id)).intention is not None
    world.chain.mine()
    failed = await one(world, tx_id)
    assert failed.status is TxStatus.FAILED
    assert (failed.block_height, failed.transfers, failed.intention) == (2, (), None)
    assert (await world.source.logs()).logs == ()


async def test_a_transaction_of_four_hundred_events(world):
    legs = tuple(Leg(recipient=SHOP, amount_sats=number + 2, memo=b"%d" % number) for number in range(199))
    tx_id = world.chain.submit(payment(1, b"first", kind=Kind.TRANSFER_MANY, more=legs))
    world.chain.mine()
    transfers = (await one(world, tx_id)).transfers
    assert [leg.amount_sats for leg in transfers] == list(range(1, 201))
    assert [leg.memo for leg in transfers] == [b"first", *(b"%d" % number for number in range(199))]


async def test_unknown_ids_are_absent_and_many_ids_are_split(world):
    tx_ids = [world.chain.submit(payment(number + 1)) for number in range(120)]
    world.chain.mine()
    found = await world.source.transactions([*tx_ids, UNKNOWN_TX, "rubbish", tx_ids[0].upper().replace("0X", "0x")])
    assert set(found) == set(tx_ids)
    assert [found[tx_id].tx_index for tx_id in tx_ids] == list(range(120))
    assert await world.source.transactions([]) == {}


async def test_a_payment_for_later_is_hidden_until_its_time(world):
    tx_id = world.chain.submit(payment(not_before=START + 60))
    world.chain.mine()
    assert await world.source.transactions([tx_id]) == {}
    world.clock.now = START + 60
    pending = await one(world, tx_id)
    assert (pending.status, pending.received_at.timestamp()) == (TxStatus.PENDING, START + 60)
    world.chain.mine()
    assert (await one(world, tx_id)).status is TxStatus.SUCCESS


async def test_a_reorg_that_mines_everything_again(world):
    tx_ids = [world.chain.submit(payment(1))]
    world.chain.mine()
    tx_ids.append(world.chain.submit(payment(2)))
    world.chain.mine()
    before = [await one(world, tx_id) for tx_id in tx_ids]
    old_headers = await all_headers(world.source)
    old_cursor = old_headers[0].index_block_hash

    world.chain.reorg(2, "same")

    headers = await all_headers(world.source)
    assert len(headers) == len(old_headers) + 1
    assert headers[-1] == old_headers[-1]
    assert not {header.index_block_hash for header in headers[:-1]} & {
        header.index_block_hash for header in old_headers
    }
    assert await world.source.header(old_cursor) is None
    with pytest.raises(ChainUnavailable):
        await world.source.headers(old_cursor)
    after = [await one(world, tx_id) for tx_id in tx_ids]
    assert [transaction.block_height for transaction in before] == [2, 3]
    assert [transaction.block_height for transaction in after] == [3, 4]
    assert [transaction.transfers for transaction in before] == [transaction.transfers for transaction in after]
    assert [log.tx_id for log in (await world.source.logs()).logs] == tx_ids[::-1]


async def test_a_reorg_that_puts_a_payment_back_into_the_mempool(world):
    tx_id = world.chain.submit(payment())
    world.chain.mine(2)
    world.chain.reorg(2, "none")
    pending = await one(world, tx_id)
    assert (pending.status, pending.block_hash, pending.transfers) == (TxStatus.PENDING, None, ())
    assert pending.received_at.timestamp() == START
    assert (await world.source.logs()).logs == ()
    world.chain.mine()
    assert (await one(world, tx_id)).block_height == 5


async def test_a_reorg_that_removes_a_payment_for_good(world):
    tx_id = world.chain.submit(payment())
    world.chain.mine()
    world.chain.reorg(1, "drop")
    dropped = await one(world, tx_id)
    assert (dropped.status, dropped.transfers) == (TxStatus.DROPPED, ())
    spender = await one(world, dropped.replaced_by)
    assert (spender.status, spender.transfers) == (TxStatus.SUCCESS, ())
    world.chain.mine()
    assert (await one(world, tx_id)).status is TxStatus.DROPPED


async def test_a_log_cursor_of_an_orphaned_event_resumes_at_the_next_older_one(world):
    for number in range(102):
        world.chain.submit(payment(memo=b"%d" % number))
        world.chain.mine()
    cursor = (await world.source.logs()).older
    world.chain.reorg(102, "none")
    assert (await world.source.logs(cursor)).logs == ()


async def test_a_rival_of_equal_height_is_invisible(world):
    world.chain.mine(3)
    page = await world.source.headers()
    rival = world.chain.rival()
    assert await world.source.headers(unless=page.etag) is None
    assert await world.source.header(rival) is None
    with pytest.raises(ChainUnavailable):
        await world.source.headers(rival)


async def test_a_bitcoin_fork_undoes_tenures_and_bitcoin_blocks(world):
    tx_id = world.chain.submit(payment())
    world.chain.mine(12)
    old = await all_headers(world.source)
    assert (old[0].height, old[0].tenure_height) == (13, 3)

    world.chain.reorg(9, "same", bitcoin_fork=True)

    new = await all_headers(world.source)
    assert (new[0].height, new[0].tenure_height) == (14, 2)
    assert new[0].bitcoin_height == old[0].bitcoin_height - 1
    for newer, older in itertools.pairwise(new):
        assert newer.parent_index_block_hash == older.index_block_hash
        assert newer.time > older.time
        assert newer.bitcoin_height - older.bitcoin_height == newer.tenure_height - older.tenure_height
    assert (await one(world, tx_id)).block_height == 2  # below the fork
    world.chain.mine(5)
    grown = (await world.source.headers()).headers[0]
    assert (grown.tenure_height, grown.bitcoin_height) == (old[0].tenure_height, old[0].bitcoin_height)


async def test_a_replica_that_stays_on_the_losing_branch(world):
    tx_id = world.chain.submit(payment(memo=b"here"))
    world.chain.mine(2)
    stuck_at = world.chain.tip.index_block_hash
    world.chain.leave_replica()
    world.chain.reorg(2, "none")
    late = world.chain.submit(payment(memo=b"late"))
    world.chain.mine()

    world.chain.faults.stuck = True
    page, logs = await world.source.headers(), await world.source.logs()
    assert page.headers[0].index_block_hash == logs.tip == stuck_at
    assert [log.memo for log in logs.logs] == [b"here"]
    assert (await world.source.header(stuck_at)).height == 3
    found = await world.source.transactions([tx_id, late])
    assert set(found) == {tx_id}
    assert (found[tx_id].status, found[tx_id].block_height) == (TxStatus.SUCCESS, 2)
    assert [item.height for item in (await world.source.involving(SHOP)).items] == [2]

    world.chain.faults.stuck = False
    assert (await world.source.headers()).headers[0].height == 5
    assert await world.source.header(stuck_at) is None
    assert [log.memo for log in (await world.source.logs()).logs] == [b"late", b"here"]
    assert [item.height for item in (await world.source.involving(SHOP)).items] == [5, 5]


async def test_a_pending_transaction_that_is_replaced(world):
    tx_id = world.chain.submit(payment(1_000))
    instead = world.chain.replace(tx_id, payment(2_000))
    dropped, pending = await one(world, tx_id), await one(world, instead)
    assert (dropped.status, dropped.replaced_by) == (TxStatus.DROPPED, instead)
    assert (pending.status, pending.intention.amount_sats) == (TxStatus.PENDING, 2_000)
    world.chain.mine()
    assert (await one(world, tx_id)).status is TxStatus.DROPPED
    assert (await one(world, instead)).status is TxStatus.SUCCESS


async def test_small_pages_show_the_same(world):
    for number in range(12):
        world.chain.submit(payment(memo=b"%d" % number))
        world.chain.mine()
    small = SimulatorSource(world.chain, page_size=5)
    page = await small.headers()
    assert len(page.headers) == 5
    assert await all_headers(small) == await all_headers(world.source)
    logs = await small.logs()
    older = await small.logs(logs.older)
    assert [len(page.logs) for page in (logs, older)] == [5, 5]
    assert (*logs.logs, *older.logs) == (await world.source.logs()).logs[:10]


async def test_an_outage_and_its_end(world):
    world.chain.faults.outage = True
    for request in (
        world.source.headers(),
        world.source.header(world.chain.tip.index_block_hash),
        world.source.logs(),
        world.source.transactions([UNKNOWN_TX]),
    ):
        with pytest.raises(ChainUnavailable):
            await request
    world.chain.faults.outage = False
    assert await world.source.headers()


async def test_a_long_retry_after_is_reported(world):
    world.chain.faults.fail_next(1, 429, 120)
    with pytest.raises(ChainUnavailable) as caught:
        await world.source.logs()
    assert caught.value.retry_after_s == 120
    assert await world.source.logs()


async def test_a_replica_that_lags(world):
    early = world.chain.submit(payment(memo=b"early"))
    world.chain.mine()
    late = world.chain.submit(payment(memo=b"late"))
    tip = world.chain.mine()
    world.chain.faults.lag_blocks = 1
    page = await world.source.headers()
    logs = await world.source.logs()
    assert [header.height for header in page.headers] == [2, 1]
    assert logs.tip == page.headers[0].index_block_hash
    assert [log.memo for log in logs.logs] == [b"early"]
    assert await world.source.header(tip.index_block_hash) is None
    found = await world.source.transactions([early, late])
    assert [found[tx_id].status for tx_id in (early, late)] == [TxStatus.SUCCESS, TxStatus.PENDING]
    world.chain.faults.lag_blocks = 1_000
    assert [header.height for header in (await world.source.headers()).headers] == [1]
    world.chain.faults.lag_blocks = 0
    assert (await world.source.logs()).tip == tip.index_block_hash


async def test_the_chain_may_move_between_two_responses(world):
    endpoints = []

    def mine_before_logs(endpoint):
        endpoints.append(endpoint)
        if endpoint.endswith("/logs"):
            world.chain.mine()

    world.chain.faults.before_answer(mine_before_logs)
    page, logs = await world.source.headers(), await world.source.logs()
    assert page.headers[0].height == 1
    assert logs.tip == world.chain.tip.index_block_hash
    assert len(endpoints) == 2
    world.chain.faults.before_answer(None)
    await world.source.logs()
    assert len(endpoints) == 2


async def test_a_header_by_its_height(world):
    world.chain.mine(40)
    for header in await all_headers(world.source):
        assert await world.source.header_at(header.height) == header
    assert await world.source.header_at(42) is None


async def test_a_height_that_a_lagging_replica_has_not_reached(world):
    world.chain.mine(3)
    world.chain.faults.lag_blocks = 2
    assert await world.source.header_at(3) is None
    assert (await world.source.header_at(2)).height == 2
    world.chain.faults.lag_blocks = 0
    assert (await world.source.header_at(4)).index_block_hash == world.chain.tip.index_block_hash


async def test_a_height_is_answered_from_the_new_branch_after_a_reorg(world):
    world.chain.mine(3)
    before = await world.source.header_at(3)
    world.chain.reorg(2, "same")
    after = await world.source.header_at(3)
    assert (before.height, after.height) == (3, 3)
    assert before.index_block_hash != after.index_block_hash


async def test_logs_below_a_height_leave_out_that_height_and_lead_down(world):
    for number in range(120):
        world.chain.submit(payment(memo=b"%d" % number))
        world.chain.mine()  # number n is mined at height n + 2
    page = await world.source.logs_below(112)
    memos = [log.memo for log in page.logs]
    assert memos == [b"%d" % number for number in range(109, 9, -1)]
    memos = [log.memo for log in (await world.source.logs(page.older)).logs]
    assert memos == [b"%d" % number for number in range(9, -1, -1)]
    assert (await world.source.logs_below(2)).logs == ()
    assert [log.memo for log in (await world.source.logs_below(1_000)).logs][:1] == [b"119"]


async def all_involved(world, address):
    page = await world.source.involving(address)
    pages = [page]
    while page.older is not None:
        page = await world.source.involving(address, page.older)
        pages.append(page)
    return pages


async def test_the_transactions_of_an_address_in_pages_newest_first(world):
    tx_ids = []
    for number in range(120):
        tx_ids.append(world.chain.submit(payment(memo=None)))
        world.chain.submit(payment(recipient=OTHER_SHOP))
        if number % 9 == 0:
            world.chain.mine()
    world.chain.mine()
    world.chain.submit(payment())  # waits in the mempool: not listed
    pages = await all_involved(world, SHOP)
    assert [len(page.items) for page in pages] == [50, 50, 20]
    items = [item for page in pages for item in page.items]
    assert [item.tx_id for item in items] == tx_ids[::-1]
    assert all(item.moves_tokens for item in items)
    known = await world.source.transactions(tx_ids)
    assert [item.height for item in items] == [known[item.tx_id].block_height for item in items]


async def test_only_mined_transactions_are_listed_for_an_address(world):
    world.chain.submit(payment())
    assert await all_involved(world, SHOP) == [await world.source.involving(OTHER_SHOP)]
    world.chain.mine(2)
    [item] = (await world.source.involving(SHOP)).items
    assert item.height == 2
    world.chain.reorg(2, "none")
    assert (await world.source.involving(SHOP)).items == ()


async def test_a_lagging_replica_lists_less_of_an_address(world):
    early = world.chain.submit(payment())
    world.chain.mine()
    late = world.chain.submit(payment())
    world.chain.mine()
    world.chain.faults.lag_blocks = 1
    assert [item.tx_id for item in (await world.source.involving(SHOP)).items] == [early]
    world.chain.faults.lag_blocks = 0
    assert [item.tx_id for item in (await world.source.involving(SHOP)).items] == [late, early]


@pytest.mark.parametrize(("kind", "moves"), [(Kind.TRANSFER, True), (Kind.ROUTER, True), (Kind.STX, False)])
async def test_whether_a_transaction_of_an_address_moves_tokens(world, kind, moves):
    tx_id = world.chain.submit(payment(kind=kind, memo=None))
    world.chain.mine()
    [item] = (await world.source.involving(SHOP)).items
    assert (item.tx_id, item.moves_tokens) == (tx_id, moves)


async def test_a_large_transaction_can_be_read_without_its_transfers(world):
    more = tuple(Leg(recipient=OTHER_SHOP, amount_sats=1, memo=b"m") for _ in range(50))
    large = world.chain.submit(payment(kind=Kind.TRANSFER_MANY, more=more))
    small = world.chain.submit(payment(kind=Kind.TRANSFER_MANY, more=more[:49]))
    world.chain.mine()
    whole = await world.source.transactions([large, small])
    assert [len(whole[tx_id].transfers) for tx_id in (large, small)] == [51, 50]
    asked = []
    world.chain.faults.before_answer(asked.append)
    seen = await world.source.transactions([large, small], whole=False)
    assert len(asked) == 1
    assert (seen[large].status, seen[large].transfers) == (TxStatus.SUCCESS, ())
    assert seen[small] == whole[small]


async def test_an_outage_affects_requests_for_heights_and_addresses(world):
    world.chain.faults.outage = True
    for request in (world.source.header_at(1), world.source.logs_below(1), world.source.involving(SHOP)):
        with pytest.raises(ChainUnavailable):
            await request
