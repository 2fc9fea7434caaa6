"""A loopback server that shows the recorded chain: the real API's own blocks, logs and transactions, stage by stage.

Only the memo bytes are substituted: each recorded memo ("INV-0001") by the id of an intent that the test made, in every
hex of prints and function arguments, with the right Clarity length. What was not recorded (a few headers, pages 3 and 4
of the large transaction) is built in the shape of what was.
"""

import copy
import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from chain.replay import BLOCKS, IDS, LOGS, MERCHANT, MULTIPLE, RECORDED, TX, Replay, answer, recording

MICROBLOCK = 2147483647
EVENTS_OF_BIG = f"/extended/v3/transactions/{TX['big']}/events"
INVOLVING = f"/extended/v3/principals/{MERCHANT}/transactions"
MADE_UP = "0x" + "5e" * 32


@dataclass
class Stage:
    """What the server shows at one moment: blocks newest first, logs newest first, transactions by id."""

    blocks: list[dict[str, Any]]
    logs: list[dict[str, Any]]
    transactions: dict[str, Any]
    event_pages: dict[str, Any] = field(default_factory=dict)  # by cursor

    @property
    def tip(self) -> str:
        return self.blocks[0]["index_block_hash"]


class RecordedChain:
    """Serves a stage through a Replay; `names` maps recorded memos to the memos that take their place."""

    def __init__(self, replay: Replay, names: dict[bytes, bytes]) -> None:
        self.names = names
        self.stage: Stage | None = None
        replay.put(BLOCKS, self._blocks)
        replay.put(LOGS, self._logs)
        replay.put(MULTIPLE, self._multiple)
        replay.put(EVENTS_OF_BIG, self._events)
        replay.put(INVOLVING, self._involving)
        self._replay = replay

    def show(self, stage: Stage) -> None:
        self.stage = stage
        for block in stage.blocks:
            self._replay.put(f"{BLOCKS}/{block['index_block_hash']}", answer(block))

    def forget(self, *index_block_hashes: str) -> None:
        """These blocks are answered as the real API answers a block that lost: the recorded 404."""
        for index_block_hash in index_block_hashes:
            self._replay.put(
                f"{BLOCKS}/{index_block_hash}", recording("7-equal-height-fork/v2-blocks.by_hash_of_the_loser")
            )

    def _answer(self, body: Any, etag: bool = True) -> web.Response:
        headers = {"etag": f'"{self.stage.tip}"'} if etag else {}
        return web.json_response(substitute(body, self.names), headers=headers)

    async def _blocks(self, request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == f'"{self.stage.tip}"':
            return web.Response(status=304)
        blocks, limit = self.stage.blocks, int(request.query["limit"])
        hashes = [block["index_block_hash"] for block in blocks]
        start = hashes.index(request.query["cursor"]) if "cursor" in request.query else 0
        end = start + limit
        return self._answer({"results": blocks[start:end], "prev_cursor": hashes[end] if end < len(hashes) else None})

    async def _logs(self, request: web.Request) -> web.Response:
        logs, limit = self.stage.logs, int(request.query["limit"])
        cursors = [self._cursor_of(log) for log in logs]
        start = cursors.index(request.query["cursor"]) if "cursor" in request.query else 0
        end = start + limit
        return self._answer({"results": logs[start:end], "prev_cursor": cursors[end] if end < len(logs) else None})

    def _cursor_of(self, log: dict[str, Any]) -> str:
        entry = self.stage.transactions.get(log["tx_id"], {}).get("result", {})
        height, tx_index = entry.get("block_height", 6), entry.get("tx_index", 0)
        return f"{height}:{MICROBLOCK}:{tx_index}:{log['event_index']}"

    async def _multiple(self, request: web.Request) -> web.Response:
        unknown = {"found": False, "result": {}}
        asked = request.query["tx_id"].split(",")
        return self._answer({tx_id: self.stage.transactions.get(tx_id, unknown) for tx_id in asked}, etag=False)

    async def _involving(self, request: web.Request) -> web.Response:
        """The merchant's transactions in the shape of `v3-principals-transactions`, from what the stage shows."""
        listed = [
            {
                "transaction": {"tx_id": tx_id, "block": {"height": entry["result"]["block_height"]}},
                "affected_balances": {"stx": False, "ft": True, "nft": False},
            }
            for tx_id, entry in self.stage.transactions.items()
            if entry["result"].get("block_height") and MERCHANT in json.dumps(entry["result"].get("events"))
        ]
        listed.sort(key=lambda item: -item["transaction"]["block"]["height"])
        return self._answer({"total": len(listed), "cursor": {"next": None}, "results": listed}, etag=False)

    async def _events(self, request: web.Request) -> web.Response:
        return self._answer(self.stage.event_pages[request.query.get("cursor", "")], etag=False)


def substitute(body: Any, names: dict[bytes, bytes]) -> Any:
    """The answer with other memo bytes: in serialised buffers (`02`, length, bytes) and in their text (`0x`, bytes)."""
    text = json.dumps(body)
    for old, new in names.items():
        text = text.replace(f"02{len(old):08x}{old.hex()}", f"02{len(new):08x}{new.hex()}")
        text = re.sub(rf"0x{old.hex()}\b", f"0x{new.hex()}", text)
    return json.loads(text)


def blocks_of(name: str) -> list[dict[str, Any]]:
    return copy.deepcopy(recording(name).body["results"])


def logs_of(name: str) -> list[dict[str, Any]]:
    return copy.deepcopy(recording(name).body["results"])


def entries_of(name: str) -> dict[str, Any]:
    return {tx_id: entry for tx_id, entry in copy.deepcopy(recording(name).body).items() if entry["found"]}


def on_top(newer: list[dict[str, Any]], older: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Recorded blocks on top of those recorded before, linked as recorded."""
    below = [block for block in older if block["height"] < newer[-1]["height"]]
    assert newer[-1]["parent_index_block_hash"] == below[0]["index_block_hash"]
    return newer + below


def newer_logs(newer: list[dict[str, Any]], older: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A short recorded page completed by what was recorded before."""
    known = {(log["tx_id"], log["event_index"]) for log in newer}
    return newer + [log for log in older if (log["tx_id"], log["event_index"]) not in known]


def block_like(parent: dict[str, Any], index_block_hash: str, block_hash: str | None = None) -> dict[str, Any]:
    """A block of which only the hashes were recorded, on top of `parent`."""
    return parent | {
        "height": parent["height"] + 1,
        "index_block_hash": index_block_hash,
        "hash": block_hash or "0x" + index_block_hash[:1:-1],
        "parent_index_block_hash": parent["index_block_hash"],
        "parent_block_hash": parent["hash"],
        "block_time": parent["block_time"] + 1,
    }


def entry_like(entry: dict[str, Any], tx_id: str, block: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A transaction entry in the shape of a recorded one, in `block`."""
    made = json.loads(json.dumps(entry).replace(entry["result"]["tx_id"], tx_id))
    place = {"block_height": block["height"], "block_hash": block["hash"], "block_time": block["block_time"]}
    made["result"] |= place | {"tx_index": 0} | changes
    return made


def mined() -> Stage:
    """Blocks 1 to 6: a direct payment, one through a router, transfer-many, failures, all kinds of memos."""
    blocks = blocks_of("1-mined/v2-block-tenures-blocks")
    transactions = entries_of("1-mined/v1-tx-multiple")
    padded = substitute(transactions[TX["direct_memo"]], {b"INV-0001": b"INV-001".ljust(34, b"\0")})
    transactions[TX["memo_padded"]] = entry_like(padded, TX["memo_padded"], blocks[0], tx_index=4)
    return Stage(blocks, logs_of("1-mined/v2-smart-contracts-logs.100"), transactions)


def reorged(step: str) -> Stage:
    """Blocks 7 to 15, as recorded "1-before", "2-after" and "3-remined" of a reorganisation of depth 2."""
    base = mined()
    blocks = on_top(blocks_of("3-tenure/v2-blocks"), base.blocks)
    for name in {"1-before": ["1-before"], "2-after": ["2-after"], "3-remined": ["2-after", "3-remined"]}[step]:
        blocks = on_top(blocks_of(f"4-reorg-not-remined/v2-blocks.{name}"), blocks)
    logs = newer_logs(logs_of(f"4-reorg-not-remined/v2-smart-contracts-logs.{step}"), base.logs)
    return Stage(blocks, logs, base.transactions | entries_of(f"4-reorg-not-remined/v1-tx-multiple.{step}"))


def moved(*, after: bool) -> Stage:
    """Blocks 16 to 18: a transaction that the winning branch holds in another block."""
    base, report = reorged("3-remined"), recorded_report()
    blocks = base.blocks
    branch = report["fork"] if after else report["orphaned"]
    for block in branch:
        blocks = [block_like(blocks[0], block["index_block_hash"], block.get("block_hash")), *blocks]
    place = next(block for block in blocks if block["height"] == (17 if after else 16))
    entry = substitute(base.transactions[TX["reorged"]], {b"INV-0008": b"INV-0009"})
    transactions = base.transactions | {TX["moved"]: entry_like(entry, TX["moved"], place)}
    transactions[TX["moved"]]["result"]["events"][0]["asset"]["amount"] = "99000"
    logs = newer_logs(logs_of("5-reorg-remined/v2-smart-contracts-logs.2-after"), base.logs)
    return Stage(blocks, logs, transactions)


def recorded_report() -> dict[str, Any]:
    return json.loads((RECORDED / "5-reorg-remined/feeder-report.json").read_text())


def double_spent(*, after: bool) -> Stage:
    """Block 19 and 20: a payment whose nonce another transaction takes after a reorganisation."""
    base = moved(after=True)
    pending = entries_of("6-reorg-double-spend/v1-tx-multiple.2-nonce-taken")
    if not after:
        block = block_like(base.blocks[0], MADE_UP)
        entry = substitute(base.transactions[TX["reorged"]], {b"INV-0008": b"INV-0010"})
        pending = {TX["doublespent"]: entry_like(entry, TX["doublespent"], block)}
        log = substitute(
            logs_of("4-reorg-not-remined/v2-smart-contracts-logs.3-remined")[0], {b"INV-0008": b"INV-0010"}
        )
        log["tx_id"] = TX["doublespent"]
        return Stage([block, *base.blocks], [log, *base.logs], base.transactions | pending)
    newest = blocks_of("7-equal-height-fork/v2-blocks")
    blocks = [block_like(base.blocks[0], "0x" + "19" * 32), *base.blocks]
    blocks = [block_like(blocks[0], newest[-1]["parent_index_block_hash"]), *blocks]
    return Stage(blocks, base.logs, base.transactions | pending)


def equal_height() -> Stage:
    """Blocks 21 and 22; a competitor of equal height was received and does not win."""
    base = double_spent(after=True)
    return Stage(on_top(blocks_of("7-equal-height-fork/v2-blocks"), base.blocks), base.logs, base.transactions)


def big() -> Stage:
    """Block 23: transfer-many of 200, with 400 events."""
    base = equal_height()
    place = recording("8-big-tx/v3-principals-transactions").body["results"][0]["transaction"]["block"]
    block = block_like(base.blocks[0], place["index_hash"], place["hash"])
    entry = entry_like(mined().transactions[TX["many"]], TX["big"], block, event_count=400)
    pages = big_pages()
    logs = [
        {"tx_id": TX["big"], "event_index": event["event_index"], "contract_log": event["contract_log"]}
        for page in pages.values()
        for event in page["results"]
        if event["type"] == "contract_log"
    ]
    transactions = base.transactions | {TX["big"]: entry}
    return Stage([block, *base.blocks], [*reversed(logs), *base.logs], transactions, pages)


def big_pages() -> dict[str, Any]:
    """The recorded pages 1 and 2, and pages 3 and 4 in their likeness, with memos of their own."""
    first, second = (
        copy.deepcopy(recording(f"8-big-tx/v3-transaction-events.limit_100{page}").body) for page in ("", ".page2")
    )
    pages = {"": first, "100": second}
    for start in (200, 300):
        page = copy.deepcopy(second)
        for event in page["results"]:
            event["event_index"] += start - 100
            if event["type"] == "contract_log":
                memo = f"BIG-{event['event_index'] // 2}".encode()
                event["contract_log"]["value"] = {"hex": f"0x02{len(memo):08x}{memo.hex()}", "repr": f"0x{memo.hex()}"}
        page["cursor"] = {"next": "300" if start == 200 else None, "previous": str(start - 100), "current": str(start)}
        pages[str(start)] = page
    return pages


MERCHANT, ASSET = IDS["M1"], IDS["SBTC_ASSET"]
