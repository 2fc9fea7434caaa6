"""`sgate doctor`: check this installation, and say what to do about what is wrong."""

import typer
from rich.markup import escape

from sgate.cli.operator import checks
from sgate.cli.operator.checks import Check, Level
from sgate.cli.operator.checks_database import database_checks
from sgate.cli.operator.checks_network import network_checks
from sgate.cli.operator.processes import load_settings, run_loop
from sgate.cli.printing import JsonOption, examples, line, print_json
from sgate.cli.problems import OperatorError
from sgate.db.embedded import EmbeddedUnavailable
from sgate.runtime import factories
from sgate.settings.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@app.command(
    "doctor", epilog=examples("sgate doctor", "sgate doctor --json | jq '.checks[] | select(.level != \"ok\")'")
)
def doctor(as_json: JsonOption = False) -> None:
    """Check this installation, and say what to do about what is wrong.

    Run it where the server runs, with the same environment: it reads the same settings. It looks at the database and
    its schema, the chain's API, clocks, Redis, secret keys, the public address, and whether webhook endpoints can be
    reached. It changes nothing and sends no webhook. Exit status 1 if a check fails; warnings do not count.
    """
    found = _examine()
    verdict = checks.worst(found)
    if as_json:
        print_json({"level": verdict, "checks": found})
    else:
        for check in found:
            _print(check)
        line(f"\n{_summary(found)}")
    if verdict is Level.FAIL:
        raise typer.Exit(1)


def _examine() -> list[Check]:
    try:
        settings = load_settings()
    except OperatorError as error:
        return [checks.fail("settings", str(error), "Mend this variable; docs/settings.md lists them all.")]
    local = [
        checks.settings_check(settings),
        checks.secret_keys_check(settings),
        checks.data_directory_check(settings),
    ]
    return [*local, *_database(settings), *run_loop(network_checks(settings))]


def _database(settings: Settings) -> list[Check]:
    embedded = factories.data_directory(settings) / "postgres"
    if settings.database_url is None and not embedded.exists():
        advice = "`sgate run` and `sgate demo` make one. For a server of your own set SGATE_DATABASE_URL."
        return [checks.warn("database", f"there is no embedded database in {embedded} yet", advice)]
    try:
        with factories.database(settings) as url:
            return run_loop(database_checks(settings, url))
    except EmbeddedUnavailable as error:
        return [
            checks.fail("database", str(error), "Set SGATE_DATA_DIR, or SGATE_DATABASE_URL for a server of your own.")
        ]


def _print(check: Check) -> None:
    colour = COLOURS[check.level]
    line(f"[{colour}]{check.level:<4}[/]  [bold]{escape(check.name)}[/]: {escape(check.found)}")
    if check.advice is not None:
        line(f"      [dim]→[/] {escape(check.advice)}")


def _summary(found: list[Check]) -> str:
    count = {level: sum(check.level is level for check in found) for level in Level}
    return f"{count[Level.OK]} in order, {count[Level.WARN]} to look at, {count[Level.FAIL]} to mend."
