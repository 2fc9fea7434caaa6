"""Which schema this version of the code needs, and whether the database has it. Needs no migration engine."""

import asyncpg

from sgate.store.pool import connect

REVISION = "0007"
"""The newest migration in `migrations/versions`. A test keeps the two the same."""

_CURRENT = "SELECT version_num FROM alembic_version"


class SchemaOutdated(Exception):
    """The database's schema is not the one this version needs. Run `sgate migrate`."""


class MigrationFailed(Exception):
    """The database refused a statement of a migration, and nothing of that migration was kept."""


async def check(database_url: str) -> None:
    """Make sure that the schema is the one this version needs.

    Raises:
        SchemaOutdated: if it is not.
    """
    connection = await connect(database_url, application_name="sgate schema check")
    try:
        found = await connection.fetchval(_CURRENT)
    except asyncpg.UndefinedTableError:
        found = None
    finally:
        await connection.close()
    if found != REVISION:
        raise SchemaOutdated(
            f"the database is at schema {found or 'none'}, this version needs {REVISION}: run `sgate migrate`"
        )
