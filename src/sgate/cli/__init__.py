"""The `sgate` command."""

import sys

import typer
from rich.console import Console
from rich.markup import escape

from sgate.cli import chain, demo, inbox, keys, ledger, maintenance, merchants, migrate, run, simulator
from sgate.cli.problems import OperatorError
from sgate.settings import SettingsError
from sgate.telemetry import logging

app = typer.Typer(
    name="sgate",
    help="A self-hosted payment gateway for sBTC. Start with `sgate demo`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("demo")(demo.demo)
app.command("run")(run.run)
app.command("simulator")(simulator.simulator)
app.command("migrate")(migrate.migrate)
app.add_typer(merchants.app, name="merchants")
app.add_typer(maintenance.app, name="maintenance")
app.add_typer(keys.app, name="keys")
app.add_typer(chain.app, name="chain")
app.add_typer(ledger.app, name="ledger")
app.add_typer(inbox.app, name="inbox")


def main() -> None:
    """Run the command; a wrong setting or a missing database is one sentence, not a traceback."""
    logging.configure("warning")  # standard output is for answers; `sgate run` sets what the settings say
    try:
        app()
    except (SettingsError, OperatorError) as error:
        Console(stderr=True, highlight=False).print(f"[bold red]sgate:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(2)
