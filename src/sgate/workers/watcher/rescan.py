"""Rescans, which read scanned blocks again to find missed payments. Each poll reads one chunk, in ascending order.

The cursor does not move, so confirmations do not decrease. The progress is stored, so a restart continues from it.
"""

import msgspec

from sgate.chain.source import ChainSource
from sgate.core.memo import intent_id_of
from sgate.db.pool import Pool
from sgate.store.chain_cursors import Cursor, Rescan
from sgate.workers.watcher.headers import Incoherent
from sgate.workers.watcher.matcher import Found, Matcher, place
from sgate.workers.watcher.scanner import CHUNK_BLOCKS, check_has_below, included


class RescanChunk(msgspec.Struct, frozen=True, kw_only=True):
    """The payments found in a chunk that ends at `height`. `announces`: whether to announce new deposits."""

    height: int
    found: Found
    announces: bool


class Rescanner:
    """Reads already scanned blocks again."""

    def __init__(self, pool: Pool, source: ChainSource, matcher: Matcher, *, livemode: bool) -> None:
        self._pool = pool
        self._source = source
        self._matcher = matcher
        self._livemode = livemode

    async def read(self, cursor: Cursor, rescan: Rescan) -> RescanChunk:
        """Read the next chunk.

        Raises:
            Incoherent: if the responses contradict each other.
            ChainUnavailable: if the source cannot be read.
        """
        highest = min(rescan.lowest + CHUNK_BLOCKS - 1, rescan.highest, cursor.view.height)
        tx_ids = await self._naming_intents(rescan.lowest, highest)
        answers = await self._source.transactions(tx_ids) if tx_ids else {}
        mined = [included(tx_id, answers.get(tx_id)) for tx_id in tx_ids]
        placed = await place(self._pool, self._source, mined, livemode=self._livemode)
        found = await self._matcher.match(placed)
        return RescanChunk(height=highest, found=found, announces=rescan.announces)

    async def _naming_intents(self, lowest: int, highest: int) -> list[str]:
        """Return the transactions in these blocks whose memo has the form of an intent id."""
        top = await self._source.header_at(highest)
        if top is None:
            raise Incoherent("the blocks to rescan come from a replica that lags")
        tx_ids, trusted = dict[str, None](), set[str]()
        page = await self._source.logs_below(highest + 1)
        while True:
            if page.tip not in trusted:
                await check_has_below(self._source, page.tip, top)
                trusted.add(page.tip or "")
            tx_ids.update((log.tx_id, None) for log in page.logs if intent_id_of(log.memo) is not None)
            if page.older is None or (page.older_height is not None and page.older_height < lowest):
                return list(tx_ids)
            page = await self._source.logs(page.older)
