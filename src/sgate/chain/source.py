"""The interface to the chain: the protocol that sources of chain data implement, and its only exception.

A source only reads. Each result is what one server returned at one moment; two calls may be answered by replicas that
differ. It is up to the watcher to decide what is true.
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
    """The chain cannot be read now. Draw no conclusions from this error, and try again later.

    Attributes:
        reason: one sentence for the operator, which says what was requested and what went wrong.
        retry_after_s: the server's `Retry-After` in seconds, or None.
    """

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class HeaderPage(msgspec.Struct, frozen=True, kw_only=True):
    """Headers of the canonical chain, newest first.

    Attributes:
        older: the cursor of the next older page, or None if this page reaches the first block.
        etag: the etag of the page, or None if the server sent none. Pass it as `unless` to get None instead of an
            unchanged page.
    """

    headers: tuple[Header, ...]
    older: str | None
    etag: str | None


class MemoLog(msgspec.Struct, frozen=True, kw_only=True):
    """A memo printed by the token contract, with its transaction and event index."""

    tx_id: str
    event_index: int
    memo: bytes


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """Memos printed by the token contract, newest first.

    Attributes:
        older: the cursor of the next older page, or None if there is no older page.
        older_height: the block height at which the next older page begins, or None.
        tip: the index block hash of the answering server's tip, or None if the server did not report it.
    """

    logs: tuple[MemoLog, ...]
    older: str | None
    older_height: int | None
    tip: str | None


class Involvement(msgspec.Struct, frozen=True, kw_only=True):
    """A mined transaction that concerns an address.

    Attributes:
        moves_tokens: whether the transaction moved a fungible token to or from the address.
    """

    tx_id: str
    height: int
    moves_tokens: bool


class InvolvementPage(msgspec.Struct, frozen=True, kw_only=True):
    """Mined transactions that concern an address, newest first. `older` is the next older page's cursor, or None."""

    items: tuple[Involvement, ...]
    older: str | None


class TxStatus(StrEnum):
    """The status of a transaction. A status that sGate does not know becomes UNKNOWN, which never counts as paid."""

    SUCCESS = "success"
    FAILED = "failed"
    PENDING = "pending"
    DROPPED = "dropped"
    UNKNOWN = "unknown"


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer of the configured asset. `memo` is the memo printed directly after it, or None."""

    event_index: int
    amount_sats: int
    sender: str
    recipient: str
    memo: bytes | None


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction as one server sees it.

    Attributes:
        block_hash, block_height, block_time, tx_index: set if and only if the transaction is in a canonical block.
        transfers: transfers of the configured asset, in order; empty unless the status is SUCCESS.
        intention: for a pending direct call of the token's `transfer`, the transfer in its arguments, which may never
            happen.
        received_at: for a pending transaction, when it entered the server's mempool.
        replaced_by: for a dropped transaction, the id of the transaction that replaced it, or None.
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
        """Return a page of canonical headers from `cursor` (default: the tip) downward.

        Returns:
            The page, or None if `unless` is its current etag.

        Raises:
            ChainUnavailable: if the chain cannot be read, or the cursor's block is no longer canonical.
        """
        ...

    async def header(self, index_block_hash: str) -> Header | None:
        """Return a header, or None if the block is not on the canonical chain."""
        ...

    async def header_at(self, height: int) -> Header | None:
        """Return the canonical header at a height, or None if the chain is not that high."""
        ...

    async def logs(self, cursor: str | None = None) -> LogPage:
        """Return a page of memos printed by the token contract, from `cursor` (default: the newest) downward."""
        ...

    async def logs_below(self, height: int) -> LogPage:
        """Return a page of memos printed below `height`, newest first."""
        ...

    async def involving(self, address: str, cursor: str | None = None) -> InvolvementPage:
        """Return a page of mined transactions that concern an address, from `cursor` (default: the newest) downward."""
        ...

    async def transactions(self, tx_ids: Sequence[str], *, whole: bool = True) -> Mapping[str, Transaction]:
        """Return the transactions that the server knows, with all their transfers. Unknown ids are absent.

        Args:
            tx_ids: any number of ids; the source splits them into calls of at most 50.
            whole: if False, make no further calls for a transaction of more than 100 events, and return it without its
                transfers.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
