"""`make docs` builds a site without a warning, and the site asks nobody else for anything."""

import os
import re
import subprocess
import sys

import pytest

from docs.pages import ROOT, pages

LOADS = re.compile(r"""<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=["']?(?P<src>[^"'\s>]+)|<link\b[^>]*>""")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    directory = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", directory],
        cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return directory


def test_every_page_is_on_the_site_and_in_the_navigation(site):
    known = (site / "llms.txt").read_text()
    for page in pages():
        if page.startswith("docs/"):
            name = page.removeprefix("docs/")
            assert (site / name).exists()
            assert f"]({name})" in known, f"{name} is not in the nav of mkdocs.yml"


def test_the_site_loads_nothing_from_anybody_else(site):
    for page in site.rglob("*.html"):
        for tag in LOADS.finditer(page.read_text("utf-8")):
            loaded = tag["src"] or ""
            if tag[0].startswith("<link") and "canonical" not in tag[0]:
                loaded = re.search(r"""href=["']?([^"'\s>]+)""", tag[0])[1]
            assert not re.match(r"(https?:)?//", loaded), f"{page.name} loads {loaded}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", sheet.read_text("utf-8")), sheet.name


def test_models_find_the_texts(site):
    for name in re.findall(r"\]\(([\w/.-]+\.md)\)", (site / "llms.txt").read_text()):
        assert (site / name).read_text().startswith(("# ", "<!--")), name
    assert "payment_intents.create" in (site / "llms-full.txt").read_text()
