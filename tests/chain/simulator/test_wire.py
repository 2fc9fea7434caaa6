"""The simulator's HTTP responses have the fields and JSON types of the recorded ones."""

import json

import aiohttp
import pytest

from chain.replay import MULTIPLE, TX, UNKNOWN_TX, recording
from chain.simulated import OTHER_SHOP, SHOP, START, Clock, open_chain, payment
from sgate.chain.simulator import Kind, Leg, serve

TOKEN = "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token"
LOGS = f"/extended/v2/smart-contracts/{TOKEN}/logs"


class Server:
    def __init__(self, chain, clock, url, session):
        self.chain, self.clock, self.url, self.session = chain, clock, url, session

    async def get(self, path, **headers):
        async with self.session.get(self.url + path, headers=headers) as response:
            text = await response.text()
            return response.status, response.headers, json.loads(text) if text else None

    async def body(self, path):
        return (await self.get(path))[2]


@pytest.fixture
async def server():
    clock = Clock()
    chain = open_chain(clock=clock)
    running = await serve(chain)
    async with aiohttp.ClientSession() as session:
        yield Server(chain, clock, running.url, session)
    await running.close()


def shape(value):
    """Return the keys and JSON types of a value; a list becomes the set of its items' shapes."""
    match value:
        case dict():
            return {key: shape(item) for key, item in value.items()}
        case list():
            return sorted({json.dumps(shape(item), sort_keys=True) for item in value})
        case bool():
            return "bool"
        case None:
            return "null"
        case _:
            return type(value).__name__


MORE = (Leg(recipient=OTHER_SHOP, amount_sats=2), Leg(recipient=SHOP, amount_sats=3, memo=b"three"))


async def mined(server, transfer):
    tx_id = server.chain.submit(transfer)
    server.chain.mine()
    return (await server.body(f"{MULTIPLE}?tx_id={tx_id}"))[tx_id]


@pytest.mark.parametrize(
    ("name", "transfer"),
    [
        ("direct_memo", payment(100_000, b"INV-0001")),
        ("router", payment(5000, b"INV-0002", kind=Kind.ROUTER, more=MORE)),
        ("many", payment(1111, b"INV-0003", kind=Kind.TRANSFER_MANY, more=MORE)),
        ("fail_pc", payment(700_000, b"INV-0006", kind=Kind.ABORT_BY_POST_CONDITION)),
    ],
)
async def test_mined_transactions(server, name, transfer):
    real = recording("1-mined/v1-tx-multiple").body[TX[name]]
    simulated = await mined(server, transfer)
    assert shape(simulated) == shape(real)
    assert list(simulated["result"]) == list(real["result"])
    for field in ("tx_status", "tx_type", "post_condition_mode", "microblock_sequence", "microblock_hash"):
        assert simulated["result"][field] == real["result"][field]


async def test_a_direct_payment_field_by_field(server):
    real = recording("1-mined/v1-tx-multiple").body[TX["direct_memo"]]["result"]
    simulated = (await mined(server, payment(100_000, b"INV-0001")))["result"]
    for field in ("tx_result", "event_count", "vm_error", "canonical", "nonce", "fee_rate", "anchor_mode"):
        assert simulated[field] == real[field]
    call, real_call = simulated["contract_call"], real["contract_call"]
    assert call["function_signature"] == real_call["function_signature"]
    for place in (0, 3):
        assert call["function_args"][place] == real_call["function_args"][place]
    assert simulated["events"][1]["contract_log"]["value"] == real["events"][1]["contract_log"]["value"]


async def test_the_arguments_of_transfer_many_are_spelled_alike(server):
    real = recording("1-mined/v1-tx-multiple").body[TX["many"]]["result"]["contract_call"]
    call = (await mined(server, payment(1111, b"INV-0003", kind=Kind.TRANSFER_MANY)))["result"]["contract_call"]
    assert call["function_signature"] == real["function_signature"]
    assert call["function_args"][0]["repr"].startswith(
        "(list (tuple (amount u1111) (memo (some 0x494e562d30303033)) (sender 'ST"
    )
    first_leg = real["function_args"][0]["hex"][len("0x0b00000003") :].partition("0516")[0]
    assert call["function_args"][0]["hex"].startswith("0x0b00000001" + first_leg)


async def test_failures_by_response_are_reported_as_such(server):
    result = (await mined(server, payment(kind=Kind.ABORT_BY_RESPONSE)))["result"]
    assert (result["tx_status"], result["events"], result["event_count"]) == ("abort_by_response", [], 0)
    assert result["tx_result"] == {"hex": "0x08" + "01" + "0" * 31 + "1", "repr": "(err u1)"}


async def test_pending_dropped_and_unknown_transactions(server):
    tx_id = server.chain.submit(payment())
    body = await server.body(f"{MULTIPLE}?tx_id={tx_id},{UNKNOWN_TX}")
    pending = recording("2-mempool/v1-tx-multiple.pending").body[TX["pending"]]
    assert shape(body[tx_id]) == shape(pending)
    assert list(body[tx_id]["result"]) == list(pending["result"])
    assert body[tx_id]["result"]["receipt_time"] == START
    assert body[UNKNOWN_TX] == recording("1-mined/v1-tx-multiple").body["0x" + "ab" * 32]
    server.chain.mine()
    server.chain.reorg(1, "drop")
    dropped = (await server.body(f"{MULTIPLE}?tx_id={tx_id}"))[tx_id]
    real = recording("6-reorg-double-spend/v1-tx-multiple.2-nonce-taken").body[TX["doublespent"]]
    assert shape(dropped) == shape(real)
    assert dropped["result"]["tx_status"] == real["result"]["tx_status"]


async def test_repeated_ids_and_event_paging(server):
    many = server.chain.submit(payment(1, b"a", kind=Kind.TRANSFER_MANY, more=MORE))
    plain = server.chain.submit(payment())
    server.chain.mine()
    body = await server.body(f"{MULTIPLE}?tx_id={many}&tx_id={plain}&event_limit=2&event_offset=1")
    assert [event["event_index"] for event in body[many]["result"]["events"]] == [1, 2]
    assert body[many]["result"]["event_count"] == 5
    assert list(body) == [many, plain]


async def test_blocks(server):
    server.chain.mine(5)
    for name, path in (("v2-blocks", "?limit=3"), ("v2-blocks.one", "/3")):
        status, headers, body = await server.get(f"/extended/v2/blocks{path}")
        real = recording(f"1-mined/{name}")
        assert (status, shape(body), list(body)) == (200, shape(real.body), list(real.body))
        assert headers["cache-control"] == real.headers["cache-control"]
        assert headers["content-type"] == real.headers["content-type"]
    tip = server.chain.tip
    assert headers["etag"] == f'"{server.chain.history.canonical[2].index_block_hash}:true"'
    for name in (6, "latest", tip.block_hash, tip.index_block_hash):
        assert (await server.body(f"/extended/v2/blocks/{name}"))["height"] == 6


async def test_block_paging_is_that_of_the_real_one(server):
    server.chain.mine(5)
    blocks = server.chain.history.canonical
    cursor = blocks[3].index_block_hash
    body = await server.body(f"/extended/v2/blocks?limit=2&cursor={cursor}")
    real = recording("1-mined/v2-blocks.cursor").body
    assert [block["height"] for block in body["results"]] == [block["height"] for block in real["results"]] == [4, 3]
    assert (body["total"], body["limit"], body["offset"]) == (real["total"], real["limit"], real["offset"])
    assert body["cursor"] == cursor
    assert body["next_cursor"] == blocks[5].index_block_hash
    assert body["prev_cursor"] == blocks[1].index_block_hash
    first = await server.body("/extended/v2/blocks?limit=30")
    assert (first["next_cursor"], first["prev_cursor"]) == (None, None)
    assert [block["height"] for block in (await server.body("/extended/v2/blocks?limit=2&offset=3"))["results"]] == [
        3,
        2,
    ]


async def test_logs(server):
    for number in range(5):
        server.chain.submit(payment(memo=b"%d" % number))
    server.chain.mine()
    body = await server.body(f"{LOGS}?limit=2&cursor=2:2147483647:2:1")
    real = recording("1-mined/v2-smart-contracts-logs.cursor").body
    assert shape(body) == shape(real)
    assert list(body) == list(real)
    assert body["cursor"] == "2:2147483647:2:1"
    assert body["next_cursor"] == "2:2147483647:4:1"
    assert body["prev_cursor"] == "2:2147483647:0:1"
    _status, headers, newest = await server.get(f"{LOGS}?limit=2")
    assert headers["etag"] == f'"{server.chain.tip.index_block_hash}"'
    assert (newest["next_cursor"], newest["prev_cursor"], newest["total"]) == (None, "2:2147483647:2:1", 5)
    assert shape(newest) == shape(recording("1-mined/v2-smart-contracts-logs.limit2").body)
    other = await server.body(f"/extended/v2/smart-contracts/{SHOP}.other/logs")
    assert (other["total"], other["results"]) == (0, [])


async def test_events_of_the_third_version(server):
    tx_id = server.chain.submit(payment(5000, b"INV-0002", kind=Kind.ROUTER, more=MORE))
    many = server.chain.submit(payment(1, b"a", kind=Kind.TRANSFER_MANY, more=MORE))
    failed = server.chain.submit(payment(kind=Kind.ABORT_BY_POST_CONDITION))
    server.chain.mine()
    base = "/extended/v3/transactions"
    body = await server.body(f"{base}/{tx_id}/events?limit=100")
    assert shape(body) == shape(recording("1-mined/v3-transaction-events.router").body)
    page = await server.body(f"{base}/{many}/events?limit=2")
    assert shape(page) == shape(recording("1-mined/v3-transaction-events.many.limit2").body)
    assert page["cursor"] == {"next": "2", "previous": None, "current": "0"}
    page = await server.body(f"{base}/{many}/events?limit=2&cursor=2")
    assert page["cursor"] == {"next": "4", "previous": "0", "current": "2"}
    assert (
        await server.body(f"{base}/{failed}/events?limit=100")
        == recording("1-mined/v3-transaction-events.fail_pc").body
    )
    pending = server.chain.submit(payment())
    refusal = recording("2-mempool/v3-transaction-events.pending")
    assert (await server.get(f"{base}/{pending}/events"))[::2] == (refusal.status, refusal.body)
    unknown = recording("1-mined/v3-transaction.unknown")
    assert (await server.get(f"{base}/{UNKNOWN_TX}/events"))[::2] == (unknown.status, unknown.body)


async def test_a_principals_transactions(server):
    server.chain.submit(payment(kind=Kind.TRANSFER_MANY))
    server.chain.submit(payment(kind=Kind.ROUTER, more=MORE))
    server.chain.submit(payment(kind=Kind.STX))
    server.chain.submit(payment(kind=Kind.ABORT_BY_RESPONSE))
    server.chain.submit(payment(recipient=OTHER_SHOP))
    server.chain.mine()
    path = f"/extended/v3/principals/{SHOP}/transactions"
    body = await server.body(path)
    real = recording("1-mined/v3-principals-transactions.merchant1").body
    assert shape(body) == shape(real)
    assert body["total"] == 3  # the failed one is not listed for the payee
    assert [item["affected_balances"]["ft"] for item in body["results"]] == [False, True, True]
    assert body["results"][0]["balance_changes"]["stx"] == {"sent": "0", "received": "1000", "net": "1000"}
    page = await server.body(f"{path}?limit=1&cursor=2:2147483647:1")
    assert page["cursor"] == {"next": "2:2147483647:0", "previous": "2:2147483647:2", "current": "2:2147483647:1"}
    server.chain.reorg(1, "none")
    assert (await server.body(path))["results"] == []
    token = await server.body(f"/extended/v3/principals/{TOKEN}/transactions")
    assert token["total"] == 0
    server.chain.mine()
    token = await server.body(f"/extended/v3/principals/{TOKEN}/transactions")
    assert token["total"] == 3  # the router's payment is missing here, as on the real server


async def test_the_status(server):
    body = await server.body("/extended")
    assert shape(body) == shape(recording("1-mined/extended-status").body)
    server.chain.bitcoin_block()
    assert (await server.body("/extended"))["chain_tip"]["burn_block_height"] == 900_002


async def test_etags(server):
    for path in ("/extended/v2/blocks?limit=1", LOGS, "/extended", "/extended/v2/blocks/1"):
        _, headers, _ = await server.get(path)
        status, unchanged, body = await server.get(path, **{"if-none-match": headers["etag"]})
        assert (status, body) == (304, None)
        assert unchanged["cache-control"] == headers["cache-control"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/extended/v2/blocks?cursor=" + UNKNOWN_TX, "1-mined/v2-blocks.cursor_unknown"),
        ("/extended/v2/blocks/999999", "1-mined/v2-blocks.missing"),
        (f"{LOGS}?limit=101", "1-mined/v2-smart-contracts-logs.limit101"),
        (f"{LOGS}?limit=3&offset=1001", "10-etag-and-reorg/logs.offset-max"),
        (f"{MULTIPLE}?tx_id={UNKNOWN_TX[2:]}", "12-id-format/v1-tx-multiple.no0x"),
        (f"{MULTIPLE}?tx_id=0x12", "12-id-format/v1-tx-multiple.malformed"),
        (MULTIPLE, "12-id-format/v1-tx-multiple.none"),
        ("/extended/v9/nope", "1-mined/no-such-route"),
    ],
)
async def test_refusals_word_for_word(server, path, name):
    status, _, body = await server.get(path)
    real = recording(name)
    assert (status, body) == (real.status, real.body)


@pytest.mark.parametrize("query", ["limit=31", "limit=x", "limit=-1", "offset=-1", "limit=" + "9" * 40])
async def test_numbers_out_of_range(server, query):
    status, _, body = await server.get(f"/extended/v2/blocks?{query}")
    assert (status, body["code"]) == (400, "FST_ERR_VALIDATION")


async def test_orphaned_blocks_are_refused_with_their_etag(server):
    server.chain.mine()
    orphan = server.chain.tip
    server.chain.reorg(1)
    for name in (orphan.index_block_hash, orphan.block_hash):
        status, headers, body = await server.get(f"/extended/v2/blocks/{name}")
        real = recording("4-reorg-not-remined/v2-block.by_index_hash_of_orphan.2-after")
        assert (status, body) == (real.status, real.body)
        assert headers["etag"] == f'"{orphan.index_block_hash}:false"'


async def test_faults(server):
    server.chain.faults.fail_next(1, 429, 30)
    status, headers, _ = await server.get("/extended")
    assert (status, headers["retry-after"]) == (429, "30")
    server.chain.faults.fail_next(1, 500)
    assert (await server.get("/extended"))[0] == 500
    server.chain.faults.outage = True
    status, _, body = await server.get("/extended")
    assert (status, list(body)) == (503, ["error"])
