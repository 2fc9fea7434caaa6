"""Bring the schema up to date: Alembic keeps the order, plain `.sql` files hold the statements.

Any number of processes may start at once: an advisory lock lets one of them migrate while the others wait. SQLAlchemy
is imported by this module alone.
"""

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
from sgate.store import partitions

ADVISORY_LOCK = 0x5347_4154_4501
"""Held while migrating ("SGATE", 1)."""

LOCK_TIMEOUT_S = 10
"""How long a statement of a migration may wait for a table that others use: it must not queue up the traffic."""

STATEMENT_TIMEOUT_S = 600


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("sgate.store").joinpath("migrations")))
    return config


async def migrate(database_url: str) -> str:
    """Apply what is missing, under the lock. Returns the revision the schema is at.

    Args:
        database_url: must be a direct connection: advisory locks do not survive transaction pooling.

    Raises:
        MigrationFailed: see there.
        OSError, asyncpg.PostgresError: if the database cannot be reached.
    """
    engine = await _engine(database_url)
    async with engine.connect() as connection:
        await connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'"))
        await connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'"))
        await connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        await connection.commit()
        await connection.execute(text("SET lock_timeout = 0"))
        await connection.execute(text(f"SELECT pg_advisory_lock({ADVISORY_LOCK})"))
        await connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'"))
        await connection.commit()
        try:
            await connection.run_sync(_upgrade)
            await connection.commit()
            await _make_months(database_url)
        except CommandError as error:
            raise MigrationFailed(f"this version does not know the database's schema: {error}") from error
        except DBAPIError as error:  # from Alembic's own statements
            raise MigrationFailed(str(error.orig)) from error
        except asyncpg.PostgresError as error:  # from ours
            raise MigrationFailed(str(error)) from error
        finally:
            await connection.rollback()
            await connection.execute(text(f"SELECT pg_advisory_unlock({ADVISORY_LOCK})"))
            await connection.commit()
    return head()


async def _make_months(database_url: str) -> None:
    """So that the first deliveries of a new database are in their month already; later `maintenance` sees to it."""
    connection = await connect(database_url, application_name="sgate migrate")
    try:
        await partitions.make_ahead(connection)
    finally:
        await connection.close()


def head() -> str:
    """The revision this version of the code needs."""
    return cast("str", ScriptDirectory.from_config(_config()).get_current_head())


def run_sql_of(migration_file: str) -> None:
    """Run the `.sql` file that stands beside a migration's Python file, all statements in one go."""
    script = Path(migration_file).with_suffix(".sql").read_text("utf-8")
    dbapi_connection = cast("Any", op.get_bind().connection.dbapi_connection)

    async def execute(connection: Any) -> None:
        await connection.execute(script)

    dbapi_connection.run_async(execute)


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def _engine(database_url: str) -> Any:
    """An engine for one connection, which is opened here: SQLAlchemy would not understand `?sslmode=require`."""
    opened = await connect(database_url, application_name="sgate migrate", statement_timeout_s=STATEMENT_TIMEOUT_S)

    async def hand_over() -> asyncpg.Connection:
        return opened

    return create_async_engine("postgresql+asyncpg://", async_creator=hand_over, poolclass=NullPool)
