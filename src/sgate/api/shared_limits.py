"""Limits that several processes share: counters in Redis, through `limits`.

Redis is a convenience here and never a condition. If it does not answer at once, the caller counts in its own memory,
the loss is logged once, and one task looks each second whether Redis takes counts again. Calls that come together
share their round trip.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence

import structlog
from limits.aio.storage import RedisStorage, Storage
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sgate.api.limit_storage import SWEEP_ABOVE, Counted
from sgate.store.coalesce import Coalescer, Overloaded

ANSWER_TIMEOUT_S = 0.25
"""The longest that calls wait for Redis, once, before they are counted in memory."""

RETRY_S = 1.0
"""Between two looks whether Redis is back."""

MAX_CONNECTIONS = 16
KEY_PREFIX = "sgate"
PROBE = "probe"

_RedisErrors = (RedisError, OSError, TimeoutError)


class Away(Exception):
    """Redis does not count right now."""


class SharedCounters:
    """Counts calls in Redis, in windows that begin with a caller's first call.

    `available` says whether Redis takes counts; `on_change` is told when that changes.
    """

    def __init__(self, storage: Storage, window_s: int, on_change: Callable[[bool], None]) -> None:
        self._storage = storage
        self._window_s = window_s
        self._on_change = on_change
        self._ends: dict[str, float] = {}
        self._hits = Coalescer[str, Counted](self._count)
        self._coming_back: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("sgate.limits")
        self.available = True
        on_change(True)

    async def hit(self, key: str) -> Counted | None:
        """Count one call; None if Redis cannot."""
        if not self.available:
            return None
        try:
            return await self._hits.submit(key)
        except (Away, Overloaded):
            return None

    async def close(self) -> None:
        """Stop looking for Redis."""
        if self._coming_back is not None:
            self._coming_back.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._coming_back

    async def _count(self, batch: Sequence[str]) -> list[Counted]:
        """Count a batch of keys, equal ones in one go; each call learns its own place in the count."""
        if not self.available:
            raise Away
        calls = Counter(batch)
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                counted = await asyncio.gather(*(self._add(key, number) for key, number in calls.items()))
        except _RedisErrors as error:
            self._lost(error)
            raise Away from error
        before = {
            key: (found.calls - number, found.ends_at)
            for (key, number), found in zip(calls.items(), counted, strict=True)
        }
        return [_next(before, key) for key in batch]

    async def _add(self, key: str, number: int) -> Counted:
        count, now_s = await self._storage.incr(key, self._window_s, number), time.time()
        ends_at = self._ends.get(key, 0.0)
        if count == number:
            ends_at = now_s + self._window_s
            self._remember(key, ends_at, now_s)
        elif ends_at <= now_s:  # the window began in another process
            ends_at = await self._storage.get_expiry(key)
            self._remember(key, ends_at, now_s)
        return Counted(count, ends_at)

    def _remember(self, key: str, ends_at: float, now_s: float) -> None:
        if len(self._ends) >= SWEEP_ABOVE:
            self._ends = {known: end for known, end in self._ends.items() if end > now_s}
        if len(self._ends) < SWEEP_ABOVE:
            self._ends[key] = ends_at

    def _lost(self, error: BaseException) -> None:
        if not self.available:
            return
        self.available = False
        self._on_change(False)
        self._log.warning("redis_away", reason=f"{type(error).__name__}: {error}", limits="counted in this process")
        self._coming_back = asyncio.create_task(self._until_back())

    async def _until_back(self) -> None:
        while True:
            await asyncio.sleep(RETRY_S)
            with contextlib.suppress(*_RedisErrors):
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    await self._storage.incr(PROBE, self._window_s)  # a write: a server that only answers is not enough
                break
        self.available = True
        self._on_change(True)
        self._log.info("redis_back", limits="shared again")


@contextlib.asynccontextmanager
async def shared_counters(url: str, window_s: int, on_change: Callable[[bool], None]):  # noqa: ANN201 - a context manager of SharedCounters
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
    counters = SharedCounters(storage, window_s, on_change)
    try:
        yield counters
    finally:
        await counters.close()
        with contextlib.suppress(*_RedisErrors):
            await pool.disconnect()


def _next(before: dict[str, tuple[int, float]], key: str) -> Counted:
    count, ends_at = before[key]
    before[key] = count + 1, ends_at
    return Counted(count + 1, ends_at)
