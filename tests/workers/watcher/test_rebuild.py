"""Restoring payments from the chain, into an old backup and into an empty database."""

import pytest

from services.books import check_books
from sgate.chain.quota import Unlimited
from sgate.chain.simulator import SimulatorSource
from sgate.store import merchants_export
from sgate.store.merchants_export import FIRST_ID
from sgate.workers.watcher import rebuild as rebuilding
from sgate.workers.watcher.rebuild import RebuildFailed
from sgate.workers.watcher.watcher import Watcher
from workers.watcher.following import open_world
from workers.watcher.test_deposits import SECONDS

TABLES = (
    "merchants", "pay_addresses", "merchant_modes", "payment_intents", "payments", "payment_observations", "chain_cursors",
    "blocks", "ledger_commands", "ledger_decisions", "events", "webhook_endpoints", "webhook_deliveries",
)  # fmt: skip


@pytest.fixture
async def world(pool):
    return await open_world(pool)


async def live(world, payments):
    """So many payments: some to intents, some without a memo, over many blocks."""
    for number in range(payments):
        if number % 5 == 0:
            world.pay(None, 10_000 + number)
        else:
            world.pay(await world.shop.intent(1_000 + number), 1_000 + number)
        await world.mine(13)
    await world.pass_time(SECONDS)
    await world.clean_poll()


async def facts(pool):
    rows = await pool.fetch(
        "SELECT tx_id, event_index, amount_sats, recipient, block_height, index_block_hash, merchant_id FROM payments "
        "WHERE status = 'included' ORDER BY tx_id, event_index"
    )
    return [tuple(row) for row in rows]


async def rebuild(world, from_height):
    pool, shop = world.pool, world.shop
    watcher = Watcher(
        pool=pool, source=SimulatorSource(world.chain), mode=shop.mode, environment=shop.environment,
        start_height=from_height, announces_unmatched=False,
    )  # fmt: skip
    seen = []

    async def wait(report):
        world.chain.faults.outage = False

    world.clock.now += SECONDS
    await rebuilding.prepare(pool, from_height, livemode=False)
    await rebuilding.rebuild(
        pool, watcher, shop.environment, from_height, livemode=False, wait=wait, observe=seen.append
    )
    return seen


async def test_after_the_database_is_gone_every_payment_and_amount_comes_back(pool, world):
    await live(world, 60)
    before = await facts(pool)
    async with pool.acquire() as connection:
        entries = await merchants_export.export_after(connection, FIRST_ID, 100)
        await connection.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        for entry in entries:
            assert await merchants_export.import_merchant(connection, entry)
            assert not await merchants_export.import_merchant(connection, entry)
        assert await merchants_export.export_after(connection, FIRST_ID, 100) == entries
    world.chain.faults.outage = True  # for the first poll; the rebuild waits it out
    seen = await rebuild(world, 1)
    assert await facts(pool) == before
    assert (seen[-1].height, seen[-1].unread) == (world.chain.tip.height, 0)
    named = await pool.fetchval("SELECT count(*) FROM payments WHERE recovered_intent_id IS NOT NULL")
    assert named == 48
    assert await pool.fetchval("SELECT count(*) FROM payments WHERE payment_intent_id IS NOT NULL") == 0
    assert await pool.fetchval("SELECT count(*) FROM events") == 0


async def test_after_going_back_to_an_old_backup_everything_since_comes_back(pool, world):
    await live(world, 20)
    async with pool.acquire() as connection:
        for table in TABLES:
            await connection.execute(f"CREATE TABLE backup_{table} AS TABLE {table}")
    await live(world, 40)
    before, told = (
        await facts(pool),
        await pool.fetchval("SELECT count(*) FROM events WHERE type = 'payment.unmatched'"),
    )
    assert told == 12
    async with pool.acquire() as connection:
        await connection.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        for table in TABLES:
            columns = await connection.fetchval(
                "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns "
                "WHERE table_name = $1 AND table_schema = 'public' AND is_generated = 'NEVER'", table
            )  # fmt: skip
            overriding = "OVERRIDING SYSTEM VALUE"
            await connection.execute(
                f"INSERT INTO {table} ({columns}) {overriding} SELECT {columns} FROM backup_{table}"
            )
        # a payment that was missed before the backup comes back as well
        await connection.execute("DELETE FROM payment_observations")
        await connection.execute("DELETE FROM payments WHERE payment_intent_id IS NULL")
    await rebuild(world, 1)
    assert await facts(pool) == before
    assert await pool.fetchval("SELECT count(*) FROM payments WHERE recovered_intent_id IS NOT NULL") == 32
    assert await pool.fetchval("SELECT count(*) FROM events WHERE type = 'payment.unmatched'") == 4
    await check_books(pool, world.chain)


async def test_a_chain_that_cannot_be_read_ends_it_with_what_was_read(pool, world):
    await live(world, 3)
    world.chain.faults.outage = True

    async def wait(report):
        pass

    with pytest.raises(RebuildFailed, match="503"):
        await rebuilding.rebuild(
            pool, world.watcher, world.shop.environment, 1, livemode=False, wait=wait, observe=lambda _: None
        )


async def test_while_there_is_no_call_to_spare_for_addresses_it_waits(pool, world):
    await live(world, 3)
    waits = []

    class Poor(Unlimited):
        def spare_calls(self):
            return super().spare_calls() if waits else 0

    watcher = Watcher(
        pool=pool, source=SimulatorSource(world.chain), mode=world.shop.mode, environment=world.shop.environment,
        start_height=1, allowance=Poor(), announces_unmatched=False,
    )  # fmt: skip

    async def wait(report):
        waits.append(report)

    world.clock.now += SECONDS
    await rebuilding.prepare(pool, 1, livemode=False)
    await rebuilding.rebuild(
        pool, watcher, world.shop.environment, 1, livemode=False, wait=wait, observe=lambda _: None
    )
    assert len(waits) == 1
