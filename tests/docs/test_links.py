"""Every link leads somewhere: to a file that is there, and to a heading that it has."""

import re
from pathlib import PurePosixPath
from posixpath import normpath

import pytest

from docs.pages import ROOT, anchors_of, pages, prose_of

PAGES = [*pages(), "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
ON_THE_SITE = {
    "docs/project/python-sdk.md": "sdk/python/README.md",
    "docs/project/javascript-sdk.md": "sdk/js/README.md",
}
"""Pages that the site has from elsewhere; generated pages, which are read there, link to them by these names."""

MADE_FOR_THE_SITE = {"reference.js", "reference.css"}
"""Built files that the site's page of the API loads."""


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    dead = []
    for target in re.findall(r'\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"', prose_of(page)):
        link = target[0] or target[1]
        if link not in MADE_FOR_THE_SITE and not re.match(r"[a-z]+:", link) and not leads_somewhere(page, link):
            dead.append(link)
    assert dead == []


def leads_somewhere(page, link):
    path, _, anchor = link.partition("#")
    found = normpath(str(PurePosixPath(page).parent / path)) if path else page
    found = ON_THE_SITE.get(found, found)
    if not (ROOT / found).exists():
        return False
    return not anchor or anchor in anchors_of(found)


def test_a_dead_link_is_noticed():
    assert not leads_somewhere("README.md", "docs/nowhere.md")
    assert not leads_somewhere("README.md", "docs/webhooks.md#nothing-of-the-kind")
    assert leads_somewhere("README.md", "docs/webhooks.md#verify-it")
