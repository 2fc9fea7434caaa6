"""Which schema this version of the code needs, and whether the database has it. Needs no migration engine."""

import asyncpg

from sgate.db.pool import connect

REVISION = "0010"
"""The newest migration in `migrations/versions`. A test keeps the two the same."""

_CURRENT = "SELECT version_num FROM alembic_version"
_OLDEST = "SELECT oldest_revision FROM schema_compatibility"


class SchemaOutdated(Exception):
    """The database's schema is not one that this version can use; the message says what to do."""


class MigrationFailed(Exception):
    """The database refused a statement of a migration, and nothing of that migration was kept."""


async def check(database_url: str) -> None:
    """Make sure that the schema is the one this version needs, or a newer one that says this version may use it.

    In a rolling upgrade the schema comes first, and processes of both versions run on it for a while.

    Raises:
        SchemaOutdated: if it is not.
    """
    connection = await connect(database_url, application_name="sgate schema check")
    try:
        found = await _current(connection)
        if found is None or found < REVISION:
            raise SchemaOutdated(
                f"the database is at schema {found or 'none'}, this version needs {REVISION}: run `sgate migrate`"
            )
        if found > REVISION and str(await connection.fetchval(_OLDEST)) > REVISION:
            raise SchemaOutdated(
                f"the database is at schema {found}, which this version (made for {REVISION}) cannot use any more: "
                "install the newer version"
            )
    finally:
        await connection.close()


async def _current(connection: asyncpg.Connection) -> str | None:
    try:
        return await connection.fetchval(_CURRENT)
    except asyncpg.UndefinedTableError:
        return None
