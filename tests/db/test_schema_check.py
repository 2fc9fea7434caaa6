"""The server knows which schema it needs without loading the migration engine."""

import subprocess
import sys

import asyncpg
import pytest

from sgate.db import schema_check
from sgate.db.schema_check import SchemaOutdated
from sgate.store import migrate


def test_the_revision_is_that_of_the_newest_migration():
    assert migrate.head() == schema_check.REVISION


async def test_a_migrated_database_is_accepted(database_url):
    await schema_check.check(database_url)


async def test_an_older_or_empty_database_is_refused(database_url):
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(SchemaOutdated, match="sgate migrate"):
        await schema_check.check(database_url)
    await connection.execute("DROP TABLE alembic_version")
    await connection.close()
    with pytest.raises(SchemaOutdated, match="at schema none"):
        await schema_check.check(database_url)


async def test_a_newer_schema_is_accepted_until_it_says_that_this_version_is_too_old(database_url):
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = '9998'")
    await schema_check.check(database_url)
    await connection.execute("UPDATE schema_compatibility SET oldest_revision = '9998'")
    await connection.close()
    with pytest.raises(SchemaOutdated, match="install the newer version"):
        await schema_check.check(database_url)


def test_the_server_does_not_load_sqlalchemy():
    code = "import sys, sgate.cli.operator.run, sgate.runtime.build; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
