"""Two versions at once: every process is replaced by the older one, then by the newer one again."""

import io
import subprocess
import tarfile
import time
from pathlib import Path

from rig.fault import Fault, Recovery, Skipped
from rig.faults_processes import replace

ROOT = Path(__file__).parents[1]
MIGRATIONS = "src/sgate/store/migrations"
ORDER = ("maintenance", "deliverer", "watcher", "api")
"""As deploy/roll.sh: workers before the api."""


async def roll_back_and_forward(house):
    """The oldest commit with today's schema takes over, process by process; then today's code again."""
    commit = _oldest_compatible()
    older = _checked_out(commit, house.folder / "older")
    newer = house.of_role("api")[0].sources
    began = time.monotonic()
    for sources in (older, newer):
        for role in ORDER:
            for process in house.of_role(role):
                await replace(process, sources)
    behind = _git("rev-list", "--count", f"{commit}..HEAD").strip()
    notes = f"to commit {commit[:10]}, {behind} commits ago, which has the same schema, and back again"
    return Recovery(time.monotonic() - began, "for sixteen replacements", notes)


def _oldest_compatible():
    """The commit that made the schema what it is: every later one runs on it."""
    try:
        return _git("log", "-1", "--format=%H", "--", MIGRATIONS).strip()
    except (OSError, subprocess.CalledProcessError):
        raise Skipped("there is no git history here to take an older version from") from None


def _checked_out(commit, where):
    """The sources of a commit; returns the directory to import from."""
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", commit, "src"], check=True, capture_output=True, timeout=30
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(where, filter="data")
    return str(where / "src")


def _git(*arguments):
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], check=True, capture_output=True, text=True, timeout=30
    ).stdout


FAULT = Fault("rolling upgrade: two versions at once", roll_back_and_forward, no_failures=True)
