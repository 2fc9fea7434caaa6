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
SETTINGS = ("src/sgate/settings/settings.py", "src/sgate/settings.py")
"""Where they stand, and where they stood in older commits."""

ORDER = ("maintenance", "deliverer", "watcher", "api")
"""As deploy/roll.sh: workers before the api."""


async def roll_back_and_forward(house):
    """The oldest version that fits takes over, process by process; then today's code again."""
    commit = _oldest_that_fits(house.settings)
    older = _checked_out(commit, house.folder / "older")
    newer = house.of_role("api")[0].sources
    began = time.monotonic()
    for sources in (older, newer):
        for role in ORDER:
            for process in house.of_role(role):
                await replace(process, sources)
    behind = _git("rev-list", "--count", f"{commit}..HEAD").strip()
    notes = f"to commit {commit[:10]}, {behind} commits ago, and back again"
    return Recovery(time.monotonic() - began, "for sixteen replacements", notes)


def _oldest_that_fits(settings):
    """The oldest commit of the main line that has today's schema and knows the settings that the rig uses."""
    names = {name.partition("__")[0].removesuffix("_file") for name in (*settings, "metrics_port")}
    try:
        schema_since = _git("log", "-1", "--first-parent", "--format=%H", "--", MIGRATIONS).strip()
        younger = _git("rev-list", "--first-parent", "--reverse", f"{schema_since}..HEAD").split()
        for commit in (schema_since, *younger[:-1]):
            known = _settings_of(commit)
            if all(f"\n    {name}: " in known for name in names):
                return commit
    except (OSError, subprocess.CalledProcessError):
        raise Skipped("there is no git history here to take an older version from") from None
    raise Skipped("no older commit has the same schema and knows the same settings")


def _settings_of(commit):
    """The text that defines the settings of a commit."""
    there = _git("ls-tree", "-r", "--name-only", commit, "src/sgate").splitlines()
    return _git("show", f"{commit}:{next(path for path in SETTINGS if path in there)}")


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
