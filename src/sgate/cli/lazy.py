"""Commands that are imported when they are asked for: `sgate --help` must not load a web server to print a page.

The table says what the help page and the shell's completion need to know of a command; a test compares the sentences
with the commands' own.
"""

from collections.abc import Mapping
from importlib import import_module
from inspect import cleandoc
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

START, DEVELOP, OPERATE = "Start here", "For developers (they talk to a running server)", "For operators"


class Entry(NamedTuple):
    """A command or a group of commands: where its Typer application is, and its line on the help page."""

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
        "sgate.cli.operator.doctor:app", "Check this installation, and say what to do about what is wrong.", START
    ),
    "login": Entry("sgate.cli.developer.login:app", "Keep an API key for the other commands.", DEVELOP),
    "logout": Entry("sgate.cli.developer.logout:app", "Forget a stored API key.", DEVELOP),
    "whoami": Entry("sgate.cli.developer.whoami:app", "Show which server and merchant the commands talk to.", DEVELOP),
    "listen": Entry(
        "sgate.cli.developer.listen:app", "Watch events as they happen, and forward them to your own machine.", DEVELOP
    ),
    "trigger": Entry(
        "sgate.cli.developer.trigger:app", "Make an event really happen, on the simulated chain.", DEVELOP
    ),
    "intents": Entry(
        "sgate.cli.developer.intents:app", "Make payment intents, look at them, and watch them being paid.", DEVELOP
    ),
    "events": Entry("sgate.cli.developer.events:app", "Look at events, and have them sent again.", DEVELOP),
    "logs": Entry(
        "sgate.cli.developer.logs:app", "Follow what is sent to your webhook endpoints, and what they answer.", DEVELOP
    ),
    "merchants": Entry("sgate.cli.operator.merchants:app", "Make and list merchants.", OPERATE),
    "keys": Entry("sgate.cli.operator.keys:app", "Make, list and revoke keys.", OPERATE),
    "chain": Entry("sgate.cli.operator.chain:app", "The chain as this gateway sees it.", OPERATE),
    "ledger": Entry("sgate.cli.operator.ledger:app", "The books: check them, restore them from the chain.", OPERATE),
    "inbox": Entry("sgate.cli.operator.inbox:app", "Deposits that belong to no merchant.", OPERATE),
    "maintenance": Entry(
        "sgate.cli.operator.maintenance:app", "Refuse calls that write for a while, without a restart.", OPERATE
    ),
    "migrate": Entry("sgate.cli.operator.migrate:app", "Bring the database's schema up to date.", OPERATE),
    "simulator": Entry("sgate.cli.operator.simulator:app", "Run the simulated chain.", OPERATE),
}


def load(name: str) -> TyperCommand | TyperGroup:
    """Import a command of the table."""
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
    """A docstring as paragraphs of one line, that a terminal may break where it ends."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in cleandoc(text).split("\n\n"))


class LazyGroup(TyperGroup):
    """The `sgate` command: it knows its commands by name, and imports the one that is called."""

    def __init__(self, **attributes: Any) -> None:
        """Used by Typer."""
        super().__init__(**attributes)
        for name, entry in COMMANDS.items():
            self.add_command(TyperCommand(name, help=entry.help, rich_help_panel=entry.panel))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called."""
        if args and args[0] in COMMANDS:
            return args[0], load(args[0]), args[1:]
        return super().resolve_command(ctx, args)
