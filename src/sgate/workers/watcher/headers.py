"""Follows the headers of the source from the newest one down to a stored one.

Stored headers that differ from those of the source were reorganized.
"""

from datetime import datetime
from itertools import pairwise

import msgspec
import structlog

from sgate.chain.source import ChainSource, ChainUnavailable, HeaderPage
from sgate.core.address import Network
from sgate.core.header import Header, why_implausible
from sgate.db.pool import Pool
from sgate.store import blocks
from sgate.store.chain_cursors import Cursor

OVERLAP_BLOCKS = 20
"""The number of blocks that each poll reads again, to repair omissions in earlier responses. As long as the blocks fit
on one page, this costs no additional calls.
"""

FIRST_HEADERS = 600
"""The number of headers that a first scan stores below the tip, if it begins there. Reorganizations up to this depth
can then be followed.
"""

LOG_EVERY_PAGES = 20


class Incoherent(Exception):
    """This poll's responses contradict each other: replicas differ, or the chain has moved. Nothing was changed."""


class DifferentChain(Exception):
    """No header of the source links to a stored one: it is another network, or the chain was restarted."""


class ImplausibleTime(Exception):
    """A block time cannot be right. Nothing was concluded from the block, or from any other that the poll has read."""


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """The chain as the source reports it, down to where it links to the stored headers.

    Attributes:
        new: headers that are not stored, ascending; may be empty.
        held: stored headers below them that remain valid, ascending, as deep as a poll reads again.
        reorged_from: the lowest height at which a stored header is replaced, or None.
    """

    new: tuple[Header, ...]
    held: tuple[Header, ...] = ()
    reorged_from: int | None = None

    def up_to(self, height: int) -> "Branch":
        """Return the branch without headers above `height`."""
        kept = tuple(header for header in self.new if header.height <= height)
        return msgspec.structs.replace(self, new=kept)

    @property
    def lowest_height(self) -> int:
        """The lowest height whose transactions the poll reads."""
        return (self.held or self.new)[0].height

    @property
    def by_block_hash(self) -> dict[str, Header]:
        """The headers of the branch, by block hash."""
        return {header.block_hash: header for header in (*self.held, *self.new)}

    @property
    def index_hashes(self) -> set[str]:
        """The index block hashes of the branch."""
        return {header.index_block_hash for header in (*self.held, *self.new)}


def check_times(branch: Branch, now: datetime, network: Network) -> None:
    """Check that the times of the branch's new headers are plausible.

    Raises:
        ImplausibleTime: if one of them is too far ahead of the clock, or too far before its parent's.
    """
    parent = branch.held[-1] if branch.held else None
    for header in branch.new:
        check_time(header, parent, now, network)
        parent = header


def check_time(header: Header, parent: Header | None, now: datetime, network: Network) -> None:
    """Check that the time of a header is plausible.

    Raises:
        ImplausibleTime: if it is too far ahead of the clock, or too far before its parent's.
    """
    reason = why_implausible(header, parent, now, network)
    if reason is not None:
        raise ImplausibleTime(reason)


async def follow(pool: Pool, source: ChainSource, page: HeaderPage, cursor: Cursor, start_height: int | None) -> Branch:
    """Link the newest page to the stored headers, fetching older pages as needed.

    Raises:
        DifferentChain: if no header links to a stored header.
        ChainUnavailable: if the chain moved between two pages, or the source returned none.
    """
    if not page.headers:
        raise ChainUnavailable("the source returned no blocks")
    if cursor.view.height == 0:
        return Branch(new=tuple(reversed(await _first(source, page, start_height))))
    async with pool.acquire() as connection:
        lowest_held = await blocks.lowest_height(connection, livemode=cursor.livemode)
    new: list[Header] = []
    pages = 0
    while True:
        held = await _held_around(pool, page, cursor.livemode)
        linked = _link(page, new, held)
        if linked:
            return await _branch(pool, new, cursor)
        if page.older is None or lowest_held is None or page.headers[-1].height <= lowest_held:
            raise _different_chain(page.headers[-1].height)
        if pages == 0:
            await _check_same_chain(pool, source, lowest_held, livemode=cursor.livemode)
        pages += 1
        if pages % LOG_EVERY_PAGES == 0:
            gap = page.headers[-1].height - cursor.view.height
            structlog.get_logger("sgate.watcher").info("catching_up", blocks_to_go=max(0, gap))
        page = await _older(source, page)


def _different_chain(height: int) -> DifferentChain:
    """Return the exception, with a message that says what to do."""
    return DifferentChain(
        f"different chain: no block from height {height} upward links to the chain read before, so this is "
        "another network or a restarted chain. Check the URL of the API; if the chain was in fact restarted, "
        "run `sgate chain accept-reset`"
    )


async def _check_same_chain(pool: Pool, source: ChainSource, lowest_held: int, *, livemode: bool) -> None:
    """Check that the source has the lowest stored block. Following many pages without this check would waste calls.

    Raises:
        DifferentChain: if the source does not have the block.
    """
    shown = await source.header_at(lowest_held)
    async with pool.acquire() as connection:
        held = await blocks.headers_at(connection, [lowest_held], livemode=livemode)
    if held and (shown is None or shown.index_block_hash != held[0].index_block_hash):
        raise _different_chain(lowest_held)


def _link(page: HeaderPage, new: list[Header], held: dict[int, Header]) -> bool:
    """Append the page's unknown headers to `new` (newest first). Returns whether one links to a stored header."""
    for header in page.headers:
        if new:
            _check_next(new[-1], header)
        known = held.get(header.height)
        if known is not None and known.index_block_hash == header.index_block_hash:
            return True
        new.append(header)
    below = held.get(new[-1].height - 1) if new else None
    return below is not None and below.index_block_hash == new[-1].parent_index_block_hash


def _check_next(newer: Header, header: Header) -> None:
    """Check that a header is the parent of the next newer one.

    Raises:
        ChainUnavailable: if a header is missing between them, in a page or between two pages.
    """
    if newer.parent_index_block_hash != header.index_block_hash or newer.height != header.height + 1:
        raise ChainUnavailable("the chain moved while its headers were read")


async def _branch(pool: Pool, new: list[Header], cursor: Cursor) -> Branch:
    new.reverse()
    if not new:
        return Branch(new=())
    lowest = new[0].height
    async with pool.acquire() as connection:
        held = await blocks.headers_from(connection, lowest - OVERLAP_BLOCKS, livemode=cursor.livemode)
    return Branch(
        new=tuple(new),
        held=tuple(header for header in held if header.height < lowest),
        reorged_from=lowest if lowest <= cursor.view.height else None,
    )


async def _first(source: ChainSource, page: HeaderPage, start_height: int | None) -> list[Header]:
    """Return the headers of a first scan, newest first, down to the start height or FIRST_HEADERS below the tip."""
    found = list(page.headers)
    lowest = start_height if start_height is not None else max(0, found[0].height - FIRST_HEADERS)
    while page.older is not None and found[-1].height > lowest:
        page = await _older(source, page)
        found.extend(page.headers)
    for newer, header in pairwise(found):
        _check_next(newer, header)
    return [header for header in found if header.height >= lowest]


async def _held_around(pool: Pool, page: HeaderPage, livemode: bool) -> dict[int, Header]:
    async with pool.acquire() as connection:
        held = await blocks.headers_from(connection, page.headers[-1].height - 1, livemode=livemode)
    return {header.height: header for header in held}


async def _older(source: ChainSource, page: HeaderPage) -> HeaderPage:
    older = await source.headers(cursor=page.older)
    if older is None or not older.headers:
        raise ChainUnavailable("a page of headers is missing")
    return older
