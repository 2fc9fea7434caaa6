"""Daily statistics always equal those computed from the intents, whatever process counts and whatever fails."""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from chain.simulated import Clock
from services.shop import open_shop
from sgate.core.finality import View
from sgate.db.pool import open_pool
from sgate.objects.stats import Numbers
from sgate.services import stats
from sgate.services.replica_reads import ReplicaReads
from sgate.store import merchant_days, migrate, payment_intents
from sgate.workers.maintenance import Maintenance

TODAY = datetime.now(UTC).date()
OLD = TODAY - timedelta(days=3)
NOON = timedelta(hours=12)
TRUTH = """
SELECT (created_at AT TIME ZONE 'UTC')::date AS day, status, amount_sats, amount_received_sats FROM payment_intents
WHERE merchant_id = $1::text::uuid AND livemode = $2
"""


@pytest.fixture
async def shop(pool):
    """A shop that has existed for ten days."""
    opened = await open_shop(pool, Clock(time.time()))
    await pool.execute("UPDATE merchant_modes SET rolled_up_to = $1", midnight(TODAY - timedelta(days=10)))
    return opened


def midnight(day):
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


async def made_on(shop, day, **how):
    """Create an intent at noon of a day, or now if the day is today."""
    return await made_at(shop, datetime.now(UTC) if day == TODAY else midnight(day) + NOON, **how)


async def made_at(shop, when, *, received=0, status="requires_payment"):
    """Create an intent at a time and in a status."""
    intent_id = await shop.intent(1_000)
    await shop.pool.execute(
        """UPDATE payment_intents SET created_at = $2::timestamptz, expires_at = $2 + interval '1 hour',
        status = $3, amount_received_sats = $4, amount_counted_sats = $4, confirmed_at = CASE WHEN $3 = 'confirmed' THEN now() END,
        next_check_time = CASE WHEN $3 = 'requires_payment' THEN now() END WHERE id = $1""",
        intent_id,
        when,
        status,
        received,
    )
    return intent_id


async def truth(shop):
    """Return the expected numbers by day, counted here one intent at a time."""
    days = {}
    for row in await shop.pool.fetch(TRUTH, shop.merchant.id, False):
        numbers = days.setdefault(row["day"], dict.fromkeys(Numbers.__struct_fields__, 0))
        numbers["created"] += 1
        numbers[row["status"]] += 1
        numbers["amount_sats"] += row["amount_sats"]
        numbers["received_sats"] += row["amount_received_sats"]
        numbers["confirmed_sats"] += row["amount_received_sats"] if row["status"] == "confirmed" else 0
    return days


async def reported(shop, first=TODAY - timedelta(days=9), last=TODAY):
    found = await stats.stats_of(ReplicaReads(shop.pool), shop.merchant, first, last)
    days = {
        date.fromisoformat(day.date): {name: getattr(day, name) for name in Numbers.__struct_fields__}
        for day in found.days
    }
    for name in Numbers.__struct_fields__:
        assert getattr(found.total, name) == sum(day[name] for day in days.values())
    return {day: numbers for day, numbers in days.items() if numbers["created"]}


async def stored(shop):
    return {row["day"] for row in await shop.pool.fetch("SELECT day FROM merchant_days")}


VIEW = View(height=9, index_block_hash="0x", time=datetime.now(UTC), tenure_height=1, bitcoin_height=1)


async def change(connection, intent_id, *, received):
    """Save an intent as the ledger does after a late payment, in the caller's transaction."""
    intent = await payment_intents.lock(connection, intent_id)
    await payment_intents.save(connection, msgspec.structs.replace(intent, amount_received_sats=received), VIEW)


async def test_the_numbers_are_the_same_before_and_after_they_are_stored(shop):
    for day, status, received in (
        (OLD, "confirmed", 1_100),
        (OLD, "failed", 400),
        (OLD, "expired", 0),
        (TODAY, "requires_payment", 0),
    ):
        await made_on(shop, day, status=status, received=received)
    expected = await truth(shop)
    assert await reported(shop) == expected
    assert expected[OLD] | {"confirmed_sats": 1_100, "received_sats": 1_500, "created": 3} == expected[OLD]
    report = await Maintenance(shop.pool).run_once()
    assert report.modes_counted >= 1
    assert OLD in await stored(shop)
    assert TODAY not in await stored(shop)
    assert await reported(shop) == expected
    assert (await Maintenance(shop.pool).run_once()).modes_counted == 0


async def test_a_change_of_a_stored_day_shows_at_once_and_is_stored_by_the_next_pass(shop):
    intent_id = await made_on(shop, OLD, status="expired")
    await Maintenance(shop.pool).run_once()
    async with shop.pool.acquire() as connection, connection.transaction():
        await change(connection, intent_id, received=500)
    assert (await reported(shop))[OLD]["received_sats"] == 500
    report = await Maintenance(shop.pool).run_once()
    assert report.days_updated == 1
    assert await shop.pool.fetchval("SELECT received_sats FROM merchant_days") == 500
    assert await reported(shop) == await truth(shop)
    assert (await Maintenance(shop.pool).run_once()).days_updated == 0


async def test_a_change_that_is_rolled_back_leaves_nothing(shop):
    intent_id = await made_on(shop, OLD)
    await Maintenance(shop.pool).run_once()
    async with shop.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await change(connection, intent_id, received=500)
        await transaction.rollback()
    assert await shop.pool.fetchval("SELECT count(*) FROM touched_days") == 0
    assert (await reported(shop))[OLD]["received_sats"] == 0


async def test_an_uncommitted_change_is_counted_after_its_commit(shop):
    intent_id, other = await made_on(shop, OLD), await made_on(shop, OLD)
    async with shop.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await change(connection, intent_id, received=500)
        await Maintenance(shop.pool).run_once()  # stores the day without what is not committed
        async with shop.pool.acquire() as another, another.transaction():
            await change(another, other, received=1)
        await Maintenance(shop.pool).run_once()  # counts the other change, and must not drop this one
        assert (await reported(shop))[OLD]["received_sats"] == 1
        await transaction.commit()
    assert (await reported(shop))[OLD]["received_sats"] == 501
    await Maintenance(shop.pool).run_once()
    assert await shop.pool.fetchval("SELECT received_sats FROM merchant_days") == 501


async def test_only_one_process_counts_at_a_time(shop):
    intent_id = await made_on(shop, OLD)
    async with shop.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", merchant_days.ADVISORY_LOCK)
        report = await Maintenance(shop.pool).run_once()
        assert (report.modes_counted, report.days_updated, await stored(shop)) == (0, 0, set())
    assert (await reported(shop))[OLD]["created"] == 1
    await Maintenance(shop.pool).run_once()
    assert await stored(shop) == {OLD}
    assert intent_id


async def test_a_long_backlog_is_caught_up_a_month_at_a_time(shop):
    long_ago = TODAY - timedelta(days=200)
    await made_on(shop, long_ago, status="confirmed", received=7)
    await shop.pool.execute("UPDATE merchant_modes SET rolled_up_to = $1", midnight(long_ago))
    expected = await truth(shop)
    passes = 0
    while (await Maintenance(shop.pool).run_once()).modes_counted:
        passes += 1
        assert await reported(shop, long_ago) == expected
    assert 200 / merchant_days.MAX_DAYS_AT_ONCE <= passes <= 200 / merchant_days.MAX_DAYS_AT_ONCE + 1
    assert await stored(shop) == {long_ago}


async def test_a_statement_timeout_reduces_the_days_counted_at_once(shop, database_url):
    for day in range(8):
        await made_on(shop, OLD - timedelta(days=day))
    trigger = """
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END $$;
        CREATE TRIGGER slow BEFORE INSERT ON merchant_days FOR EACH ROW EXECUTE FUNCTION slow();
    """
    await shop.pool.execute(trigger)
    impatient = await open_pool(database_url, min_connections=0, statement_timeout_s=0.9)
    maintenance, passes = Maintenance(impatient), 0
    while len(await stored(shop)) < 8:
        await maintenance.run_once()
        assert (passes := passes + 1) < 40
    assert passes > 3
    await impatient.close()
    assert await reported(shop, TODAY - timedelta(days=20)) == await truth(shop)


async def test_an_hour_that_has_just_ended_is_not_stored_yet(shop):
    """A transaction that started in it may change an intent without marking its day dirty."""
    until = await shop.pool.fetchval("SELECT date_trunc('hour', now() - interval '2 hours', 'UTC')")
    intent_id = await made_at(shop, until + timedelta(minutes=30))
    async with shop.pool.acquire() as connection, connection.transaction():
        await change(connection, intent_id, received=5)
        await everything_stored(shop)
    assert await shop.pool.fetchval("SELECT max(rolled_up_to) FROM merchant_modes") - until <= timedelta(hours=1)
    assert await reported(shop) == await truth(shop)


async def test_recent_changes_mark_no_day_dirty(shop):
    now = datetime.now(UTC)
    ids = [await made_at(shop, when) for when in (now, now - merchant_days.MARK_DIRTY_AFTER)]
    async with shop.pool.acquire() as connection, connection.transaction():
        for intent_id in ids:
            await change(connection, intent_id, received=5)
    assert await shop.pool.fetchval("SELECT count(*) FROM touched_days") == 0
    assert sum(day["received_sats"] for day in (await reported(shop)).values()) == 10


async def test_the_hours_of_a_day_are_added_up(shop, monkeypatch):
    """As if maintenance had run at 5 and several times since 9."""
    for hour in (1, 2, 5, 6, 9, 23):
        await made_at(shop, midnight(OLD) + timedelta(hours=hour), status="confirmed", received=2**hour)
    for hour in (5, 9, 9):
        await stored_until(shop, monkeypatch, hour)
        assert await reported(shop) == await truth(shop)
    assert await shop.pool.fetchval("SELECT received_sats FROM merchant_days") == 2 + 2**2 + 2**5 + 2**6
    monkeypatch.undo()
    await everything_stored(shop)
    assert await reported(shop) == await truth(shop)
    assert await stored(shop) == {OLD}


async def test_a_change_in_a_day_that_is_stored_in_part_shows_at_once_and_counts_once(shop, monkeypatch):
    early = await made_at(shop, midnight(OLD) + timedelta(hours=1))
    late = await made_at(shop, midnight(OLD) + timedelta(hours=9))
    await stored_until(shop, monkeypatch, 5)
    async with shop.pool.acquire() as connection:
        for intent_id in (early, late):
            async with connection.transaction():
                await change(connection, intent_id, received=7)
            assert await reported(shop) == await truth(shop)
        assert await merchant_days.store_dirty(connection) == 2
    assert await shop.pool.fetchval("SELECT received_sats FROM merchant_days") == 7  # the late one is not stored yet
    assert await reported(shop) == await truth(shop)
    monkeypatch.undo()
    await everything_stored(shop)
    assert await reported(shop) == await truth(shop)


async def test_an_intent_created_with_a_slow_clock_is_counted(shop):
    await everything_stored(shop)
    shop.clock.now -= timedelta(days=2).total_seconds()
    await shop.intent(1_000)
    assert await reported(shop) == await truth(shop)
    assert (await truth(shop)).keys() == {TODAY - timedelta(days=2)}
    await everything_stored(shop)
    assert await reported(shop) == await truth(shop)


async def test_an_intent_that_a_slow_clock_dates_before_its_merchant_is_counted(pool):
    shop = await open_shop(pool, Clock(time.time()))
    begun = await pool.fetchval("SELECT date_trunc('hour', now(), 'UTC')")
    for hours in (0, 1, 2, 3):
        shop.clock.now = (begun - timedelta(hours=hours, seconds=1)).timestamp()
        await shop.intent(1_000)
        assert await reported(shop) == await truth(shop)
    await everything_stored(shop)
    assert await reported(shop) == await truth(shop)


async def test_an_intent_of_an_hour_that_was_stored_too_early_is_counted(shop):
    """As after the database's clock was hours fast."""
    await shop.pool.execute("UPDATE merchant_modes SET rolled_up_to = now() + interval '5 hours'")
    await shop.intent(1_000)
    assert await reported(shop) == await truth(shop)


async def test_a_wrong_stored_number_is_fixed_with_the_next_hour(shop, monkeypatch):
    await made_at(shop, midnight(OLD) + timedelta(hours=1))
    await stored_until(shop, monkeypatch, 5)
    await shop.pool.execute("UPDATE merchant_days SET created = 7, requires_payment = 7")
    await stored_until(shop, monkeypatch, 6)
    assert await reported(shop) == await truth(shop)


async def test_the_migration_to_hours_counts_nothing_twice(shop):
    """A day that was marked dirty before it was stored already had its row."""
    yesterday = TODAY - timedelta(days=1)
    await made_on(shop, yesterday, received=5)
    await everything_stored(shop)
    await shop.pool.execute("ALTER TABLE merchant_modes ALTER COLUMN rolled_up_to DROP DEFAULT")
    await shop.pool.execute("ALTER TABLE merchant_modes ALTER COLUMN rolled_up_to TYPE date")
    await shop.pool.execute("UPDATE merchant_modes SET rolled_up_to = $1", yesterday)
    migration = Path(migrate.__file__).parent / "migrations" / "versions" / "0010_hours.sql"
    await shop.pool.execute(migration.read_text("utf-8"))
    await shop.pool.expire_connections()
    assert await reported(shop) == await truth(shop)
    await everything_stored(shop)
    assert await reported(shop) == await truth(shop)


async def everything_stored(shop):
    while (await Maintenance(shop.pool).run_once()).modes_counted:
        pass


async def stored_until(shop, monkeypatch, hour):
    """Run maintenance as if this hour of the old day were the newest that can be stored."""
    monkeypatch.setattr(merchant_days, "SETTLE", datetime.now(UTC) - midnight(OLD) - timedelta(hours=hour))
    await everything_stored(shop)
