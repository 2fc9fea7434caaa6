"""A real PostgreSQL for every test that asks for one, and a look at everything that tests log.

The server is the one named in SGATE_TEST_DATABASE_URL, or an embedded one that the first worker starts and the last one
stops. The schema is built once by the migrations; each test gets a copy of that database, or one that an earlier test
left and that is empty again (`databases`).
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import structlog
import uvicorn.server

import databases
import logs
from servers import patience
from servers.application_role import application_url_of
from sgate.db.embedded import EmbeddedPostgres
from sgate.db.pool import Pool, open_pool
from sgate.db.roles import APPLICATION_ROLE
from sgate.store import migrate
from sgate.telemetry import logging as sgate_logging

TEMPLATE = "sgate_template"


class _Impatient:
    """`asyncio` for uvicorn, which polls for its own stop: a tenth of the wait saves 0.2 s in thousands of tests."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    @staticmethod
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / 10)


def pytest_configure(config: pytest.Config) -> None:
    """Measure the machine once; the processes of a parallel run inherit what was measured."""
    patience.factor()
    uvicorn.server.asyncio = _Impatient()  # type: ignore[attr-defined, assignment]


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """A busy machine gets more time: what a test may take is multiplied by how much slower it is."""
    given = config.getoption("timeout", None)
    for item in items:
        marker = item.get_closest_marker("timeout")
        seconds = float(marker.args[0]) if marker is not None else float(given or config.getini("timeout"))
        item.add_marker(pytest.mark.timeout(patience.patient(seconds)), append=False)


@pytest.fixture(scope="session")
def wire_tap() -> Iterator[logs.WireTap]:
    """Hears everything that is logged in this process."""
    tap = logs.WireTap()
    tap.start()
    yield tap
    tap.stop()


@pytest.fixture(autouse=True)
def no_secret_is_logged(wire_tap: logs.WireTap) -> Iterator[None]:
    """Each test logs as the program does, to the last detail; none of its lines may hold a secret."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    sgate_logging.configure("debug", logs.Nowhere())  # type: ignore[arg-type] - has all that is asked of it
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    logs.look_through(wire_tap.take())


def database_url_of(server_url: str, database: str) -> str:
    parts = urlsplit(server_url)
    return urlunsplit(parts._replace(path=f"/{database}"))


@pytest.fixture(scope="session")
def postgres_server(worker_id: str) -> Iterator[str]:
    """The URL of the server's maintenance database."""
    given = os.environ.get("SGATE_TEST_DATABASE_URL")
    if given:
        asyncio.run(_have_application_role(given))
        yield given
        return
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    directory = Path(tempfile.gettempdir()) / f"sgate-tests-{hashlib.sha256(run.encode()).hexdigest()[:12]}"
    server = EmbeddedPostgres(directory, keep=False)
    try:
        asyncio.run(_no_need_for_durability(server.url))
        yield server.url
    finally:
        server.close()


async def _have_application_role(url: str) -> None:
    """The embedded server brings the role. On another server, it has the password of the tests' own role."""
    password = str(urlsplit(url).password or "").replace("'", "''")
    connection = await asyncpg.connect(url)
    with contextlib.suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        await connection.execute(f"CREATE ROLE {APPLICATION_ROLE} LOGIN PASSWORD '{password}'")
    await connection.close()


async def _no_need_for_durability(url: str) -> None:
    connection = await asyncpg.connect(url)
    for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 300"):
        with contextlib.suppress(asyncpg.PostgresError):
            await connection.execute(f"ALTER SYSTEM SET {setting}")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


@pytest.fixture(scope="session")
def template_database(postgres_server: str) -> str:
    """The name of a database that has the newest schema and no rows. Workers that come at once wait for the first."""
    return asyncio.run(_make_template(postgres_server))


async def _make_template(server_url: str) -> str:
    name = f"{TEMPLATE}_{migrate.head()}_{_schema_digest()}"
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute("SELECT pg_advisory_lock(5347415445)")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}_new"')
            await migrate.migrate(database_url_of(server_url, f"{name}_new"))
            await databases.watch_schema(database_url_of(server_url, f"{name}_new"))
            await connection.execute(f'ALTER DATABASE "{name}_new" RENAME TO "{name}"')
    finally:
        await connection.close()
    return name


def _schema_digest() -> str:
    store = Path(migrate.__file__).parent
    paths = [*sorted((store / "migrations" / "versions").glob("*.sql")), store / "grants.py"]
    text = b"".join(path.read_bytes() for path in paths)
    return hashlib.sha256(text).hexdigest()[:10]


@pytest.fixture(scope="session")
def database_stock(postgres_server: str, template_database: str) -> Iterator[databases.Stock]:
    """The databases of this worker that tests have given back."""
    stock = databases.Stock(postgres_server, template_database)
    yield stock
    asyncio.run(stock.drop())


@pytest.fixture
async def database_url(database_stock: databases.Stock, postgres_server: str) -> AsyncIterator[str]:
    """A database with the newest schema and no rows."""
    name = await database_stock.take()
    try:
        yield database_url_of(postgres_server, name)
    finally:
        await database_stock.give_back(name)


@pytest.fixture
def application_url(database_url: str) -> str:
    """The URL of the fresh database for the application's role."""
    return application_url_of(database_url)


@pytest.fixture
async def application_pool(application_url: str) -> AsyncIterator[Pool]:
    """A pool on the fresh database that may do what a running server may do."""
    opened = await open_pool(application_url, min_connections=1, max_connections=10)
    try:
        yield opened
    finally:
        opened.terminate()


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A superuser's pool on a fresh database: tests may damage what the application cannot."""
    opened = await open_pool(database_url, min_connections=1, max_connections=10)
    try:
        yield opened
    finally:
        opened.terminate()
