"""What all commands print with: JSON for machines, lines and tables for people."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
JSON_INDENT = 2

console = Console(highlight=False)


def examples(*lines: str) -> str:
    """The end of a help page: commands to copy."""
    return "\n".join(("[bold]Examples[/]", *(escape(f"$ {line}") for line in lines)))


def print_json(value: object) -> None:
    """One line of JSON."""
    typer.echo(msgspec.json.encode(value).decode())


def print_object(value: object) -> None:
    """An object for people to read: JSON, indented."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=JSON_INDENT).decode())


def print_table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns for people, and for `grep`: one line a row, however narrow the terminal, so that ids stay whole."""
    cells = [list(titles), *([str(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(row[column]) for row in cells) for column in range(len(titles))]
    for number, row in enumerate(cells):
        text = "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        line(escape(text.rstrip()) if number else f"[bold]{escape(text.rstrip())}[/]")


def line(text: str) -> None:
    """One line with markup; it is never broken."""
    console.print(text, soft_wrap=True)


def local(moment: str | float) -> datetime:
    """An ISO 8601 or Unix time, as the clock on the wall shows it."""
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else datetime.fromtimestamp(moment, UTC)
    return found.astimezone()


def clock(moment: str | float) -> str:
    """The local time of day."""
    return f"{local(moment):%H:%M:%S}"


def day_and_time(moment: str | float) -> str:
    """The local day and time."""
    return f"{local(moment):%Y-%m-%d %H:%M:%S}"


def plain(text: str, most: int) -> str:
    """The beginning of somebody else's text, as one line that cannot move the cursor or change colours."""
    return "".join(character if character.isprintable() else "\ufffd" for character in " ".join(text.split())[:most])


def sats(amount: int) -> str:
    """An amount for people."""
    return f"{amount:,} sats"
