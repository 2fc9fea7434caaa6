"""The services of compose.production.yaml as processes: scripts, configuration, and TLS on every connection."""

import asyncio
import contextlib
import json
import socket
import ssl

import aiohttp
import asyncpg
import pytest

from servers.machinery import Nginx
from servers.patience import patient
from servers.processes import Server, Simulator, command, free_port, make_merchant, until
from servers.stack import Stack
from sgate.chain.simulator import simulated_address
from workers.webhooks.receiver import Receiver

pytestmark = pytest.mark.timeout(420)

AMOUNT_SATS = 40_000


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder) as started:
        status, output, errors = command(
            folder, "migrate", timeout_s=patient(120), **started.owner_settings, public_url="https://x.example"
        )
        assert status == 0, errors
        assert "The schema is at" in output
        yield started


@contextlib.asynccontextmanager
async def connected(stack, port, database, user="sgate_app", secret="postgres_app_password"):
    """Open a connection to one of the database servers."""
    connection = await asyncpg.connect(
        host="localhost",
        port=stack.ports[port],
        user=user,
        password=stack.secret(secret),
        database=database,
        ssl=ssl.create_default_context(cafile=stack.secrets / "internal_ca"),
        statement_cache_size=0,
    )
    try:
        yield connection
    finally:
        await connection.close()


async def paid(nginx, chain, shop, api_key):
    """Take one payment through nginx. Returns the intent."""
    headers = {"Authorization": f"Bearer {api_key}"}
    connector = aiohttp.TCPConnector(ssl=nginx.tls)
    async with aiohttp.ClientSession(nginx.url, connector=connector, headers=headers) as session:
        async with session.patch("/v1/merchants/me", json={"pay_address": simulated_address("the shop")}) as answer:
            assert answer.status == 200, await answer.text()
        async with session.post("/v1/webhook_endpoints", json={"url": shop.url}) as answer:
            assert answer.status == 201, await answer.text()
        async with session.post("/v1/payment_intents", json={"amount_sats": AMOUNT_SATS}) as answer:
            assert answer.status == 201, await answer.text()
            intent = await answer.json()
        await chain.pay(intent, AMOUNT_SATS)

        async def confirmed():
            async with session.get(f"/v1/payment_intents/{intent['id']}") as read:
                return (await read.json())["status"] == "confirmed"

        await until(confirmed, "the payment is confirmed")
    await shop.until(
        lambda shop: "payment_intent.succeeded" in {json.loads(each.body)["type"] for each in shop.received}
    )
    return intent


async def test_one_payment_through_the_whole_stack(stack, folder, certificate):
    nginx = Nginx(folder / "nginx", certificate)
    settings = stack.settings | {"public_url": nginx.url, "data_dir": folder, "metrics_port": free_port()}
    async with Simulator(folder) as chain, Receiver() as shop:
        settings |= {"test__stacks_api_url": chain.url}
        _, api_key = make_merchant(folder, **settings)
        async with Server(folder, **settings) as server:
            with nginx.serve([server.port]):
                intent = await paid(nginx, chain, shop, api_key)
            assert await server.metric("sgate_redis_up") == 1
            await _every_connection_is_encrypted(stack)
            assert "Traceback" not in server.text
    await _the_replica_has_it(stack, intent)
    await _the_pooler_pooled_transactions(stack)


async def _every_connection_is_encrypted(stack):
    async with connected(stack, "postgres", "postgres", "postgres", "postgres_superuser_password") as connection:
        rows = await connection.fetch(
            "SELECT usename, application_name, client_port, ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) "
            "WHERE usename IN ('sgate', 'sgate_app', 'replicator')"
        )
        assert {row["usename"] for row in rows} == {"sgate_app", "replicator"}, "the owner has only migrated"
        assert [row["application_name"] for row in rows if not row["ssl"]] == []
        assert await connection.fetchval("SELECT sync_state FROM pg_stat_replication") == "sync"


async def _the_replica_has_it(stack, intent):
    async with connected(stack, "pgbouncer", "sgate_replica") as connection:
        assert await connection.fetchval("SELECT pg_is_in_recovery()")

        async def there():
            return await connection.fetchval("SELECT status FROM payment_intents WHERE id = $1", intent["id"])

        assert await until(there, "the replica has the intent") == "confirmed"


async def _the_pooler_pooled_transactions(stack):
    async with connected(stack, "pgbouncer", "sgate") as connection:
        assert await connection.fetchval("SHOW statement_timeout") == "15s"
        assert await connection.fetchval("SHOW jit") == "off"


async def test_the_application_cannot_rewrite_the_books_and_no_role_of_sgate_is_a_superuser(stack, folder):
    async with connected(stack, "pgbouncer", "sgate") as connection:
        for statement in (
            "UPDATE events SET type = type",
            "DELETE FROM audit_log",
            "CREATE TABLE t ()",
            "CREATE TEMP TABLE t ()",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    async with connected(stack, "postgres", "sgate", "postgres", "postgres_superuser_password") as connection:
        strong = "SELECT rolname FROM pg_roles WHERE rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls"
        assert [name for (name,) in await connection.fetch(strong)] == ["postgres"]
        owners = "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        assert [name for (name,) in await connection.fetch(owners)] == ["sgate"]
    settings = stack.owner_settings | {
        "public_url": "https://x.example",
        "test__source": "simulator",
        "data_dir": folder,
    }
    _, output, _ = await asyncio.to_thread(command, folder, "doctor", "--json", **settings)
    levels = {check["name"]: check["level"] for check in json.loads(output)["checks"]}
    assert (levels["database role"], levels["database owner"]) == ("ok", "ok")


async def test_only_its_own_user_may_use_the_poolers_console(stack):
    with pytest.raises(asyncpg.PostgresError, match="not allowed"):
        async with connected(stack, "pgbouncer", "pgbouncer"):
            pass
    async with connected(stack, "pgbouncer", "pgbouncer", "pgbouncer_admin", "pgbouncer_admin_password") as console:
        await console.execute("SHOW POOLS")
    with pytest.raises(asyncpg.PostgresError):
        async with connected(stack, "pgbouncer", "sgate", "pgbouncer_admin", "pgbouncer_admin_password"):
            pass


async def test_a_member_of_the_role_logs_in_directly_so_that_passwords_can_be_rotated(stack):
    async with connected(stack, "postgres", "sgate", "postgres", "postgres_superuser_password") as connection:
        await connection.execute("CREATE ROLE second LOGIN PASSWORD 'for the tests' IN ROLE sgate_app")
        await connection.execute("CREATE ROLE stranger LOGIN PASSWORD 'for the tests'")
    tls = ssl.create_default_context(cafile=stack.secrets / "internal_ca")
    server = {"host": "localhost", "port": stack.ports["postgres"], "database": "sgate", "ssl": tls}
    member = await asyncpg.connect(user="second", password="for the tests", **server)
    assert await member.fetchval("SELECT count(*) FROM events") >= 0
    await member.close()
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(user="stranger", password="for the tests", **server)


async def test_an_operators_commands_work_through_the_pooler_again_and_again(stack, folder):
    """PgBouncer 1.18 does not keep the prepared statements of its clients apart."""
    settings = stack.settings | {"public_url": "https://x.example", "test__source": "off"}
    for _ in range(2):
        status, _, errors = await asyncio.to_thread(command, folder, "ledger", "replay", "--check", **settings)
        assert status == 0, errors
        _, output, errors = await asyncio.to_thread(command, folder, "doctor", **settings)
        assert "PostgreSQL 15" in output
        assert "prepared statement" not in output + errors


async def test_a_server_without_a_valid_certificate_gets_no_password(stack, folder, certificate):
    settings = stack.settings | {"public_url": "https://x.example", "database_ca": certificate[0]}
    status, _, errors = await asyncio.to_thread(command, folder, "migrate", **settings)
    assert status == 2
    assert "certificate verify failed" in errors
    assert "Traceback" not in errors


async def test_redis_requires_tls_and_a_password(stack):
    with socket.create_connection(("127.0.0.1", stack.ports["redis"]), 5) as plain:
        plain.sendall(b"PING\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"PONG" not in plain.recv(100)
    context = ssl.create_default_context(cafile=stack.secrets / "internal_ca")
    with (
        socket.create_connection(("127.0.0.1", stack.ports["redis"]), 5) as line,
        context.wrap_socket(line, server_hostname="localhost") as encrypted,
    ):
        encrypted.sendall(b"PING\r\n")
        assert encrypted.recv(100).startswith(b"-NOAUTH")


def test_secrets_are_created_once_and_are_private(stack):
    before = {path.name: path.read_bytes() for path in stack.secrets.iterdir()}
    stack.prepare()
    assert {path.name: path.read_bytes() for path in stack.secrets.iterdir()} == before
    assert stack.secrets.stat().st_mode & 0o077 == 0
    assert (stack.secrets / "internal_ca_key").stat().st_mode & 0o077 == 0
