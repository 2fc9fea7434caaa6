"""The simulated chain as a server shows it at one moment: the canonical chain up to some height.

The direct source and the HTTP API both read through a view, so that they cannot disagree. Nothing here scans the chain:
every query is an index lookup or a slice.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sgate.chain.simulator.blocks import Block
from sgate.chain.simulator.history import History, LogEntry, SimulatedTx
from sgate.chain.simulator.transactions import status_of

_T = TypeVar("_T")

PENDING = "pending"
DROPPED = "dropped_replace_by_fee"


class UnknownCursor(LookupError):
    """The block of the cursor is not on the canonical chain."""


@dataclass(frozen=True, slots=True)
class Page(Generic[_T]):
    """A page of a list, newest first.

    Attributes:
        items: the entries of the page.
        total: the number of entries of the whole list.
        newer, older: the first entry of the next newer and the next older page, or None if there is no such page.
    """

    items: list[_T]
    total: int
    newer: _T | None
    older: _T | None


class View:
    """The chain as one server shows it.

    Attributes:
        height: the height of the newest block that the server shows.
        now: Unix time of the response.
        bitcoin_height: the height of Bitcoin.
    """

    def __init__(self, history: History, *, height: int, now: float, bitcoin_height: int) -> None:
        self._history = history
        self.height = height
        self.now = now
        self.bitcoin_height = bitcoin_height

    @property
    def asset(self) -> str:
        """The token that payments are made in."""
        return self._history.asset

    @property
    def token(self) -> str:
        """The token's contract."""
        return self._history.token

    @property
    def tip(self) -> Block:
        """The newest block of this server."""
        return self._history.canonical[self.height - 1]

    def block_at(self, height: int) -> Block | None:
        """Return the canonical block at a height, or None."""
        return self._history.canonical[height - 1] if 1 <= height <= self.height else None

    def stored_block(self, any_hash: str) -> Block | None:
        """Return the block with this index block hash or block hash, on any branch, or None."""
        return self._history.by_index_hash.get(any_hash) or self._history.by_block_hash.get(any_hash)

    def is_canonical(self, block: Block) -> bool:
        """Return whether this server has the block on its canonical chain."""
        return block.height <= self.height and self._history.is_canonical(block)

    def blocks(self, cursor: str | None, limit: int, offset: int = 0) -> Page[Block]:
        """Return a page of blocks, from the block with the index block hash `cursor` (default: the tip) downward.

        Raises:
            UnknownCursor: if that block is not canonical.
        """
        start = 0
        if cursor is not None:
            block = self._history.by_index_hash.get(cursor)
            if block is None or not self.is_canonical(block):
                raise UnknownCursor(cursor)
            start = self.height - block.height
        return _page(self._history.canonical, self.height, start + offset, limit)

    def logs(self, cursor: tuple[int, int, int] | None, limit: int, offset: int = 0) -> Page[LogEntry]:
        """Return a page of printed memos, from `cursor` (default: the newest) downward.

        The cursor need not match an entry.
        """
        entries = self._history.logs
        visible = bisect.bisect_right(entries, (self.height + 1, -1, -1), key=_place_of)
        start = 0
        if cursor is not None:
            start = max(0, visible - bisect.bisect_right(entries, cursor, key=_place_of))
        return _page(entries, visible, start + offset, limit)

    def transactions_of(self, principal: str, cursor: tuple[int, int] | None, limit: int) -> Page[SimulatedTx]:
        """Return a page of mined transactions that involve `principal`, from `cursor` (default: newest) downward."""
        places = self._history.involving.get(principal, [])
        visible = bisect.bisect_left(places, (self.height + 1, -1))
        start = 0 if cursor is None else max(0, visible - bisect.bisect_right(places, cursor))
        page = _page(places, visible, start, limit)
        return Page(
            items=[self._at(place) for place in page.items],
            total=page.total,
            newer=None if page.newer is None else self._at(page.newer),
            older=None if page.older is None else self._at(page.older),
        )

    def tx(self, tx_id: str) -> SimulatedTx | None:
        """Return a transaction that this server knows (mined, pending or dropped), or None."""
        tx = self._history.txs.get(tx_id)
        return tx if tx is not None and (tx.received_at <= self.now or self.block_of(tx) is not None) else None

    def block_of(self, tx: SimulatedTx) -> Block | None:
        """Return the block that includes the transaction on this server, or None."""
        return tx.block if tx.block is not None and tx.block.height <= self.height else None

    def status_of(self, tx: SimulatedTx) -> str:
        """Return the `tx_status` of a transaction on this server."""
        if tx.replaced_by is not None:
            return DROPPED
        return PENDING if self.block_of(tx) is None else status_of(tx.transfer.kind)

    def parent_of(self, block: Block) -> Block | None:
        """Return the parent of a block, on any branch; None for the first block."""
        return self._history.by_index_hash.get(block.parent_index_hash)

    def mempool_size(self) -> int:
        """Return the number of pending transactions."""
        return len(self._history.waiting(self.now))

    def _at(self, place: tuple[int, int]) -> SimulatedTx:
        height, tx_index = place
        return self._history.txs[self._history.canonical[height - 1].tx_ids[tx_index]]


def _place_of(entry: LogEntry) -> tuple[int, int, int]:
    return entry.place


def _page(ascending: Sequence[_T], visible: int, start: int, limit: int) -> Page[_T]:
    """Page backward through the first `visible` entries of an ascending list; `start` counts from the newest."""
    newest = visible - 1
    return Page(
        items=[ascending[newest - position] for position in range(start, min(start + limit, visible))],
        total=visible,
        newer=ascending[newest - max(0, start - limit)] if start and visible else None,
        older=ascending[newest - start - limit] if start + limit < visible else None,
    )
