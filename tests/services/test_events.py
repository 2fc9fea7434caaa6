"""Reading events from a cursor returns each event once, in whatever order the transactions commit."""

import asyncio
import contextlib
from datetime import UTC, datetime

import asyncpg
import pytest

from chain.simulated import Clock
from services.shop import open_shop
from sgate.core.event import EventType
from sgate.environment import Environment
from sgate.services.events import Events
from sgate.store import events
from sgate.store.events import Event, Matching

ALL = Matching(
    event_type=None, object_id=None, since=datetime(2000, 1, 1, tzinfo=UTC), until=datetime(9999, 1, 1, tzinfo=UTC)
)
environment = Environment()


@pytest.fixture
async def shop(pool):
    return await open_shop(pool, Clock())


@pytest.fixture
def log(pool):
    return Events(pool)


@contextlib.asynccontextmanager
async def transaction(database_url):
    connection = await asyncpg.connect(database_url)
    try:
        begun = connection.transaction()
        await begun.start()
        yield connection, begun
    finally:
        await connection.close()


async def happen(connection, shop):
    event = Event(
        id=environment.new_id("evt"),
        merchant_id=shop.merchant.id,
        livemode=False,
        type=EventType.CREATED,
        payment_intent_id=None,
        sequence=1,
        payload=b"{}",
        created_at=environment.now_ms(),
    )
    await events.append(connection, event, None)
    return event.id


async def read_on(log, shop, position):
    found, position = await log.following(shop.merchant, position, ALL, 100)
    return [event.id for event in found], position


async def listed(log, shop, **cursors):
    asked = {"starting_after": None, "ending_before": None} | cursors
    return [event.id for event in (await log.page(shop.merchant, ALL, **asked, limit=100)).events]


async def test_transactions_that_commit_out_of_order_lose_no_event(pool, database_url, shop, log):
    start, _ = await log.now(shop.merchant, ALL)
    async with transaction(database_url) as (first, end_first), transaction(database_url) as (second, end_second):
        early = await happen(first, shop)
        late = await happen(second, shop)
        await end_second.commit()
        found, position = await read_on(log, shop, start)
        assert found == [], "the committed event waits for the one before it"
        assert await listed(log, shop) == []
        await end_first.commit()
        assert (await read_on(log, shop, position))[0] == [early, late]
        assert await listed(log, shop) == [late, early]


async def test_a_rolled_back_transaction_delays_no_event(database_url, shop, log):
    start, _ = await log.now(shop.merchant, ALL)
    async with transaction(database_url) as (first, end_first), transaction(database_url) as (second, end_second):
        await happen(first, shop)
        late = await happen(second, shop)
        await end_second.commit()
        await end_first.rollback()
        assert (await read_on(log, shop, start))[0] == [late]


async def test_a_transaction_that_began_early_and_announces_late_is_not_skipped(database_url, shop, log):
    start, _ = await log.now(shop.merchant, ALL)
    async with transaction(database_url) as (old, end_old), transaction(database_url) as (new, end_new):
        await old.execute("SELECT pg_current_xact_id()")
        first = await happen(new, shop)
        await end_new.commit()
        found, position = await read_on(log, shop, start)
        assert found == [first], "a transaction without events yet delays no reader"
        second = await happen(old, shop)
        await end_old.commit()
        assert (await read_on(log, shop, position))[0] == [second]


async def test_a_continuous_reader_finds_every_event_once_while_many_write(database_url, shop, log):
    writers, each = 6, 25
    start, _ = await log.now(shop.merchant, ALL)
    written, seen, position = [], [], start

    async def write(number):
        async with contextlib.AsyncExitStack() as stack:
            connection = await asyncpg.connect(database_url)
            stack.push_async_callback(connection.close)
            for turn in range(each):
                async with connection.transaction():
                    ids = [await happen(connection, shop) for _ in range(1 + (number + turn) % 3)]
                    await asyncio.sleep(0)  # others commit meanwhile
                written.extend(ids)

    writing = asyncio.gather(*(write(number) for number in range(writers)))
    while not writing.done() or len(seen) < len(written):
        found, position = await read_on(log, shop, position)
        seen += found
    await writing
    assert len(seen) == len(set(seen)) == len(written)
    assert set(seen) == set(written)


async def test_pages_lead_back_from_a_cursor_and_forward_again(pool, shop, log):
    async with pool.acquire() as connection:
        ids = [await happen(connection, shop) for _ in range(7)]
    page = await log.page(shop.merchant, ALL, starting_after=ids[5], ending_before=None, limit=2)
    assert ([event.id for event in page.events], page.has_more) == ([ids[4], ids[3]], True)
    page = await log.page(shop.merchant, ALL, starting_after=None, ending_before=ids[3], limit=2)
    assert ([event.id for event in page.events], page.has_more) == ([ids[5], ids[4]], True)
    page = await log.page(shop.merchant, ALL, starting_after=None, ending_before=ids[4], limit=2)
    assert ([event.id for event in page.events], page.has_more) == ([ids[6], ids[5]], False)
