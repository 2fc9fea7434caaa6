"""Each statement is timed under its name, and its error is reported by kind."""

import asyncpg
import pytest

from sgate.db.pool import ERROR_KINDS, error_kind, open_pool
from sgate.db.statement_names import name_of, table_of
from sgate.store import ledger_queue, payment_intents_create
from sgate.store.payment_intents_facts import _FACTS


@pytest.fixture
async def timed(database_url):
    seen = []
    pool = await open_pool(
        database_url, min_connections=1, max_connections=1, observe=lambda *observed: seen.append(observed)
    )
    yield pool, seen
    pool.terminate()


async def test_every_statement_is_timed_once(timed):
    pool, seen = timed
    async with pool.acquire() as connection, connection.transaction():
        await connection.fetch("SELECT 1")
        await connection.fetchrow("SELECT 2")
        await connection.fetchval("SELECT 3")
        await connection.execute("SELECT 4")
        await connection.execute("SELECT $1::integer", 5)
        await connection.executemany("SELECT $1::integer", [(6,), (7,)])
    statements = [statement for statement, _, _ in seen]
    assert statements == [
        "BEGIN;", "SELECT 1", "SELECT 2", "SELECT 3", "SELECT 4", "SELECT $1::integer", "SELECT $1::integer", "COMMIT;",
    ]  # fmt: skip
    assert all(0 < seconds < 60 and error is None for _, seconds, error in seen)


async def test_a_statement_that_fails_is_timed_and_its_error_reported(timed):
    pool, seen = timed
    async with pool.acquire() as connection:
        with pytest.raises(asyncpg.QueryCanceledError):
            async with connection.transaction():
                await connection.execute("SET LOCAL statement_timeout = '1ms'; SELECT pg_sleep(10)")
    errors = [error for statement, _, error in seen if "pg_sleep" in statement]
    assert [error_kind(error) for error in errors] == ["timeout"]


def test_a_statement_is_named_after_its_place_in_the_store():
    assert name_of(_FACTS) == "payment_intents_facts.FACTS"
    assert name_of(payment_intents_create.CREATE) == "payment_intents_create.CREATE"
    assert table_of(ledger_queue._TAKE) == "ledger_queue"
    assert (name_of("BEGIN;"), name_of("  commit"), name_of("SELECT 1")) == ("transaction", "transaction", "other")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (asyncpg.DiskFullError("no space left"), "disk_full"),
        (asyncpg.DeadlockDetectedError("deadlock"), "conflict"),
        (asyncpg.UniqueViolationError("twice"), "constraint"),
        (asyncpg.ReadOnlySQLTransactionError("a standby"), "read_only"),
        (asyncpg.AdminShutdownError("going"), "away"),
        (ConnectionResetError(), "away"),
        (TimeoutError(), "timeout"),
        (asyncpg.OutOfMemoryError("no memory"), "resources"),
        (asyncpg.UndefinedTableError("a defect"), "other"),
    ],
)
def test_an_error_has_a_kind(error, kind):
    assert error_kind(error) == kind
    assert kind in ERROR_KINDS
