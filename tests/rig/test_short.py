"""The short version of the rig: the production stack as processes, and a few faults that must lose nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from servers.patience import patient

ROOT = Path(__file__).parents[2]
TIMEOUT_S = patient(390)


@pytest.mark.timeout(400)
def test_production_survives_a_few_faults_and_loses_nothing(tmp_path):
    """A single test, so that only one process of the test run starts the rig."""
    done = subprocess.run(
        [sys.executable, "-m", "rig", "--short", "--report", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert (tmp_path / "report.json").exists(), done.stdout + done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert [check["sentence"] for check in report["books"] if check["wrong"]] == [], done.stdout
    # Recovery times depend on the load of the machine: `make rig` checks them, this test does not.
    assert [fault["name"] for fault in report["faults"] if fault["no_failures"] and fault["failed"]] == [], done.stdout
    assert [fault["name"] for fault in report["faults"] if fault["error"] or fault["skipped"]] == []
    assert {fault["name"] for fault in report["faults"]} >= {
        "kill -9 of an api process",
        "kill -9 of the leading watcher",
        "kill -9 of a deliverer",
        "PostgreSQL restarts",
        "rolling restart of the api",
    }
    assert {cost["call"]: cost["share"] > 0 for cost in report["through_pgbouncer"]} == {
        "create": True, "retrieve": True, "list": True,
    }  # fmt: skip
    assert report["totals"]["intents"] > 100, "too few intents to detect a loss"
    assert report["lost"] == 0
    assert done.returncode == (0 if report["passed"] else 1)
    assert "<svg" in (tmp_path / "report.html").read_text()
