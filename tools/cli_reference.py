"""The command-line reference, generated from the commands."""

from collections.abc import Iterator
from enum import EnumType
from typing import Any, get_args

from rich.text import Text
from typer.core import TyperGroup

from sgate.cli.lazy import COMMANDS, DEVELOP, OPERATE, START, load

PANELS = (START, DEVELOP, OPERATE)


def cli_reference() -> str:
    """Return the reference as Markdown: a section per panel of `sgate --help`, with a subsection per command."""
    lines: list[str] = []
    for panel in PANELS:
        lines += [f"## {panel}", ""]
        for name, entry in COMMANDS.items():
            if entry.panel == panel:
                lines += _command(name, load(name))
    return "\n".join(lines)


def _command(name: str, command: Any) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        for sub, each in command.commands.items():
            yield from _command(f"{name} {sub}", each)
        return
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    usage = " ".join(["sgate", name, *(["[OPTIONS]"] if options else []), *(_argument(each) for each in arguments)])
    yield from (f"### sgate {name}", "", "```text", usage, "```", "", command.help, "")
    if command.params:
        yield from ("| option | default | description |", "|---|---|---|", *(_row(each) for each in command.params), "")
    examples = [line for line in Text.from_markup(command.epilog or "").plain.splitlines() if line.startswith("$ ")]
    if examples:
        yield from ("```sh", *(line.removeprefix("$ ") for line in examples), "```", "")


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name.upper()).strip("[]")
    return name if parameter.required else f"[{name}]"


def _row(parameter: Any) -> str:
    names = [_argument(parameter)] if parameter.param_type_name == "argument" else _option(parameter)
    default = parameter.default
    no_default = default is None or isinstance(default, bool) or callable(default)
    shown = "" if no_default else f"`{getattr(default, 'value', default)}`"
    return f"| {', '.join(f'`{name}`' for name in names)} | {shown} | {_cell(parameter.help)} |"


def _option(parameter: Any) -> list[str]:
    value = "" if parameter.is_flag else f" {parameter.metavar or _choices(parameter) or parameter.name.upper()}"
    return [f"{name}{value}" for name in parameter.opts] + list(parameter.secondary_opts)


def _choices(parameter: Any) -> str:
    kind = parameter.type_descriptor.annotation
    kind = next(iter(get_args(kind)), kind)  # the item type of a list
    return "\\|".join(kind) if isinstance(kind, EnumType) else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
