"""This version on a schema that a later one has expanded, as during a rolling upgrade (docs/upgrading.md)."""

import asyncpg
import pytest

from servers.processes import Merchant, Server, Simulator, make_merchant, until
from sgate.chain.simulator import simulated_address
from workers.webhooks.receiver import Receiver

pytestmark = pytest.mark.timeout(420)

AMOUNT_SATS = 5_000

# Every expansion that docs/upgrading.md allows, applied to every table.
EXPAND = """
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'alembic_version'
    LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN added_later text, ADD COLUMN counted_later bigint NOT NULL DEFAULT 7', name);
        EXECUTE format('CREATE INDEX ON %I (counted_later)', name);
    END LOOP;
END
$$;
CREATE TABLE made_later (id bigint PRIMARY KEY, merchant_id uuid REFERENCES merchants);
UPDATE alembic_version SET version_num = '9998';
"""


async def take_a_payment(server, chain, shop, merchant):
    intent = await merchant.expect(201, "POST", "/v1/payment_intents", {"amount_sats": AMOUNT_SATS})
    await chain.pay(intent, AMOUNT_SATS)

    async def confirmed():
        return (await merchant.expect(200, "GET", f"/v1/payment_intents/{intent['id']}"))["status"] == "confirmed"

    await until(confirmed, "the payment is confirmed")
    await shop.until(
        lambda shop: any(
            b"payment_intent.succeeded" in each.body and intent["id"].encode() in each.body for each in shop.received
        )
    )
    assert "Traceback" not in server.text


async def test_a_running_and_a_new_process_accept_payments_on_the_expanded_schema(place, database_url):
    async with Simulator(place) as chain, Receiver() as shop:
        settings = {
            "env": "production",
            "secret_keys": "for the tests alone and long enough for production",
            "public_url": "https://pay.example.com",
            "webhook_allow_private": "true",
            "metrics_port": 0,
            "drain_s": 0,
            "database_url": database_url,
            "data_dir": place,
            "test__source": "simulator",
            "test__stacks_api_url": chain.url,
        }
        _, api_key = make_merchant(place, **settings)
        async with Server(place, **settings) as running, Merchant(running.url, api_key) as merchant:
            await merchant.expect(200, "PATCH", "/v1/merchants/me", {"pay_address": simulated_address("the shop")})
            await merchant.expect(201, "POST", "/v1/webhook_endpoints", {"url": shop.url})
            connection = await asyncpg.connect(database_url)
            await connection.execute(EXPAND)
            await connection.close()
            await take_a_payment(running, chain, shop, merchant)
        async with Server(place, **settings) as started, Merchant(started.url, api_key) as merchant:
            await take_a_payment(started, chain, shop, merchant)
