"""The cache of public intents: when a row is cached, when it is dropped, and which of two reads wins.

There is no database: reads end when the test says so.
"""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from core.facts import START, payment, terms, view
from services.shop import simulated_mode
from sgate.core import errors
from sgate.core.intent import PaymentIntent, Status
from sgate.environment import Environment
from sgate.objects.encoding import encode
from sgate.objects.public_intent import public_intent
from sgate.services.public_intent_cache import MAX_AGE_S, MAX_ROWS, PublicIntentCache
from sgate.store.payment_intents import Branding, IntentView

PI = "pi_" + "1" * 24
OTHER = "pi_" + "2" * 24
THIRD = "pi_" + "3" * 24
SECRET = f"{PI}_secret_" + "0" * 29
NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
MODE = simulated_mode()


def found(sequence=1, *, intent_id=PI, height=100, payments=(), livemode=False, name="Shop"):
    intent = PaymentIntent(
        id=intent_id,
        merchant_id="m",
        livemode=livemode,
        client_secret=SECRET,
        terms=terms(),
        created_at=START,
        status=Status.REQUIRES_PAYMENT,
        sequence=sequence,
        description='a "server_time":"2000-01-01T00:00:00.000Z" trap',
    )
    return IntentView(
        intent=intent,
        merchant_name=name,
        support_url=None,
        branding=Branding(accent_color=None, logo=None, frame_origins=()),
        payments=tuple(payments),
        scanned=None if height is None else view(height),
        sighted_at=None,
        chain_checked_at=None,
        chain_failing=False,
    )


class Reads:
    """A database whose reads wait until the test answers them."""

    def __init__(self):
        self.waiting = []

    async def __call__(self, intent_id):
        answer = asyncio.get_running_loop().create_future()
        self.waiting.append(answer)
        return await answer

    async def answer(self, row, *, which=0):
        self.waiting.pop(which).set_result(row)
        for _ in range(3):
            await asyncio.sleep(0)


class Cache:
    """The cache with its reads, clocks and counters."""

    def __init__(self):
        self.reads, self.seconds, self.now = Reads(), 0.0, NOW
        self.counted = {"hit": 0, "miss": 0}
        self.views = PublicIntentCache(
            self.reads,
            {False: MODE},
            Environment(now=lambda: self.now),
            lambda: self.seconds,
            on_hit=lambda: self._count("hit"),
            on_miss=lambda: self._count("miss"),
        )
        self.views.listening(True)

    def _count(self, outcome):
        self.counted[outcome] += 1

    async def ask(self, intent_id=PI, secret=None):
        task = asyncio.create_task(self.views.show(intent_id, secret))
        await asyncio.sleep(0)
        return task

    async def fill(self, row, intent_id=PI):
        task = await self.ask(intent_id)
        await self.reads.answer(row)
        return msgspec.json.decode(await task)

    def kept(self, intent_id=PI):
        """Return the sequence of the cached row, or None."""
        body = self.views.hit(intent_id)
        return None if body is None else msgspec.json.decode(body)["sequence"]


@pytest.fixture
def cache():
    return Cache()


async def test_a_second_read_is_answered_from_memory_with_the_same_view(cache):
    row = found(2, payments=[payment(1, height=98)])
    expected = encode(public_intent(row, MODE, NOW, private=False))
    first = await cache.ask()
    await cache.reads.answer(row)
    assert await first == await cache.views.show(PI) == cache.views.hit(PI) == expected
    assert cache.counted == {"hit": 2, "miss": 1}
    assert cache.reads.waiting == []


async def test_the_server_time_is_that_of_the_request(cache):
    await cache.fill(found())
    cache.now += timedelta(seconds=1)
    assert msgspec.json.decode(cache.views.hit(PI))["server_time"] == "2026-01-02T03:04:06.678Z"


async def test_the_client_secret_opens_a_cached_row_and_a_wrong_one_does_not(cache):
    await cache.fill(found())
    private = await cache.views.show(PI, SECRET)
    assert private == encode(public_intent(found(), MODE, NOW, private=True))
    with pytest.raises(errors.PaymentIntentNotFound):
        await cache.views.show(PI, SECRET[:-1])
    assert b"trap" not in cache.views.hit(PI)


async def test_an_unknown_intent_is_read_each_time(cache):
    for _ in range(2):
        task = await cache.ask()
        await cache.reads.answer(None)
        with pytest.raises(errors.PaymentIntentNotFound):
            await task
    with pytest.raises(errors.PaymentIntentNotFound):
        await cache.views.show("nonsense")
    assert cache.reads.waiting == []


async def test_an_intent_of_a_mode_that_is_off_is_not_found(cache):
    for _ in range(2):
        task = await cache.ask()
        await cache.reads.answer(found(livemode=True))
        with pytest.raises(errors.PaymentIntentNotFound):
            await task
        assert cache.views.hit(PI) is None


async def test_only_the_changed_row_is_read_again(cache):
    await cache.fill(found())
    await cache.fill(found(intent_id=OTHER), OTHER)
    cache.views.forget(PI)
    assert (cache.kept(PI), cache.kept(OTHER)) == (None, 1)
    assert (await cache.fill(found(2)))["sequence"] == 2


async def test_a_read_that_began_before_a_change_is_answered_but_not_cached(cache):
    task = await cache.ask()
    cache.views.forget(PI)
    await cache.reads.answer(found(1))
    assert msgspec.json.decode(await task)["sequence"] == 1
    assert cache.kept() is None
    assert (await cache.fill(found(2)))["sequence"] == 2
    assert cache.kept() == 2


async def test_a_change_of_another_intent_does_not_spoil_a_read(cache):
    task = await cache.ask()
    cache.views.forget(OTHER)
    await cache.reads.answer(found(1))
    await task
    assert cache.kept() == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_the_higher_sequence_wins_in_whatever_order_reads_end(cache, order):
    tasks = [await cache.ask() for _ in range(3)]
    rows = dict(zip(list(cache.reads.waiting), [found(1), found(2), found(3)], strict=True))
    for position in order:
        answer = list(rows)[position]
        await cache.reads.answer(rows[answer], which=cache.reads.waiting.index(answer))
    seen = [msgspec.json.decode(await task)["sequence"] for task in tasks]
    assert cache.kept() == 3
    assert all(shown >= asked for shown, asked in zip(seen, (1, 2, 3), strict=True))


async def test_of_equal_sequences_the_read_that_began_later_wins(cache):
    early, late = await cache.ask(), await cache.ask()
    await cache.reads.answer(found(1, name="new"), which=1)
    await cache.reads.answer(found(1, name="old"))
    await asyncio.gather(early, late)
    assert b'"new"' in cache.views.hit(PI)


async def test_callers_do_not_share_a_read_that_began_before_they_came(cache):
    early = await cache.ask()
    late = await cache.ask()
    assert len(cache.reads.waiting) == 2
    await cache.reads.answer(found(2), which=1)
    await cache.reads.answer(found(1))
    assert [msgspec.json.decode(await task)["sequence"] for task in (early, late)] == [2, 2]


async def test_a_row_is_never_older_than_five_seconds_counted_from_when_its_read_began(cache):
    task = await cache.ask()
    cache.seconds += 2
    await cache.reads.answer(found())
    await task
    cache.seconds += MAX_AGE_S - 2 - 0.001
    assert cache.kept() == 1
    cache.seconds += 0.001
    assert cache.kept() is None


async def test_a_lost_connection_clears_the_cache_and_nothing_is_cached_until_it_is_back(cache):
    await cache.fill(found())
    in_progress = await cache.ask(OTHER)
    cache.views.listening(False)
    assert cache.kept() is None
    await cache.reads.answer(found(intent_id=OTHER))
    await in_progress
    await cache.fill(found())
    assert (cache.kept(PI), cache.kept(OTHER)) == (None, None)
    begun_while_disconnected = await cache.ask()
    cache.views.listening(True)
    await cache.reads.answer(found())
    await begun_while_disconnected
    assert cache.kept() is None
    await cache.fill(found())
    assert cache.kept() == 1


async def test_a_failed_read_leaves_nothing_behind(cache):
    task = await cache.ask()
    cache.reads.waiting.pop().set_exception(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        await task
    assert cache.views._fills == {}
    await cache.fill(found())
    assert cache.kept() == 1


async def test_confirmations_are_counted_in_the_newest_view_of_any_read(cache):
    row = found(2, payments=[payment(1, height=98)], height=100)
    assert (await cache.fill(row))["confirmations"] == 3
    await cache.fill(found(intent_id=OTHER, height=105), OTHER)
    assert msgspec.json.decode(cache.views.hit(PI))["confirmations"] == 8
    await cache.fill(found(intent_id=THIRD, height=99), THIRD)  # a reorganization
    assert msgspec.json.decode(cache.views.hit(PI))["confirmations"] == 2


async def test_overlapping_reads_do_not_decrease_confirmations(cache):
    await cache.fill(found(2, payments=[payment(1, height=98)], height=100))
    first, second = await cache.ask(OTHER), await cache.ask(OTHER)
    await cache.reads.answer(found(intent_id=OTHER, height=105))
    await cache.reads.answer(found(intent_id=OTHER, height=104))
    await asyncio.gather(first, second)
    assert msgspec.json.decode(cache.views.hit(PI))["confirmations"] == 8


async def test_the_cache_is_bounded_and_the_oldest_row_is_evicted_first(cache):
    ids = [f"pi_{number:024x}" for number in range(MAX_ROWS + 1)]
    await cache.fill(found(intent_id=ids[0]), ids[0])
    kept = cache.views._rows[ids[0]]
    cache.views._rows.update(dict.fromkeys(ids[1:-1], kept))
    await cache.fill(found(intent_id=ids[-1]), ids[-1])
    assert len(cache.views._rows) == MAX_ROWS
    assert ids[0] not in cache.views._rows
    assert ids[-1] in cache.views._rows
