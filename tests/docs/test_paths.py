"""A path that a document names is there: moved code takes its mentions along."""

import re

import pytest

from docs.pages import ROOT, pages

PAGES = [*pages(), "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"]
ROOMS = tuple(sorted(path.name for path in (ROOT / "src" / "sgate").iterdir() if path.is_dir()))
_PATH = re.compile(r"`(?:src/sgate/)?((?:" + "|".join(ROOMS) + r")/[a-z0-9_/]+)(\.[A-Za-z_]+)?`")


def missing(text):
    """Paths below `src/sgate` that lead nowhere; `store/events.HORIZON` names something in a module."""
    found = [match[1].rstrip("/") for match in _PATH.finditer(text)]
    root = ROOT / "src" / "sgate"
    places = {path: (root / path, root / f"{path}.py", *ROOT.glob(f"{path}.*")) for path in found}
    return [path for path in found if not any(place.exists() for place in places[path])]


@pytest.mark.parametrize("page", PAGES)
def test_paths_lead_somewhere(page):
    assert missing((ROOT / page).read_text("utf-8")) == []


def test_a_path_that_leads_nowhere_is_noticed():
    assert missing("`store/payment_intents_create.CREATE`, `web/checkout` and `services/nowhere`") == [
        "services/nowhere"
    ]
