"""Update the catalogs of the pages, src/sgate/web/locales/*.po, from the sentences in templates and code.

New sentences are added untranslated, and sentences that no longer exist are removed. With `--check`, which the tests
use, nothing is written, and the exit status is 1 if a catalog is incomplete or out of date.
"""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from sgate.web.i18n import DEFAULT, LANGUAGES

WEB = Path(__file__).parent.parent / "src" / "sgate" / "web"
LOCALES = WEB / "locales"
KEYWORDS = {"_": None, "N_": None, "words": None, "many": (1, 2)}
"""The functions whose first argument (first two for `many`) is a sentence."""

Row = tuple[int, str | tuple[str, ...], list[str], str | None]

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
WIDTH = 120


def main() -> None:
    check = "--check" in sys.argv[1:]
    problems: list[str] = []
    for code in LANGUAGES:
        if code == DEFAULT:
            continue
        path = LOCALES / f"{code}.po"
        catalog = updated(path, code)
        problems += [f"{path.name}: {problem}" for problem in problems_of(catalog)]
        text = written(catalog)
        if text != (path.read_bytes() if path.exists() else b""):
            if check:
                problems.append(f"{path.name}: out of date, run `make translations`")
            else:
                path.write_bytes(text)
                print(f"wrote {path.name}")
    for problem in problems:
        print(problem, file=sys.stderr)
    if check and problems:
        sys.exit(1)


def sentences() -> Catalog:
    """Return all sentences with their locations."""
    found = Catalog(charset="utf-8")
    for path, messages in _extracted():
        for _line, message, comments, context in messages:
            found.add(message, None, [(path, None)], auto_comments=comments, context=context)  # type: ignore[list-item]
    return found


def _extracted() -> Iterator[tuple[str, list[Row]]]:
    for path in sorted(WEB.rglob("*.html")):
        with path.open("rb") as file:
            yield (
                str(path.relative_to(WEB)),
                list(extract(babel_extract, file, KEYWORDS, options={"encoding": "utf-8"})),
            )
    for path in sorted(WEB.rglob("*.py")):
        with path.open("rb") as file:
            yield str(path.relative_to(WEB)), list(extract("python", file, KEYWORDS))


def updated(path: Path, code: str) -> Catalog:
    """Return the catalog with the current sentences. Removed ones are dropped, and no translation is guessed."""
    before = Catalog(locale=code)
    if path.exists():
        with path.open("rb") as file:
            before = read_po(file, locale=code)
    after = Catalog(
        locale=code,
        charset="utf-8",
        header_comment=f"# The pages in {LANGUAGES[code]}.",
        fuzzy=False,
        creation_date=datetime(2026, 1, 1, tzinfo=UTC),
        revision_date=datetime(2026, 1, 1, tzinfo=UTC),
    )
    for message in sentences():
        if not message.id:
            continue
        known = before.get(message.id if isinstance(message.id, str) else message.id[0])
        after.add(message.id, known.string if known is not None else None, sorted(set(message.locations)))
    return after


def problems_of(catalog: Catalog) -> Iterator[str]:
    """Yield the missing translations and those whose placeholders differ from the sentence's."""
    for message in catalog:
        if not message.id:
            continue
        name = message.id if isinstance(message.id, str) else message.id[0]
        strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
        if len(strings) < (1 if isinstance(message.id, str) else catalog.num_plurals) or not all(strings):
            yield f"not translated: {name}"
            continue
        yield from _wrong_placeholders(message, name, strings)


def _wrong_placeholders(message: Message, name: str, strings: list[str]) -> Iterator[str]:
    wanted = set(PLACEHOLDER.findall(name if isinstance(message.id, str) else message.id[-1]))
    for string in strings:
        given = set(PLACEHOLDER.findall(string))
        # The forms for one and two may spell out the number.
        if given != wanted and not (
            not isinstance(message.id, str) and wanted - given == {"count"} and given <= wanted
        ):
            yield f"wrong placeholders: {name}"


def written(catalog: Catalog) -> bytes:
    out = BytesIO()
    write_po(out, catalog, width=WIDTH, sort_output=True, omit_header=False, include_lineno=False)
    return re.sub(
        rb'"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By|Report-Msgid-Bugs-To|Project-Id-Version):.*\n',
        b"",
        out.getvalue(),
    )


if __name__ == "__main__":
    main()
