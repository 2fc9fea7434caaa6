"""A source of chain data that reads Hiro's Stacks API.

Only endpoints that are not deprecated are used: blocks, the token contract's logs, transactions by id, and transactions
of an address. The peculiarities of the API are confined to this package: `prev_cursor` leads to the older page,
transactions have a block hash but no index block hash, a transaction that lost its block becomes pending again, and
events beyond the hundredth are read page by page from an endpoint with different field names.
"""

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote

import msgspec

from sgate.chain.hiro import decoding as answers
from sgate.chain.hiro.events import broken, events_of, events_of_v3, intention_of
from sgate.chain.hiro.http import DEFAULT_LIMITS, Answer, HiroHttp, HiroLimits, OnCall, Sleep
from sgate.chain.quota import Budget
from sgate.chain.source import (
    MAX_EVENTS_PER_PAGE,
    MAX_HEADERS_PER_PAGE,
    MAX_INVOLVED_PER_PAGE,
    MAX_LOGS_PER_PAGE,
    MAX_TX_IDS_PER_CALL,
    ChainUnavailable,
    HeaderPage,
    Involvement,
    InvolvementPage,
    LogPage,
    MemoLog,
    Transaction,
    Transfer,
    TxStatus,
)
from sgate.chain.transfers import BrokenEvent, PrintEvent, TokenEvent, memo_printed, pair
from sgate.core.address import contract_of
from sgate.core.header import Header

BLOCKS = "/extended/v2/blocks"
BLOCK = "/extended/v2/blocks/{index_block_hash}"
BLOCK_AT = "/extended/v2/blocks/{height}"
LOGS = "/extended/v2/smart-contracts/{contract_id}/logs"
TX_MULTIPLE = "/extended/v1/tx/multiple"
PRINCIPAL = "/extended/v3/principals/{principal}/transactions"
TX_EVENTS = "/extended/v3/transactions/{tx_id}/events"

MAX_EVENTS_READ = 10_000
"""The maximum number of events read for one transaction. No legitimate transaction has more, and paging must end."""

STATUSES: Mapping[str, TxStatus] = {
    "success": TxStatus.SUCCESS,
    "abort_by_response": TxStatus.FAILED,
    "abort_by_post_condition": TxStatus.FAILED,
    "problematic_skipped": TxStatus.FAILED,
    "pending": TxStatus.PENDING,
    "dropped_replace_by_fee": TxStatus.DROPPED,
    "dropped_replace_across_fork": TxStatus.DROPPED,
    "dropped_too_expensive": TxStatus.DROPPED,
    "dropped_problematic": TxStatus.DROPPED,
    "dropped_stale_garbage_collect": TxStatus.DROPPED,
}

_TX_ID = re.compile(r"0x[0-9a-f]{64}")
_T = TypeVar("_T")


class HiroSource:
    """A `ChainSource` that reads a Stacks API server.

    Attributes:
        calls: the number of calls made so far to each endpoint, including retries.
    """

    def __init__(
        self,
        base_url: str,
        asset: str,
        api_key: str | None = None,
        on_call: OnCall | None = None,
        *,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        random_fraction: Callable[[], float] = random.random,
        limits: HiroLimits = DEFAULT_LIMITS,
        budget: Budget | None = None,
    ) -> None:
        self._asset = asset
        self._contract = contract_of(asset)
        self._on_call = on_call
        self.calls: Counter[str] = Counter()
        self._http = HiroHttp(
            base_url,
            api_key,
            self._count,
            sleep=sleep,
            clock=clock,
            random_fraction=random_fraction,
            limits=limits,
            budget=budget,
        )

    async def headers(self, cursor: str | None = None, unless: str | None = None) -> HeaderPage | None:
        """Return a page of canonical headers, newest first, or None if its etag is still `unless`."""
        path = f"{BLOCKS}?limit={MAX_HEADERS_PER_PAGE}" + _cursor_query(cursor)
        answer = await self._http.get(BLOCKS, path, unless)
        if unless is not None and answer.status == HTTPStatus.NOT_MODIFIED:
            return None
        page = _decode(answer, BLOCKS, answers.BlocksAnswer)
        if not all(block.canonical for block in page.results):
            raise ChainUnavailable(f"{BLOCKS}: a block of the list is not canonical")
        return HeaderPage(headers=tuple(map(_header, page.results)), older=page.prev_cursor, etag=answer.etag)

    async def header(self, index_block_hash: str) -> Header | None:
        """Return a header, or None if the block is not on the canonical chain."""
        answer = await self._http.get(BLOCK, f"{BLOCKS}/{quote(index_block_hash, safe='')}")
        if answer.status == HTTPStatus.NOT_FOUND and _says_block_not_found(answer):
            return None
        block = _decode(answer, BLOCK, answers.BlockAnswer)
        if not block.canonical or block.index_block_hash != index_block_hash:  # the path also accepts block hashes
            return None
        return _header(block)

    async def header_at(self, height: int) -> Header | None:
        """Return the canonical header at a height, or None if the chain is not that high."""
        answer = await self._http.get(BLOCK_AT, f"{BLOCKS}/{height}")
        if answer.status == HTTPStatus.NOT_FOUND and _says_block_not_found(answer):
            return None
        block = _decode(answer, BLOCK_AT, answers.BlockAnswer)
        return _header(block) if block.canonical and block.height == height else None

    async def logs_below(self, height: int) -> LogPage:
        """Return a page of memos printed below `height`, newest first.

        The cursor used here matches no event, so the page begins at the next older event.
        """
        return await self.logs(f"{height}:0:0:0")

    async def involving(self, address: str, cursor: str | None = None) -> InvolvementPage:
        """Return a page of mined transactions that concern an address, newest first."""
        place = PRINCIPAL.replace("{principal}", quote(address, safe=""))
        path = f"{place}?limit={MAX_INVOLVED_PER_PAGE}" + _cursor_query(cursor)
        page = _decode(await self._http.get(PRINCIPAL, path), PRINCIPAL, answers.InvolvementsAnswer)
        items = tuple(
            Involvement(
                tx_id=item.transaction.tx_id,
                height=item.transaction.block.height,
                moves_tokens=item.affected_balances.ft,
            )
            for item in page.results
        )
        return InvolvementPage(items=items, older=page.cursor.next)

    async def logs(self, cursor: str | None = None) -> LogPage:
        """Return a page of memos printed by the token contract, newest first."""
        path = f"/extended/v2/smart-contracts/{self._contract}/logs?limit={MAX_LOGS_PER_PAGE}" + _cursor_query(cursor)
        answer = await self._http.get(LOGS, path)
        page = _decode(answer, LOGS, answers.LogsAnswer)
        return LogPage(
            logs=tuple(self._memo_logs(page)),
            older=page.prev_cursor,
            older_height=None if page.prev_cursor is None else _height_of(page.prev_cursor),
            tip=_tip_of(answer.etag),
        )

    async def transactions(self, tx_ids: Sequence[str], *, whole: bool = True) -> Mapping[str, Transaction]:
        """Return the transactions that the server knows, with all their transfers. Malformed ids count as unknown."""
        wanted = [tx_id for tx_id in dict.fromkeys(map(str.lower, tx_ids)) if _TX_ID.fullmatch(tx_id)]
        known: dict[str, Transaction] = {}
        for start in range(0, len(wanted), MAX_TX_IDS_PER_CALL):
            for found in await self._multiple(wanted[start : start + MAX_TX_IDS_PER_CALL]):
                known[found.tx_id] = await self._transaction(found, whole=whole)
        return known

    async def close(self) -> None:
        """Release connections."""
        await self._http.close()

    def _count(self, endpoint: str, status: int | None, seconds: float) -> None:
        self.calls[endpoint] += 1
        if self._on_call is not None:
            self._on_call(endpoint, status, seconds)

    def _memo_logs(self, page: answers.LogsAnswer) -> Iterator[MemoLog]:
        for item in page.results:
            if (log := item.contract_log) is None:
                continue
            event = PrintEvent(
                event_index=item.event_index, contract=log.contract_id, topic=log.topic, value_hex=log.value.hex
            )
            if (memo := memo_printed(event, self._contract)) is not None:
                yield MemoLog(tx_id=item.tx_id, event_index=item.event_index, memo=memo)

    async def _multiple(self, tx_ids: Sequence[str]) -> list[answers.TxAnswer]:
        path = f"{TX_MULTIPLE}?event_limit={MAX_EVENTS_PER_PAGE}&tx_id={','.join(tx_ids)}"
        entries = _decode(await self._http.get(TX_MULTIPLE, path), TX_MULTIPLE, dict[str, answers.TxEntry])
        found: list[answers.TxAnswer] = []
        for tx_id in tx_ids:
            entry = entries.get(tx_id)
            if entry is None or not entry.found:
                continue
            transaction = _decode_bytes(bytes(entry.result), TX_MULTIPLE, answers.TxAnswer)
            if transaction.tx_id != tx_id:
                raise ChainUnavailable(f"{TX_MULTIPLE}: requested {tx_id}, got {transaction.tx_id}")
            found.append(transaction)
        return found

    async def _transaction(self, found: answers.TxAnswer, *, whole: bool) -> Transaction:
        status = STATUSES.get(found.tx_status, TxStatus.UNKNOWN)
        match status:
            case TxStatus.SUCCESS | TxStatus.FAILED:
                return await self._mined(found, status, whole=whole)
            case TxStatus.PENDING:
                received_at = None if found.receipt_time is None else _time(found.receipt_time)
                intention = intention_of(found.contract_call, self._contract)
                return Transaction(tx_id=found.tx_id, status=status, intention=intention, received_at=received_at)
            case TxStatus.DROPPED:
                return Transaction(tx_id=found.tx_id, status=status, replaced_by=found.replaced_by_tx_id)
            case TxStatus.UNKNOWN:
                return Transaction(tx_id=found.tx_id, status=status)

    async def _mined(self, found: answers.TxAnswer, status: TxStatus, *, whole: bool) -> Transaction:
        if not (found.canonical and found.microblock_canonical and found.block_hash):
            return Transaction(tx_id=found.tx_id, status=TxStatus.UNKNOWN)
        incomplete = found.block_height is None or found.time is None or found.tx_index is None
        if incomplete or not _TX_ID.fullmatch(found.block_hash):
            raise ChainUnavailable(f"{TX_MULTIPLE}: {found.tx_id} is in a block that is not fully described")
        transfers: tuple[Transfer, ...] = ()
        if status is TxStatus.SUCCESS and (whole or (found.event_count or 0) <= MAX_EVENTS_PER_PAGE):
            transfers = await self._transfers(found)
        return Transaction(
            tx_id=found.tx_id,
            status=status,
            block_hash=found.block_hash,
            block_height=found.block_height,
            block_time=None if found.time is None else _time(found.time),
            tx_index=found.tx_index,
            transfers=transfers,
        )

    async def _transfers(self, found: answers.TxAnswer) -> tuple[Transfer, ...]:
        endpoint = TX_MULTIPLE
        if found.event_count is None or len(found.events) > found.event_count:
            raise broken(endpoint, found.tx_id, f"got {len(found.events)} events of {found.event_count}")
        try:
            if len(found.events) == found.event_count:
                return pair(events_of(found.events), self._asset)
            endpoint = TX_EVENTS
            return pair(await self._many_events(found, found.event_count), self._asset)
        except BrokenEvent as problem:
            raise broken(endpoint, found.tx_id, str(problem)) from None

    async def _many_events(self, found: answers.TxAnswer, event_count: int) -> list[TokenEvent | PrintEvent]:
        """Page through the events of a large transaction, and check that the transaction stayed in its block."""
        wanted = min(event_count, MAX_EVENTS_READ)
        seen: list[answers.EventV3Answer] = []
        cursor: str | None = None
        while len(seen) < wanted:
            page = await self._event_page(found, cursor)
            seen += page.results
            cursor = page.cursor.next
            if len(seen) < wanted and (cursor is None or not page.results):
                raise broken(TX_EVENTS, found.tx_id, f"{len(seen)} of {event_count} events were listed")
        if len({event.event_index for event in seen}) != len(seen):
            raise broken(TX_EVENTS, found.tx_id, "an event was listed twice")
        if len(seen) < event_count and seen[-1].type == "ft_asset":
            seen.pop()  # its memo would be the next event, which is not read
        again = await self._multiple([found.tx_id])
        if [transaction.block_hash for transaction in again] != [found.block_hash]:
            raise broken(TX_EVENTS, found.tx_id, "the transaction left its block while its events were read")
        return list(events_of_v3(seen))

    async def _event_page(self, found: answers.TxAnswer, cursor: str | None) -> answers.EventsV3Answer:
        path = f"/extended/v3/transactions/{found.tx_id}/events?limit={MAX_EVENTS_PER_PAGE}" + _cursor_query(cursor)
        page = _decode(await self._http.get(TX_EVENTS, path), TX_EVENTS, answers.EventsV3Answer)
        if page.total != found.event_count:
            raise broken(TX_EVENTS, found.tx_id, f"{page.total} events, but {found.event_count} were announced")
        return page


def _cursor_query(cursor: str | None) -> str:
    return "" if cursor is None else f"&cursor={quote(cursor, safe=':')}"


def _decode(answer: Answer, endpoint: str, type_: type[_T]) -> _T:
    if answer.status == HTTPStatus.GONE or (answer.status == HTTPStatus.NOT_FOUND and _is_route_missing(answer)):
        raise ChainUnavailable(
            f"{endpoint}: this server does not offer it ({answer.status}{_message_of(answer)}): sGate needs a Stacks "
            "API of version 9 or newer"
        )
    if answer.status != HTTPStatus.OK:
        raise ChainUnavailable(f"{endpoint}: the server answered {answer.status}{_message_of(answer)}")
    return _decode_bytes(answer.body, endpoint, type_)


def _decode_bytes(body: bytes, endpoint: str, type_: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.DecodeError, ValueError, RecursionError) as problem:
        raise ChainUnavailable(f"{endpoint}: the response cannot be parsed: {problem}") from None


MAX_MESSAGE_CHARACTERS = 200


def _message_of(answer: Answer) -> str:
    try:
        message = msgspec.json.decode(answer.body, type=answers.ErrorAnswer).message
    except (msgspec.DecodeError, ValueError):
        return ""
    return f" ({message[:MAX_MESSAGE_CHARACTERS]})" if message else ""


def _says_block_not_found(answer: Answer) -> bool:
    """Return whether a 404 means that there is no such block, not that a route is missing or that a proxy answered."""
    return bool(_message_of(answer)) and not _is_route_missing(answer)


def _is_route_missing(answer: Answer) -> bool:
    return _message_of(answer).startswith(" (Route ")


def _header(block: answers.BlockAnswer) -> Header:
    return Header(
        height=block.height,
        block_hash=block.hash,
        index_block_hash=block.index_block_hash,
        parent_index_block_hash=block.parent_index_block_hash,
        time=_time(block.time),
        tenure_height=block.tenure_height,
        bitcoin_height=block.burn_block_height,
    )


def _time(unix_s: int) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)


def _height_of(log_cursor: str) -> int:
    """Return the height in a cursor of the form `height:microblock:transaction:event`."""
    height = log_cursor.partition(":")[0]
    if not (height.isascii() and height.isdigit() and len(height) <= len(str(answers.MAX_BIGINT))):
        raise ChainUnavailable(f"{LOGS}: {log_cursor[:40]!r} is not a cursor that begins with a height")
    return int(height)


def _tip_of(etag: str | None) -> str | None:
    """Return the index block hash in the etag of a page of logs. Proxies that compress responses mark etags as weak."""
    tip = (etag or "").removeprefix("W/").strip('"')
    return tip if _TX_ID.fullmatch(tip) else None
