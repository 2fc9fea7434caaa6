"""Migrations of a database that the release before has filled, while its processes go on writing."""

import asyncio
import os
import time
from pathlib import Path

import asyncpg
import pytest

from conftest import database_url_of
from sgate.db import schema_check
from sgate.db.schema_check import MigrationFailed
from sgate.store import migrate

RELEASED = "0010"
"""The schema of 0.2.0, and of every version since b27efb4."""

INTENTS = 100_000
VERSIONS = Path(migrate.__file__).parent / "migrations" / "versions"

_FILL = """
INSERT INTO merchants (name) VALUES ('Shop');
INSERT INTO merchant_modes (merchant_id, livemode) SELECT id, livemode FROM merchants, unnest(ARRAY[TRUE, FALSE]) AS livemode;
INSERT INTO webhook_endpoints (id, merchant_id, livemode, url, secret_encrypted, created_at)
    SELECT 'we_' || repeat('0', 24), id, FALSE, 'https://shop.example/hook', 'x', now() FROM merchants;
INSERT INTO payment_intents (id, merchant_id, livemode, amount_sats, client_secret, expires_at, grace_s, seen_hold_s,
    tolerance_sats, tolerance_bp, confirmation_policy, late_payments, pay_address, status, amount_received_sats,
    amount_counted_sats, sequence, confirmed_at, next_check_time, created_at)
SELECT 'pi_' || lpad(to_hex(n), 24, '0'), m.id, FALSE, 1000, 'pi_' || lpad(to_hex(n), 24, '0') || '_secret_x',
    now() + interval '1 hour', 300, 1800, 0, 0, '[]', 'hold', 'ST1', CASE WHEN n % 5 = 0 THEN 'requires_payment' ELSE 'confirmed' END,
    CASE WHEN n % 5 = 0 THEN 0 ELSE 1000 END, CASE WHEN n % 5 = 0 THEN 0 ELSE 1000 END, 1,
    CASE WHEN n % 5 = 0 THEN NULL ELSE now() END, CASE WHEN n % 5 = 0 THEN now() END, now() - interval '1 day'
FROM merchants AS m, generate_series(1, $COUNT) AS n;
INSERT INTO events (id, merchant_id, livemode, type, payment_intent_id, sequence, payload, created_at)
    SELECT 'evt_' || right(id, 24), merchant_id, livemode, 'payment_intent.created', id, 1, '{}', created_at FROM payment_intents;
INSERT INTO webhook_deliveries (id, merchant_id, livemode, endpoint_id, event_id, payment_intent_id, sequence, created_at)
    SELECT delivery_id(id, 'we_' || repeat('0', 24), created_at), merchant_id, livemode, 'we_' || repeat('0', 24), id,
        payment_intent_id, 1, created_at FROM events;
INSERT INTO payments (id, livemode, merchant_id, payment_intent_id, tx_id, event_index, amount_sats, sender, recipient, status,
    block_height, block_hash, index_block_hash, block_time, tx_index, tenure_height, bitcoin_height, first_mined_at)
SELECT 'pay_' || right(id, 24), livemode, merchant_id, id, '0x' || lpad(right(id, 24), 64, '0'), 0, 1000, 'ST2', 'ST1', 'included',
    7, '0x1', '0x1', now(), 0, 1, 1, now() FROM payment_intents WHERE status = 'confirmed';
"""

# What a create of that release writes.
_CREATE = """
WITH intent AS (
    INSERT INTO payment_intents (id, merchant_id, livemode, amount_sats, client_secret, expires_at, grace_s, seen_hold_s,
        tolerance_sats, tolerance_bp, confirmation_policy, late_payments, pay_address, next_check_time, created_at)
    SELECT $1::text, id, FALSE, 1000, $1::text || '_secret_x', now() + interval '1 hour', 300, 1800, 0, 0, '[]', 'hold', 'ST1', now(), now()
    FROM merchants RETURNING id, merchant_id, livemode, created_at
), event AS (
    INSERT INTO events (id, merchant_id, livemode, type, payment_intent_id, sequence, payload, created_at)
    SELECT 'evt_' || right(id, 24), merchant_id, livemode, 'payment_intent.created', id, 1, '{}', created_at FROM intent
    RETURNING id, merchant_id, livemode, payment_intent_id, created_at
)
INSERT INTO webhook_deliveries (id, merchant_id, livemode, endpoint_id, event_id, payment_intent_id, sequence, created_at)
SELECT delivery_id(id, 'we_' || repeat('0', 24), created_at), merchant_id, livemode, 'we_' || repeat('0', 24), id,
    payment_intent_id, 1, created_at FROM event
"""


@pytest.fixture
async def released(postgres_server):
    """The URL of an empty database of the release before, and a connection to it."""
    name = f"sgate_test_{os.urandom(6).hex()}"
    server = await asyncpg.connect(postgres_server)
    await server.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    url = database_url_of(postgres_server, name)
    connection = await asyncpg.connect(url)
    for path in sorted(VERSIONS.glob("*.sql")):
        if path.name[:4] <= RELEASED:
            await connection.execute(path.read_text("utf-8"))
    await connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    await connection.execute("INSERT INTO alembic_version VALUES ($1)", RELEASED)
    yield url, connection
    await connection.close()
    await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await server.close()


async def fill(connection, count):
    await connection.execute(_FILL.replace("$COUNT", str(count)))


async def unfinished(connection):
    """Return the constraints that old rows were not checked against, and the indexes that were not built."""
    return await connection.fetchval("""
        SELECT (SELECT count(*) FROM pg_constraint WHERE NOT convalidated)
            + (SELECT count(*) FROM pg_index WHERE NOT indisvalid)
    """)


async def write_until(url, done):
    """Create intents until `done` is set. Returns the times at which each was stored."""
    connection, stored = await asyncpg.connect(url), []
    try:
        while not done.is_set():
            await connection.execute(_CREATE, f"pi_{0xFFFF_0000_0000 + len(stored):024x}")
            stored.append(time.monotonic())
            await asyncio.sleep(0)
    finally:
        await connection.close()
    return stored


async def test_processes_of_the_release_before_go_on_writing_during_the_migrations(released):
    url, connection = released
    await fill(connection, INTENTS)
    done = asyncio.Event()
    writing = asyncio.create_task(write_until(url, done))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    await migrate.migrate(url)
    ended = time.monotonic()
    done.set()
    stored = [at for at in await writing if began < at < ended]
    gaps = [after - before for before, after in zip([began, *stored], [*stored, ended], strict=True)]
    assert len(stored) > 20
    assert max(gaps) < (ended - began) * 0.75
    assert await unfinished(connection) == 0
    assert await connection.fetchval("SELECT count(*) FROM payment_intents") >= INTENTS + len(stored)
    await schema_check.check(url)


async def test_a_row_that_breaks_a_new_rule_stops_the_migration_which_is_repeated_when_it_is_mended(released):
    url, connection = released
    await fill(connection, 10)
    await connection.execute("UPDATE payment_intents SET amount_counted_sats = 2000 WHERE status = 'confirmed'")
    with pytest.raises(MigrationFailed, match="payment_intents_counted_was_received"):
        await migrate.migrate(url)
    await connection.execute(_CREATE, "pi_" + "f" * 24)  # the release before goes on
    await connection.execute("UPDATE payment_intents SET amount_counted_sats = 1000 WHERE status = 'confirmed'")
    await migrate.migrate(url)
    assert await unfinished(connection) == 0
    await schema_check.check(url)
