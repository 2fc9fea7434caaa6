"""The processes of a benchmark: PostgreSQL, the real server, receivers and load generators.

They are always stopped through their own handles, in reverse order.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from sgate.db.embedded import EmbeddedPostgres, temporary_directory
from sgate.store import migrate

HERE = Path(__file__).parent
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 15
LINE_TIMEOUT_S = 90
UNLIMITED = "100000000"
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class CannotMeasure(Exception):
    """The benchmark cannot continue, for the reason in the message."""


class Process:
    """A child process. With `talks`, it reads commands and writes results line by line, as JSON."""

    def __init__(self, arguments, *, directory, environment=None, log, talks=False, executable=sys.executable):
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                [executable, *arguments],
                cwd=directory,  # away from any .env file
                env={**_clean_environment(), **(environment or {})},
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else stream,
                stderr=stream,
                text=True,
            )
        self.pid = self._process.pid
        self.log = log

    def tell(self, message):
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def ask(self, message):
        """Send a message and wait for the answer."""
        self.tell(message)
        return self.answer()

    def answer(self):
        """Wait for the next line of the process."""
        with _alarm(LINE_TIMEOUT_S):
            line = self._process.stdout.readline()
        if not line:
            raise CannotMeasure(f"a process ended early:\n{self.last_words()}")
        return json.loads(line)

    def cpu_s(self):
        """Return the seconds of CPU time used so far, or 0 without /proc."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self):
        """Return the resident memory that is not shared, or 0 without /proc."""
        try:
            pages = Path(f"/proc/{self.pid}/statm").read_text().split()
        except OSError:
            return 0
        return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")

    def running(self):
        return self._process.poll() is None

    def last_words(self):
        """Return the end of its log, or of the errors in it if there are any."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(([line for line in lines if '"level":"error"' in line] or lines)[-10:])[-3000:]

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class Bench:
    """A PostgreSQL server with durable defaults, a working directory, and the processes of one run."""

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self._processes = []

    def __enter__(self):
        directory = temporary_directory("bench")
        self._stack.callback(shutil.rmtree, directory, ignore_errors=True)
        directory.mkdir(mode=0o755)
        self.directory = directory
        postgres = EmbeddedPostgres(directory / "postgres", keep=False)
        self._stack.callback(postgres.close)
        self._server_url = postgres.url
        self.postgres_version = asyncio.run(_check_durable(postgres.url))
        return self

    def __exit__(self, *_):
        self.stop()
        self._stack.close()

    def stop(self):
        """Stop all processes but PostgreSQL, so that those of one group do not affect the next."""
        while self._processes:
            self._processes.pop().stop()

    def database(self, name):
        """Create a database with the newest schema. Returns its URL."""
        url = urlunsplit(urlsplit(self._server_url)._replace(path=f"/{name}"))
        asyncio.run(_make_database(self._server_url, name))
        asyncio.run(migrate.migrate(url))
        return url

    def start(self, name, *arguments, environment=None, talks=False, executable=sys.executable):
        process = Process(
            arguments,
            directory=self.directory,
            environment=environment,
            log=self.directory / f"{name}.log",
            talks=talks,
            executable=executable,
        )
        self._processes.append(process)
        return process

    def script(self, name, *arguments, talks=False):
        """Start one of the scripts beside this file."""
        return self.start(name, str(HERE / f"{name}.py"), *map(str, arguments), talks=talks)

    def sgate(self, role, url, port, name=None, **settings):
        """Start the real server, `sgate run --role ROLE`, as one process. `settings` have lower-case names."""
        environment = {
            "SGATE_DATABASE_URL": url,
            "SGATE_PORT": str(port),
            "SGATE_DATA_DIR": str(self.directory / f"data-{name or role}"),
            "SGATE_TEST__BLOCK_INTERVAL_S": "0",
            **{f"SGATE_RATE_LIMIT_{limit}": UNLIMITED for limit in ("CREATE", "RETRIEVE", "PUBLIC", "OTHER")},
            **{f"SGATE_{setting.upper()}": str(value) for setting, value in settings.items()},
        }
        return self.start(f"sgate-{name or role}", "-m", "sgate", "run", "--role", role, environment=environment)

    def redis(self):
        """Start a Redis server without persistence. Returns its URL."""
        executable = shutil.which("redis-server")
        if executable is None:
            raise CannotMeasure("redis-server is not installed; run `make system-packages`")
        port = free_port()
        arguments = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        self.start("redis", *arguments, executable=executable)
        return f"redis://127.0.0.1:{port}/0"


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def wait_until_answering(process, url):
    """Wait until a GET of `url` returns 200."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if not process.running():
            raise CannotMeasure(f"a server did not start:\n{process.last_words()}")
        if _answers(url):
            return
        time.sleep(0.05)
    raise CannotMeasure(f"a server did not respond within {START_TIMEOUT_S} s:\n{process.last_words()}")


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - loopback
            return response.status == 200
    except OSError:  # not yet listening, or an HTTP error
        return False


async def _check_durable(url):
    """Check that PostgreSQL is durable: a database that may lose commits would make the results too good."""
    connection = await asyncpg.connect(url)
    try:
        for name, wanted in DURABLE.items():
            found = await connection.fetchval("SELECT current_setting($1)", name)
            if found != wanted:
                raise CannotMeasure(f"PostgreSQL has {name} = {found}")
        return await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()


async def _make_database(server_url, name):
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()


def _clean_environment():
    """Return the environment without settings of sGate."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SGATE_")}


@contextlib.contextmanager
def _alarm(seconds):
    def ring(*_):
        raise CannotMeasure(f"a process did not respond within {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
