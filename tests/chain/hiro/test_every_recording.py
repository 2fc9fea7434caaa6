"""Every recorded response of the real API: what the client may conclude from it, and what it must not.

All files of the folder are read, so that no recorded reorganization, mempool state, failure or refusal is missed. The
other tests in this directory cover the most important ones in detail.
"""

import json
from urllib.parse import urlsplit

import pytest

from chain.replay import ASSET, BLOCKS, LOGS, MULTIPLE, RECORDED, UNKNOWN_TX, Replay, recording
from sgate.chain.hiro.source import STATUSES, HiroSource
from sgate.chain.source import ChainUnavailable, TxStatus

ADDRESS = "SP2KDAFTHAH0RM06WD7K0VBPETBE03DEFVQH274EW"
INVOLVING = f"/extended/v3/principals/{ADDRESS}/transactions"
NAMES = sorted(
    path.relative_to(RECORDED).with_suffix("").as_posix()
    for path in RECORDED.glob("*/*.json")
    if path.name != "feeder-report.json"  # what the recording did to the chain: not a response
)


def path_of(name):
    request = json.loads((RECORDED / f"{name}.json").read_text())["request"]
    return urlsplit(request["path"]).path if request["method"] == "GET" else ""


def kind_of(name):
    """Return the kind of the request, as far as the client makes it."""
    path = path_of(name)
    if path == MULTIPLE:
        return "transactions"
    if path == LOGS:
        return "logs"
    if path.startswith("/extended/v3/principals/") and path.endswith("/transactions") and "mempool" not in path:
        return "involving"
    if path.startswith(BLOCKS) and not path.endswith("/transactions"):
        return "headers" if path == BLOCKS else "header"
    return "other"


ANSWERS = {name: recording(name) for name in NAMES}
REFUSALS = [name for name in NAMES if ANSWERS[name].status >= 400]


def good(kind):
    return [name for name in NAMES if ANSWERS[name].status == 200 and kind_of(name) == kind]


@pytest.fixture
async def world():
    replay = Replay()
    await replay.start()

    async def sleep(seconds):
        pass

    source = HiroSource(replay.url, ASSET, sleep=sleep)
    yield replay, source
    await source.close()
    await replay.close()


def test_the_folder_holds_what_the_client_must_withstand():
    assert {ANSWERS[name].status for name in REFUSALS} == {400, 404, 410, 431, 500}
    assert all(good(kind) for kind in ("transactions", "logs", "involving", "headers", "header"))


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_allows_no_conclusion_and_names_the_endpoint(world, name):
    """Nothing is concluded from it, whatever the request. Only "block not found" means that a block does not exist."""
    replay, source = world
    for path in (BLOCKS, LOGS, MULTIPLE, INVOLVING, f"{BLOCKS}/{UNKNOWN_TX}"):
        replay.put(path, ANSWERS[name])
    for request in (source.headers(), source.logs(), source.transactions([UNKNOWN_TX]), source.involving(ADDRESS)):
        with pytest.raises(ChainUnavailable, match=r"^/extended/v\d/"):
            await request
    if ANSWERS[name].status == 404 and "Route" not in str(ANSWERS[name].body):
        assert await source.header(UNKNOWN_TX) is None
    else:
        with pytest.raises(ChainUnavailable):
            await source.header(UNKNOWN_TX)


@pytest.mark.parametrize("name", good("transactions"))
async def test_transactions_in_every_recorded_state(world, name):
    """Only a transaction that succeeded in a canonical block has transfers; an unknown status is not paid."""
    replay, source = world
    replay.put(MULTIPLE, ANSWERS[name])
    body = ANSWERS[name].body
    tx_ids = [tx_id for tx_id in body if len(tx_id) == 66]
    if any(entry["result"].get("event_count", 0) > len(entry["result"].get("events", ())) for entry in body.values()):
        with pytest.raises(ChainUnavailable, match="/events"):  # its other events are on pages that are not available
            await source.transactions(tx_ids)
        return
    found = await source.transactions(tx_ids)
    assert set(found) == {tx_id for tx_id in tx_ids if body[tx_id]["found"]}
    for tx_id, transaction in found.items():
        expected = body[tx_id]["result"]
        assert transaction.status is STATUSES[expected["tx_status"]]
        assert transaction.block_hash == expected.get("block_hash")
        assert bool(transaction.transfers) <= (transaction.status is TxStatus.SUCCESS)
        assert transaction.replaced_by == expected.get("replaced_by_tx_id")


@pytest.mark.parametrize("name", good("logs"))
async def test_every_recorded_page_of_memos(world, name):
    replay, source = world
    replay.put(LOGS, ANSWERS[name])
    page = await source.logs()
    expected = ANSWERS[name].body
    assert [(log.tx_id, log.event_index) for log in page.logs] == [
        (item["tx_id"], item["event_index"]) for item in expected["results"]
    ]
    assert page.older == expected["prev_cursor"]
    assert page.tip == ANSWERS[name].headers.get("etag", "").strip('W/"')


@pytest.mark.parametrize("name", good("involving"))
async def test_every_recorded_list_of_an_address(world, name):
    replay, source = world
    replay.put(INVOLVING, ANSWERS[name])
    page = await source.involving(ADDRESS)
    expected = ANSWERS[name].body
    assert [(item.tx_id, item.height, item.moves_tokens) for item in page.items] == [
        (
            item["transaction"]["tx_id"],
            item["transaction"]["block"]["height"],
            item["affected_balances"]["ft"],
        )
        for item in expected["results"]
    ]
    assert page.older == expected["cursor"]["next"]


@pytest.mark.parametrize("name", good("headers"))
async def test_every_recorded_page_of_blocks(world, name):
    replay, source = world
    replay.put(BLOCKS, ANSWERS[name])
    page = await source.headers()
    expected = ANSWERS[name].body
    assert [header.index_block_hash for header in page.headers] == [
        block["index_block_hash"] for block in expected["results"]
    ]
    assert page.older == expected["prev_cursor"]


@pytest.mark.parametrize("name", good("header"))
async def test_every_recorded_block(world, name):
    replay, source = world
    expected = ANSWERS[name].body
    replay.put(f"{BLOCKS}/{expected['height']}", ANSWERS[name])
    header = await source.header_at(expected["height"])
    assert (header.index_block_hash, header.tenure_height) == (expected["index_block_hash"], expected["tenure_height"])
