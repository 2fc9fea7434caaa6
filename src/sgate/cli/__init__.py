"""The `sgate` command."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

import sgate
from sgate.cli.lazy import LazyGroup
from sgate.cli.problems import OperatorError
from sgate.core.text import shown_lines

app = typer.Typer(
    name="sgate",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sgate {sgate.__version__}")
        raise typer.Exit


@app.callback(
    epilog="Start with [bold]sgate demo[/]. Tab completion for your shell: [bold]sgate --install-completion[/]"
)
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A self-hosted payment gateway for sBTC. Start with `sgate demo`."""
    del version


def main() -> None:
    """Run the command line. An error that the user can fix is printed as one sentence, without a traceback."""
    try:
        app()
    except OperatorError as error:
        Console(stderr=True, highlight=False).print(
            f"[bold red]sgate:[/] {escape(shown_lines(str(error)))}", soft_wrap=True
        )
        sys.exit(error.exit_status)
