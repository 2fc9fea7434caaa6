"""The documentation pages, their links, and their code blocks.

A comment before a code block controls how the tests treat it: `<!-- not run: why -->` if it cannot be run,
`<!-- keeps running -->` if it does not end on its own, and `<!-- keeps running: URL -->` if it also serves that URL.
"""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^(?P<fence>`{3,})(?P<info>[^\n]*)\n(?P<code>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"<!-- (?P<kind>not run|keeps running)(?:: (?P<what>[^\n]+))? -->\n\Z")
TITLE = re.compile(r'title="([^"]+)"')
GENERATED_COMMANDS = "<!-- The rest is generated from src/sgate/cli by `make generate`. -->"


class Block(NamedTuple):
    """A block of code: where it stands, what it is, and what is said about running it."""

    page: str
    line: int
    language: str
    title: str | None
    code: str
    not_run: str | None
    keeps_running: str | None
    """`""` if the program keeps running; a URL if it must also respond there; None otherwise."""

    @property
    def place(self):
        return f"{self.page}:{self.line}"


def pages():
    """Every page, by its path in the repository."""
    found = [
        *ROOT.glob("docs/**/*.md"),
        *(ROOT / name for name in ("README.md", "sdk/js/README.md", "sdk/python/README.md")),
    ]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def text_of(page):
    return (ROOT / page).read_text("utf-8")


def blocks_of(page, text=None):
    text = text_of(page) if text is None else text
    return [_block(page, text, fence) for fence in FENCE.finditer(text)]


def _block(page, text, fence):
    mark = MARK.search(text[: fence.start()])
    kind, what = (mark["kind"], mark["what"] or "") if mark else (None, None)
    title = TITLE.search(fence["info"])
    return Block(
        page=page,
        line=text.count("\n", 0, fence.start()) + 1,
        language=fence["info"].split(" ")[0],
        title=title[1] if title else None,
        code=fence["code"],
        not_run=what if kind == "not run" else None,
        keeps_running=what if kind == "keeps running" else None,
    )


def prose_of(page):
    """The text without its code, where a bracket is no link."""
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text_of(page)))


def anchors_of(page):
    """What can be linked to: headings, as every renderer of Markdown names them."""
    names, seen = set(), {}
    for heading in re.findall(r"^#{1,6} (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|`", r"\1", heading).strip().lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = seen[name] = seen.get(name, -1) + 1
        names.add(f"{name}_{count}" if count else name)
    return names
