"""A small file system in memory, to be filled to its last byte."""

import contextlib
import shutil
import subprocess

SIZE_MIB = 600
BALLAST_LEAVES_BYTES = 0
CHUNK_BYTES = 1024 * 1024


def mounted(path, user):
    """Mount one at this path, which `user` owns; False where that is not allowed."""
    options = f"size={SIZE_MIB}m,mode=0700,uid={user},gid={user}"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "sgate-rig", str(path)], check=False, capture_output=True, timeout=10
    )
    return done.returncode == 0


def unmount(path):
    """Undo it."""
    subprocess.run(["umount", str(path)], check=False, capture_output=True, timeout=10)


class Ballast:
    """A file that takes all the room there is, as long as the block lasts."""

    def __init__(self, disk):
        self._path = disk / "ballast"
        self.bytes = 0

    def __enter__(self):
        with self._path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                self.bytes += file.write(b"\0" * CHUNK_BYTES)
        self._top_up()
        return self

    def _top_up(self):
        """The last pages, which a whole chunk did not fit into."""
        with self._path.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while shutil.disk_usage(self._path.parent).free:
                self.bytes += file.write(b"\0" * 4096)

    def __exit__(self, *_):
        self._path.unlink()
