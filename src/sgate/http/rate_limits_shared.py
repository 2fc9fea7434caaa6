"""Limits that several processes share: counters in Redis, through `limits`.

Redis is a convenience here and never a condition. If it does not answer at once, or its client raises whatever it may,
calls are counted in this process's memory, the loss is logged once, and one task looks each second whether Redis takes
counts again.

Calls that come together share their round trip, and a busy caller who is far from its limit does not wait for it: while
its count was heard of a moment ago, a call goes on at once and is counted shortly after. So many may go on uncounted as
leave the sum within the limit even if PROCESSES processes did the same. Near the limit each call waits for its count.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
import structlog
from limits.aio.storage import RedisStorage, Storage
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sgate.db.batching import MAX_BATCH, Coalescer, Overloaded
from sgate.http.rate_limit_storage import SWEEP_ABOVE, Counted, WindowCounters

ANSWER_TIMEOUT_S = 0.25
"""The longest that calls wait for Redis, once, before they are counted in memory."""

RETRY_S = 1.0
"""Between two looks whether Redis is back."""

FRESH_S = 0.25
"""So old a count may be for calls to go on before their own is known."""

PROCESSES = 16
"""So many are assumed to count for the same caller: a call that is not counted yet weighs as many."""

END_S = 1.0
"""In the end of a window each call waits for its count, lest it is counted in the next one."""

PAUSE_S = 0.01
"""Calls that go on uncounted gather so long."""

MAX_CONNECTIONS = 16
KEY_PREFIX = "sgate"
PROBE = "probe"


class Away(Exception):
    """Redis does not count right now."""


class _Window(msgspec.Struct):
    """What this process knows of a caller's window: how many calls Redis had counted when it was last heard of
    (`heard_s`), when the window ends (both Unix time), and how many calls went on uncounted since.
    """

    calls: int
    ends_at: float
    heard_s: float
    uncounted: int = 0


class SharedCounters:
    """Counts calls in Redis, in windows that begin with a caller's first call; in memory while Redis is away.

    `available` says whether Redis takes counts; `on_change` is told when that changes, and `on_fallback` of each call
    that should have been counted in Redis and was not.
    """

    def __init__(
        self,
        storage: Storage,
        window_s: int,
        on_change: Callable[[bool], None],
        on_fallback: Callable[[], None] = lambda: None,
    ) -> None:
        self._storage = storage
        self._window_s = window_s
        self._on_change = on_change
        self._on_fallback = on_fallback
        self._memory = WindowCounters()
        self._windows: dict[str, _Window] = {}
        self._sweep_above = SWEEP_ABOVE
        self._hits = Coalescer[str, Counted](self._count)
        self._late: Counter[str] = Counter()
        self._counting_late: asyncio.Task[None] | None = None
        self._coming_back: asyncio.Task[None] | None = None
        self._closed = False
        self._log = structlog.get_logger("sgate.limits")
        self.available = True
        on_change(True)

    async def hit(self, key: str, allowed: int) -> Counted:
        """Count one call of a caller who is `allowed` so many in a window. Never fails, and never waits long."""
        if not self.available:
            return self._count_here(key)
        window = self._far_from_limit(key, allowed)
        if window is not None:
            return self._count_later(window, key)
        try:
            return await self._hits.submit(key)
        except (Away, Overloaded):
            return self._count_here(key)

    async def close(self) -> None:
        """Stop looking for Redis, and count what went on uncounted."""
        self._closed = True
        for task in (self._counting_late, self._coming_back):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        late, self._late = self._late, Counter()
        with contextlib.suppress(Away):
            await self._count_in_redis(late, late)

    def _count_here(self, key: str) -> Counted:
        self._on_fallback()
        return self._memory.hit(key, self._window_s)

    def _far_from_limit(self, key: str, allowed: int) -> _Window | None:
        """The window of a caller whose next call need not wait for its count; None if it must."""
        window, now_s = self._windows.get(key), time.time()
        if window is None or window.ends_at - now_s < END_S or now_s - window.heard_s > FRESH_S:
            return None
        return window if window.calls + PROCESSES * (window.uncounted + 1) <= allowed else None

    def _count_later(self, window: _Window, key: str) -> Counted:
        window.uncounted += 1
        self._late[key] += 1
        if self._counting_late is None:
            self._counting_late = asyncio.create_task(self._count_late())
        return Counted(window.calls + window.uncounted, window.ends_at)

    async def _count_late(self) -> None:
        try:
            while self._late:
                await asyncio.sleep(PAUSE_S)
                late, self._late = list(self._late.items()), Counter()
                for start in range(0, len(late), MAX_BATCH):
                    some = Counter(dict(late[start : start + MAX_BATCH]))
                    with contextlib.suppress(Away):
                        await self._count_in_redis(some, some)
        finally:
            self._counting_late = None

    async def _count(self, batch: Sequence[str]) -> list[Counted]:
        """Count a batch of keys, equal ones in one go, and before them the calls of the same callers that went on.

        Each call learns its own place in the count.
        """
        calls = Counter(batch)
        late = Counter({key: number for key in calls if (number := self._late.pop(key, 0))})
        counted = await self._count_in_redis(calls + late, late)
        before = {
            key: (found.calls - number, found.ends_at)
            for (key, number), found in zip(calls.items(), counted, strict=True)
        }
        return [_next(before, key) for key in batch]

    async def _count_in_redis(self, calls: Counter[str], late: Counter[str]) -> list[Counted]:
        """Count so many calls of each key, of which so many went on `late`: those are counted here if Redis is away."""
        try:
            return await self._add_all(calls)
        except Away:
            for key in late.elements():
                self._count_here(key)
            raise
        finally:
            for key, number in late.items():
                if (window := self._windows.get(key)) is not None:
                    window.uncounted -= number

    async def _add_all(self, calls: Counter[str]) -> list[Counted]:
        if not self.available:
            raise Away
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await asyncio.gather(*(self._add(key, number) for key, number in calls.items()))
        except Exception as error:
            self._lost(error)
            raise Away from error

    async def _add(self, key: str, number: int) -> Counted:
        count, now_s = await self._storage.incr(key, self._window_s, number), time.time()
        window = self._windows.get(key)
        if count == number:
            window = self._began(key, now_s + self._window_s, now_s)
        elif window is None or window.ends_at <= now_s:  # the window began in another process
            window = self._began(key, await self._storage.get_expiry(key), now_s)
        window.calls, window.heard_s = max(window.calls, count), now_s
        return Counted(count, window.ends_at)

    def _began(self, key: str, ends_at: float, now_s: float) -> _Window:
        window = self._windows.get(key)
        if window is not None:  # kept: it knows how many calls are uncounted
            window.calls, window.ends_at = 0, ends_at
            return window
        self._sweep(now_s)
        window = self._windows[key] = _Window(calls=0, ends_at=ends_at, heard_s=now_s)
        return window

    def _sweep(self, now_s: float) -> None:
        if len(self._windows) < self._sweep_above:
            return
        kept = {key: window for key, window in self._windows.items() if window.ends_at > now_s or window.uncounted}
        self._windows, self._sweep_above = kept, max(SWEEP_ABOVE, 2 * len(kept))

    def _lost(self, error: BaseException) -> None:
        if self._closed or not self.available:
            return
        self.available = False
        self._on_change(False)
        self._log.warning("redis_away", reason=f"{type(error).__name__}: {error}", limits="counted in this process")
        self._coming_back = asyncio.create_task(self._until_back())

    async def _until_back(self) -> None:
        while True:
            await asyncio.sleep(RETRY_S)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    await self._storage.incr(PROBE, self._window_s)  # a write: a server that only answers is not enough
                break
        self.available = True
        self._on_change(True)
        self._log.info("redis_back", limits="shared again")


@contextlib.asynccontextmanager
async def shared_counters(  # noqa: ANN201 - a context manager of SharedCounters
    url: str, window_s: int, on_change: Callable[[bool], None], on_fallback: Callable[[], None]
):
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
    counters = SharedCounters(storage, window_s, on_change, on_fallback)
    try:
        yield counters
    finally:
        await counters.close()
        with contextlib.suppress(RedisError, OSError):
            await pool.disconnect()


def _next(before: dict[str, tuple[int, float]], key: str) -> Counted:
    count, ends_at = before[key]
    before[key] = count + 1, ends_at
    return Counted(count + 1, ends_at)
