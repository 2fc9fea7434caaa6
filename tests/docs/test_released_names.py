"""Names of the last release stay: who upgrades finds every call, field, error code, event, setting and command again."""

import json
from pathlib import Path

import pytest

from docs.released_names import commands_in, names_in

DOCS = Path(__file__).parents[2] / "docs"
RELEASED = json.loads((Path(__file__).parent / "released_names.json").read_text())


@pytest.mark.parametrize("kind", RELEASED)
def test_every_released_name_is_still_there(kind):
    assert sorted(set(RELEASED[kind]) - set(names_in(DOCS)[kind])) == []


def test_names_are_found():
    assert {kind: len(found) for kind, found in names_in(DOCS).items() if len(found) < 10} == {}
    assert commands_in("### sgate run\n| `--role api\\|watcher` |  | Roles. |\n") == ["sgate run", "sgate run --role"]
