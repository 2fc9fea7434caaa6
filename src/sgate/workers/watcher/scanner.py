"""Scans of new blocks. A scan reads headers and memos down to the stored headers, then the payments that memos name.

The responses within one poll may come from different replicas of the API, and the chain may move between two of them.
A scan therefore ends at a tip that one server has confirmed: the tip in the first page of memos. Every further page
must come from a server that has this tip. Any inconsistency ends the scan, and the next poll tries again.

A long gap is read upward in chunks, one per poll, so that memory use stays small, progress is kept, and deadlines are
decided in the order of the blocks.
"""

from collections.abc import Sequence

import msgspec
import structlog

from sgate.chain.source import ChainSource, HeaderPage, LogPage, Transaction, TxStatus
from sgate.core.address import Network
from sgate.core.finality import View
from sgate.core.header import Header
from sgate.core.memo import intent_id_of
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.store import blocks, ledger_queue, payments_scan
from sgate.store.chain_cursors import Cursor
from sgate.workers.watcher.headers import Branch, Incoherent, check_times, follow
from sgate.workers.watcher.matcher import Found, Matcher, Placed

CHUNK_BLOCKS = 600
"""The number of blocks per poll while catching up. They span about an hour, or twenty pages of headers."""

MAX_FOREIGN_CACHED = 10_000


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one scan, ready to be committed.

    Attributes:
        foreign: transactions whose memo has the form of an intent id, but which pay no watched address or were
            read before.
        tip_height: the greatest height of the chain that this poll has seen.
    """

    branch: Branch
    view: View
    found: Found
    foreign: Sequence[str]
    tip_height: int


class Scanner:
    """Reads the chain of one mode. Its state is only a cache; the database is authoritative."""

    def __init__(
        self,
        pool: Pool,
        source: ChainSource,
        matcher: Matcher,
        environment: Environment,
        *,
        livemode: bool,
        network: Network,
        start_height: int | None,
    ) -> None:
        """`start_height`: where a first scan begins; None to begin a little below the tip."""
        self._pool = pool
        self._source = source
        self._matcher = matcher
        self._environment = environment
        self._livemode = livemode
        self._network = network
        self._start_height = start_height
        self._newest: tuple[str, str | None] = ("", None)  # the tip and the ETag of the last response
        self._foreign: dict[str, None] = {}  # as in `Scan`; cleared after a reorganization
        self._log = structlog.get_logger("sgate.watcher").bind(livemode=livemode)

    def forget(self) -> None:
        """Clear the cache, because another watcher has led in the meantime and may have seen a reorganization."""
        self._foreign.clear()

    def committed(self, scan: Scan) -> None:
        """Cache the foreign transactions of a scan. Call this after the scan has been committed."""
        self._foreign.update(dict.fromkeys(scan.foreign))
        while len(self._foreign) > MAX_FOREIGN_CACHED:
            del self._foreign[next(iter(self._foreign))]

    async def read(self, cursor: Cursor) -> Scan | None:
        """Read all new blocks, or the next chunk of them. Returns None if there are none.

        The newest memos are read right after the newest headers, before either is followed downward. Anything slow
        between the two would let a busy chain move on each time.

        Raises:
            Incoherent: if the responses contradict each other.
            DifferentChain: if no header of the source links to a stored one.
            ImplausibleTime: if the time of a block cannot be right.
            ChainUnavailable: if the source cannot be read, or the chain moved between two pages.
        """
        page = await self._headers_unless_at(cursor)
        if page is None:
            return None
        tip_height = page.headers[0].height if page.headers else 0
        scanned = cursor.view.height or self._start_height
        if scanned is not None and tip_height - scanned > CHUNK_BLOCKS:
            return await self._read_chunk(cursor, scanned + CHUNK_BLOCKS, tip_height)
        memos = await self._source.logs()
        if memos.tip not in {header.index_block_hash for header in page.headers}:
            page = await self._source.headers() or page  # a block arrived in between
            self._note_newest(page)
        branch = await self._follow(page, cursor)
        if not branch.new:
            return None
        tip = next((header for header in branch.new if header.index_block_hash == memos.tip), None)
        if tip is None or tip.height <= cursor.view.height:
            raise Incoherent("headers and memos were read from replicas with different tips")
        return await self._scan(cursor, branch.up_to(tip.height), memos, tip, tip_height)

    async def _read_chunk(self, cursor: Cursor, height: int, tip_height: int) -> Scan:
        """Read the chunk that ends at `height`, far below the tip."""
        top = await self._source.header_at(height)
        page = None if top is None else await self._source.headers(cursor=top.index_block_hash)
        if top is None or page is None or page.headers[:1] != (top,):
            raise Incoherent("the chain moved while catching up")
        self._newest = ("", None)
        self._log.info("catching_up", scanned_height=cursor.view.height, tip_height=tip_height)
        branch = await self._follow(page, cursor)
        memos = await self._source.logs_below(height + 1)
        return await self._scan(cursor, branch, memos, top, tip_height)

    async def _follow(self, page: HeaderPage, cursor: Cursor) -> Branch:
        branch = await follow(self._pool, self._source, page, cursor, self._start_height)
        check_times(branch, self._environment.now(), self._network)
        return branch

    async def _headers_unless_at(self, cursor: Cursor) -> HeaderPage | None:
        """Read the newest headers. Returns None if they begin with the block that was scanned last.

        The comparison is with the tip in the database, because a scan whose commit failed must be repeated.
        """
        tip, etag = self._newest
        page = await self._source.headers(unless=etag if tip == cursor.view.index_block_hash else None)
        if page is None:
            return None
        self._note_newest(page)
        return None if self._newest[0] == cursor.view.index_block_hash else page

    def _note_newest(self, page: HeaderPage) -> None:
        if page.headers:
            self._newest = page.headers[0].index_block_hash, page.etag

    async def _scan(self, cursor: Cursor, branch: Branch, memos: LogPage, tip: Header, tip_height: int) -> Scan:
        tx_ids, pages = await self._naming_intents(memos, branch, tip)
        found, foreign, asked = await self._payments_of(tx_ids, branch)
        view = View(
            height=tip.height,
            index_block_hash=tip.index_block_hash,
            time=max(tip.time, cursor.view.time),
            tenure_height=tip.tenure_height,
            bitcoin_height=tip.bitcoin_height,
        )
        one_answer = pages == 1 and memos.tip == tip.index_block_hash and not asked
        if not one_answer or await self._decides_something(view):
            again = await self._source.header(tip.index_block_hash)
            if again is None or again.height != tip.height:
                raise Incoherent("the chain moved while it was read")
        return Scan(branch=branch, view=view, found=found, foreign=foreign, tip_height=max(tip_height, tip.height))

    async def _decides_something(self, view: View) -> bool:
        """Return whether a deadline or threshold falls in this view; the tip must then be checked again at the end."""
        async with self._pool.acquire() as connection:
            return await ledger_queue.has_due(connection, view, livemode=self._livemode)

    async def _naming_intents(self, page: LogPage, branch: Branch, tip: Header) -> tuple[list[str], int]:
        """Return the transactions of the branch whose memo has the form of an intent id, newest first.

        Returns:
            the transaction ids, and the number of pages read.
        """
        tx_ids, trusted, pages = dict[str, None](), {tip.index_block_hash}, 1
        while True:
            if page.tip not in trusted:
                await check_has_below(self._source, page.tip, tip)
                trusted.add(page.tip or "")
            tx_ids.update((log.tx_id, None) for log in page.logs if intent_id_of(log.memo) is not None)
            if page.older is None or (page.older_height is not None and page.older_height < branch.lowest_height):
                return list(tx_ids), pages
            page = await self._source.logs(page.older)
            pages += 1

    async def _payments_of(self, tx_ids: Sequence[str], branch: Branch) -> tuple[Found, list[str], bool]:
        """Read the payments of those transactions that are not yet recorded in their current block.

        Returns:
            payments by transaction, transactions that need not be read again, and whether the source was called.
        """
        wanted = await self._not_yet_held(tx_ids, branch)
        transactions = await self._source.transactions(wanted) if wanted else {}
        placed: list[Placed] = []
        deeper: list[Transaction] = []
        for tx_id in wanted:
            transaction = included(tx_id, transactions.get(tx_id))
            if (transaction.block_height or 0) < branch.lowest_height:
                deeper.append(transaction)  # read by an earlier poll
            elif (transaction.block_height or 0) <= branch.new[-1].height:  # otherwise left for the next poll
                placed.append(Placed(transaction, _header_of(transaction, branch)))
        await self._check_held(deeper)
        found = await self._matcher.match(placed)
        unmatched = [item.transaction.tx_id for item in placed if item.transaction.tx_id not in found]
        return found, [*(transaction.tx_id for transaction in deeper), *unmatched], bool(wanted)

    async def _check_held(self, deeper: Sequence[Transaction]) -> None:
        """Check that these transactions are in stored blocks; a replica on an orphaned branch may report others.

        Raises:
            Incoherent: if one of them is not. Transactions below the lowest stored header cannot be checked. A first
                scan stores its headers only afterward, so all transactions are below them.
        """
        if not deeper:
            return
        heights = [transaction.block_height or 0 for transaction in deeper]
        async with self._pool.acquire() as connection:
            headers = await blocks.headers_at(connection, heights, livemode=self._livemode)
            lowest = await blocks.lowest_height(connection, livemode=self._livemode)
        if lowest is None:
            return  # a first scan: there is nothing to compare with, and transfers below its headers are not payments
        held = {header.block_hash for header in headers}
        for transaction in deeper:
            if (transaction.block_height or 0) >= lowest and transaction.block_hash not in held:
                raise Incoherent(f"{transaction.tx_id} is in a block that is not on the scanned chain")

    async def _not_yet_held(self, tx_ids: Sequence[str], branch: Branch) -> list[str]:
        if branch.reorged_from is not None:
            self._foreign.clear()
        candidates = [tx_id for tx_id in tx_ids if tx_id not in self._foreign]
        async with self._pool.acquire() as connection:
            held = await payments_scan.held_in_blocks(
                connection, candidates, branch.lowest_height, livemode=self._livemode
            )
        settled = branch.index_hashes
        return [tx_id for tx_id in candidates if tx_id not in held or not held[tx_id] <= settled]


async def check_has_below(source: ChainSource, server_tip: str | None, header: Header) -> None:
    """Check that a server whose newest block is `server_tip` has `header` below it.

    A replica that lags or follows another branch would silently omit memos.

    Raises:
        Incoherent: if it does not have the header, or did not report its tip.
    """
    page = None if server_tip is None else await source.headers(cursor=server_tip)
    if page is None or not page.headers or page.headers[0].height < header.height:
        raise Incoherent("a page of memos was read from a replica that lags")
    if page.headers[-1].height <= header.height and header not in page.headers:
        raise Incoherent("a page of memos was read from a replica on another branch")


def included(tx_id: str, transaction: Transaction | None) -> Transaction:
    """Return a transaction whose memo was read, if the response about it confirms that it is in a block.

    Raises:
        Incoherent: if the response does not confirm it.
    """
    if transaction is None or transaction.status is not TxStatus.SUCCESS or transaction.block_hash is None:
        raise Incoherent(f"{tx_id} printed a memo on one replica, but is not in a block on another")
    return transaction


def _header_of(transaction: Transaction, branch: Branch) -> Header:
    header = branch.by_block_hash.get(transaction.block_hash or "")
    if header is None:
        raise Incoherent(f"{transaction.tx_id} is in a block that is not among the headers")
    return header
