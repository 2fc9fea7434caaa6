"""The names that merchants and operators rely on: calls, fields, error codes, events, settings, commands and metrics."""

import json
import re
from pathlib import Path


def names_in(docs: Path) -> dict[str, list[str]]:
    """Return the names in the generated documents of a folder, sorted."""
    document = json.loads((docs / "openapi.json").read_text())
    schemas = document["components"]["schemas"]
    metrics = (docs / "metrics.md").read_text()
    return {
        "calls": sorted(
            f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods
        ),
        "operations": sorted(one["operationId"] for methods in document["paths"].values() for one in methods.values()),
        "parameters": sorted(
            f"{one['operationId']} {parameter['name']}"
            for methods in document["paths"].values()
            for one in methods.values()
            for parameter in one["parameters"]
        ),
        "fields": sorted(
            f"{name}.{field}" for name, schema in schemas.items() for field in schema.get("properties", ())
        ),
        "events": sorted(document["webhooks"]),
        "errors": sorted(re.findall(r"^\| `(\w+)` \| \d", (docs / "errors.md").read_text(), re.MULTILINE)),
        "settings": sorted(re.findall(r"^\| `(SGATE_\w+)`", (docs / "settings.md").read_text(), re.MULTILINE)),
        "commands": sorted(commands_in((docs / "cli.md").read_text())),
        "metrics": sorted(set(re.findall(r"`(sgate_\w+)`", metrics))),
    }


def commands_in(text: str) -> list[str]:
    """Return the commands of the reference, and each with its options."""
    found, command = [], ""
    for line in text.splitlines():
        if heading := re.match(r"### (sgate .*)", line):
            command = heading[1]
            found.append(command)
        elif command and (option := re.match(r"\| `(--[\w-]+)", line)):
            found.append(f"{command} {option[1]}")
    return found
