"""The seam to the chain: what a source of chain data answers, and its only error.

A source only reads. Everything it returns is what one server said at one moment: two calls may be answered by two
replicas that differ. Deciding what is true is the watcher's work.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from sgate.core.header import Header

MAX_HEADERS_PER_PAGE = 30
MAX_LOGS_PER_PAGE = 100
MAX_TX_IDS_PER_CALL = 50
MAX_EVENTS_PER_PAGE = 100
MAX_INVOLVED_PER_PAGE = 50


class ChainUnavailable(Exception):
    """The chain cannot be read now. Nothing was learned, nothing may be concluded; try again later.

    Attributes:
        reason: one sentence for the operator: what was asked and what came instead.
        retry_after_s: how long the server asked us to wait, or None.
    """

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class HeaderPage(msgspec.Struct, frozen=True, kw_only=True):
    """Headers of the canonical chain, newest first.

    Attributes:
        older: cursor of the next older page, or None at the first block.
        etag: give it back as `unless` to be told that nothing changed.
    """

    headers: tuple[Header, ...]
    older: str | None
    etag: str | None


class MemoLog(msgspec.Struct, frozen=True, kw_only=True):
    """A memo printed by the token contract: in which transaction, as which event, which bytes."""

    tx_id: str
    event_index: int
    memo: bytes


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """Memos printed by the token contract, newest first.

    Attributes:
        older: cursor of the next older page, or None when there is none.
        older_height: the block height at which that page begins, or None.
        tip: index block hash of the tip of the server that answered, or None if it did not say.
    """

    logs: tuple[MemoLog, ...]
    older: str | None
    older_height: int | None
    tip: str | None


class Involvement(msgspec.Struct, frozen=True, kw_only=True):
    """A mined transaction that concerns an address. `height` is its block's; `moves_tokens`: some token, any token."""

    tx_id: str
    height: int
    moves_tokens: bool


class InvolvementPage(msgspec.Struct, frozen=True, kw_only=True):
    """Mined transactions that concern an address, newest first. `older` leads to the next older page, if any."""

    items: tuple[Involvement, ...]
    older: str | None


class TxStatus(StrEnum):
    """What became of a transaction. Anything a server says that we do not know is UNKNOWN: not paid."""

    SUCCESS = "success"
    FAILED = "failed"
    PENDING = "pending"
    DROPPED = "dropped"
    UNKNOWN = "unknown"


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer of the configured asset. `memo` is what was printed directly after it, or None."""

    event_index: int
    amount_sats: int
    sender: str
    recipient: str
    memo: bytes | None


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction as one server sees it.

    Attributes:
        block_hash, block_height, block_time, tx_index: set exactly when it is in a block of the canonical chain.
        transfers: transfers of the configured asset, in order; empty unless the status is SUCCESS.
        intention: for a pending direct call of the token: what its arguments say it will transfer. Promises nothing.
        received_at: when the server first had it in its mempool, for pending ones.
        replaced_by: the transaction that took its place.
    """

    tx_id: str
    status: TxStatus
    block_hash: str | None = None
    block_height: int | None = None
    block_time: datetime | None = None
    tx_index: int | None = None
    transfers: tuple[Transfer, ...] = ()
    intention: Transfer | None = None
    received_at: datetime | None = None
    replaced_by: str | None = None


class ChainSource(Protocol):
    """A source of chain data for one asset on one network."""

    async def headers(self, cursor: str | None = None, unless: str | None = None) -> HeaderPage | None:
        """A page of canonical headers from `cursor` (default: the tip) downward; None if `unless` still holds.

        Raises:
            ChainUnavailable: also when the cursor's block is not canonical any more.
        """
        ...

    async def header(self, index_block_hash: str) -> Header | None:
        """One header, or None if no such block is on the canonical chain."""
        ...

    async def header_at(self, height: int) -> Header | None:
        """The canonical header of a height, or None if the chain does not reach it."""
        ...

    async def logs(self, cursor: str | None = None) -> LogPage:
        """A page of memos printed by the token contract, from `cursor` (default: the newest) downward."""
        ...

    async def logs_below(self, height: int) -> LogPage:
        """A page of memos printed below `height`, the newest of them first."""
        ...

    async def involving(self, address: str, cursor: str | None = None) -> InvolvementPage:
        """A page of mined transactions that concern an address, from `cursor` (default: the newest) downward."""
        ...

    async def transactions(self, tx_ids: Sequence[str], *, whole: bool = True) -> Mapping[str, Transaction]:
        """The transactions the server knows, with all their transfers; unknown ones are absent.

        Args:
            tx_ids: any number; the source splits them into calls of at most 50.
            whole: False to pay for those calls only: a transaction of more than 100 events comes without its transfers.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
