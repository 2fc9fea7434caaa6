"""Everything that compose.production.yaml puts together, as processes: its scripts, its configuration, TLS on each line.

PostgreSQL with a synchronous replica, PgBouncer in transaction mode, Redis with a password, nginx, and sGate with every
secret in a file.
"""

import asyncio
import contextlib
import shutil
import subprocess

import aiohttp
import asyncpg
import pytest

from deploy.machinery import POSTGRES_BIN, Daemon, Nginx, owned, shell
from system.processes import Program, Server, Simulator, command, free_port, make_merchant, until
from workers.receiver import Receiver

pytestmark = pytest.mark.timeout(300)

AMOUNT_SATS = 40_000


class Stack:
    """The servers that sGate needs, each on a loopback port."""

    def __init__(self, folder):
        self.folder = folder
        self.ports = {name: free_port() for name in ("postgres", "replica", "pgbouncer", "redis")}
        self.secrets = folder / "secrets"

    def prepare(self):
        """The secrets, made by the script an operator runs; the names are those of this machine."""
        shell(
            "prepare.sh",
            self.secrets,
            PGBOUNCER_ADDRESS=f"localhost:{self.ports['pgbouncer']}",
            POSTGRES_ADDRESS=f"localhost:{self.ports['postgres']}",
            REDIS_ADDRESS=f"localhost:{self.ports['redis']}",
            EXTRA_NAMES="DNS:localhost,IP:127.0.0.1",
        )
        owned(self.secrets)
