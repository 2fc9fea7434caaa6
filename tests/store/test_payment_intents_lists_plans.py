"""Every page of a list costs the same: no plan reads more than a few rows that it does not return."""

import itertools
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest

from chain.simulated import Clock
from services.shop import open_shop
from sgate.store import merchant_days, payment_intents_lists
from sgate.store.payment_intents_lists import IntentFilter, Way
from store.plans import plan_of

NOW = datetime.now(UTC)
ROWS = 20_000
FILL = """
INSERT INTO payment_intents (
    id, merchant_id, livemode, amount_sats, client_secret, expires_at, grace_s, seen_hold_s, tolerance_sats,
    tolerance_bp, confirmation_policy, late_payments, pay_address, metadata, status, next_check_time, confirmed_at,
    amount_received_sats, amount_counted_sats, created_at
)
SELECT 'pi_' || $3 || lpad(to_hex(n), 23, '0'), $1::text::uuid, FALSE, 1000,
    'pi_' || $3 || lpad(to_hex(n), 23, '0') || '_secret', now() + interval '1 hour', 300, 1800, 0, 0, '[]', 'hold',
    'ST1', json_build_object('order', n::text, 'plan', 'pro', 'rare', (n % 5000)::text)::jsonb,
    CASE WHEN n % 4000 = 0 THEN 'requires_payment' ELSE 'confirmed' END, CASE WHEN n % 4000 = 0 THEN now() END,
    CASE WHEN n % 4000 <> 0 THEN now() END, 1000, 1000, now() - n * interval '10 seconds'
FROM generate_series(1, $2::integer) AS n
"""


@pytest.fixture
async def many(pool):
    """A merchant with many intents; another merchant has as many with the same metadata."""
    shop = await open_shop(pool, Clock())
    other = await pool.fetchval("INSERT INTO merchants (name) VALUES ('other') RETURNING id::text")
    await pool.execute("INSERT INTO merchant_modes (merchant_id, livemode) VALUES ($1::text::uuid, FALSE)", other)
    await pool.execute(FILL, shop.merchant.id, ROWS, "a")
    await pool.execute(FILL, other, ROWS, "b")
    await pool.execute("INSERT INTO chain_cursors (livemode, network) VALUES (FALSE, 'simulated')")
    await pool.execute("ANALYZE payment_intents")
    return pool, IntentFilter(
        merchant_id=shop.merchant.id, livemode=False, since=NOW - timedelta(days=9), until=NOW + timedelta(days=9)
    )


def rows_read(plan):
    """Return the largest number of rows that one node of the plan read, including discarded ones."""
    return max(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0))
        * node["Actual Loops"]
        for node in plan
    )


def blocks_read(plan):
    """Return the number of table and index blocks read. Only here does an index scan to the first row show."""
    return plan[0]["Shared Hit Blocks"] + plan[0]["Shared Read Blocks"]


def indexes(plan):
    return {node["Index Name"] for node in plan if node.get("Index Name", "").startswith("payment_intents")}


DEEP = (NOW - timedelta(seconds=10 * ROWS // 2), "pi_")
WALKS = (payment_intents_lists.after, payment_intents_lists.before)
FILTERS = {
    "all": ({}, "payment_intents_list"),
    "a common status": ({"status": "confirmed"}, None),
    "a rare status": ({"status": "requires_payment"}, "payment_intents_status"),
    "one day": ({"since": NOW - timedelta(hours=3), "until": NOW - timedelta(hours=2)}, None),
}


async def test_a_page_deep_in_a_list_reads_about_as_many_rows_as_it_shows(many):
    pool, narrowed = many
    for read, (name, (filters, index)) in itertools.product(WALKS, FILTERS.items()):
        chosen = msgspec.structs.replace(narrowed, **filters)
        plan = await plan_of(pool, partial(read, narrowed=chosen, position=DEEP, limit=11))
        assert rows_read(plan) <= 30, (read, name, plan)
        assert blocks_read(plan) <= 80, (read, name, plan)
        assert index is None or indexes(plan) == {index}, (read, name)


async def test_metadata_is_found_by_a_short_scan_if_many_have_it_and_by_its_index_if_few_do(many):
    pool, narrowed = many
    for read, empty, pair, most, index in (
        *((read, 0, ("plan", "pro"), payment_intents_lists.MAX_SCANNED, "payment_intents_list") for read in WALKS),
        *((read, 0, ("order", "77"), payment_intents_lists.MAX_SCANNED, "payment_intents_list") for read in WALKS),
        *((read, 2, ("order", "77"), 10, "payment_intents_metadata") for read in WALKS),
        *((read, 2, ("rare", "77"), 10, "payment_intents_metadata") for read in WALKS),
    ):
        chosen = msgspec.structs.replace(narrowed, metadata=(pair,))
        plan = await plan_of(pool, partial(read, narrowed=chosen, position=DEEP, limit=11), empty=empty)
        assert rows_read(plan) <= most, (read, pair, plan)
        assert index in indexes(plan)


async def test_every_pair_is_found_whichever_way_it_takes(many):
    pool, narrowed = many
    async with pool.acquire() as connection:
        for pair, expected in ((("order", "19999"), 1), (("rare", "4999"), 4), (("plan", "pro"), 11)):
            chosen = msgspec.structs.replace(narrowed, metadata=(pair,))
            found = await payment_intents_lists.page(connection, chosen, 0, 11)
            assert len(found) == expected
            assert {view.intent.metadata[pair[0]] for view in found} == {pair[1]}


async def test_a_common_pair_is_not_searched_for_beyond_the_end_of_the_list(many):
    """All intents have `plan` in their metadata, so the metadata index would return all of them."""
    pool, narrowed = many
    hour = msgspec.structs.replace(
        narrowed, since=NOW - timedelta(hours=3), until=NOW - timedelta(hours=2), metadata=(("plan", "pro"),)
    )
    asked = []
    async with pool.acquire() as connection:
        with connection.query_logger(lambda query: asked.append(query.query)):
            found = await payment_intents_lists.page(connection, hour, 0, 1_000)
            counted = await payment_intents_lists.count(connection, hour, 10_001)
    assert len(found) == counted == 360
    assert not any("metadata_words" in query for query in asked)


async def test_a_generic_plan_uses_the_index_too(many):
    """PostgreSQL stops planning for the actual values of a prepared statement after a few uses."""
    pool, narrowed = many
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        arguments = (narrowed.merchant_id, False, narrowed.since, narrowed.until, *DEEP, 11, 0)
        statement = await connection.prepare(payment_intents_lists.after_statement(Way.LISTED, status=False))
        await statement.fetch(*arguments)
        plan = "\n".join(row[0] for row in await connection.fetch("EXPLAIN EXECUTE " + _named(statement), timeout=10))
    assert "payment_intents_list" in plan
    assert "Seq Scan on payment_intents" not in plan


def _named(statement):
    """Return the statement in a form for EXPLAIN EXECUTE."""
    name = statement.get_name()
    values = "'00000000-0000-0000-0000-000000000000', FALSE, now(), now(), now(), 'pi_', 11, 0"
    return f'"{name}" ({values})'


async def test_counting_stops_at_its_limit(many):
    pool, narrowed = many
    plan = await plan_of(pool, lambda c: payment_intents_lists.count(c, narrowed, 1001))
    assert rows_read(plan) <= 1001
    async with pool.acquire() as connection:
        assert await payment_intents_lists.count(connection, narrowed, 1001) == 1001
        assert await payment_intents_lists.count(connection, narrowed, ROWS * 2) == ROWS


async def test_counting_what_few_have_goes_by_the_index_of_the_metadata(many):
    pool, narrowed = many
    rare = msgspec.structs.replace(narrowed, metadata=(("rare", "77"),))
    plan = await plan_of(pool, lambda c: payment_intents_lists.count(c, rare, 10_001), empty=1)
    assert (rows_read(plan) <= 10, indexes(plan)) == (True, {"payment_intents_metadata"})
    async with pool.acquire() as connection:
        assert await payment_intents_lists.count(connection, rare, 10_001) == 4


async def test_daily_numbers_read_only_the_days_that_are_not_stored(many):
    pool, narrowed = many
    await pool.execute("UPDATE merchant_modes SET rolled_up_to = now() - interval '30 days'")
    async with pool.acquire() as connection:
        assert await merchant_days.store_ended(connection) >= 1
    today = NOW.date()
    plan = await plan_of(
        pool, lambda c: merchant_days.read(c, narrowed.merchant_id, today - timedelta(days=29), today, livemode=False)
    )
    live_rows = await pool.fetchval(
        "SELECT count(*) FROM payment_intents WHERE merchant_id = $1::text::uuid "
        "AND created_at >= date_trunc('day', now(), 'UTC') - interval '1 day'",
        narrowed.merchant_id,
    )
    assert rows_read(plan) <= live_rows


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_storing_an_hour_reads_no_more_than_its_day(many, monkeypatch, mode):
    pool, _ = many
    monkeypatch.setattr(merchant_days, "SETTLE", timedelta(days=1, hours=1))
    async with pool.acquire() as connection:
        await connection.execute("UPDATE merchant_modes SET rolled_up_to = now() - interval '30 hours'")
        assert await merchant_days.store_ended(connection) >= 1
    arguments = timedelta(days=1), merchant_days.MAX_DAYS_AT_ONCE, merchant_days.MAX_MODES_AT_ONCE
    plan = await plan_of(
        pool, lambda c: c.execute(merchant_days._STORE_ENDED, *arguments), settings={"plan_cache_mode": mode}
    )
    assert rows_read(plan) <= 2 * timedelta(days=1) // timedelta(seconds=10)  # of two merchants
    assert "payment_intents_list" in indexes(plan)
