import asyncio
import os
import shutil
import tempfile
from pathlib import Path

import asyncpg
import pytest

from conftest import database_url_of
from servers.machinery import self_signed
from servers.production import open_house


@pytest.fixture(scope="module")
def folder():
    """A directory that other users can enter."""
    directory = Path(tempfile.mkdtemp(prefix="sgate-deploy-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def certificate(folder):
    return self_signed(folder)


async def _execute(server_url, statement):
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def shop_database(postgres_server, template_database):
    """A database for all tests of a module."""
    name = f"sgate_deploy_{os.urandom(6).hex()}"
    asyncio.run(_execute(postgres_server, f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"'))
    yield database_url_of(postgres_server, name)
    asyncio.run(_execute(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture(scope="module")
def house(folder, shop_database, certificate):
    with open_house(folder, "house", shop_database, certificate) as opened:
        yield opened


@pytest.fixture
def place(folder):
    """A directory for one test."""
    return Path(tempfile.mkdtemp(dir=folder))
