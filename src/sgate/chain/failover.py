"""Failover between several API servers of one chain. A failed server goes into cooldown and is tried last.

Servers are replicas that may differ, so the watcher handles a switch in the middle of a poll like any other difference
between replicas. Cursors consist of hashes and heights, which mean the same on every server of the chain.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import msgspec
import structlog

from sgate.chain.source import ChainSource, ChainUnavailable, HeaderPage, InvolvementPage, LogPage, Transaction
from sgate.core.header import Header

COOLDOWN_S = 60.0
"""The time during which a failed server is tried only after the others."""

_T = TypeVar("_T")


class NamedSource(msgspec.Struct, frozen=True):
    """A source, and its name in logs and errors, which is its URL without secrets."""

    name: str
    source: ChainSource


class FailoverSource:
    """A `ChainSource` that forwards each call to the first of several sources that answers."""

    def __init__(
        self,
        sources: Sequence[NamedSource],
        *,
        clock: Callable[[], float] = time.monotonic,
        cooldown_s: float = COOLDOWN_S,
    ) -> None:
        if not sources:
            raise ValueError("at least one source is needed")
        self._sources = list(sources)
        self._clock = clock
        self._cooldown_s = cooldown_s
        self._cooldown_until = dict.fromkeys((item.name for item in sources), 0.0)
        self._log = structlog.get_logger("sgate.chain")

    @property
    def preferred(self) -> str:
        """The name of the server that the next call tries first."""
        return self._in_order()[0].name

    async def headers(self, cursor: str | None = None, unless: str | None = None) -> HeaderPage | None:
        """Return a page of canonical headers, newest first, or None if its etag is still `unless`."""
        return await self._first_result(lambda source: source.headers(cursor, unless))

    async def header(self, index_block_hash: str) -> Header | None:
        """Return a header, or None if the block is not on the canonical chain."""
        return await self._first_result(lambda source: source.header(index_block_hash))

    async def header_at(self, height: int) -> Header | None:
        """Return the canonical header at a height, or None if the chain is not that high."""
        return await self._first_result(lambda source: source.header_at(height))

    async def logs(self, cursor: str | None = None) -> LogPage:
        """Return a page of memos printed by the token contract, newest first."""
        return await self._first_result(lambda source: source.logs(cursor))

    async def logs_below(self, height: int) -> LogPage:
        """Return a page of memos printed below `height`, newest first."""
        return await self._first_result(lambda source: source.logs_below(height))

    async def involving(self, address: str, cursor: str | None = None) -> InvolvementPage:
        """Return a page of mined transactions that concern an address, newest first."""
        return await self._first_result(lambda source: source.involving(address, cursor))

    async def transactions(self, tx_ids: Sequence[str], *, whole: bool = True) -> Mapping[str, Transaction]:
        """Return the transactions that the server knows. Unknown ids are absent."""
        return await self._first_result(lambda source: source.transactions(tx_ids, whole=whole))

    async def close(self) -> None:
        """Close all sources."""
        for item in self._sources:
            await item.source.close()

    async def _first_result(self, query: Callable[[ChainSource], Awaitable[_T]]) -> _T:
        """Return the result of the first source that answers. Sources in cooldown are tried last, but not skipped.

        Raises:
            ChainUnavailable: if no source answers; the message contains each source's reason.
        """
        failures: dict[str, ChainUnavailable] = {}
        for item in self._in_order():
            try:
                return await query(item.source)
            except ChainUnavailable as failure:
                cooldown_s = max(self._cooldown_s, failure.retry_after_s or 0.0)
                self._cooldown_until[item.name] = self._clock() + cooldown_s
                self._log.warning("source_failed", source=item.name, reason=failure.reason, cooldown_s=cooldown_s)
                failures[item.name] = failure
        if len(failures) == 1:
            raise next(iter(failures.values()))
        reasons = "; ".join(f"{name}: {failure.reason}" for name, failure in failures.items())
        waits = [failure.retry_after_s for failure in failures.values() if failure.retry_after_s is not None]
        raise ChainUnavailable(f"none of {len(failures)} servers answered: {reasons}", min(waits, default=None))

    def _in_order(self) -> list[NamedSource]:
        now_s = self._clock()
        return sorted(self._sources, key=lambda item: self._cooldown_until[item.name] > now_s)
