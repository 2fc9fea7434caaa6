"""Monthly partitions of deliveries: created ahead, dropped after the retention period, and never in the way."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from sgate.store import partitions, webhook_deliveries_queue
from sgate.store.partitions import Month
from store.plans import plan_of, used
from workers.webhooks.outbox import Outbox

LONG_AGO = datetime(2020, 2, 10, tzinfo=UTC)
RETENTION = timedelta(days=90)


@pytest.fixture
async def outbox(pool):
    opened = await Outbox.open(pool)
    await opened.endpoint("http://localhost:1/hooks")
    return opened


async def months(pool):
    names = await pool.fetch(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'webhook_deliveries'::regclass ORDER BY 1"
    )
    return [name.removeprefix("webhook_deliveries_") for (name,) in names]


async def make(pool, month):
    """Create a month of the past, which the application cannot do."""
    first, end = [await pool.fetchval("SELECT first_delivery_id($1)", each.start) for each in (month, month.following)]
    bounds = f"FOR VALUES FROM ('{first}') TO ('{end}')"
    await pool.execute(f"CREATE TABLE webhook_deliveries_{month.suffix} PARTITION OF webhook_deliveries {bounds}")
    await pool.execute(f"CREATE TABLE webhook_attempts_{month.suffix} PARTITION OF webhook_attempts {bounds}")


async def maintain(pool, retention=RETENTION, limit=100):
    async with pool.acquire() as connection:
        return await partitions.maintain(connection, retention, limit)


async def add(pool, happened_at, status="delivered"):
    """Add an event of that time and its delivery. Returns the delivery's id."""
    return await pool.fetchval(
        """
        WITH event AS (
            INSERT INTO events (id, merchant_id, livemode, type, sequence, payload, created_at)
            SELECT 'evt_' || left(md5(random()::text), 24), merchant_id, FALSE, 'payment.unmatched', 1, '{}', $1
            FROM webhook_endpoints LIMIT 1
            RETURNING *
        )
        INSERT INTO webhook_deliveries (
            id, merchant_id, livemode, endpoint_id, event_id, sequence, status, next_attempt_at, delivered_at, created_at
        )
        SELECT delivery_id(event.id, e.id, event.created_at), event.merchant_id, FALSE, e.id, event.id, 1, $2,
            CASE WHEN $2 = 'pending' THEN now() END, CASE WHEN $2 = 'delivered' THEN now() END, event.created_at
        FROM event, webhook_endpoints AS e
        RETURNING id
        """,
        happened_at,
        status,
    )


async def place_of(pool, delivery_id):
    return await pool.fetchval("SELECT tableoid::regclass::text FROM webhook_deliveries WHERE id = $1", delivery_id)


async def test_a_new_database_has_this_month_and_the_next_two(pool):
    this = Month.of(await pool.fetchval("SELECT now()"))
    wanted = [this.suffix, this.following.suffix, this.following.following.suffix]
    assert await months(pool) == [*wanted, "default"]
    assert await maintain(pool) == partitions.MaintenanceResult()


def test_months_follow_each_other_over_the_end_of_a_year():
    december = Month.of(datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    assert (december.suffix, december.following.suffix) == ("2026_12", "2027_01")
    assert december.following.start == datetime(2027, 1, 1, tzinfo=UTC)
    assert Month.of(datetime(2027, 1, 1, 0, 30, tzinfo=UTC).astimezone()) == december.following


async def test_a_delivery_is_in_the_month_of_its_event_and_without_that_month_in_the_default(pool, outbox):
    await outbox.event()
    [now_id] = [row["id"] for row in await pool.fetch("SELECT id FROM webhook_deliveries")]
    this = Month.of(await pool.fetchval("SELECT now()"))
    assert await place_of(pool, now_id) == f"webhook_deliveries_{this.suffix}"
    assert await place_of(pool, await add(pool, LONG_AGO)) == "webhook_deliveries_default"


async def test_the_last_millisecond_of_a_month_is_in_it_and_the_first_of_the_next_is_not(pool, outbox):
    await make(pool, Month(2020, 2))
    first, end = datetime(2020, 2, 1, tzinfo=UTC), datetime(2020, 3, 1, tzinfo=UTC)
    inside = [await add(pool, first), await add(pool, end - timedelta(milliseconds=1))]
    outside = [await add(pool, first - timedelta(milliseconds=1)), await add(pool, end)]
    assert {await place_of(pool, delivery) for delivery in inside} == {"webhook_deliveries_2020_02"}
    assert {await place_of(pool, delivery) for delivery in outside} == {"webhook_deliveries_default"}


async def test_months_that_ended_longer_ago_than_the_retention_are_dropped_with_their_attempts(pool, outbox):
    await make(pool, Month(2020, 2))
    delivery = await add(pool, LONG_AGO)
    waiting = await add(pool, LONG_AGO + timedelta(days=1), status="held")
    await pool.execute(
        "INSERT INTO webhook_attempts (delivery_id, attempt, started_at, duration_ms) VALUES ($1, 1, now(), 1)",
        delivery,
    )
    kept = await maintain(pool)
    assert (kept.dropped, kept.dropped_open) == (("2020_02",), 1)
    assert await pool.fetch("SELECT 1 FROM webhook_deliveries WHERE id = ANY ($1)", [delivery, waiting]) == []
    assert await pool.fetch("SELECT 1 FROM webhook_attempts") == []
    assert await pool.fetchval("SELECT count(*) FROM events") == 2, "events are kept forever"


async def test_a_month_is_dropped_only_when_its_last_day_is_older_than_the_retention(pool, outbox):
    month = Month.of(await pool.fetchval("SELECT now() - interval '100 days'"))
    await make(pool, month)
    age = await pool.fetchval("SELECT now() - $1::timestamptz", month.following.start)
    assert (await maintain(pool, age + timedelta(hours=1))).dropped == ()
    assert (await maintain(pool, age - timedelta(hours=1))).dropped == (month.suffix,)


async def test_rows_in_the_default_partition_are_swept_a_few_at_a_time_but_never_what_is_still_to_be_sent(pool, outbox):
    old = [await add(pool, LONG_AGO + timedelta(days=n)) for n in range(3)]
    waiting = [await add(pool, LONG_AGO, status="pending"), await add(pool, LONG_AGO, status="held")]
    assert [(await maintain(pool, limit=2)).swept for _ in range(3)] == [2, 1, 0]
    left = {row["id"] for row in await pool.fetch("SELECT id FROM webhook_deliveries")}
    assert left == set(waiting)
    assert not left & set(old)


async def test_a_month_that_comes_too_late_leaves_its_rows_where_they_are(pool, outbox):
    """Maintenance did not run for months, so deliveries went to the default partition."""
    this = Month.of(await pool.fetchval("SELECT now()"))
    await pool.execute(f"DROP TABLE webhook_deliveries_{this.suffix}, webhook_attempts_{this.suffix}")
    await outbox.event()
    assert await maintain(pool) == partitions.MaintenanceResult()
    await outbox.event()
    assert await pool.fetchval("SELECT count(*) FROM webhook_deliveries_default") == 2


async def test_concurrent_maintenance_drops_a_month_once(pool, outbox):
    await make(pool, Month(2020, 2))
    both = await asyncio.gather(maintain(pool), maintain(pool))
    assert sorted(kept.dropped for kept in both) == [(), ("2020_02",)]


async def test_a_month_in_use_is_dropped_by_the_next_maintenance(pool, outbox, monkeypatch):
    monkeypatch.setattr(partitions, "GIVE_WAY_MS", 50)
    await make(pool, Month(2020, 2))
    async with pool.acquire() as backup, backup.transaction():
        await backup.fetch("SELECT 1 FROM webhook_deliveries LIMIT 1")
        assert (await maintain(pool)).dropped == ()
    assert (await maintain(pool)).dropped == ("2020_02",)


async def test_an_event_cannot_be_delivered_twice_to_one_endpoint(pool, outbox):
    await outbox.event()
    again = """
        INSERT INTO webhook_deliveries (id, merchant_id, livemode, endpoint_id, event_id, sequence, created_at)
        SELECT delivery_id(v.id, e.id, v.created_at), v.merchant_id, FALSE, e.id, v.id, 1, v.created_at
        FROM events AS v, webhook_endpoints AS e
    """
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute(again)


async def test_a_query_by_delivery_id_reads_only_its_month(pool, outbox):
    await make(pool, Month(2020, 2))
    await outbox.event()
    delivery_id = await pool.fetchval("SELECT id FROM webhook_deliveries")
    plan = await plan_of(pool, lambda c: c.fetch("SELECT * FROM webhook_deliveries WHERE id = $1", delivery_id))
    this = Month.of(await pool.fetchval("SELECT now()"))
    read = {node["Relation Name"] for node in plan if "Relation Name" in node}
    assert read == {f"webhook_deliveries_{this.suffix}"}


async def test_a_claim_reads_its_window_of_the_queue_and_no_more(pool, outbox):
    for _ in range(200):
        await add(pool, await pool.fetchval("SELECT now()"), status="pending")
    await pool.execute("ANALYZE webhook_deliveries")
    claim = {"in_flight": {}, "per_endpoint": 5, "limit": 5, "lease": timedelta(seconds=30)}
    plan = await plan_of(
        pool,
        lambda c: webhook_deliveries_queue.claim(c, uuid.uuid4(), **claim),
        settings=webhook_deliveries_queue.QUEUE_SETTINGS,
    )
    read = [node["Actual Rows"] for node in plan if node.get("Relation Name", "").startswith("webhook_deliveries_2")]
    assert max(read) == webhook_deliveries_queue.WINDOW_FACTOR * 5


async def test_a_result_is_stored_without_reading_other_months(pool, outbox):
    await make(pool, Month(2020, 2))
    delivery = await add(pool, LONG_AGO, status="pending")
    result = webhook_deliveries_queue.Result(
        delivery_id=delivery, token=uuid.uuid4(), attempt=1, url="", started_at=LONG_AGO, duration_ms=1,
        response_status=200, response_headers=None, response_body=None, error=None, delivered=True, failed=False,
        retry_in_s=None,
    )  # fmt: skip
    plan = await plan_of(
        pool, lambda c: webhook_deliveries_queue.complete(c, [result]), settings=webhook_deliveries_queue.QUEUE_SETTINGS
    )
    tables_read = {node["Relation Name"] for node in plan if node.get("Actual Loops") and "Relation Name" in node}
    assert {name for name in tables_read if name.startswith("webhook_deliveries_")} == {"webhook_deliveries_2020_02"}
    assert "webhook_deliveries_2020_02_pkey" in used(plan)
