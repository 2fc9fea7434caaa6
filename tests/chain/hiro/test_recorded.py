"""HiroSource with recorded responses of the real API."""

import copy

import pytest
from aiohttp import web

from chain.replay import (
    BLOCKS,
    IDS,
    LOGS,
    MERCHANT,
    MULTIPLE,
    TX,
    UNKNOWN_TX,
    answer,
    hiro,
    recording,
)
from sgate.chain.source import ChainUnavailable, TxStatus

BOB = IDS["BOB"]


async def ask(replay, source, name, *tx_ids):
    replay.put(MULTIPLE, recording(name))
    return await source.transactions(tx_ids)


async def test_a_direct_payment_with_its_memo(replay, source):
    found = await ask(replay, source, "1-mined/v1-tx-multiple", TX["direct_memo"], UNKNOWN_TX)
    assert set(found) == {TX["direct_memo"]}
    transaction = found[TX["direct_memo"]]
    assert transaction.status is TxStatus.SUCCESS
    assert transaction.block_hash == IDS["B3"]["block_hash"]
    assert (transaction.block_height, transaction.tx_index) == (3, 0)
    assert transaction.block_time is not None
    assert transaction.block_time.timestamp() == 1795410772
    [transfer] = transaction.transfers
    assert (transfer.event_index, transfer.amount_sats, transfer.memo) == (0, 100_000, b"INV-0001")
    assert (transfer.sender, transfer.recipient) == (BOB, MERCHANT)


async def test_a_router_pays_among_other_things(replay, source):
    found = await ask(replay, source, "1-mined/v1-tx-multiple", TX["router"])
    legs = [(leg.event_index, leg.amount_sats, leg.memo) for leg in found[TX["router"]].transfers]
    assert legs == [(1, 5000, b"INV-0002"), (3, 6000, None), (4, 7, b"change")]


async def test_transfer_many_has_a_memo_per_leg(replay, source):
    found = await ask(replay, source, "1-mined/v1-tx-multiple", TX["many"])
    legs = [(leg.event_index, leg.amount_sats, leg.memo) for leg in found[TX["many"]].transfers]
    assert legs == [(0, 1111, b"INV-0003"), (2, 2222, b"INV-0004"), (4, 3333, None)]


@pytest.mark.parametrize("tx_status", ["abort_by_post_condition", "abort_by_response", "problematic_skipped"])
async def test_a_failed_transaction_pays_nothing_despite_its_arguments(replay, source, tx_status):
    failed = recording("1-mined/v1-tx-multiple")
    failed.body[TX["fail_pc"]]["result"]["tx_status"] = tx_status
    replay.put(MULTIPLE, failed)
    transaction = (await source.transactions([TX["fail_pc"]]))[TX["fail_pc"]]
    assert transaction.status is TxStatus.FAILED
    assert transaction.block_height == 5
    assert (transaction.transfers, transaction.intention) == ((), None)


async def test_a_pending_transaction_has_its_intended_transfer(replay, source):
    found = await ask(replay, source, "2-mempool/v1-tx-multiple.pending", TX["pending"])
    transaction = found[TX["pending"]]
    assert transaction.status is TxStatus.PENDING
    assert (transaction.block_hash, transaction.transfers) == (None, ())
    assert transaction.received_at is not None
    assert transaction.received_at.timestamp() == 1795410784
    assert transaction.intention is not None
    assert (transaction.intention.amount_sats, transaction.intention.memo) == (77_000, b"INV-0007")
    assert (transaction.intention.sender, transaction.intention.recipient) == (BOB, MERCHANT)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("contract_id",), "SP1521AWPS27SJHXXRZXPYE5Y0MF6RA566T8RMZJS.sbtc-token"),
        (("function_name",), "transfer-many"),
        (("function_args",), []),
        (("function_args", 0, "hex"), "0x09"),
        (("function_args", 1, "hex"), "rubbish"),
    ],
)
async def test_only_a_direct_transfer_has_an_intention(replay, source, path, value):
    pending = recording("2-mempool/v1-tx-multiple.pending")
    place = pending.body[TX["pending"]]["result"]["contract_call"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    replay.put(MULTIPLE, pending)
    assert (await source.transactions([TX["pending"]]))[TX["pending"]].intention is None


async def test_a_dropped_transaction_names_its_replacement(replay, source):
    found = await ask(replay, source, "6-reorg-double-spend/v1-tx-multiple.2-nonce-taken", TX["doublespent"])
    transaction = found[TX["doublespent"]]
    assert (transaction.status, transaction.replaced_by) == (TxStatus.DROPPED, TX["spender"])


async def test_an_unknown_status_pays_nothing(replay, source):
    odd = recording("1-mined/v1-tx-multiple")
    odd.body[TX["direct_memo"]]["result"]["tx_status"] = "success_of_a_new_kind"
    replay.put(MULTIPLE, odd)
    transaction = (await source.transactions([TX["direct_memo"]]))[TX["direct_memo"]]
    assert (transaction.status, transaction.transfers, transaction.block_hash) == (TxStatus.UNKNOWN, (), None)


@pytest.mark.parametrize(
    "change",
    [{"canonical": False}, {"microblock_canonical": False}, {"block_hash": None}, {"block_hash": ""}],
)
async def test_success_outside_the_canonical_chain_is_not_paid(replay, source, change):
    odd = recording("1-mined/v1-tx-multiple")
    odd.body[TX["direct_memo"]]["result"] |= change
    replay.put(MULTIPLE, odd)
    transaction = (await source.transactions([TX["direct_memo"]]))[TX["direct_memo"]]
    assert (transaction.status, transaction.transfers, transaction.block_hash) == (TxStatus.UNKNOWN, (), None)


async def test_microblock_canonical_may_be_absent(replay, source):
    plain = recording("1-mined/v1-tx-multiple")
    del plain.body[TX["direct_memo"]]["result"]["microblock_canonical"]
    replay.put(MULTIPLE, plain)
    assert (await source.transactions([TX["direct_memo"]]))[TX["direct_memo"]].status is TxStatus.SUCCESS


@pytest.mark.parametrize(
    "change",
    [
        {"block_height": None},
        {"block_time": None, "burn_block_time": None},
        {"tx_index": None},
        {"block_hash": "0x12"},
        {"event_count": None},
        {"event_count": 1},
        {"tx_id": UNKNOWN_TX},
        {"block_time": 10**18},
        {"block_height": "3"},
    ],
)
async def test_a_contradictory_response_is_rejected(replay, source, change):
    odd = recording("1-mined/v1-tx-multiple")
    odd.body[TX["direct_memo"]]["result"] |= change
    replay.put(MULTIPLE, odd)
    with pytest.raises(ChainUnavailable, match="/extended/v1/tx/multiple"):
        await source.transactions([TX["direct_memo"]])


async def test_an_impossible_amount_is_rejected(replay, source):
    odd = recording("1-mined/v1-tx-multiple")
    odd.body[TX["direct_memo"]]["result"]["events"][0]["asset"]["amount"] = "1e5"
    replay.put(MULTIPLE, odd)
    with pytest.raises(ChainUnavailable, match="not a chain amount"):
        await source.transactions([TX["direct_memo"]])


async def test_a_reorg_orphans_the_transaction_and_another_block_includes_it_again(replay, source):
    before = (await ask(replay, source, "4-reorg-not-remined/v1-tx-multiple.1-before", TX["reorged"]))[TX["reorged"]]
    after = (await ask(replay, source, "4-reorg-not-remined/v1-tx-multiple.2-after", TX["reorged"]))[TX["reorged"]]
    again = (await ask(replay, source, "4-reorg-not-remined/v1-tx-multiple.3-remined", TX["reorged"]))[TX["reorged"]]
    assert (before.status, before.block_height) == (TxStatus.SUCCESS, 11)
    assert (after.status, after.block_height, after.transfers) == (TxStatus.PENDING, None, ())
    assert (again.status, again.block_height) == (TxStatus.SUCCESS, 15)
    assert before.block_hash != again.block_hash
    assert before.transfers == again.transfers


async def test_ids_are_sent_in_lower_case_and_malformed_ids_are_not_sent(replay, source):
    replay.put(MULTIPLE, recording("1-mined/v1-tx-multiple"))
    shouted = "0x" + TX["direct_memo"][2:].upper()
    found = await source.transactions([shouted, TX["direct_memo"], "0x12", "", "latest", TX["router"][2:]])
    assert set(found) == {TX["direct_memo"]}
    assert [request.query["tx_id"] for request in replay.requests] == [TX["direct_memo"]]
    assert await source.transactions(["nonsense"]) == {}
    assert len(replay.requests) == 1


async def test_many_ids_are_split_into_calls_of_fifty(replay, source):
    replay.put(MULTIPLE, answer({}))
    assert await source.transactions([f"0x{number:064x}" for number in range(120)]) == {}
    assert [request.query["tx_id"].count(",") + 1 for request in replay.requests] == [50, 50, 20]
    assert {request.query["event_limit"] for request in replay.requests} == {"100"}
    assert source.calls == {MULTIPLE: 3}


# Headers


async def test_a_page_of_headers(replay, source):
    replay.put(f"{BLOCKS}?limit=30", recording("1-mined/v2-blocks"))
    page = await source.headers()
    assert page is not None
    assert [header.height for header in page.headers] == [6, 5, 4]
    first = page.headers[0]
    assert (first.tenure_height, first.bitcoin_height) == (1, 900_001)
    assert (first.block_hash, first.index_block_hash) == (IDS["B6"]["block_hash"], IDS["B6"]["index_block_hash"])
    assert first.parent_index_block_hash == page.headers[1].index_block_hash
    assert first.time.isoformat() == "2026-11-23T05:12:55+00:00"
    assert page.older == IDS["B3"]["index_block_hash"]
    assert page.etag == f'"{IDS["B6"]["index_block_hash"]}"'


async def test_an_older_page_and_an_unchanged_one(replay, source):
    cursor = IDS["B4"]["index_block_hash"]
    replay.put(f"{BLOCKS}?limit=30&cursor={cursor}", recording("1-mined/v2-blocks.cursor"))
    older = await source.headers(cursor)
    assert older is not None
    assert [header.height for header in older.headers] == [4, 3]
    replay.put(f"{BLOCKS}?limit=30", recording("1-mined/etag.chaintip.304"))
    assert await source.headers(unless='"the etag"') is None
    assert replay.requests[-1].headers["if-none-match"] == '"the etag"'
    with pytest.raises(ChainUnavailable, match="304"):
        await source.headers()


async def test_a_cursor_that_a_reorg_removed(replay, source):
    replay.put(BLOCKS, recording("4-reorg-not-remined/v2-blocks.cursor_of_orphan.2-after"))
    with pytest.raises(ChainUnavailable, match=r"404.*Cursor not found"):
        await source.headers("0x" + "12" * 32)


async def test_a_list_with_a_block_that_is_not_canonical_is_rejected(replay, source):
    odd = recording("1-mined/v2-blocks")
    odd.body["results"][1]["canonical"] = False
    replay.put(BLOCKS, odd)
    with pytest.raises(ChainUnavailable, match="canonical"):
        await source.headers()


async def test_one_header_before_and_after_a_reorg(replay, source):
    before = recording("4-reorg-not-remined/v2-block.by_index_hash_of_orphan.1-before")
    index_block_hash = before.body["index_block_hash"]
    path = f"{BLOCKS}/{index_block_hash}"
    replay.put(path, before, recording("4-reorg-not-remined/v2-block.by_index_hash_of_orphan.2-after"))
    header = await source.header(index_block_hash)
    assert header is not None
    assert header.height == 11
    assert await source.header(index_block_hash) is None


async def test_only_the_requested_header_is_returned(replay, source):
    replay.put(f"{BLOCKS}/latest", recording("1-mined/v2-blocks.one"))
    assert await source.header("latest") is None
    uncanonical = recording("1-mined/v2-blocks.one")
    uncanonical.body["canonical"] = False
    replay.put(f"{BLOCKS}/{IDS['B3']['index_block_hash']}", uncanonical)
    assert await source.header(IDS["B3"]["index_block_hash"]) is None


@pytest.mark.parametrize(
    "not_about_the_block",
    [recording("1-mined/no-such-route"), answer(b"<html>not found</html>", 404), answer({}, 404), answer([], 404)],
)
async def test_a_404_that_is_not_about_the_block_allows_no_conclusion(replay, source, not_about_the_block):
    replay.put(f"{BLOCKS}/{UNKNOWN_TX}", not_about_the_block)
    with pytest.raises(ChainUnavailable, match="404"):
        await source.header(UNKNOWN_TX)


# Logs


async def test_a_page_of_logs_with_all_sorts_of_memos(replay, source):
    replay.put(f"{LOGS}?limit=100", recording("1-mined/v2-smart-contracts-logs"))
    page = await source.logs()
    assert [log.memo for log in page.logs] == [
        b"INV-001" + bytes(27),
        "naïve ✓".encode(),
        b"1234567890123456789012345678901234",
        bytes.fromhex("ff00fe80"),
        b"",
    ]
    assert page.logs[0].tx_id == TX["memo_padded"]
    assert page.logs[0].event_index == 1
    assert (page.older, page.older_height) == ("4:2147483647:1:3", 4)
    assert page.tip == IDS["B6"]["index_block_hash"]


async def test_older_and_last_pages_of_logs(replay, source):
    replay.put(f"{LOGS}?limit=100&cursor=6:2147483647:2:1", recording("1-mined/v2-smart-contracts-logs.cursor"))
    page = await source.logs("6:2147483647:2:1")
    assert (len(page.logs), page.older_height) == (2, 6)
    replay.put(f"{LOGS}?limit=100", recording("1-mined/v2-smart-contracts-logs.100"))
    last = await source.logs()
    assert (len(last.logs), last.older, last.older_height) == (10, None, None)


@pytest.mark.parametrize(
    ("etag", "tip"),
    [
        (f'W/"{UNKNOWN_TX}"', UNKNOWN_TX),
        (f'"{UNKNOWN_TX}"', UNKNOWN_TX),
        ('"something else"', None),
        (None, None),
    ],
)
async def test_the_tip_is_read_from_the_etag(replay, source, etag, tip):
    body = recording("1-mined/v2-smart-contracts-logs").body
    replay.put(LOGS, answer(body, headers={} if etag is None else {"etag": etag}))
    assert (await source.logs()).tip == tip


async def test_logs_that_are_not_memos_are_skipped(replay, source):
    odd = recording("1-mined/v2-smart-contracts-logs")
    results = odd.body["results"]
    results[0]["contract_log"]["contract_id"] += "-v2"
    results[1]["contract_log"]["value"]["hex"] = "0x0c00000000"
    results[2]["contract_log"]["topic"] = "other"
    del results[3]["contract_log"]
    replay.put(LOGS, odd)
    assert [log.memo for log in (await source.logs()).logs] == [b""]


async def test_a_cursor_without_a_height_is_rejected(replay, source):
    odd = recording("1-mined/v2-smart-contracts-logs")
    odd.body["prev_cursor"] = "later"
    replay.put(LOGS, odd)
    with pytest.raises(ChainUnavailable, match="cursor"):
        await source.logs()


# Refusals


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("11-deprecated-off/v1-tx", "this server does not offer it .410 .This endpoint has been disabled"),
        ("1-mined/no-such-route", "this server does not offer it .404 .Route GET"),
        ("12-id-format/v1-tx-multiple.malformed", "the server answered 400 .querystring/tx_id/0 must match"),
    ],
)
async def test_refusals_name_the_endpoint_and_are_not_repeated(replay, source, pauses, name, sentence):
    replay.put(MULTIPLE, recording(name))
    replay.put(LOGS, recording(name))
    with pytest.raises(ChainUnavailable, match=f"/extended/v1/tx/multiple: {sentence}"):
        await source.transactions([UNKNOWN_TX])
    with pytest.raises(ChainUnavailable, match=r"/extended/v2/smart-contracts/{contract_id}/logs: th(e|is) server"):
        await source.logs()
    assert pauses.waits_s == []


async def test_the_key_is_sent_and_calls_are_reported(replay):
    calls = []
    source = hiro(replay.url + "/", api_key="k-1", on_call=lambda *call: calls.append(call))
    replay.put(BLOCKS, recording("1-mined/v2-blocks"))
    await source.headers()
    await source.close()
    assert replay.requests[0].headers["x-api-key"] == "k-1"
    [(endpoint, status, seconds)] = calls
    assert (endpoint, status) == (BLOCKS, 200)
    assert seconds >= 0


# A transaction of 400 events


def big_entry(event_count=400):
    """Return the `tx/multiple` response for the recorded large transaction, of which only the events were recorded."""
    entry = copy.deepcopy(recording("1-mined/v1-tx-multiple").body[TX["many"]])
    entry["result"] |= {"tx_id": TX["big"], "event_count": event_count}
    return answer({TX["big"]: entry})


def big_pages(replay, total=400):
    """Return the recorded pages 1 and 2, and similar pages 3 and 4."""
    pages = [recording("8-big-tx/v3-transaction-events.limit_100").body]
    pages.append(recording("8-big-tx/v3-transaction-events.limit_100.page2").body)
    for start in (200, 300):
        page = copy.deepcopy(pages[1])
        for event in page["results"]:
            event["event_index"] += start - 100
        after = str(start + 100) if start + 100 < 400 else None
        page["cursor"] = {"next": after, "previous": str(start - 100), "current": str(start)}
        pages.append(page)
    base = f"/extended/v3/transactions/{TX['big']}/events?limit=100"
    for start, page in zip((0, 100, 200, 300), pages, strict=True):
        page["total"] = total
        replay.put(base + (f"&cursor={start}" if start else ""), answer(page))
    return pages


async def test_a_transaction_of_four_hundred_events(replay, source):
    replay.put(MULTIPLE, big_entry())
    big_pages(replay)
    transfers = (await source.transactions([TX["big"]]))[TX["big"]].transfers
    assert [transfer.event_index for transfer in transfers] == list(range(0, 400, 2))
    assert [transfer.memo for transfer in transfers[:100]] == [f"BIG-{number}".encode() for number in range(100)]
    assert [transfer.amount_sats for transfer in transfers[:100]] == list(range(10, 110))
    assert all(transfer.memo for transfer in transfers)


async def test_another_total_than_announced_means_that_it_moved(replay, source):
    replay.put(MULTIPLE, big_entry())
    big_pages(replay, total=398)
    with pytest.raises(ChainUnavailable, match="398 events, but 400"):
        await source.transactions([TX["big"]])


async def test_a_transaction_that_goes_back_to_the_mempool_while_it_is_paged(replay, source):
    replay.put(MULTIPLE, big_entry())
    big_pages(replay)
    gone = recording("2-mempool/v3-transaction-events.pending")
    replay.put(f"/extended/v3/transactions/{TX['big']}/events?limit=100&cursor=200", gone)
    with pytest.raises(ChainUnavailable, match=r"answered 400 .Transaction not found"):
        await source.transactions([TX["big"]])


async def test_a_transaction_that_changes_its_block_while_it_is_paged(replay, source):
    moved = big_entry()
    moved.body[TX["big"]]["result"]["block_hash"] = UNKNOWN_TX
    replay.put(MULTIPLE, big_entry(), moved)
    big_pages(replay)
    with pytest.raises(ChainUnavailable, match="left its block"):
        await source.transactions([TX["big"]])


async def test_pages_that_end_early_or_repeat_themselves(replay, source):
    replay.put(MULTIPLE, big_entry())
    pages = big_pages(replay)
    base = f"/extended/v3/transactions/{TX['big']}/events?limit=100"
    replay.put(f"{base}&cursor=200", answer(pages[2] | {"cursor": {"next": None}}))
    with pytest.raises(ChainUnavailable, match="300 of 400 events"):
        await source.transactions([TX["big"]])
    replay.put(f"{base}&cursor=200", answer(pages[1] | {"cursor": {"next": "300"}}))
    with pytest.raises(ChainUnavailable, match="listed twice"):
        await source.transactions([TX["big"]])


@pytest.mark.parametrize(("first_event", "transfers_read"), [(0, 5_000), (1, 4_999)])
async def test_an_endless_transaction_is_read_up_to_a_bound(replay, source, first_event, transfers_read):
    """If the limit separates a transfer from its memo, the transfer is omitted: it must not appear without a memo."""
    replay.put(MULTIPLE, big_entry(1_000_000))
    pages = iter(range(0, 1_000_000, 100))
    template = recording("8-big-tx/v3-transaction-events.limit_100").body
    template["results"] = template["results"][first_event:] + template["results"][:first_event]

    async def next_page(request):
        start = next(pages)
        for place, event in enumerate(template["results"]):
            event["event_index"] = start + place
        page = template | {"total": 1_000_000, "cursor": {"next": str(start + 100)}}
        return web.json_response(page)

    replay.put(f"/extended/v3/transactions/{TX['big']}/events", next_page)
    transfers = (await source.transactions([TX["big"]]))[TX["big"]].transfers
    assert len(transfers) == transfers_read
    assert all(transfer.memo for transfer in transfers)
    assert next(pages) == 10_000


async def test_a_null_block_time_takes_the_time_of_the_bitcoin_block(replay, source):
    blocks = recording("1-mined/v2-blocks")
    blocks.body["results"][0]["block_time"] = None
    replay.put(BLOCKS, blocks)
    page = await source.headers()
    assert page.headers[0].time.timestamp() == blocks.body["results"][0]["burn_block_time"]
    paying = recording("1-mined/v1-tx-multiple")
    paying.body[TX["direct_memo"]]["result"]["block_time"] = None
    replay.put(MULTIPLE, paying)
    transaction = (await source.transactions([TX["direct_memo"]]))[TX["direct_memo"]]
    assert transaction.block_time.timestamp() == paying.body[TX["direct_memo"]]["result"]["burn_block_time"]
    assert transaction.transfers
