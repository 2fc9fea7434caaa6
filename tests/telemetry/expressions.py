"""The contents of rules, dashboards and runbooks."""

import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
RUNBOOKS = ROOT / "docs" / "runbooks"
DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))

FOREIGN = {"up", "node_filesystem_avail_bytes", "node_filesystem_size_bytes"}
"""Metrics of Prometheus itself and of node_exporter."""

_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_NAME = re.compile(r"\b(?:sgate:[a-z0-9_:]+|(?:sgate|process|python|node)_[a-z0-9_]+|up)\b")


def rules():
    """Return all rules: recording rules and alerts."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def alerts():
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recorded():
    return {rule["record"] for rule in rules() if "record" in rule}


def metrics_in(text):
    """Return the names of metrics and recorded rules in an expression or in prose."""
    return set(_NAME.findall(_QUOTED.sub("", text)))


def dashboard_expressions(path):
    """Yield every expression of a dashboard with the title of its panel."""
    board = json.loads(path.read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for variable in board["templating"]["list"]:
        yield variable["name"], variable["query"]["query"]
