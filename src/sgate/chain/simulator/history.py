"""The history of the simulated chain: blocks of all branches, transactions, and indexes over the canonical branch.

It uses no clock and no file: `SimulatedChain` passes in every change and its time. The same calls in the same order
produce the same history, hash for hash.
"""

import bisect
import copy
from collections import Counter, defaultdict

import msgspec

from sgate.chain.clarity import Buffer, decode_hex
from sgate.chain.simulator.blocks import NAKAMOTO_MICROBLOCK, Block, Hashes
from sgate.chain.simulator.transactions import (
    ShownPrint,
    SimulatedEvent,
    SimulatedTransfer,
    call_of,
    events_of,
    status_of,
)
from sgate.chain.source import MemoLog
from sgate.core.address import contract_of


class SimulatedTx(msgspec.Struct, kw_only=True):
    """A transaction and its current state.

    Attributes:
        number: its position in the order of submission, from 0; breaks ties in the mempool.
        received_at: Unix time from which the mempool shows it.
        events: the events that it emits when mined.
        block, tx_index: its place on the canonical chain; `block` is None while the transaction is not mined.
        replaced_by: the id of the transaction that spent its nonce, or None if it has not been dropped.
    """

    tx_id: str
    number: int
    nonce: int
    transfer: SimulatedTransfer
    received_at: float
    events: tuple[SimulatedEvent, ...]
    block: Block | None = None
    tx_index: int = 0
    replaced_by: str | None = None


class LogEntry(msgspec.Struct, frozen=True):
    """A memo printed on the canonical chain.

    Attributes:
        place: (height, transaction index, event index); the sort key.
    """

    place: tuple[int, int, int]
    log: MemoLog

    @property
    def cursor(self) -> str:
        """The place in the format of the API's cursor."""
        height, tx_index, event_index = self.place
        return f"{height}:{NAKAMOTO_MICROBLOCK}:{tx_index}:{event_index}"


def _place_of(entry: LogEntry) -> tuple[int, int, int]:
    return entry.place


class History:
    """Blocks, transactions and their indexes.

    Attributes:
        canonical: the canonical chain; the block at height h has index h - 1.
        by_index_hash, by_block_hash: blocks of all branches.
        txs: all transactions ever submitted.
        mempool: pending transactions, including those that are not visible yet.
        logs: memos on the canonical chain, oldest first.
        involving: for each principal, the places (height, tx_index) of the transactions that involve it, oldest first.
    """

    def __init__(self, asset: str, hashes: Hashes) -> None:
        self.asset = asset
        self.token = contract_of(asset)
        self.hashes = hashes
        self.canonical: list[Block] = []
        self.by_index_hash: dict[str, Block] = {}
        self.by_block_hash: dict[str, Block] = {}
        self.txs: dict[str, SimulatedTx] = {}
        self.mempool: dict[str, SimulatedTx] = {}
        self.logs: list[LogEntry] = []
        self.involving: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self._nonces: Counter[str] = Counter()

    def snapshot(self) -> "History":
        """Return a copy that later changes do not affect."""
        kept = copy.copy(self)
        kept.canonical, kept.logs = self.canonical.copy(), self.logs.copy()
        kept.by_index_hash, kept.by_block_hash = self.by_index_hash.copy(), self.by_block_hash.copy()
        kept.txs = {tx_id: copy.copy(tx) for tx_id, tx in self.txs.items()}
        kept.mempool = {tx_id: kept.txs[tx_id] for tx_id in self.mempool}
        kept.involving = defaultdict(list, {principal: places.copy() for principal, places in self.involving.items()})
        return kept

    @property
    def tip(self) -> Block:
        """The newest canonical block."""
        return self.canonical[-1]

    def is_canonical(self, block: Block) -> bool:
        """Return whether the block is on the canonical chain."""
        return block.height <= len(self.canonical) and self.canonical[block.height - 1] is block

    def add_tx(self, transfer: SimulatedTransfer, received_at: float, nonce: int | None = None) -> SimulatedTx:
        """Add a transaction to the mempool. If it replaces another one, pass that transaction's `nonce`."""
        number = len(self.txs)
        if nonce is None:
            nonce = self._nonces[transfer.sender]
            self._nonces[transfer.sender] += 1
        tx = SimulatedTx(
            tx_id=self.hashes.of("transaction", number),
            number=number,
            nonce=nonce,
            transfer=transfer,
            received_at=received_at,
            events=events_of(transfer, self.asset),
        )
        self.txs[tx.tx_id] = self.mempool[tx.tx_id] = tx
        return tx

    def waiting(self, now: float) -> list[SimulatedTx]:
        """Return the transactions that the mempool shows at `now`, in order of arrival."""
        visible = (tx for tx in self.mempool.values() if tx.received_at <= now)
        return sorted(visible, key=lambda tx: (tx.received_at, tx.number))

    def keep(self, block: Block) -> None:
        """Store a block without making it canonical."""
        self.by_index_hash[block.index_block_hash] = self.by_block_hash[block.block_hash] = block

    def append(self, block: Block) -> None:
        """Append a block, with its transactions, to the canonical chain."""
        self.keep(block)
        self.canonical.append(block)
        for tx_index, tx_id in enumerate(block.tx_ids):
            tx = self.mempool.pop(tx_id)
            tx.block, tx.tx_index = block, tx_index
            self._index(tx, block.height, tx_index)

    def orphan_above(self, height: int) -> list[Block]:
        """Remove all canonical blocks above `height`; their transactions return to the mempool.

        Returns:
            The orphaned blocks, oldest first.
        """
        orphaned = self.canonical[height:]
        del self.canonical[height:]
        del self.logs[bisect.bisect_right(self.logs, (height + 1,), key=_place_of) :]
        for block in orphaned:
            for tx_id in block.tx_ids:
                self._return_to_mempool(self.txs[tx_id], height)
        return orphaned

    def drop(self, tx: SimulatedTx, replaced_by: str) -> None:
        """Drop a pending transaction whose nonce another transaction has spent."""
        del self.mempool[tx.tx_id]
        tx.replaced_by = replaced_by

    def _return_to_mempool(self, tx: SimulatedTx, height: int) -> None:
        tx.block = None
        self.mempool[tx.tx_id] = tx
        for principal in self.principals_of(tx):
            places = self.involving[principal]
            del places[bisect.bisect_left(places, (height + 1, 0)) :]

    def _index(self, tx: SimulatedTx, height: int, tx_index: int) -> None:
        for event in tx.events:
            if isinstance(event, ShownPrint) and event.contract == self.token:
                value = decode_hex(event.value_hex)
                memo = value.data if isinstance(value, Buffer) else b""
                log = MemoLog(tx_id=tx.tx_id, event_index=event.event_index, memo=memo)
                self.logs.append(LogEntry((height, tx_index, event.event_index), log))
        for principal in self.principals_of(tx):
            self.involving[principal].append((height, tx_index))

    def principals_of(self, tx: SimulatedTx) -> set[str]:
        """Return all principals involved: the sender, the called contract, and the parties to each transfer or mint."""
        principals = {tx.transfer.sender}
        if (call := call_of(tx.transfer, self.asset)) is not None:
            principals.add(call.contract)
        if status_of(tx.transfer.kind) == "success":
            for event in tx.events:
                if not isinstance(event, ShownPrint):
                    principals |= {event.recipient or "", event.sender or ""}
        return principals - {""}
