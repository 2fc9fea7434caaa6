"""The schema revision that this version needs, and the check that the database has it. Needs no migration engine."""

import asyncpg

from sgate.db.pool import connect

REVISION = "0014"
"""The revision of the newest migration in `migrations/versions`. A test checks that it is."""

_CURRENT = "SELECT version_num FROM alembic_version"
_OLDEST = "SELECT oldest_revision FROM schema_compatibility"


class SchemaOutdated(Exception):
    """This version cannot use the database's schema. The message says what to do."""


class MigrationFailed(Exception):
    """A migration failed and was rolled back, or this version does not know the schema. The message says why."""


async def check(database_url: str) -> None:
    """Check that the schema is the one that this version needs, or a newer one that this version can use.

    In a rolling upgrade, the schema is migrated first, and processes of both versions use the new schema for a while.

    Raises:
        SchemaOutdated: if the schema is missing, too old, or too new for this version.
    """
    connection = await connect(database_url, application_name="sgate schema check")
    try:
        found = await _current(connection)
        if found is None or found < REVISION:
            raise SchemaOutdated(
                f"the database is at schema {found or 'none'}, but this version needs {REVISION}: run `sgate migrate`"
            )
        if found > REVISION and str(await connection.fetchval(_OLDEST)) > REVISION:
            raise SchemaOutdated(
                f"the database is at schema {found}, which this version (built for {REVISION}) can no longer use: "
                "install the newer version"
            )
    finally:
        await connection.close()


async def _current(connection: asyncpg.Connection) -> str | None:
    try:
        return await connection.fetchval(_CURRENT)
    except asyncpg.UndefinedTableError:
        return None
