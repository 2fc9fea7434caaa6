"""Rate-limit counters shared between processes through Redis.

Redis is optional at run time. If Redis does not respond promptly, or if its client raises any exception, calls are
counted in this process. The failure is logged once, and a task retries every second until Redis accepts writes again.
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
"""How long a call may wait for Redis before it is counted in memory."""

RETRY_S = 1.0
"""Interval between attempts to write to an unavailable Redis."""

MAX_CONNECTIONS = 16
KEY_PREFIX = "sgate"
PROBE = "probe"


class RedisUnavailable(Exception):
    """Redis is unavailable."""


class SharedCounters:
    """Counters in Redis, each of which expires `expiry_s` seconds after its first increment.

    `available` is true while Redis accepts writes. `on_change` is called when `available` changes. `on_fallback` is
    called for each call that could not be counted in Redis.
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
        self._reconnecting: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("sgate.limits")
        self.available = True
        on_change(True)

    async def add(self, keys: Sequence[str]) -> Sequence[int] | None:
        """Increment the counters and return their new values, or None while Redis is unavailable."""
        if self.available:
            with contextlib.suppress(RedisUnavailable, Overloaded):
                return await self._batches.submit(keys)
        self._on_fallback()
        return None

    async def read(self, keys: Sequence[str]) -> Sequence[int] | None:
        """Return the values of the counters, or None while Redis is unavailable."""
        if self.available:
            with contextlib.suppress(RedisUnavailable):
                return await self._execute(*(self._storage.get(key) for key in keys))
        self._on_fallback()
        return None

    async def close(self) -> None:
        """Stop trying to reach Redis."""
        if self._reconnecting is not None:
            self._reconnecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reconnecting

    async def _add_batch(self, batch: Sequence[Sequence[str]]) -> list[Sequence[int]]:
        """Count concurrent calls with one increment per key. Each call gets its own position in the count."""
        calls = Counter(itertools.chain.from_iterable(batch))
        totals = await self._execute(*(self._storage.incr(key, self._expiry_s, more) for key, more in calls.items()))
        counted = {key: total - calls[key] for key, total in zip(calls, totals, strict=True)}
        positions: list[Sequence[int]] = []
        for keys in batch:
            for key in keys:
                counted[key] += 1
            positions.append([counted[key] for key in keys])
        return positions

    async def _execute(self, *commands: Awaitable[int]) -> Sequence[int]:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await asyncio.gather(*commands)
        except Exception as error:
            self._mark_unavailable(error)
            raise RedisUnavailable from error

    def _mark_unavailable(self, error: BaseException) -> None:
        if not self.available:
            return
        self.available = False
        self._on_change(False)
        self._log.warning("redis_away", reason=f"{type(error).__name__}: {error}", limits="counted in this process")
        self._reconnecting = asyncio.create_task(self._reconnect())

    async def _reconnect(self) -> None:
        while not self.available:
            await asyncio.sleep(RETRY_S)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    await self._storage.incr(PROBE, 1)  # a write, because a read-only server cannot count
                    self.available = True
        self._on_change(True)
        self._log.info("redis_back", limits="shared again")


@contextlib.asynccontextmanager
async def shared_counters(
    url: str, expiry_s: int, on_change: Callable[[bool], None], on_fallback: Callable[[], None]
) -> AsyncGenerator[SharedCounters]:
    """Yield counters in the Redis at `url`. The first count opens the connection."""
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
