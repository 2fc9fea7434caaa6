"""Several API servers for one chain: the first that works is asked, and a failed one rests for a while.

Servers are replicas that may differ; so a switch in the middle of a round looks like any other replica, and the watcher
treats it as one. Cursors are hashes and heights: they mean the same on every server of the chain.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import msgspec
import structlog

from sgate.chain.source import ChainSource, ChainUnavailable, HeaderPage, InvolvementPage, LogPage, Transaction
from sgate.core.header import Header

REST_S = 60.0
"""How long a server that failed is not asked first."""

_T = TypeVar("_T")


class NamedSource(msgspec.Struct, frozen=True):
    """A source and what to call it in logs and errors: its URL without secrets."""

    name: str
    source: ChainSource


class FailoverSource:
    """ChainSource on several others, asked in order."""

    def __init__(
        self, sources: Sequence[NamedSource], *, clock: Callable[[], float] = time.monotonic, rest_s: float = REST_S
    ) -> None:
        if not sources:
            raise ValueError("at least one source is needed")
        self._sources = list(sources)
        self._clock = clock
        self._rest_s = rest_s
        self._rests_until = dict.fromkeys((item.name for item in sources), 0.0)
        self._log = structlog.get_logger("sgate.chain")

    @property
    def preferred(self) -> str:
        """The name of the server that is asked first now."""
        return self._in_order()[0].name

    async def headers(self, cursor: str | None = None, unless: str | None = None) -> HeaderPage | None:
        """See ChainSource."""
        return await self._ask(lambda source: source.headers(cursor, unless))

    async def header(self, index_block_hash: str) -> Header | None:
        """See ChainSource."""
        return await self._ask(lambda source: source.header(index_block_hash))

    async def header_at(self, height: int) -> Header | None:
        """See ChainSource."""
        return await self._ask(lambda source: source.header_at(height))

    async def logs(self, cursor: str | None = None) -> LogPage:
        """See ChainSource."""
        return await self._ask(lambda source: source.logs(cursor))

    async def logs_below(self, height: int) -> LogPage:
        """See ChainSource."""
        return await self._ask(lambda source: source.logs_below(height))

    async def involving(self, address: str, cursor: str | None = None) -> InvolvementPage:
        """See ChainSource."""
        return await self._ask(lambda source: source.involving(address, cursor))

    async def transactions(self, tx_ids: Sequence[str], *, whole: bool = True) -> Mapping[str, Transaction]:
        """See ChainSource."""
        return await self._ask(lambda source: source.transactions(tx_ids, whole=whole))

    async def close(self) -> None:
        """Close all."""
        for item in self._sources:
            await item.source.close()

    async def _ask(self, question: Callable[[ChainSource], Awaitable[_T]]) -> _T:
        """The first answer. Those that rest are asked last: a late answer is better than none.

        Raises:
            ChainUnavailable: if none answers; it says what each one said.
        """
        failures: dict[str, ChainUnavailable] = {}
        for item in self._in_order():
            try:
                return await question(item.source)
            except ChainUnavailable as failure:
                rest_s = max(self._rest_s, failure.retry_after_s or 0.0)
                self._rests_until[item.name] = self._clock() + rest_s
                self._log.warning("source_failed", source=item.name, reason=failure.reason, rests_s=rest_s)
                failures[item.name] = failure
        if len(failures) == 1:
            raise next(iter(failures.values()))
        said = "; ".join(f"{name}: {failure.reason}" for name, failure in failures.items())
        waits = [failure.retry_after_s for failure in failures.values() if failure.retry_after_s is not None]
        raise ChainUnavailable(f"none of {len(failures)} servers answers: {said}", min(waits, default=None))

    def _in_order(self) -> list[NamedSource]:
        now_s = self._clock()
        return sorted(self._sources, key=lambda item: self._rests_until[item.name] > now_s)
