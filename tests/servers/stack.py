"""The servers that compose.production.yaml puts around sGate, each on a loopback port, with the scripts of `deploy`."""

import contextlib
import os
import subprocess
import time

from servers.machinery import DEPLOY, POSTGRES_BIN, POSTGRES_USER, START_S, Daemon, owned, shell
from servers.processes import free_port

SETTINGS = {
    "env": "production",
    "test__source": "simulator",
    "database_tls": "verify-full",
    "database_max_connections": 5,
    "webhook_allow_private": "true",
    "trusted_proxies": "127.0.0.1",
    "drain_s": 0,
}
SECRETS = ("database_url", "database_direct_url", "database_replica_url", "redis_url", "sgate_secret_keys")


class Stack:
    """PostgreSQL with a synchronous replica, PgBouncer, Redis. Use as a context manager."""

    def __init__(self, folder):
        self.folder = folder
        self.secrets = folder / "secrets"
        self.ports = {name: free_port() for name in ("postgres", "replica", "pgbouncer", "redis")}
        self.servers = {}  # by name: what runs, to be stopped and started again
        self._closing = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as closing:
            self.prepare()
            closing.enter_context(self._primary())
            closing.enter_context(self._replica())
            closing.enter_context(self._pgbouncer())
            closing.enter_context(self._redis())
            self._closing = closing.pop_all()
        return self

    def __exit__(self, *_):
        self._closing.close()

    @property
    def settings(self):
        """sGate's: every secret in a file, every connection checked."""
        files = {f"{name.removeprefix('sgate_')}_file": self.secrets / name for name in SECRETS}
        authority = self.secrets / "internal_ca"
        return SETTINGS | files | {"database_ca": authority, "redis_ca": authority}

    @property
    def owner_settings(self):
        """Those of `sgate migrate` alone."""
        return self.settings | {"database_owner_url_file": self.secrets / "database_owner_url"}

    def secret(self, name):
        return (self.secrets / name).read_text().strip()

    def prepare(self):
        shell(
            "prepare.sh",
            self.secrets,
            PGBOUNCER_ADDRESS=f"localhost:{self.ports['pgbouncer']}",
            POSTGRES_ADDRESS=f"localhost:{self.ports['postgres']}",
            REDIS_ADDRESS=f"localhost:{self.ports['redis']}",
            EXTRA_NAMES="DNS:localhost",
        )
        owned(self.secrets)

    def _as_postgres(self, *command, **environment):
        subprocess.run(
            list(map(str, command)),
            cwd=self.folder,
            user=POSTGRES_USER if os.geteuid() == 0 else None,
            env={"PATH": f"{POSTGRES_BIN}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", **environment},
            check=True,
            capture_output=True,
            timeout=120,
        )

    def _directory(self, name):
        directory = self.folder / name
        directory.mkdir(mode=0o700)
        return owned(directory)

    def _postgres(self, name, **environment):
        data, run = self._directory(name), self._directory(f"{name}-run")
        return self._kept(
            name,
            ["sh", DEPLOY / "postgres" / "start.sh"],
            environment={
                "PGDATA": str(data),
                "PGPORT": str(self.ports[name]),
                "RUN_DIR": str(run),
                "SECRETS": str(self.secrets),
                "ENTRYPOINT": "env",  # the image's makes the data directory; here `initdb` does
                **environment,
            },
        )

    @contextlib.contextmanager
    def _primary(self):
        server = self._postgres("postgres")
        password = self.secrets / "postgres_superuser_password"
        self._as_postgres(
            "initdb", "--username=postgres", "--auth-local=peer", "--auth-host=scram-sha-256", "--data-checksums",
            f"--pwfile={password}", "-D", self.folder / "postgres",
        )  # fmt: skip
        with server:
            self._until_accepting(self.ports["postgres"])
            self._as_postgres(
                "sh", DEPLOY / "postgres" / "initdb.sh", PGPORT=str(self.ports["postgres"]), SECRETS=str(self.secrets)
            )
            yield

    def _until_accepting(self, port):
        """It listens before it lets anybody in."""
        deadline = time.monotonic() + START_S
        while subprocess.run([POSTGRES_BIN / "pg_isready", "-q", "-p", str(port)], check=False).returncode != 0:
            assert time.monotonic() < deadline, "PostgreSQL listens, and lets nobody in"
            time.sleep(0.02)

    def _replica(self):
        return self._postgres("replica", PRIMARY_HOST="localhost", PRIMARY_PORT=str(self.ports["postgres"]))

    def _pgbouncer(self):
        where = self._directory("pgbouncer")
        self.point_pgbouncer("postgres", "replica")
        return self._kept("pgbouncer", ["/usr/sbin/pgbouncer", where / "pgbouncer.ini"])

    def point_pgbouncer(self, primary, replica):
        """Write its configuration: which server takes the writes, and which one the lists."""
        where = self.folder / "pgbouncer"
        shell(
            "pgbouncer/render.sh",
            where,
            POSTGRES_HOST="localhost",
            POSTGRES_PORT=self.ports[primary],
            POSTGRES_REPLICA_PORT=self.ports[replica],
            POSTGRES_PASSWORD_FILE=self.secrets / "postgres_app_password",
            PGBOUNCER_ADMIN_PASSWORD_FILE=self.secrets / "pgbouncer_admin_password",
            POSTGRES_CA=self.secrets / "internal_ca",
            PGBOUNCER_LISTEN_ADDRESS="127.0.0.1",
            PGBOUNCER_PORT=self.ports["pgbouncer"],
            PGBOUNCER_CERTIFICATE=self.secrets / "pgbouncer_certificate",
            PGBOUNCER_CERTIFICATE_KEY=self.secrets / "pgbouncer_key",
        )
        owned(where)

    def _redis(self):
        environment = {
            "RUN_DIR": str(self._directory("redis")),
            "SECRETS": str(self.secrets),
            "REDIS_PORT": str(self.ports["redis"]),
            "REDIS_BIND": "127.0.0.1",
        }
        return self._kept("redis", ["sh", DEPLOY / "redis" / "start.sh"], environment=environment)

    def _kept(self, name, command, environment=None):
        self.servers[name] = Daemon(
            self.folder, name, command, self.ports[name], user=POSTGRES_USER, environment=environment
        )
        return self.servers[name]
