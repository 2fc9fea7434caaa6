"""The script with which compose.yaml prepares a new PostgreSQL for one machine."""

import base64
import hashlib
import hmac
import subprocess

import asyncpg
import pytest

from servers.machinery import DEPLOY
from servers.postgres_15 import BINARIES, Postgres
from servers.processes import Server, command
from sgate.store import grants

PASSWORDS = {"POSTGRES_OWNER_PASSWORD": "0wner's", "POSTGRES_APP_PASSWORD": "appl1cation"}


@pytest.fixture
async def prepared(place):
    place.chmod(0o755)
    server = Postgres.made(place / "data")
    try:
        await server.ready()
        subprocess.run(
            ["sh", str(DEPLOY / "postgres" / "initdb-one-machine.sh")],
            env={"PATH": f"{BINARIES}:/usr/bin:/bin", "PGHOST": str(server.sockets), **PASSWORDS},
            check=True,
            capture_output=True,
            timeout=60,
        )
        yield server
    finally:
        server.stop()


async def test_the_owner_migrates_and_the_application_serves_without_its_rights(prepared, place):
    application, owner = [f"postgresql://{role}@/sgate?host={prepared.sockets}" for role in ("sgate_app", "sgate")]
    settings = {"database_url": application, "data_dir": place}
    status, _, errors = command(place, "migrate", **settings, database_owner_url=owner)
    assert status == 0, errors
    async with Server(place, **settings) as server:
        assert "Traceback" not in server.text
    connection = await asyncpg.connect(application)
    rights = await grants.of_current_role(connection)
    assert (rights.owns, rights.creates, rights.missing, rights.excess) == (False, False, [], [])
    await connection.close()


async def test_the_passwords_are_those_of_the_environment(prepared):
    connection = await asyncpg.connect(prepared.url)
    for role, password in (("sgate", "0wner's"), ("sgate_app", "appl1cation")):
        stored = await connection.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = $1", role)
        assert stored.startswith("SCRAM-SHA-256$")
        assert _matches(stored, password)
    await connection.close()


def _matches(stored, password):
    """Whether a verifier of PostgreSQL belongs to a password (RFC 5802)."""
    _, parameters, keys = stored.split("$")
    iterations, salt = parameters.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(iterations))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return base64.b64decode(keys.split(":")[0]) == hashlib.sha256(client_key).digest()
