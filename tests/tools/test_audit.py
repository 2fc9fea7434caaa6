"""`make audit`: it checks every lock file, and never reports as clean what it could not check."""

import importlib.util
import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:1"


def program():
    specification = importlib.util.spec_from_file_location("audit", ROOT / "tools" / "audit.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


audit = program()


class Advisories(BaseHTTPRequestHandler):
    """npm's advisory service, which knows one vulnerability, in `ms`."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        advisory = {
            "id": 1,
            "title": "Slow",
            "severity": "high",
            "vulnerable_versions": "<99",
            "url": "https://x",
            "cwe": [],
        }
        body = json.dumps({"ms": [advisory | {"name": "ms"}]} if self.server.found else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def npm_registry(monkeypatch, tmp_path):
    """A registry on a loopback port, which `npm audit` queries. Set `found` to make it report a vulnerability."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Advisories)
    server.found = False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _npm_asks(monkeypatch, tmp_path, f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()


def _npm_asks(monkeypatch, tmp_path, url):
    monkeypatch.setenv("npm_config_registry", url)
    monkeypatch.setenv("npm_config_cache", str(tmp_path))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    for proxy in (
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "npm_config_proxy",
        "npm_config_https_proxy",
    ):
        monkeypatch.delenv(proxy, raising=False)


def test_every_lock_file_in_the_repository_is_audited():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    locks = [path for path in tracked if path.endswith(".lock") or Path(path).name == "package-lock.json"]
    assert len(locks) >= 9
    assert set(locks) == {*audit.PYTHON_LOCKS, *audit.NPM_LOCKS}


def test_npm_packages_without_a_known_vulnerability_are_clean(npm_registry, capsys):
    assert audit.audit_npm("examples/express-shop/package-lock.json") == set()
    assert "packages audited, 0 vulnerable" in capsys.readouterr().out


def test_a_vulnerable_npm_package_is_named(npm_registry, capsys):
    npm_registry.found = True
    assert audit.audit_npm("examples/express-shop/package-lock.json") == {audit.VULNERABLE}
    assert "examples/express-shop/package-lock.json: ms: high" in capsys.readouterr().out


def test_a_registry_that_cannot_be_reached_is_not_a_clean_result(monkeypatch, tmp_path, capsys):
    _npm_asks(monkeypatch, tmp_path, NOWHERE)
    assert audit.audit_npm("sdk/js/package-lock.json") == {audit.UNKNOWN}
    assert "sdk/js/package-lock.json: COULD NOT BE AUDITED: " in capsys.readouterr().out


def test_npm_not_installed_is_not_a_clean_result(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert audit.audit_npm("web/package-lock.json") == {audit.UNKNOWN}
    assert "web/package-lock.json: COULD NOT BE AUDITED: " in capsys.readouterr().out


def test_an_advisory_service_of_pypi_that_cannot_be_reached_is_not_a_clean_result(monkeypatch, capsys):
    for proxy in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(proxy, NOWHERE)
    assert audit.audit_python("requirements-uv.lock") == {audit.UNKNOWN}
    assert "requirements-uv.lock: " in capsys.readouterr().out


VULNERABLE = {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
SAFE = {"name": "b", "version": "1", "vulns": []}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found on PyPI and could not be audited: c (1)"}


@pytest.mark.parametrize(
    ("packages", "found"),
    [
        ([SAFE], set()),
        ([SAFE, VULNERABLE], {audit.VULNERABLE}),
        ([SAFE, SKIPPED], {audit.UNKNOWN}),
        ([VULNERABLE, SKIPPED], {audit.VULNERABLE, audit.UNKNOWN}),
        ([], {audit.UNKNOWN}),
    ],
)
def test_the_result_of_a_lock_file_follows_from_its_packages(packages, found, capsys):
    assert audit.report_python("some.lock", packages) == found
    output = capsys.readouterr().out
    assert ("a 1: CVE-1, fixed in 2" in output) is (VULNERABLE in packages)
    assert ("some.lock: NOT AUDITED: c" in output) is (SKIPPED in packages)


@pytest.mark.parametrize(
    ("python", "npm", "status", "incomplete"),
    [
        (set(), set(), 0, False),
        ({1}, set(), 1, False),
        (set(), {2}, 2, True),
        ({1}, {2}, 1, True),
        ({1, 2}, set(), 1, True),
    ],
)
def test_the_exit_status_and_the_last_lines_say_what_the_result_is(
    python, npm, status, incomplete, monkeypatch, capsys
):
    monkeypatch.setattr(audit, "audit_python", lambda _: python)
    monkeypatch.setattr(audit, "audit_npm", lambda _: npm)
    with pytest.raises(SystemExit) as ended:
        audit.main()
    output = capsys.readouterr().out
    assert ended.value.code == status
    assert f"Exit status {status}: " in output
    assert ("AUDIT INCOMPLETE" in output) is incomplete
