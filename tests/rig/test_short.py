"""The short version of the rig: all of production as processes, a handful of faults, nothing lost."""

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
def test_production_survives_a_handful_of_faults_and_loses_nothing(tmp_path):
    """One test, so that one process of the test run does it, once."""
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
    told = json.loads((tmp_path / "report.json").read_text())
    assert [check["sentence"] for check in told["books"] if check["wrong"]] == [], done.stdout
    # How long recoveries take depends on what else the machine does: `make rig` judges them, this test does not.
    assert [fault["name"] for fault in told["faults"] if fault["no_failures"] and fault["failed"]] == [], done.stdout
    assert [fault["name"] for fault in told["faults"] if fault["error"] or fault["skipped"]] == []
    assert {fault["name"] for fault in told["faults"]} >= {
        "kill -9 of an api process",
        "kill -9 of the leading watcher",
        "kill -9 of a deliverer",
        "PostgreSQL restarts",
        "rolling restart of the api",
    }
    assert {cost["call"]: cost["share"] > 0 for cost in told["through_pgbouncer"]} == {
        "create": True, "retrieve": True, "list": True,
    }  # fmt: skip
    assert told["totals"]["intents"] > 100, "there must have been something to lose"
    assert told["lost"] == 0
    assert done.returncode == (0 if told["passed"] else 1)
    assert "<svg" in (tmp_path / "report.html").read_text()
