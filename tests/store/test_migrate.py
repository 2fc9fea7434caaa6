"""Schema migrations: once or again, alone or concurrently, and the errors shown to the operator."""

import asyncio
import os

import asyncpg
import pytest

from conftest import database_url_of
from sgate.db import schema_check
from sgate.db.schema_check import MigrationFailed, SchemaOutdated
from sgate.store import migrate


@pytest.fixture
async def empty_url(postgres_server):
    """A database without any schema."""
    name = f"sgate_test_{os.urandom(6).hex()}"
    connection = await asyncpg.connect(postgres_server)
    await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    yield database_url_of(postgres_server, name)
    await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await connection.close()


async def ask(url, query):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_an_empty_database_gets_the_schema_and_a_second_run_changes_nothing(empty_url):
    assert await migrate.migrate(empty_url) == migrate.head()
    await ask(empty_url, "INSERT INTO merchants (name) VALUES ('kept')")
    assert await migrate.migrate(empty_url) == migrate.head()
    assert await ask(empty_url, "SELECT name FROM merchants") == "kept"
    await schema_check.check(empty_url)


async def test_any_number_may_migrate_at_once(empty_url):
    assert await asyncio.gather(*(migrate.migrate(empty_url) for _ in range(4))) == [migrate.head()] * 4
    await schema_check.check(empty_url)
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    assert await ask(empty_url, locks) == 0


async def test_a_database_without_schema_is_refused_with_the_command_that_helps(empty_url):
    with pytest.raises(SchemaOutdated, match=r"schema none.*run `sgate migrate`"):
        await schema_check.check(empty_url)


async def test_another_schema_is_refused_with_both_revisions(database_url):
    await ask(database_url, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(SchemaOutdated, match=rf"schema 0000, but this version needs {migrate.head()}"):
        await schema_check.check(database_url)


async def test_a_migration_that_is_refused_leaves_nothing_behind_and_says_why(empty_url):
    await ask(empty_url, "CREATE TABLE webhook_attempts (id INTEGER)")  # in the way of the last statements
    with pytest.raises(MigrationFailed, match="webhook_attempts"):
        await migrate.migrate(empty_url)
    assert await ask(empty_url, "SELECT to_regclass('merchants')") is None
    await ask(empty_url, "DROP TABLE webhook_attempts")
    await migrate.migrate(empty_url)
    await schema_check.check(empty_url)


async def test_the_url_is_parsed_as_everywhere_else(empty_url):
    separator = "&" if "?" in empty_url else "?"
    url = f"{empty_url}{separator}sslmode=prefer&application_name=elsewhere"
    assert await migrate.migrate(url) == migrate.head()


async def test_a_database_that_is_unreachable_is_a_connection_error(empty_url):
    with pytest.raises(OSError, match="Connect call failed"):
        await migrate.migrate("postgresql://127.0.0.1:1/nothing")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await migrate.migrate(database_url_of(empty_url, "no_such_database"))


async def test_a_schema_that_this_version_does_not_know_is_refused_by_name(database_url):
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = '0009'")
    await connection.close()
    with pytest.raises(MigrationFailed, match=r"does not know the database's schema.*'0009'"):
        await migrate.migrate(database_url)
