"""Address reads, which find deposits that have no memo.

Each address costs a call, so a poll reads only a few addresses. Half of them are addresses with open intents, which are
read one after another. The other half are the addresses whose last read was longest ago. An address counts as read only
up to the highest transaction that was actually listed, so an incomplete response from a lagging replica loses nothing.
"""

from collections.abc import Sequence

import msgspec

from sgate.chain.quota import ReadIntervals
from sgate.chain.source import ChainSource, Involvement, Transaction, TxStatus
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.store import pay_addresses, payments_scan
from sgate.store.chain_cursors import Cursor
from sgate.store.pay_addresses import WatchedAddress
from sgate.workers.watcher.headers import OVERLAP_BLOCKS, Incoherent
from sgate.workers.watcher.matcher import Found, Matcher, place

MAX_ADDRESSES = 20
"""The maximum number of addresses per poll. The call budget may allow fewer."""

MAX_PAGES = 10
"""The maximum number of pages of one address per poll, with 50 transactions each. The next poll continues there."""


class InboxScan(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses read, with their new progress, and the payments found."""

    read: Sequence[WatchedAddress]
    found: Found
    last_open_address: str


class InboxReader:
    """Reads the addresses of one mode, a few per poll."""

    def __init__(
        self,
        pool: Pool,
        source: ChainSource,
        matcher: Matcher,
        environment: Environment,
        *,
        livemode: bool,
        intervals: ReadIntervals,
    ) -> None:
        self._intervals = intervals
        self._environment = environment
        self._pool = pool
        self._source = source
        self._matcher = matcher
        self._livemode = livemode

    async def read(self, cursor: Cursor, calls: int) -> InboxScan | None:
        """Read the next addresses with at most `calls` calls. Only old or large transactions cost more calls.

        Returns:
            None if no address is due.

        Raises:
            Incoherent: if the responses contradict each other.
            ChainUnavailable: if the source cannot be read.
        """
        pages = calls // 2  # one call for the page, and one for its transactions
        if pages < 1:
            return None
        due, last_open = await self._due(cursor, min(MAX_ADDRESSES, pages))
        if not due and last_open == cursor.last_open_address:
            return None
        read: list[WatchedAddress] = []
        tx_ids: dict[str, None] = {}
        for watched in due:
            if pages < 1:
                break  # a later poll will read it, when its last read is long ago
            involved, after, pages_read = await self._involved(watched, cursor.view.height, min(MAX_PAGES, pages))
            pages -= pages_read
            read.append(after)
            tx_ids.update((item.tx_id, None) for item in involved)
        found = await self._payments_of(list(tx_ids), cursor.view.height)
        return InboxScan(read=read, found=found, last_open_address=last_open)

    async def _due(self, cursor: Cursor, limit: int) -> tuple[list[WatchedAddress], str]:
        half, now = max(1, limit // 2), self._environment.now()
        async with self._pool.acquire() as connection:
            opened, last_open = await pay_addresses.open_after(
                connection,
                cursor.last_open_address,
                half,
                now - self._intervals.with_open_intents,
                livemode=self._livemode,
            )
            others = await pay_addresses.longest_unread(
                connection, limit, now - self._intervals.any, livemode=self._livemode
            )
        due = {watched.address: watched for watched in (*opened, *others[: max(1, limit - len(opened))])}
        return list(due.values())[:limit], last_open

    async def _involved(
        self, watched: WatchedAddress, height: int, max_pages: int
    ) -> tuple[list[Involvement], WatchedAddress, int]:
        """Read the transactions in scanned blocks that may pay to an address.

        Returns:
            the transactions, the address with its new progress, and the number of pages read.

        Raises:
            Incoherent: if a page does not continue where the previous one ended: a lagging replica would omit some.
        """
        involved: list[Involvement] = []
        cursor, target = watched.resume_at, watched.resume_height
        lowest = watched.read_to_height - OVERLAP_BLOCKS
        for pages_read in range(1, max_pages + 1):
            page = await self._source.involving(watched.address, cursor)
            if cursor is not None and (not page.items or str(page.items[0].height) != _height_of(cursor)):
                raise Incoherent("a page of an address was read from a replica that lags")
            scanned = [item for item in page.items if item.height <= height]  # a later poll reads the rest
            if target is None:
                target = max([watched.read_to_height, *(item.height for item in scanned)])
            involved += [item for item in scanned if item.moves_tokens and item.height > lowest]
            cursor = page.older
            if cursor is None or (page.items and page.items[-1].height <= lowest):
                done = WatchedAddress(
                    address=watched.address, read_to_height=target, resume_at=None, resume_height=None
                )
                return involved, done, pages_read
        return involved, msgspec.structs.replace(watched, resume_at=cursor, resume_height=target), max_pages

    async def _payments_of(self, tx_ids: Sequence[str], height: int) -> Found:
        async with self._pool.acquire() as connection:
            held = await payments_scan.held_in_blocks(connection, tx_ids, 0, livemode=self._livemode)
        unknown = [tx_id for tx_id in tx_ids if tx_id not in held]
        if not unknown:
            return {}
        answers = await self._source.transactions(unknown)
        mined = [
            _scanned(tx_id, answers.get(tx_id), height)
            for tx_id in unknown
            if tx_id not in answers or answers[tx_id].status is not TxStatus.FAILED
        ]
        placed = await place(self._pool, self._source, mined, livemode=self._livemode)
        return await self._matcher.match(placed)


def _height_of(cursor: str) -> str:
    """Return the height of the first transaction of the page as digits, the first part of a cursor."""
    return cursor.partition(":")[0]


def _scanned(tx_id: str, transaction: Transaction | None, height: int) -> Transaction:
    """Return a transaction listed in a scanned block, if the response about it confirms that.

    Raises:
        Incoherent: if the response does not confirm it. The address must then be read again.
    """
    if transaction is None or not is_scanned(transaction, height):
        raise Incoherent(f"{tx_id} was listed by one replica, but is not in a scanned block on another")
    return transaction


def is_scanned(transaction: Transaction, height: int) -> bool:
    """Return whether a transaction succeeded in a scanned block."""
    return transaction.status is TxStatus.SUCCESS and (transaction.block_height or height + 1) <= height
