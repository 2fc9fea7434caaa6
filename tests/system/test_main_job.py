"""Intent, payment, confirmation, webhook: by real processes, on the oldest and the newest PostgreSQL."""

import contextlib
import json
import time

import asyncpg
import pytest

from servers.patience import patient
from servers.postgres_15 import Postgres
from servers.processes import Merchant, Server, Simulator, command, make_merchant, until
from sgate.chain.simulator import simulated_address
from sgate.core.signature import verify_sgate, verify_standard
from workers.webhooks.receiver import Receiver

AMOUNT_SATS = 60_000

pytestmark = pytest.mark.timeout(300)


@contextlib.contextmanager
def postgres_15(directory):
    server = Postgres.made(directory / "postgres-15")
    try:
        yield server.url
    finally:
        server.stop()


async def version_of(url):
    async def answers():
        with contextlib.suppress(OSError, asyncpg.PostgresError):
            connection = await asyncpg.connect(url)
            try:
                return connection.get_server_version().major
            finally:
                await connection.close()

    return await until(answers, "PostgreSQL answers")


async def do_the_main_job(place, database):
    async with Simulator(place) as chain, Receiver() as shop:
        settings = {
            "test__source": "simulator",
            "test__stacks_api_url": chain.url,
            "test__poll_interval_s": 0.2,
            **database,
        }
        _, api_key = make_merchant(place, **settings)
        async with Server(place, **settings) as server, Merchant(server.url, api_key) as merchant:
            await merchant.expect(200, "PATCH", "/v1/merchants/me", {"pay_address": simulated_address("the shop")})
            endpoint = await merchant.expect(201, "POST", "/v1/webhook_endpoints", {"url": shop.url})
            intent = await merchant.expect(
                201, "POST", "/v1/payment_intents", {"amount_sats": AMOUNT_SATS}, key="order 17"
            )
            tx_ids = [await chain.pay(intent, AMOUNT_SATS // 3) for _ in range(3)]
            await shop.until(
                lambda shop: any(b"payment_intent.succeeded" in received.body for received in shop.received)
            )
            paid = await merchant.expect(200, "GET", f"/v1/payment_intents/{intent['id']}")
            assert (paid["status"], paid["amount_received_sats"]) == ("confirmed", AMOUNT_SATS)
            assert sorted(payment["tx_id"] for payment in paid["payments"]) == sorted(tx_ids)
            for received in shop.received:
                verify_standard(endpoint["secret"], received.headers, received.body, int(time.time()))
                verify_sgate(endpoint["secret"], received.headers, received.body, int(time.time()))
            status, seconds = await server.stop()
            assert status == 0, server.text
            assert seconds < 15
            assert "Traceback" not in server.text
    types = [json.loads(received.body)["type"] for received in shop.received]
    assert types[0] == "payment_intent.created"
    assert types.count("payment_intent.succeeded") == 1


async def test_the_main_job_works_on_postgresql_15(place):
    with postgres_15(place) as url:
        assert await version_of(url) == 15
        await do_the_main_job(place, {"database_url": url})


async def test_the_main_job_works_on_the_embedded_server(place):
    await do_the_main_job(place, {"data_dir": place / "data"})
    assert (place / "data" / "postgres" / "PG_VERSION").read_text().strip() == "18"
    assert not (place / "data" / "postgres" / "postmaster.pid").exists(), "the last process stops the server"


def test_the_demo_shows_every_step_and_ends(place):
    status, output, errors = command(place, "demo", "--once", timeout_s=patient(120))
    assert status == 0, errors
    steps = [
        "Database",
        "Merchant",
        "Server",
        "Webhook",
        "Intent",
        "Checkout",
        "Payment",
        "succeeded",
        "Confirmed",
        "Done.",
    ]
    positions = [output.index(step) for step in steps]
    assert positions == sorted(positions), output
    assert "both signatures verified" in output
    assert errors == ""
