"""MkDocs hooks: pages from files outside docs/, and the Markdown sources beside the pages for language models.

Links in the repository point from file to file, so that they work wherever the files are read. On the site they point
to the pages; a link to a file that is not a page, such as code, is replaced by its text.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import llms
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
OUTSIDE_DOCS = {
    "project/architecture.md": "ARCHITECTURE.md",
    "project/changelog.md": "CHANGELOG.md",
    "project/contributing.md": "CONTRIBUTING.md",
    "project/javascript-sdk.md": "sdk/js/README.md",
    "project/python-sdk.md": "sdk/python/README.md",
    "project/security.md": "SECURITY.md",
}
"""Pages of the site whose files are outside docs/."""

PAGE_OF = {path: name for name, path in OUTSIDE_DOCS.items()} | {
    "README.md": "index.md",
    "docs/schema.sql": "reference/schema.md",
}
"""Files of the repository that have another name on the site."""

SCHEMA_HEAD = """# Database schema

The schema that the migrations create. Facts about money are kept forever, and constraints refuse what must never happen.

"""
FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside docs/."""
    for name, text in _outside_docs().items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Point links to the pages of the site."""
    return site_links(markdown, page.file.src_uri)


def on_post_build(config: MkDocsConfig) -> None:
    """Write the Markdown sources beside the pages, and llms.txt and llms-full.txt to the root of the site."""
    site = Path(config.site_dir)
    pages = _outside_docs()
    for path in (ROOT / "docs").rglob("*.md"):
        pages.setdefault(path.relative_to(ROOT / "docs").as_posix(), path.read_text("utf-8"))
    for source, name in _reference():
        shutil.copy(source, site / "reference/api" / name)
    for name, text in pages.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(site_links(text, name), "utf-8")
    (site / "llms.txt").write_text(llms.llms(config.nav, pages), "utf-8")
    (site / "llms-full.txt").write_text(llms.llms_full(config.nav, pages), "utf-8")


def site_links(markdown: str, name: str) -> str:
    """Turn the links between files in a page into links between pages, except in code blocks."""
    source = OUTSIDE_DOCS.get(name, f"docs/{name}")
    parts, end = [], 0
    for fence in FENCE.finditer(markdown):
        parts += [LINK.sub(lambda link: _link(link, source, name), markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join(parts) + LINK.sub(lambda link: _link(link, source, name), markdown[end:])


def _link(link: re.Match[str], source: str, name: str) -> str:
    image, text, target = link.groups()
    path, _, anchor = target.partition("#")
    if not path or re.match(r"[a-z]+:", target):
        return link[0]
    found = normpath(str(PurePosixPath(source).parent / path))
    page = PAGE_OF.get(found) or (found.removeprefix("docs/") if found.startswith("docs/") else None)
    if page is None and name.startswith("project/") and found in OUTSIDE_DOCS:
        page = found  # the page names another by its name on the site
    if page is None and source.startswith("docs/") and normpath(str(PurePosixPath(name).parent / path)) in OUTSIDE_DOCS:
        return link[0]
    if page is None:
        return text if not image else link[0]
    there = relpath(page, str(PurePosixPath(name).parent))
    return f"{image}[{text}]({there}{'#' + anchor if anchor else ''})"


def _reference() -> Iterator[tuple[Path, str]]:
    """Yield the files of the API reference, which `make web` builds, with their names on the site."""
    static = ROOT / "src/sgate/web/static"
    built = json.loads((static / "manifest.json").read_text("utf-8"))
    entry = built["src/reference.ts"]
    yield static / entry["file"], "reference.js"
    yield static / entry["css"][0], "reference.css"
    for name in entry.get("imports", ()):
        yield static / built[name]["file"], built[name]["file"]


def _outside_docs() -> dict[str, str]:
    """Return the texts of the pages outside docs/, by name."""
    pages = {name: (ROOT / path).read_text("utf-8") for name, path in OUTSIDE_DOCS.items()}
    pages["reference/schema.md"] = f"{SCHEMA_HEAD}```sql\n{(ROOT / 'docs/schema.sql').read_text('utf-8')}```\n"
    return pages
