"""`sgate doctor`: check this installation and show how to fix each problem."""

import typer

from sgate.cli.operator import checks
from sgate.cli.operator.checks import Check, Level
from sgate.cli.operator.checks_database import database_checks
from sgate.cli.operator.checks_network import network_checks
from sgate.cli.operator.processes import NO_DATABASE, NO_DATABASE_ADVICE, load_settings, run_loop
from sgate.cli.printing import JsonOption, escape, examples, line, print_json
from sgate.cli.problems import OperatorError
from sgate.db.embedded import EmbeddedUnavailable, is_installed
from sgate.runtime import factories
from sgate.settings.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

COLORS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@app.command(
    "doctor", epilog=examples("sgate doctor", "sgate doctor --json | jq '.checks[] | select(.level != \"ok\")'")
)
def doctor(as_json: JsonOption = False) -> None:
    """Check this installation and show how to fix each problem.

    Run it on the server's machine with the same environment, so that it reads the same settings. It checks the database
    and its schema, the chain's API, clocks, Redis, secret keys, the public URL, and whether webhook endpoints can be
    reached. It changes nothing and sends no webhooks. The exit status is 1 if a check fails; warnings do not count.
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
        return [checks.fail("settings", str(error), "Fix this variable; docs/settings.md lists them all.")]
    local = [
        checks.settings_check(settings),
        checks.secret_keys_check(settings),
        checks.data_directory_check(settings),
    ]
    return [*local, *_database(settings), *run_loop(network_checks(settings))]


def _database(settings: Settings) -> list[Check]:
    embedded = factories.data_directory(settings) / "postgres"
    if settings.database_url is None and not is_installed():
        return [checks.fail("database", NO_DATABASE, NO_DATABASE_ADVICE)]
    if settings.database_url is None and not embedded.exists():
        advice = "`sgate run` and `sgate demo` create one. To use your own server, set SGATE_DATABASE_URL."
        return [checks.warn("database", f"there is no embedded database in {embedded} yet", advice)]
    try:
        with factories.database(settings) as urls:
            return run_loop(database_checks(settings, urls))
    except EmbeddedUnavailable as error:
        return [
            checks.fail("database", str(error), "Set SGATE_DATA_DIR, or SGATE_DATABASE_URL to use your own server.")
        ]


def _print(check: Check) -> None:
    color = COLORS[check.level]
    line(f"[{color}]{check.level:<4}[/]  [bold]{escape(check.name)}[/]: {escape(check.found)}")
    if check.advice is not None:
        line(f"      [dim]→[/] {escape(check.advice)}")


def _summary(found: list[Check]) -> str:
    count = {level: sum(check.level is level for check in found) for level in Level}
    return f"Passed: {count[Level.OK]}, warnings: {count[Level.WARN]}, failed: {count[Level.FAIL]}."
