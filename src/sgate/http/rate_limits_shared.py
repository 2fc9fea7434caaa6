"""Counts that several processes share, in Redis.

Redis is a convenience here and never a condition. If it does not answer at once, or its client raises whatever it may,
the caller counts in its own memory, the loss is logged once, and one task tries each second whether Redis takes counts
again.
"""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import structlog
from limits.aio.storage import RedisStorage, Storage
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sgate.db.batching import Coalescer, Overloaded

ANSWER_TIMEOUT_S = 0.25
"""The longest that calls wait for Redis, once, before they are counted in memory."""

RETRY_S = 1.0
"""Between two attempts to count in a Redis that was lost."""

MAX_CONNECTIONS = 16
KEY_PREFIX = "sgate"
PROBE = "probe"


class Away(Exception):
    """Redis does not count right now."""


class SharedCounters:
    """Counters in Redis, each of which is forgotten `expiry_s` seconds after it was first counted.

    `available` says whether Redis takes counts; `on_change` is called when that changes, and `on_fallback` for each
    call that should have been counted in Redis and was not.
    """

    def __init__(
        self,
        storage: Storage,
        expiry_s: int,
        on_change: Callable[[bool], None],
        on_fallback: Callable[[], None] = lambda: None,
    ) -> None:
        self._storage = storage
        self._expiry_s = expiry_s
        self._batches = Coalescer[Sequence[str], Sequence[int]](self._add_batch)
        self._on_change = on_change
        self._on_fallback = on_fallback
        self._coming_back: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("sgate.limits")
        self.available = True
        on_change(True)

    async def add(self, keys: Sequence[str]) -> Sequence[int] | None:
        """Count one more of each, and return what they count now. None while Redis is away."""
        if self.available:
            with contextlib.suppress(Away, Overloaded):
                return await self._batches.submit(keys)
        self._on_fallback()
        return None

    async def read(self, keys: Sequence[str]) -> Sequence[int] | None:
        """What the counters count. None while Redis is away."""
        if self.available:
            with contextlib.suppress(Away):
                return await self._asked(*(self._storage.get(key) for key in keys))
        self._on_fallback()
        return None

    async def close(self) -> None:
        """Stop trying to find Redis."""
        if self._coming_back is not None:
            self._coming_back.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._coming_back

    async def _add_batch(self, batch: Sequence[Sequence[str]]) -> list[Sequence[int]]:
        """Calls that come together are counted together. Each learns its own place in the count."""
        calls = Counter(itertools.chain.from_iterable(batch))
        totals = await self._asked(*(self._storage.incr(key, self._expiry_s, more) for key, more in calls.items()))
        counted = {key: total - calls[key] for key, total in zip(calls, totals, strict=True)}
        places: list[Sequence[int]] = []
        for keys in batch:
            for key in keys:
                counted[key] += 1
            places.append([counted[key] for key in keys])
        return places

    async def _asked(self, *questions: Awaitable[int]) -> Sequence[int]:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await asyncio.gather(*questions)
        except Exception as error:
            self._lost(error)
            raise Away from error

    def _lost(self, error: BaseException) -> None:
        if not self.available:
            return
        self.available = False
        self._on_change(False)
        self._log.warning("redis_away", reason=f"{type(error).__name__}: {error}", limits="counted in this process")
        self._coming_back = asyncio.create_task(self._until_back())

    async def _until_back(self) -> None:
        while not self.available:
            await asyncio.sleep(RETRY_S)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    await self._storage.incr(PROBE, 1)  # a write: a server that only answers is not enough
                    self.available = True
        self._on_change(True)
        self._log.info("redis_back", limits="shared again")


@contextlib.asynccontextmanager
async def shared_counters(
    url: str, expiry_s: int, on_change: Callable[[bool], None], on_fallback: Callable[[], None]
) -> AsyncGenerator[SharedCounters]:
    """Counters in the Redis at `url`, as long as the block lasts. Nothing is connected before the first count."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MAX_CONNECTIONS,
        timeout=ANSWER_TIMEOUT_S,
        socket_timeout=ANSWER_TIMEOUT_S,
        socket_connect_timeout=ANSWER_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    storage = RedisStorage(url, implementation="redispy", key_prefix=KEY_PREFIX, connection_pool=pool)  # type: ignore[arg-type] - its options are typed too narrowly
    counters = SharedCounters(storage, expiry_s, on_change, on_fallback)
    try:
        yield counters
    finally:
        await counters.close()
        with contextlib.suppress(RedisError, OSError):
            await pool.disconnect()
