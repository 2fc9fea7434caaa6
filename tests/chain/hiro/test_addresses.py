"""HiroSource for heights and addresses with recorded responses of the real API, including a reorganization."""

import pytest

from chain.replay import BLOCKS, LOGS, MERCHANT, MULTIPLE, UNKNOWN_TX, recording
from sgate.chain.source import ChainUnavailable

PRINCIPAL = f"/extended/v3/principals/{MERCHANT}/transactions"


async def involved(replay, source, name):
    replay.put(PRINCIPAL, recording(name))
    return await source.involving(MERCHANT)


@pytest.mark.parametrize(
    "name", ["1-mined/v3-principals-transactions.merchant1", "8-big-tx/v3-principals-transactions"]
)
async def test_a_page_of_the_transactions_of_an_address(replay, source, name):
    body = recording(name).body
    page = await involved(replay, source, name)
    expected = [(item["transaction"]["tx_id"], item["transaction"]["block"]["height"]) for item in body["results"]]
    assert expected
    assert [(item.tx_id, item.height) for item in page.items] == expected
    assert page.older == body["cursor"]["next"]


async def test_a_reorg_removes_a_transaction_from_an_address_and_another_block_restores_it(replay, source):
    pages = [
        await involved(replay, source, f"4-reorg-not-remined/v3-principals-transactions.{step}")
        for step in ("1-before", "2-after", "3-remined")
    ]
    before, after, remined = ({item.tx_id: item.height for item in page.items} for page in pages)
    [(tx_id, height)] = [(tx_id, height) for tx_id, height in before.items() if height == 11]
    assert tx_id not in after
    assert max(after.values()) < height
    assert remined[tx_id] == 15


async def test_the_header_of_a_height(replay, source):
    one = recording("1-mined/v2-blocks.one")
    height = one.body["height"]
    replay.put(f"{BLOCKS}/{height}", one)
    header = await source.header_at(height)
    assert (header.height, header.index_block_hash) == (height, one.body["index_block_hash"])
    replay.put(f"{BLOCKS}/{height + 1}", one)
    assert await source.header_at(height + 1) is None
    replay.put(f"{BLOCKS}/999", recording("1-mined/v2-blocks.missing"))
    assert await source.header_at(999) is None


async def test_a_missing_route_is_no_height_above_the_tip(replay, source):
    replay.put(f"{BLOCKS}/999", recording("1-mined/no-such-route"))
    with pytest.raises(ChainUnavailable, match="does not offer it"):
        await source.header_at(999)


async def test_a_log_cursor_that_names_no_event_leads_to_the_next_older_one(replay, source):
    unknown = recording("1-mined/v2-smart-contracts-logs.cursor_unknown")
    replay.put(LOGS, unknown)
    page = await source.logs_below(1)
    assert page.older == unknown.body["prev_cursor"]
    assert "cursor=1:0:0:0" in replay.requests[-1].path_qs


async def test_headers_that_are_too_large_are_refused_and_not_sent_again(replay, source, pauses):
    replay.put(MULTIPLE, recording("10-etag-and-reorg/multiple.400ids"))
    with pytest.raises(ChainUnavailable, match=r"431 .Exceeded maximum allowed HTTP header size"):
        await source.transactions([UNKNOWN_TX])
    assert pauses.waits_s == []
