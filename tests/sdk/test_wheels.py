"""The wheels of the server and of the Python SDK install into an empty environment and work there."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sdk.casebook import load
from sdk.scripted import ScriptedServer

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
STEP_TIMEOUT_S = 240

pytestmark = pytest.mark.timeout(600)


def run(*command, **environment):
    """Run a command and return its output. Fails with the whole output if the command fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SGATE_", "PYTHON", "VIRTUAL_"))}
    done = subprocess.run(
        [*map(str, command)],
        cwd="/",  # outside our sources
        env={**kept, "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=STEP_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(project, directory):
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", directory, ROOT / project)
    (wheel,) = directory.glob("*.whl")
    run(sys.executable, "-m", "twine", "check", "--strict", wheel)
    return wheel


def pins(directory):
    """Write the versions of the lock files as constraints, so that no new release of a dependency breaks these tests."""
    locked = (ROOT / "requirements-dev.lock").read_text() + (ROOT / "requirements.lock").read_text()
    constraints = directory / "constraints.txt"
    pinned = re.findall(r"^([a-z0-9][\w.-]*==.*?) \\$", locked, re.MULTILINE)
    constraints.write_text("\n".join(sorted(set(pinned))))
    return constraints


def install(wheel, directory):
    """Install a wheel and its dependencies into a new environment, and return its `bin` directory."""
    environment = directory / "environment"
    run(UV, "venv", "--python", sys.executable, environment)
    python = environment / "bin" / "python"
    run(UV, "pip", "install", "--python", python, "--constraint", pins(directory), wheel)
    return environment / "bin"


def test_the_server_installs_from_its_wheel_with_its_pages(tmp_path):
    wheel = build(".", tmp_path)
    names = set(zipfile.ZipFile(wheel).namelist())
    built = {f"sgate/web/static/{path.name}" for path in (ROOT / "src/sgate/web/static").iterdir()}
    assert "sgate/web/static/manifest.json" in built, "the pages are not built: run `make web`"
    assert built <= names
    assert "sgate/store/migrations/versions/0001_payments.sql" in names
    binaries = install(wheel, tmp_path)
    assert "demo" in run(binaries / "sgate", "--help")
    assert run(binaries / "sgate", "keys", "secret").strip()
    script = "from sgate.web.assets import built; print(built().script_url)"
    assert "/assets/" in run(binaries / "python", "-c", script)


def test_the_python_sdk_installs_from_its_wheel_and_calls(tmp_path):
    wheel = build("sdk/python", tmp_path)
    assert "sgate_sdk/py.typed" in zipfile.ZipFile(wheel).namelist()
    python = install(wheel, tmp_path) / "python"
    script = "from sgate_sdk import SGate; print(SGate().payment_intents.create(amount_sats=25_000).id)"
    bodies = load("answers.json")["bodies"]
    with ScriptedServer([{"status": 201, "body": "intent"}], bodies) as server:
        output = run(python, "-c", script, SGATE_API_BASE_URL=server.url, SGATE_API_KEY="sk_test_0")
    assert output.strip() == bodies["intent"]["id"]
    receive = (
        "from sgate_sdk import verify_webhook; from sgate_sdk.testing import *; body = webhook_body(); "
        "print(verify_webhook(body, webhook_headers(body), TEST_SECRET).data.object.status)"
    )
    assert run(python, "-c", receive).strip() == "confirmed"
