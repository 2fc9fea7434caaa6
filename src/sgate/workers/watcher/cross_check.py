"""Cross-checks: once an hour, the configured API servers are compared with the headers that were read.

Usually only the first server is read. If it serves a wrong or outdated chain, only another server can show it. A
disagreement is reported to the operator and changes nothing, because it does not say which server is right.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
import structlog

from sgate.chain.source import ChainSource, ChainUnavailable
from sgate.core.header import Header
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.store import blocks, chain_cursors
from sgate.store.chain_cursors import Cursor

CHECK_EVERY = timedelta(hours=1)

MAX_LAG_BLOCKS = 6
"""The number of blocks by which servers may differ. Replicas differ by a block or two, and are not read at once."""

CALLS_PER_SERVER = 2
FIELDS = ("index_block_hash", "block_hash", "parent_index_block_hash", "time", "tenure_height", "bitcoin_height")


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The result of comparing the servers.

    Attributes:
        differences: what differs, as sentences without a period; empty if nothing does.
        complete: whether every server answered.
    """

    differences: tuple[str, ...]
    complete: bool


class CrossChecker:
    """Compares the servers of one mode. `servers` are keyed by the names used in logs."""

    def __init__(
        self, pool: Pool, servers: Mapping[str, ChainSource], environment: Environment, *, livemode: bool
    ) -> None:
        self._pool = pool
        self._servers = servers
        self._environment = environment
        self._livemode = livemode
        self._log = structlog.get_logger("sgate.watcher").bind(livemode=livemode)

    def is_due(self, cursor: Cursor, calls: int) -> bool:
        """Return whether to compare now: there are several servers, an hour has passed, and the calls can be spared."""
        if len(self._servers) < 2 or calls < CALLS_PER_SERVER * len(self._servers):  # noqa: PLR2004 - one has no other
            return False
        last = cursor.cross_checked_at
        return last is None or not timedelta() <= self._environment.now() - last < CHECK_EVERY

    async def check(self, cursor: Cursor) -> None:
        """Compare all servers, and store and log the result. Call this right after the newest blocks were scanned."""
        async with self._pool.acquire() as connection:
            stored = await blocks.headers_at(
                connection, [cursor.view.height - MAX_LAG_BLOCKS], livemode=cursor.livemode
            )
        if not stored:
            return  # the scan has just begun
        compared = await self._compare(stored[0], cursor.view.height)
        disagreement = "; ".join(compared.differences) or (None if compared.complete else cursor.disagreement)
        if disagreement is not None:
            self._log.warning("sources_disagree", reason=disagreement)
        elif cursor.disagreement is not None:
            self._log.info("sources_agree_again")
        await self._note(self._environment.now(), disagreement)

    async def _compare(self, ours: Header, scanned_height: int) -> Compared:
        differences: list[str] = []
        complete = True
        for name, server in self._servers.items():
            try:
                theirs = await server.header_at(ours.height)
                ahead = await server.header_at(scanned_height + MAX_LAG_BLOCKS + 1)
            except ChainUnavailable as failure:
                self._log.info("source_not_compared", source=name, reason=failure.reason)
                complete = False
                continue
            differences += [f"{name} {difference}" for difference in _differences(ours, theirs, ahead, scanned_height)]
        return Compared(differences=tuple(differences), complete=complete)

    async def _note(self, at: datetime, disagreement: str | None) -> None:
        async with self._pool.acquire() as connection:
            await chain_cursors.note_cross_check(connection, at, disagreement, livemode=self._livemode)


def _differences(ours: Header, theirs: Header | None, ahead: Header | None, scanned_height: int) -> list[str]:
    """Return how a server differs from the headers that were read, as sentences without their subject."""
    if theirs is None:
        return [f"has no block {ours.height}, so it is more than {MAX_LAG_BLOCKS} blocks behind block {scanned_height}"]
    found = [
        f"shows another {name} for block {ours.height} ({getattr(theirs, name)}, not {getattr(ours, name)})"
        for name in FIELDS
        if getattr(theirs, name) != getattr(ours, name)
    ][:1]
    if ahead is not None:
        found.append(f"has block {ahead.height}, more than {MAX_LAG_BLOCKS} blocks ahead of block {scanned_height}")
    return found
