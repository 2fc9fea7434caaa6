"""Whether the database accepts writes: remembered errors, and a probe that writes to a new file."""

import asyncio
import contextlib
import os
import subprocess
from pathlib import Path

import asyncpg
import pytest

from conftest import database_url_of
from servers.machinery import owned
from sgate.db.pool import open_pool
from sgate.services.database_writes import FORGET_S, INTERVAL_S, RETRY_INTERVAL_S, DatabaseWrites

REFUSE = """
    CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE 'refused by the test' USING ERRCODE = '{code}'; END $$;
    CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE TABLE AS') EXECUTE FUNCTION refuse()
"""


class Clock:
    """A monotonic clock that a test sets."""

    now_s = 1000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writes(clock):
    return DatabaseWrites(clock)


async def test_a_database_that_accepts_writes_is_probed_at_an_interval_and_keeps_nothing(pool, writes, clock):
    await writes.run_once(pool)
    assert writes.accepted
    await pool.execute(REFUSE.format(code="53100"))
    clock.now_s += INTERVAL_S - 1
    await writes.run_once(pool)
    assert writes.accepted, "it is not yet time for the next probe"
    clock.now_s += 1
    await writes.run_once(pool)
    assert not writes.accepted
    assert await pool.fetchval("SELECT count(*) FROM pg_class WHERE relname = 'sgate_write_probe'") == 0


@pytest.mark.parametrize("code", ["53100", "53200", "25006", "58030"], ids=["disk", "memory", "read only", "I/O"])
async def test_a_probe_that_is_refused_is_repeated_until_writes_are_accepted(pool, writes, clock, code):
    await pool.execute(REFUSE.format(code=code))
    for _ in range(2):
        await writes.run_once(pool)
        assert not writes.accepted
        clock.now_s += RETRY_INTERVAL_S
    await pool.execute("DROP EVENT TRIGGER refuse")
    await writes.run_once(pool)
    assert writes.accepted


async def test_a_read_only_database_refuses_the_probe(database_url, writes):
    pool = await open_pool(database_url, session_settings={"default_transaction_read_only": "on"})
    await writes.run_once(pool)
    pool.terminate()
    assert not writes.accepted


async def test_the_error_of_any_statement_is_remembered_until_a_probe_succeeds(pool, writes):
    await writes.run_once(pool)
    writes.observe(None)
    writes.observe(asyncpg.UniqueViolationError("taken"))
    writes.observe(TimeoutError())
    assert writes.accepted
    writes.observe(asyncpg.DiskFullError("no space left on device"))
    assert not writes.accepted
    await writes.run_once(pool)
    assert writes.accepted


async def test_an_unavailable_database_changes_nothing(database_url, writes):
    pool = await open_pool(database_url, min_connections=0, max_connections=1)
    async with pool.acquire():
        with pytest.raises(TimeoutError):
            await writes.run_once(pool)
    pool.terminate()
    assert writes.accepted


async def test_without_the_right_to_probe_errors_are_forgotten_after_a_while(database_url, pool, writes, clock):
    name = f"sgate_test_{os.urandom(4).hex()}"
    await pool.execute(f"CREATE ROLE {name}")
    database = await pool.fetchval("SELECT current_database()")
    await pool.execute(f'REVOKE TEMPORARY ON DATABASE "{database}" FROM PUBLIC')
    poor = await open_pool(database_url, session_settings={"role": name})
    try:
        await writes.run_once(poor)
        assert writes.accepted
        writes.observe(asyncpg.DiskFullError("no space left on device"))
        clock.now_s += FORGET_S - 1
        await writes.run_once(poor)
        assert not writes.accepted
        clock.now_s += 1
        await writes.run_once(poor)
        assert writes.accepted
    finally:
        poor.terminate()
        await pool.execute(f"DROP ROLE {name}")


# --- a disk that is really full


@pytest.fixture
def small_disk(tmp_path_factory):
    """A file system of 64 MB that PostgreSQL can write to."""
    place = tmp_path_factory.mktemp("small", numbered=True)
    for parent in (place, *place.parents):
        with contextlib.suppress(PermissionError):
            parent.chmod(parent.stat().st_mode | 0o011)
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a file system can be mounted only as root, and not in every container")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
async def database_on_small_disk(small_disk, postgres_server, template_database):
    """A database whose files are on the small disk."""
    name, server = f"sgate_small_{os.urandom(6).hex()}", await asyncpg.connect(postgres_server)
    space = small_disk / "space"
    space.mkdir()
    space.chmod(0o700)
    user = Path(await server.fetchval("SHOW data_directory")).owner()
    owned(space, user)
    await server.execute(f"CREATE TABLESPACE {name} LOCATION '{space}'")
    try:
        await server.execute(f'CREATE DATABASE {name} TEMPLATE "{template_database}" TABLESPACE {name}')
        yield database_url_of(postgres_server, name)
    finally:
        await server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await server.execute(f"DROP TABLESPACE {name}")
        await server.close()


def fill(disk):
    with contextlib.suppress(OSError), (disk / "filler").open("wb") as filler:
        while filler.write(bytes(4096)):
            filler.flush()


async def test_a_full_disk_is_noticed_and_so_is_freed_space(small_disk, database_on_small_disk, writes, clock):
    pool = await open_pool(database_on_small_disk, min_connections=1, max_connections=2)
    try:
        await writes.run_once(pool)
        assert writes.accepted
        await asyncio.to_thread(fill, small_disk)
        clock.now_s += INTERVAL_S
        await writes.run_once(pool)
        assert not writes.accepted
        (small_disk / "filler").unlink()
        await writes.run_once(pool)
        assert writes.accepted
    finally:
        pool.terminate()
