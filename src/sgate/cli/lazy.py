"""Commands that are imported only when they are called, so that `sgate --help` does not load a web server.

The table `COMMANDS` contains all that the help page and shell completion need to know about each command. A test
compares the help texts in the table with those of the commands.
"""

from collections.abc import Mapping
from importlib import import_module
from inspect import cleandoc
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

START, DEVELOP, OPERATE = "Start here", "For developers (these commands call a running server)", "For operators"


class Entry(NamedTuple):
    """A command or command group.

    Attributes:
        place: the location of its Typer application, as `module:attribute`.
        help: its line on the help page.
        panel: the section of the help page.
    """

    place: str
    help: str
    panel: str


COMMANDS: Mapping[str, Entry] = {
    "demo": Entry(
        "sgate.cli.demo:app",
        "Watch a payment from intent to signed webhook, on an embedded database and a simulated chain.",
        START,
    ),
    "run": Entry(
        "sgate.cli.operator.run:app",
        "Run the gateway: the API with its pages, the watcher, the deliverer and maintenance.",
        START,
    ),
    "doctor": Entry(
        "sgate.cli.operator.doctor:app", "Check this installation and show how to fix each problem.", START
    ),
    "login": Entry("sgate.cli.developer.login:app", "Store an API key for the other commands.", DEVELOP),
    "logout": Entry("sgate.cli.developer.logout:app", "Remove a stored API key.", DEVELOP),
    "whoami": Entry("sgate.cli.developer.whoami:app", "Show which server and merchant the commands use.", DEVELOP),
    "listen": Entry(
        "sgate.cli.developer.listen:app", "Watch events as they happen, and forward them to your machine.", DEVELOP
    ),
    "trigger": Entry("sgate.cli.developer.trigger:app", "Cause an event on the simulated chain.", DEVELOP),
    "intents": Entry("sgate.cli.developer.intents:app", "Create payment intents, and watch them being paid.", DEVELOP),
    "events": Entry("sgate.cli.developer.events:app", "List events, and resend them.", DEVELOP),
    "logs": Entry(
        "sgate.cli.developer.logs:app", "Follow the deliveries to your webhook endpoints, and their responses.", DEVELOP
    ),
    "merchants": Entry("sgate.cli.operator.merchants:app", "Create, list, export and suspend merchants.", OPERATE),
    "keys": Entry("sgate.cli.operator.keys:app", "Create, list and revoke API keys, and manage secret keys.", OPERATE),
    "chain": Entry("sgate.cli.operator.chain:app", "Show how far the chain is read, and read it again.", OPERATE),
    "ledger": Entry("sgate.cli.operator.ledger:app", "Verify the ledger, or rebuild it from the chain.", OPERATE),
    "inbox": Entry("sgate.cli.operator.inbox:app", "List and assign deposits that belong to no merchant.", OPERATE),
    "maintenance": Entry(
        "sgate.cli.operator.maintenance:app", "Refuse write calls to the API, without a restart.", OPERATE
    ),
    "migrate": Entry("sgate.cli.operator.migrate:app", "Bring the database schema up to date.", OPERATE),
    "simulator": Entry("sgate.cli.operator.simulator:app", "Run the simulated chain.", OPERATE),
}


def load(name: str) -> TyperCommand | TyperGroup:
    """Import the command with this name from the table, and return it."""
    module, _, attribute = COMMANDS[name].place.partition(":")
    application: typer.Typer = getattr(import_module(module), attribute)
    commands = application.registered_commands
    single = len(commands) == 1 and commands[0].name == name
    command: Any = get_command(application) if single else get_group(application)
    command.name = name
    for each in (command, *getattr(command, "commands", {}).values()):
        each.help = _flowing(each.help or "")
    return command


def _flowing(text: str) -> str:
    """Join each paragraph of a docstring into one line, which the terminal wraps at its own width."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in cleandoc(text).split("\n\n"))


class LazyGroup(TyperGroup):
    """The `sgate` command. It lists its commands from the table, and imports only the command that is called."""

    def __init__(self, **attributes: Any) -> None:
        """Register the commands of the table; called by Typer."""
        super().__init__(**attributes)
        for name, entry in COMMANDS.items():
            self.add_command(TyperCommand(name, help=entry.help, rich_help_panel=entry.panel))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command to run and its arguments, importing the command first."""
        if args and args[0] in COMMANDS:
            return args[0], load(args[0]), args[1:]
        return super().resolve_command(ctx, args)
