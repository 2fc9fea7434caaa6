"""Commands for operators, and their error messages."""

import asyncio
import json
import socket

import aiohttp
import asyncpg
import pytest

from servers.processes import Merchant, Server, command, free_port, make_merchant

pytestmark = pytest.mark.timeout(300)

GOOD_KEY = "0123456789abcdef" * 4
PRODUCTION = {
    "env": "production",
    "database_url": "postgresql://127.0.0.1:1/sgate",
    "secret_keys": GOOD_KEY,
    "public_url": "https://pay.example.com",
    "test__source": "off",
    "metrics_port": "0",
}


def without(name):
    return {key: value for key, value in PRODUCTION.items() if key != name}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"port": "abc"}, "SGATE_PORT"),
        ({"port": "70000"}, "SGATE_PORT"),
        ({"env": "staging"}, "SGATE_ENV"),
        ({"log_level": "loud"}, "SGATE_LOG_LEVEL"),
        ({"public_url": "pay.example.com"}, "SGATE_PUBLIC_URL"),
        ({"webhook_retry_schedule": "often"}, "SGATE_WEBHOOK_RETRY_SCHEDULE"),
        ({"database_max_connections": "0"}, "SGATE_DATABASE_MAX_CONNECTIONS"),
        ({"rate_limit_create": "-1"}, "SGATE_RATE_LIMIT_CREATE"),
        ({"live__source": "simulator"}, "SGATE_LIVE__SOURCE"),
        ({"live__source": "hiro", "live__network": "simulated"}, "SGATE_LIVE__NETWORK"),
        ({"test__source": "simulator", "test__network": "mainnet"}, "SGATE_TEST__NETWORK"),
        ({"live__source": "hiro", "live__gateway_address": "SP000"}, "SGATE_LIVE__GATEWAY_ADDRESS"),
        ({"test__poll_interval_s": "0"}, "SGATE_TEST__POLL_INTERVAL_S"),
        (without("database_url"), "SGATE_DATABASE_URL"),
        (without("secret_keys"), "SGATE_SECRET_KEYS"),
        (without("public_url"), "SGATE_PUBLIC_URL"),
        (without("metrics_port"), "SGATE_METRICS_PORT"),
        (PRODUCTION | {"public_url": "http://pay.example.com"}, "SGATE_PUBLIC_URL"),
        (PRODUCTION | {"secret_keys": "short"}, "SGATE_SECRET_KEYS"),
        (PRODUCTION | {"secret_keys": f"{GOOD_KEY},short"}, "SGATE_SECRET_KEYS"),
        (PRODUCTION | {"secret_keys": "abc" * 20}, "SGATE_SECRET_KEYS"),
        (
            PRODUCTION | {"secret_keys": "development only: anyone who reads the source knows this key"},
            "SGATE_SECRET_KEYS",
        ),
        ({"database_url": "postgresql://127.0.0.1:1/sgate"}, "SGATE_DATABASE_URL"),
        ({"database_url": "mysql://127.0.0.1/sgate"}, "SGATE_DATABASE_URL"),
        ({"database_url": "nonsense"}, "SGATE_DATABASE_URL"),
        ({"database_url": "postgresql://127.0.0.1:port/sgate"}, "SGATE_DATABASE_URL"),
        ({"database_owner_url": "postgresql://127.0.0.1:1/sgate"}, "SGATE_DATABASE_OWNER_URL"),
        ({"data_dir": "/dev/null/nowhere"}, "SGATE_DATA_DIR"),
        (PRODUCTION, "SGATE_DATABASE_URL"),
        ({"host": "no such host"}, "SGATE_HOST"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_setting_is_one_sentence_that_names_the_variable(place, settings, named):
    status, output, errors = command(place, "run", **({"port": 0} | settings))
    assert (status, output) == (2, ""), errors
    assert errors.count("\n") == 1, errors
    assert errors.startswith("sgate: ")
    assert named in errors
    assert GOOD_KEY not in errors
    assert "Traceback" not in errors


def test_a_port_in_use_is_an_error_that_names_the_setting(place, database_url):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, _, errors = command(place, "run", port=port, database_url=database_url)
    assert status == 2
    assert f"127.0.0.1:{port}" in errors
    assert "SGATE_PORT" in errors


def test_production_refuses_a_schema_that_is_not_up_to_date(place, postgres_server):
    status, _, errors = command(place, "run", **(PRODUCTION | {"database_url": postgres_server, "port": free_port()}))
    assert status == 2
    assert "run `sgate migrate`" in errors
    assert "Traceback" not in errors


def test_migrate_can_be_run_repeatedly(place, database_url):
    for _ in range(2):
        status, output, errors = command(place, "migrate", database_url=database_url)
        assert (status, errors) == (0, "")
        assert output.startswith("The schema is at ")


async def test_migrate_uses_the_owner_and_run_the_application(place, application_url, database_url):
    connection = await asyncpg.connect(database_url)
    await connection.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM sgate_app")
    settings = {"database_url": application_url, "data_dir": place}
    owner = settings | {"database_owner_url": database_url}
    status, _, errors = await asyncio.to_thread(command, place, "migrate", **settings)
    assert (status, "SGATE_DATABASE_OWNER_URL" in errors) == (2, True), errors
    async with Server(place, **owner):  # in development it migrates, and grants what was revoked
        query = "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sgate'"
        assert [name for (name,) in await connection.fetch(query)] == ["sgate_app"]
    await connection.close()


def test_a_generated_secret_key_is_accepted_in_production(place, database_url):
    status, output, _ = command(place, "keys", "secret")
    assert (status, len(output.strip())) == (0, 64)
    settings = PRODUCTION | {"database_url": database_url, "secret_keys": output.strip()}
    assert command(place, "chain", "status", **settings)[0] == 0


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\u202eb", "\u200b\u3164", " ", "a\nb", "x" * 256])
@pytest.mark.parametrize("arguments", [("merchants", "create"), ("keys", "create", "--merchant", "0" * 32)])
def test_a_name_is_checked_by_the_rule_of_the_api(place, arguments, name):
    status, output, errors = command(place, *arguments, "--name", name, database_url="postgresql://127.0.0.1:1/sgate")
    assert (status, output) == (2, "")
    assert errors.startswith("sgate: --name must ")
    assert errors.count("\n") == 1
    assert name not in errors or name == " "


async def test_older_names_are_listed_and_exported_safely(place, database_url):
    settings = {"database_url": database_url, "test__source": "simulator", "data_dir": place}
    merchant_id, _ = make_merchant(place, **settings)
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE merchants SET name = $1", "S\x1b]0;owned\x07\u202e\nT")
    await connection.execute("UPDATE api_keys SET name = $1", "K\x9b31m")
    await connection.close()
    outputs = [
        command(place, *arguments, **settings)[1]
        for arguments in (
            ("merchants", "list"),
            ("merchants", "list", "--json"),
            ("merchants", "export"),
            ("merchants", "export", "--json"),
            ("keys", "list", "--merchant", merchant_id),
            ("keys", "list", "--merchant", merchant_id, "--json"),
        )
    ]
    for output in outputs:
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(output)
    assert f"{merchant_id}  S\ufffd]0;owned\ufffd\ufffd\ufffdT  " in outputs[0]
    for output in (outputs[1], outputs[2]):
        assert json.loads(output)[0]["name"] == "S\x1b]0;owned\x07\u202e\nT"


async def test_merchants_and_keys_are_created_used_and_revoked(place, database_url):
    settings = {"database_url": database_url, "test__source": "simulator", "data_dir": place}
    merchant_id, first_key = make_merchant(place, **settings)
    status, output, errors = command(
        place, "keys", "create", "--merchant", merchant_id, "--scope", "read", "--json", **settings
    )
    assert status == 0, errors
    made = json.loads(output)
    assert first_key.startswith("sk_test_")
    listed = json.loads(command(place, "merchants", "list", "--json", **settings)[1])
    assert [merchant["id"] for merchant in listed] == [merchant_id]
    status, output, _ = command(place, "keys", "list", "--merchant", merchant_id, **settings)
    assert (status, made["api_key_id"] in output, made["api_key"] in output) == (0, True, False)

    async with (
        Server(place, **settings) as server,
        Merchant(server.url, first_key) as admin,
        Merchant(server.url, made["api_key"]) as reader,
    ):
        await admin.expect(200, "GET", "/v1/merchants/me")
        await reader.expect(200, "GET", "/v1/payment_intents")
        await reader.expect(403, "POST", "/v1/payment_intents", {"amount_sats": 1000})
        status, output, _ = command(place, "keys", "revoke", made["api_key_id"], **settings)
        assert (status, output) == (0, f"{made['api_key_id']} is revoked.\n")
        usable = json.loads(command(place, "keys", "list", "--merchant", merchant_id, "--json", **settings)[1])
        assert [(key["livemode"], key["hint"][-4:]) for key in usable] == [(False, first_key[-4:])]
        await reader.expect(401, "GET", "/v1/payment_intents")
        await admin.expect(200, "GET", "/v1/merchants/me")
        status, output, _ = command(place, "chain", "status", "--json", **settings)
        (chain,) = json.loads(output)
        assert (status, chain["mode"], chain["network"], chain["trouble"]) == (0, "test", "simulated", None)


def test_a_merchant_that_does_not_exist_gets_no_key(place, database_url):
    nobody = "00000000-0000-0000-0000-000000000000"
    status, output, errors = command(place, "keys", "create", "--merchant", nobody, database_url=database_url)
    assert (status, output) == (2, "")
    assert "there is no merchant" in errors
    status, output, errors = command(place, "keys", "list", "--merchant", nobody, database_url=database_url)
    assert (status, output, "there is no merchant" in errors) == (2, "", True)


def test_the_chain_status_before_the_first_run_gives_advice(place, database_url):
    status, output, _ = command(place, "chain", "status", database_url=database_url)
    assert (status, output) == (0, "No chain has been read yet. Start `sgate run`.\n")


async def test_a_server_starts_and_stops_cleanly(place, database_url):
    settings = {"database_url": database_url, "data_dir": place}
    async with Server(place, **settings) as server, aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/health/live") as answer:
            assert answer.status == 200
        status, seconds = await server.stop()
        assert (status, seconds < 10) == (0, True), server.text
        assert "Traceback" not in server.text
