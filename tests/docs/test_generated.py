"""Documents that are made from code are what the code says."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_settings_errors_openapi_commands_and_schema_are_up_to_date():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_examples_of_the_api_are_what_a_new_run_records():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "api_examples.py", "--check"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
