"""Linking headers: from the newest the source shows down to one we hold. What differs is a reorganisation."""

from itertools import pairwise

import msgspec
import structlog

from sgate.chain.source import ChainSource, ChainUnavailable, HeaderPage
from sgate.core.header import Header
from sgate.db.pool import Pool
from sgate.store import blocks
from sgate.store.chain_cursors import Cursor

OVERLAP_BLOCKS = 20
"""Blocks read again each round: costs nothing while they fit one page, and forgives what an answer left out."""

FIRST_HEADERS = 600
"""Headers kept from before a first scan that begins at the tip: how deep a reorganisation right after it may go."""

LOG_EVERY_PAGES = 20


class Incoherent(Exception):
    """The answers of this round do not fit together: replicas differ, or the chain moved. Nothing was changed."""


class DifferentChain(Exception):
    """Nothing the source shows links to what we hold: another network, or a chain that was started anew."""


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """The chain as the source shows it, down to where it links to what we hold.

    Attributes:
        new: headers that we do not hold, ascending; empty if there are none.
        held: headers that we hold and that stay, ascending: at least as deep as a round reads again.
        reorged_from: the lowest height at which a header that we hold is replaced, or None.
    """

    new: tuple[Header, ...]
    held: tuple[Header, ...] = ()
    reorged_from: int | None = None

    def up_to(self, height: int) -> "Branch":
        """The same, without what is above `height`."""
        kept = tuple(header for header in self.new if header.height <= height)
        return msgspec.structs.replace(self, new=kept)

    @property
    def lowest_height(self) -> int:
        """The lowest height whose transactions a round reads."""
        return (self.held or self.new)[0].height

    @property
    def by_block_hash(self) -> dict[str, Header]:
        """Every header of the branch by its block hash."""
        return {header.block_hash: header for header in (*self.held, *self.new)}

    @property
    def index_hashes(self) -> set[str]:
        """Index block hashes of the branch."""
        return {header.index_block_hash for header in (*self.held, *self.new)}


async def follow(pool: Pool, source: ChainSource, page: HeaderPage, cursor: Cursor, start_height: int | None) -> Branch:
    """Link the newest page to what we hold, fetching older pages as far as needed.

    Raises:
        DifferentChain: if nothing links.
        ChainUnavailable: if the chain moved between two pages.
    """
    if not page.headers:
        raise ChainUnavailable("the source shows no blocks at all")
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
    """The failure, with what to do about it."""
    return DifferentChain(
        f"different chain: no block from height {height} up links to the chain read before: "
        "another network or a restarted chain. Check the URL of the API; if the chain was really started anew, "
        "say so with `sgate chain accept-reset`"
    )


async def _check_same_chain(pool: Pool, source: ChainSource, lowest_held: int, *, livemode: bool) -> None:
    """Before a long way down: does the source have the lowest block we hold? Another chain would cost it each time.

    Raises:
        DifferentChain: if it does not.
    """
    shown = await source.header_at(lowest_held)
    async with pool.acquire() as connection:
        held = await blocks.headers_at(connection, [lowest_held], livemode=livemode)
    if held and (shown is None or shown.index_block_hash != held[0].index_block_hash):
        raise _different_chain(lowest_held)


def _link(page: HeaderPage, new: list[Header], held: dict[int, Header]) -> bool:
    """Append the page's unknown headers to `new` (newest first); True once one links to a header we hold."""
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
    """Make sure that nothing is missing between two headers of a list.

    Raises:
        ChainUnavailable: if something is, in a page or between two pages.
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
    """Headers of a first scan, newest first: down to the start height, or a few below the tip."""
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
