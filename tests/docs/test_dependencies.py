"""Every dependency has its reason written down, and nothing is written down that is not there."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=;~! ]", requirement)[0] for requirement in requirements}


def test_the_list_of_dependencies_and_their_reasons_are_the_same():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = [entry for group in project["dependency-groups"].values() for entry in group if isinstance(entry, str)]
    needed = names(project["project"]["dependencies"]) | names(groups)
    needed |= {name for extra in project["project"]["optional-dependencies"].values() for name in names(extra)}
    listed, _, _ = (ROOT / "docs" / "dependencies.md").read_text().partition("## What we wrote ourselves")
    rows = [line for line in listed.splitlines() if line.startswith("| `")]
    explained = {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    assert needed == explained


def test_the_lock_files_name_no_host():
    for lock in ROOT.glob("requirements*.lock"):
        assert not re.search(r"https?://|--index-url|--extra-index-url", lock.read_text()), lock.name
