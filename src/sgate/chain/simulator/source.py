"""A source of chain data that reads a simulated chain in the same process, without HTTP."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sgate.chain.simulator.blocks import Block
from sgate.chain.simulator.chain import SimulatedChain
from sgate.chain.simulator.history import LogEntry, SimulatedTx
from sgate.chain.simulator.queries import BadQuery, log_cursor, principal_cursor
from sgate.chain.simulator.transactions import Kind, StxEvent
from sgate.chain.simulator.view import DROPPED, PENDING, Page, UnknownCursor, View
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
    Transaction,
    Transfer,
    TxStatus,
)
from sgate.chain.transfers import TokenEvent, pair
from sgate.core.header import Header


class SimulatorSource:
    """A `ChainSource` that reads a SimulatedChain directly. The chain's faults affect it as they affect a server."""

    def __init__(self, chain: SimulatedChain, *, page_size: int | None = None) -> None:
        """Create a source. `page_size` makes pages smaller than the server's limits, to exercise paging."""
        self._chain = chain
        self._headers_per_page = min(page_size or MAX_HEADERS_PER_PAGE, MAX_HEADERS_PER_PAGE)
        self._logs_per_page = min(page_size or MAX_LOGS_PER_PAGE, MAX_LOGS_PER_PAGE)
        self._involved_per_page = min(page_size or MAX_INVOLVED_PER_PAGE, MAX_INVOLVED_PER_PAGE)

    async def headers(self, cursor: str | None = None, unless: str | None = None) -> HeaderPage | None:
        """Return a page of canonical headers, newest first, or None if its etag is still `unless`."""
        view = self._view("/extended/v2/blocks")
        etag = f'"{view.tip.index_block_hash}"'
        if unless == etag:
            return None
        try:
            page = view.blocks(cursor, self._headers_per_page)
        except UnknownCursor:
            raise ChainUnavailable("the cursor is not on the canonical branch of the simulated chain") from None
        older = None if page.older is None else page.older.index_block_hash
        return HeaderPage(headers=tuple(map(_header, page.items)), older=older, etag=etag)

    async def header(self, index_block_hash: str) -> Header | None:
        """Return a header, or None if the block is not on the canonical chain."""
        view = self._view("/extended/v2/blocks/{index_block_hash}")
        block = view.stored_block(index_block_hash)
        if block is None or block.index_block_hash != index_block_hash or not view.is_canonical(block):
            return None
        return _header(block)

    async def header_at(self, height: int) -> Header | None:
        """Return the canonical header at a height, or None if the chain is not that high."""
        block = self._view("/extended/v2/blocks/{height}").block_at(height)
        return None if block is None else _header(block)

    async def logs_below(self, height: int) -> LogPage:
        """Return a page of memos printed below `height`, newest first."""
        return await self.logs(f"{height}:0:0:0")

    async def involving(self, address: str, cursor: str | None = None) -> InvolvementPage:
        """Return a page of mined transactions that concern an address, newest first."""
        view = self._view("/extended/v3/principals/{principal}/transactions")
        try:
            page = view.transactions_of(address, principal_cursor(cursor), self._involved_per_page)
        except BadQuery as problem:
            raise ChainUnavailable(f"transactions of {address}: {problem}") from None
        older = page.older
        block = None if older is None else view.block_of(older)
        return InvolvementPage(
            items=tuple(_involvement(view, tx, address) for tx in page.items),
            older=None if older is None or block is None else f"{block.height}:0:{older.tx_index}",
        )

    async def logs(self, cursor: str | None = None) -> LogPage:
        """Return a page of memos printed by the token contract, newest first."""
        view = self._view("/extended/v2/smart-contracts/{contract_id}/logs")
        page: Page[LogEntry] = view.logs(_place(cursor), self._logs_per_page)
        older = page.older
        return LogPage(
            logs=tuple(entry.log for entry in page.items),
            older=None if older is None else older.cursor,
            older_height=None if older is None else older.place[0],
            tip=view.tip.index_block_hash,
        )

    async def transactions(self, tx_ids: Sequence[str], *, whole: bool = True) -> Mapping[str, Transaction]:
        """Return the transactions that the chain knows. Malformed ids count as unknown."""
        wanted = list(dict.fromkeys(map(str.lower, tx_ids)))
        known: dict[str, Transaction] = {}
        for start in range(0, len(wanted), MAX_TX_IDS_PER_CALL):
            view = self._view("/extended/v1/tx/multiple")
            for tx_id in wanted[start : start + MAX_TX_IDS_PER_CALL]:
                if (tx := view.tx(tx_id)) is not None:
                    known[tx_id] = _transaction(view, tx, whole=whole)
        return known

    async def close(self) -> None:
        """Do nothing: closing the chain is up to its owner."""

    def _view(self, endpoint: str) -> View:
        fault = self._chain.faults.arise(endpoint)
        if fault is not None:
            raise ChainUnavailable(f"{endpoint}: the simulated server answered {fault.status}", fault.retry_after_s)
        return self._chain.view()


def _place(cursor: str | None) -> tuple[int, int, int] | None:
    try:
        return log_cursor(cursor)
    except BadQuery as problem:
        raise ChainUnavailable(f"logs of the simulated chain: {problem}") from None


def _involvement(view: View, tx: SimulatedTx, address: str) -> Involvement:
    block = view.block_of(tx)
    if block is None:
        raise LookupError("only mined transactions are listed")
    tokens = (event for event in tx.events if isinstance(event, TokenEvent))
    moves_tokens = any(address in (event.sender, event.recipient) for event in tokens)
    return Involvement(tx_id=tx.tx_id, height=block.height, moves_tokens=moves_tokens)


def _header(block: Block) -> Header:
    return Header(
        height=block.height,
        block_hash=block.block_hash,
        index_block_hash=block.index_block_hash,
        parent_index_block_hash=block.parent_index_hash,
        time=_time(block.time),
        tenure_height=block.tenure_height,
        bitcoin_height=block.bitcoin.height,
    )


def _transaction(view: View, tx: SimulatedTx, *, whole: bool) -> Transaction:
    status, block = view.status_of(tx), view.block_of(tx)
    if status == DROPPED:
        return Transaction(tx_id=tx.tx_id, status=TxStatus.DROPPED, replaced_by=tx.replaced_by)
    if status == PENDING or block is None:
        received_at = _time(int(tx.received_at))
        return Transaction(tx_id=tx.tx_id, status=TxStatus.PENDING, received_at=received_at, intention=_intention(tx))
    succeeded = status == "success"
    shown = succeeded and (whole or len(tx.events) <= MAX_EVENTS_PER_PAGE)
    tokens = (event for event in tx.events if not isinstance(event, StxEvent))
    return Transaction(
        tx_id=tx.tx_id,
        status=TxStatus.SUCCESS if succeeded else TxStatus.FAILED,
        block_hash=block.block_hash,
        block_height=block.height,
        block_time=_time(block.time),
        tx_index=tx.tx_index,
        transfers=pair(tokens, view.asset) if shown else (),
    )


DIRECT_CALLS = (Kind.TRANSFER, Kind.ABORT_BY_RESPONSE, Kind.ABORT_BY_POST_CONDITION)


def _intention(tx: SimulatedTx) -> Transfer | None:
    transfer = tx.transfer
    if transfer.kind not in DIRECT_CALLS:
        return None
    return Transfer(
        event_index=0,
        amount_sats=transfer.amount_sats,
        sender=transfer.sender,
        recipient=transfer.recipient,
        memo=transfer.memo,
    )


def _time(unix_s: int) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
