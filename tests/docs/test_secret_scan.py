"""`make secrets` finds what must not be published, and nothing in what is made up."""

import secrets
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCAN = ROOT / "tools" / "find_secrets.py"


def scan(path):
    return subprocess.run([sys.executable, SCAN, str(path)], capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("key = '-----BEGIN RSA " + "PRIVATE KEY-----'\n", "Private Key"),
        ("SGATE_API_KEY=sk_live_" + secrets.token_hex(32) + "\n", "sGate API key"),
        ("aws = 'AKIA" + "QYLPMN5HHHFPZAM2'\n", "AWS Access Key"),
        ("SGATE_DATABASE_URL=postgresql://sgate:" + "hunter2hunter2@db.example/sgate\n", "Basic Auth Credentials"),
    ],
    ids=["private key", "our key", "cloud", "database"],
)
def test_a_secret_is_found(tmp_path, text, kind):
    path = tmp_path / "settings.env"
    path.write_text(text)
    done = scan(path)
    assert done.returncode == 1
    assert f"{path}:1: {kind}" in done.stdout


def test_examples_are_none(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("sk_test_" + "0a" * 32 + "\n`Authorization: Bearer sk_test_...`\n")
    assert scan(path).returncode == 0
