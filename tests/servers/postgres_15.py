"""PostgreSQL 15 from Debian's packages: a server of its own, and a streaming replica of it."""

import asyncio
import contextlib
import os
import pwd
import signal
import subprocess
from pathlib import Path

import asyncpg

from servers.patience import patient

BINARIES = Path("/usr/lib/postgresql/15/bin")
READY_S = patient(30)
STOP_S = patient(30)
QUICK = ("-F", "-c", "synchronous_commit=off", "-c", "max_wal_senders=3", "-c", "wal_level=replica")


class Postgres:
    """A server on a Unix socket in its own data directory. `url` is its maintenance database."""

    def __init__(self, data: Path):
        self.data = data
        self.sockets = data.with_name(data.name + "-sockets")  # apart: a base backup copies all of a data directory
        self.url = f"postgresql://postgres@/postgres?host={self.sockets}"
        self._process = None

    @classmethod
    def made(cls, data):
        """A new server, started."""
        assert (BINARIES / "postgres").exists(), "PostgreSQL 15 is missing: run tools/system-packages.sh"
        _directory(data)
        _run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "--encoding=UTF8", "--no-sync", cwd=data)
        return cls(data).start()

    def replica(self, data):
        """A streaming replica of this server, started."""
        _directory(data)
        _run(
            "pg_basebackup", "-D", data, "-R", "-X", "stream", "-c", "fast", "--no-sync", "-h", self.sockets, "-U", "postgres",
            cwd=data,
        )  # fmt: skip
        return Postgres(data).start()

    def start(self):
        if not self.sockets.exists():
            _directory(self.sockets)
        self._process = subprocess.Popen(
            [BINARIES / "postgres", "-D", self.data, "-k", self.sockets, "-h", "", *QUICK],
            cwd=self.data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **_user(),
        )
        return self

    async def ready(self):
        """Wait until it answers."""
        async with asyncio.timeout(READY_S):
            while True:
                with contextlib.suppress(OSError, asyncpg.PostgresError):
                    await (await asyncpg.connect(self.url)).close()
                    return
                await asyncio.sleep(0.05)

    def stop(self):
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(STOP_S)
            self._process = None


@contextlib.contextmanager
def replicated(place):
    """A primary and its replica, both ready, in a directory that other users may enter."""
    place.chmod(0o755)
    primary = Postgres.made(place / "primary")
    started = [primary]
    try:
        asyncio.run(primary.ready())
        started.append(primary.replica(place / "replica"))
        asyncio.run(started[1].ready())
        yield started
    finally:
        for server in reversed(started):
            server.stop()


def _user():
    """Who runs it: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _directory(path):
    path.mkdir(mode=0o700)
    if os.geteuid() == 0:
        account = pwd.getpwnam("nobody")
        os.chown(path, account.pw_uid, account.pw_gid)


def _run(program, *arguments, cwd):
    subprocess.run([BINARIES / program, *arguments], check=True, capture_output=True, cwd=cwd, **_user())
