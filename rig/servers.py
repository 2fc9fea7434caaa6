"""PostgreSQL with its synchronous standby, PgBouncer, Redis: as `deploy/` runs them, and what operators do to them."""

import asyncio
import contextlib
import shutil
import signal
import ssl
import time

import asyncpg

from rig import small_disk
from servers.machinery import POSTGRES_USER
from servers.patience import patient
from servers.stack import Stack

POLL_S = 0.02
RETURN_S = patient(60.0)


class Servers(Stack):
    """`primary` and `standby` are names of `servers`; a failover exchanges them."""

    def __init__(self, folder):
        super().__init__(folder)
        self.primary, self.standby = "postgres", "replica"
        self._wants_small_disk = None
        self._small_disks = {}  # by name of the server whose data is on it

    def prepare(self):
        """The direct connections name both servers, and take the one that accepts writes: no failover has to tell
        them.
        """
        self.secrets.mkdir(mode=0o700)
        super().prepare()
        both = ",".join(f"localhost:{self.ports[name]}" for name in (self.primary, self.standby))
        for name, role in (("database_direct_url", "sgate_app"), ("database_owner_url", "sgate")):
            password = self.secret("postgres_app_password" if role == "sgate_app" else "postgres_owner_password")
            url = f"postgresql://{role}:{password}@{both}/sgate?target_session_attrs=read-write\n"
            (self.secrets / name).write_text(url)

    def close(self):
        """Stop whatever runs."""
        for server in self.servers.values():
            server.stop(signal.SIGINT)
        for disk in self._small_disks.values():
            small_disk.unmount(disk)
        self.__exit__()

    @property
    def small_disk(self):
        """Where the primary keeps its data, if that is small enough to be filled, else None."""
        return self._small_disks.get(self.primary)

    @contextlib.asynccontextmanager
    async def asking(self, name=None, database="sgate"):
        """A superuser's connection to one of the two PostgreSQL servers, by default the primary."""
        connection = await asyncpg.connect(
            host="localhost",
            port=self.ports[name or self.primary],
            user="postgres",
            password=self.secret("postgres_superuser_password"),
            database=database,
            ssl=self.tls(),
            timeout=5,
        )
        try:
            yield connection
        finally:
            await connection.close(timeout=5)

    async def stop(self, name, number=signal.SIGINT):
        """Stop a server; SIGINT is PostgreSQL's fast shutdown, SIGKILL a crash."""
        await asyncio.to_thread(self.servers[name].stop, number)

    async def start(self, name):
        """Start it again, until it listens."""
        await asyncio.to_thread(self.servers[name].start)

    async def until_writable(self):
        """Until the primary answers, and not as a standby: the moment of its return (time.monotonic)."""
        deadline = time.monotonic() + RETURN_S
        while True:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                async with self.asking() as connection:
                    if not await connection.fetchval("SELECT pg_is_in_recovery()"):
                        return time.monotonic()
            assert time.monotonic() < deadline, f"{self.primary} did not come back within {RETURN_S:.0f} s"
            await asyncio.sleep(POLL_S)

    def tls(self):
        return ssl.create_default_context(cafile=self.secrets / "internal_ca")

    def direct_address(self):
        """Of the primary, as the application's role."""
        return (
            f"postgresql://sgate_app:{self.secret('postgres_app_password')}@localhost:{self.ports[self.primary]}/sgate"
        )

    # --- failover

    async def promote(self):
        """Make the standby the primary. The old one must be dead, and stay so.

        A copy of a primary has that one's settings: unless told otherwise it would wait for a standby that it has not.
        """
        assert not self.servers[self.primary].running(), "two primaries would accept two truths"
        async with self.asking(self.standby) as connection:
            await connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
            await connection.execute("SELECT pg_reload_conf()")
            assert await connection.fetchval("SELECT pg_promote(true, 60)"), "it was not promoted in time"
        self.primary, self.standby = self.standby, self.primary

    async def repoint(self):
        """Tell PgBouncer; SIGHUP makes it read its file again. Lists have no replica until there is one again."""
        await asyncio.to_thread(self.point_pgbouncer, self.primary, self.standby)
        self.servers["pgbouncer"].signal(signal.SIGHUP)

    async def rebuild_standby(self):
        """Copy the primary anew to where the old one was, follow it, and let commits wait for it again."""
        async with self.asking() as connection:
            if not await connection.fetchval("SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'replica'"):
                await connection.execute("SELECT pg_create_physical_replication_slot('replica', true)")
        self.servers[self.standby] = await asyncio.to_thread(self._standby_of, self.primary, self.standby)
        await asyncio.to_thread(self.servers[self.standby].start)
        async with self.asking() as connection:
            await connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (replica)'")
            await connection.execute("SELECT pg_reload_conf()")
            async with asyncio.timeout(RETURN_S):
                while await connection.fetchval("SELECT sync_state FROM pg_stat_replication") != "sync":
                    await asyncio.sleep(POLL_S)

    def _standby_of(self, primary, name):
        """A new data directory in place of the old one, on a small disk where one can be mounted: see `small_disk`."""
        for path in (self.folder / name, self.folder / f"{name}-run"):
            shutil.rmtree(path)
        self._wants_small_disk = name
        return self._postgres(name, PRIMARY_HOST="localhost", PRIMARY_PORT=str(self.ports[primary]))

    def _directory(self, name):
        directory = super()._directory(name)
        if name == self._wants_small_disk and not self._small_disks and small_disk.mounted(directory, POSTGRES_USER):
            self._small_disks[name] = directory
        return directory
