"""Schema migrations: Alembic keeps their order, and plain `.sql` files contain the statements.

Any number of processes may start at once: one of them takes an advisory lock and migrates, and the others wait. Only
this module imports SQLAlchemy.
"""

import asyncio
import contextlib
from importlib import resources
from pathlib import Path
from typing import Any, cast

import asyncpg
from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from sgate.db.pool import connect
from sgate.db.schema_check import MigrationFailed
from sgate.store import grants, partitions

ADVISORY_LOCK = 0x5347_4154_4501
"""Held while migrating ("SGATE", 1)."""

LOCK_TIMEOUT_S = 10
"""How long a migration's statement may wait to lock a table. While it waits, other statements on the table wait too."""

STATEMENT_TIMEOUT_S = 600
LOCK_POLL_S = 0.2
ATTEMPTS = 50


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("sgate.store").joinpath("migrations")))
    return config


async def migrate(database_url: str) -> str:
    """Apply the missing migrations under the lock. Returns the revision of the schema.

    Args:
        database_url: must connect as the owner of the schema, and directly, because advisory locks do not work through
            transaction pooling.

    Raises:
        MigrationFailed: if a migration fails and is rolled back, or if this version does not know the schema.
        OSError, asyncpg.PostgresError: if the database cannot be reached.
    """
    engine = await _engine(database_url)
    async with engine.connect() as connection:
        await connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'"))
        await connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'"))
        await connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        await connection.commit()
        # A statement that waits for the lock would hold a snapshot, which CREATE INDEX CONCURRENTLY waits for.
        while not await connection.scalar(text(f"SELECT pg_try_advisory_lock({ADVISORY_LOCK})")):
            await connection.rollback()
            await asyncio.sleep(LOCK_POLL_S)
        await connection.commit()
        try:
            await connection.run_sync(_upgrade)
            await connection.commit()
            await _complete(database_url)
        except CommandError as error:
            raise MigrationFailed(f"this version does not know the database's schema: {error}") from error
        except DBAPIError as error:  # from Alembic's own statements
            raise _failure(str(error.orig), getattr(error.orig, "sqlstate", "")) from error
        except asyncpg.PostgresError as error:  # from ours
            raise _failure(str(error), getattr(error, "sqlstate", "")) from error
        finally:
            await connection.rollback()
            await connection.execute(text(f"SELECT pg_advisory_unlock({ADVISORY_LOCK})"))
            await connection.commit()
    return head()


def _failure(reason: str, sqlstate: str) -> MigrationFailed:
    if sqlstate == asyncpg.InsufficientPrivilegeError.sqlstate:
        advice = "migrations need the role that owns the schema: set SGATE_DATABASE_OWNER_URL to its URL"
        return MigrationFailed(f"{reason}; {advice}")
    return MigrationFailed(reason)


async def _complete(database_url: str) -> None:
    """If the application's role exists, grant it its rights, including those to new tables.

    Also create the monthly partitions, so that a new database has them from the start. Maintenance creates later ones.
    """
    connection = await connect(database_url, application_name="sgate migrate")
    try:
        await grants.apply(connection)
        for _ in range(ATTEMPTS):
            try:
                async with connection.transaction():
                    await partitions.give_way(connection)
                    await partitions.make_ahead(connection)
            except asyncpg.LockNotAvailableError:
                await asyncio.sleep(LOCK_POLL_S)
            else:
                break  # if no attempt succeeds, maintenance creates them
    finally:
        await connection.close()


def head() -> str:
    """Return the schema revision that this version needs."""
    return cast("str", ScriptDirectory.from_config(_config()).get_current_head())


def run_sql_of(migration_file: str) -> None:
    """Run all statements of the `.sql` file next to a migration's Python file, in one call."""
    _execute(Path(migration_file).with_suffix(".sql").read_text("utf-8"))


def run_online(migration_file: str) -> None:
    """Run the statements of the `.sql` file next to a migration's Python file one by one, each in its own transaction.

    No lock is then held for longer than one statement takes, and indexes can be built concurrently. If a statement
    fails, those before it have taken effect, and the whole file is run again later, so each statement must be safe to
    repeat. Statements are separated by blank lines.
    """
    script = Path(migration_file).with_suffix(".sql").read_text("utf-8")
    with op.get_context().autocommit_block():
        for statement in script.split("\n\n"):
            if any(not line.startswith("--") for line in statement.splitlines()):
                _execute_online(statement)


def _execute_online(statement: str) -> None:
    """Run a statement, and again while its locks are taken.

    It gives up before PostgreSQL would look for a deadlock, so that a deadlock never ends the transaction of a running
    process. Building an index concurrently locks nothing that writers need, and waits for them instead.
    """
    if "CONCURRENTLY" in statement:
        return _execute(statement)
    _execute(f"SET lock_timeout = '{partitions.GIVE_WAY_MS}ms'")
    try:
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(asyncpg.LockNotAvailableError):
                return _execute(statement)
            _execute(f"SELECT pg_sleep({LOCK_POLL_S})")
        return _execute(statement)
    finally:
        _execute(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'")


def _execute(script: str) -> None:
    """Run statements on the migration's connection without SQLAlchemy, which would prepare them."""
    dbapi_connection = cast("Any", op.get_bind().connection.dbapi_connection)

    async def execute(connection: Any) -> None:
        await connection.execute(script)

    dbapi_connection.run_async(execute)


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def _engine(database_url: str) -> Any:
    """Create an engine that uses one connection.

    The connection is opened here, because SQLAlchemy does not understand `?sslmode=require`.
    """
    opened = await connect(database_url, application_name="sgate migrate", statement_timeout_s=STATEMENT_TIMEOUT_S)

    async def creator() -> asyncpg.Connection:
        return opened

    return create_async_engine("postgresql+asyncpg://", async_creator=creator, poolclass=NullPool)
