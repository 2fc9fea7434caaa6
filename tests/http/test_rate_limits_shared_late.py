"""Calls that go on before they are counted in Redis: what becomes of their counts, whatever happens meanwhile."""

import asyncio
import time

import pytest

from sgate.http import rate_limits_shared
from sgate.http.rate_limits_shared import SharedCounters

WINDOW_S = 60
MANY = 100_000
SOON_S = 5.0


class Storage:
    """Counters as Redis has them, with a clock in the test's hand, that can fail and hang."""

    def __init__(self):
        self.now_s, self.counters, self.failure, self.open = time.time(), {}, None, asyncio.Event()
        self.open.set()

    async def incr(self, key, expiry, amount=1):
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        calls, ends_at = self.counters.get(key, (0, 0))
        if ends_at <= self.now_s:
            calls, ends_at = 0, self.now_s + expiry
        self.counters[key] = calls + amount, ends_at
        return calls + amount

    async def get_expiry(self, key):
        return self.counters[key][1]

    def calls(self, key):
        return self.counters[key][0]


@pytest.fixture
async def storage(monkeypatch):
    made = Storage()
    monkeypatch.setattr(rate_limits_shared.time, "time", lambda: made.now_s)
    monkeypatch.setattr(rate_limits_shared, "RETRY_S", 0.01)
    return made


@pytest.fixture
async def counters(storage):
    fallbacks = []
    made = SharedCounters(storage, WINDOW_S, lambda _: None, lambda: fallbacks.append(1))
    made.fallbacks = fallbacks
    yield made
    storage.open.set()
    await made.close()


async def until(condition):
    async with asyncio.timeout(SOON_S):
        while not condition():
            await asyncio.sleep(0.005)


def uncounted(counters):
    return {key: window.uncounted for key, window in counters._windows.items()}


async def test_a_call_that_went_on_is_counted_and_told_in_its_place(counters, storage):
    told = [(await counters.hit("a", MANY)).calls for _ in range(4)]
    assert told == [1, 2, 3, 4]
    assert storage.calls("a") == 1
    await until(lambda: storage.calls("a") == 4)
    assert uncounted(counters) == {"a": 0}


async def test_a_call_that_waits_is_counted_after_those_that_went_on(counters, storage):
    for _ in range(3):
        await counters.hit("a", MANY)
    near = await counters.hit("a", 4)
    assert (near.calls, storage.calls("a")) == (4, 4)
    assert uncounted(counters) == {"a": 0}


async def test_a_window_that_ends_with_calls_uncounted_is_kept_when_others_are_swept(counters, storage, monkeypatch):
    monkeypatch.setattr(counters, "_sweep_above", 2)
    for key in ("a", "a", "a", "c"):
        await counters.hit(key, MANY)
    storage.now_s += WINDOW_S + 1
    await counters.hit("b", MANY)
    assert counters._windows.keys() == {"a", "b"}
    await until(lambda: storage.calls("a") == 2)
    assert uncounted(counters) == {"a": 0, "b": 0}


async def test_at_the_end_of_a_window_calls_wait_lest_they_count_in_the_next(counters, storage):
    await counters.hit("a", MANY)
    storage.now_s += WINDOW_S - rate_limits_shared.FRESH_S / 2
    counters._windows["a"].heard_s = storage.now_s
    assert ((await counters.hit("a", MANY)).calls, storage.calls("a")) == (2, 2)


async def test_whatever_the_client_raises_calls_are_counted_here_and_later_ones_in_redis_again(counters, storage):
    keys = [f"caller {number}" for number in range(rate_limits_shared.MAX_BATCH + 6)]
    for key in keys:
        await counters.hit(key, MANY)
    storage.failure = RuntimeError("the handler is closed")
    for key in keys:
        await counters.hit(key, MANY)
    await until(lambda: len(counters.fallbacks) == len(keys))
    assert not counters.available
    assert set(uncounted(counters).values()) == {0}
    storage.failure = None
    await until(lambda: counters.available)
    await counters.hit("a", MANY)
    await counters.hit("a", MANY)
    await until(lambda: storage.calls("a") == 2)


async def test_closing_counts_what_is_uncounted_and_leaves_no_task_behind(storage):
    counters = SharedCounters(storage, WINDOW_S, lambda _: None)
    before = asyncio.all_tasks()
    for _ in range(3):
        await counters.hit("a", MANY)
    await counters.close()
    assert storage.calls("a") == 3
    storage.open.clear()
    waiting = asyncio.create_task(counters.hit("b", 1))
    await asyncio.sleep(0)
    storage.failure = ConnectionError("the pool is closed")
    storage.open.set()
    assert (await waiting).calls == 1
    await until(lambda: asyncio.all_tasks() == before)


async def test_with_many_callers_not_each_call_sweeps(counters, monkeypatch):
    monkeypatch.setattr(rate_limits_shared, "SWEEP_ABOVE", 10)
    monkeypatch.setattr(counters, "_sweep_above", 10)
    sizes = []
    for number in range(100):
        await counters.hit(f"caller {number}", MANY)
        sizes.append(counters._sweep_above)
    assert len(counters._windows) == 100
    assert len(set(sizes)) <= 6
