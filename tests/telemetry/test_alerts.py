"""Each alert uses existing metrics, has a runbook, and fires exactly when it should."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from sgate.cli import lazy
from sgate.core.errors import GatewayError
from sgate.settings.modes import ModeSettings
from sgate.settings.settings import Settings
from sgate.telemetry.metrics import Metrics
from telemetry.expressions import FOREIGN, ROOT, RULES, RUNBOOKS, alerts, metrics_in, recorded, rules

CASES = Path(__file__).parent / "alerts.yml"
PAGES = sorted(RUNBOOKS.glob("*.md"))
SECTIONS = ["## Impact", "## Diagnosis", "## Resolution"]


def promtool(*arguments, cwd):
    return subprocess.run(["promtool", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def test_prometheus_understands_its_configuration_and_the_rules():
    done = promtool("check", "config", "prometheus.yml", cwd=RULES.parent)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_and_stays_silent_on_recorded_series():
    done = promtool("test", "rules", CASES.name, cwd=CASES.parent)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_case_of_both_kinds_for_each_alert():
    cases = yaml.safe_load(CASES.read_text())["tests"]
    covered = {case["name"] for case in cases if f'"{case["name"].split()[0]}"' in case["promql_expr_test"][0]["expr"]}
    assert covered == {f"{alert} {outcome}" for alert in alerts() for outcome in ("fires", "silent")}
    for case in cases:
        [check] = case["promql_expr_test"]
        assert bool(check["exp_samples"]) is case["name"].endswith("fires"), case["name"]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_uses_metrics_that_exist(rule):
    unknown = metrics_in(rule["expr"]) - Metrics().names() - recorded() - FOREIGN
    assert not unknown


@pytest.mark.parametrize("name", alerts())
def test_an_alert_has_a_severity_and_a_runbook(name):
    rule = alerts()[name]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]
    page = ROOT / rule["annotations"]["runbook"]
    assert page == RUNBOOKS / f"{name}.md"
    text = page.read_text("utf-8")
    assert text.startswith(f"# {name}\n\n")
    assert [line for line in text.splitlines() if line.startswith("## ")] == SECTIONS


def test_no_page_is_about_an_alert_that_was_removed():
    assert {page.stem for page in PAGES} == set(alerts()) | {"README"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_metrics_and_links_of_a_page_exist(page):
    text = page.read_text("utf-8")
    assert not metrics_in(text) - Metrics().names() - FOREIGN - {"node_exporter"}
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_and_settings_of_a_page_exist(page):
    text = page.read_text("utf-8")
    for words in re.findall(r"`sgate ([a-z -]+)`", text):
        name, *further = words.split()
        command = lazy.load(name)
        for word in further:
            if word.startswith("--"):
                assert any(word in option.opts for option in command.params), words
            else:
                command = command.commands[word]
    known = {f"SGATE_{name.upper()}" for name in Settings.model_fields}
    known |= {f"SGATE_{mode}__{name.upper()}" for mode in ("LIVE", "TEST") for name in ModeSettings.model_fields}
    for setting in re.findall(r"\bSGATE_[A-Z_]*[A-Z]\b", text):
        assert any(name == setting or name.startswith(f"{setting}_") for name in known), setting
    for code in re.findall(r'code=\\?"([a-z_]+)', text):
        assert code in codes(GatewayError), code


def codes(error):
    return {error.code} | {code for child in error.__subclasses__() for code in codes(child)}
