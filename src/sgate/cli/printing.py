"""Output of the commands: JSON for programs; lines and tables for people."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape as escape_markup

from sgate.core.text import shown_json, shown_line, shown_lines

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
JSON_INDENT = 2

console = Console(highlight=False)


def escape(text: str) -> str:
    """Return untrusted text for `line`: in one line, without control characters, and without markup."""
    return escape_markup(shown_line(text))


def examples(*lines: str) -> str:
    """Return the epilog of a help page, which shows example commands to copy."""
    return "\n".join(("[bold]Examples[/]", *(escape_markup(f"$ {line}") for line in lines)))


def print_json(value: object) -> None:
    """Print one line of JSON."""
    typer.echo(shown_json(msgspec.json.encode(value).decode()))


def print_object(value: object) -> None:
    """Print indented JSON for people."""
    typer.echo(shown_json(msgspec.json.format(msgspec.json.encode(value), indent=JSON_INDENT).decode()))


def print_table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print aligned columns. A row is one line even in a narrow terminal, so ids are not split and `grep` works.

    Cells may contain untrusted text.
    """
    cells = [list(titles), *([shown_line(str(cell)) for cell in row] for row in rows)]
    widths = [max(cell_len(row[column]) for row in cells) for column in range(len(titles))]
    for number, row in enumerate(cells):
        text = "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        line(escape_markup(text.rstrip()) if number else f"[bold]{escape_markup(text.rstrip())}[/]")


def line(text: str) -> None:
    """Print one line, which may contain markup, without wrapping it. Control characters are replaced."""
    console.print(shown_lines(text), soft_wrap=True)


def local(moment: str | float) -> datetime:
    """Convert an ISO 8601 or Unix time to the local time zone."""
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else datetime.fromtimestamp(moment, UTC)
    return found.astimezone()


def clock(moment: str | float) -> str:
    """Return the local time of day."""
    return f"{local(moment):%H:%M:%S}"


def day_and_time(moment: str | float) -> str:
    """Return the local date and time."""
    return f"{local(moment):%Y-%m-%d %H:%M:%S}"


def plain(text: str, most: int) -> str:
    """Return the first `most` characters of untrusted text as one line, without terminal control characters."""
    return shown_line(" ".join(text.split())[:most])


def sats(amount: int) -> str:
    """Return a formatted amount, such as `25,000 sats`."""
    return f"{amount:,} sats"
