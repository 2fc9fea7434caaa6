"""Suspended merchants: their keys are refused, but their payments are still processed."""

import pytest

from api.serving import serving, until
from sgate.services import merchants
from sgate.store.audit_log import OPERATOR


@pytest.fixture
async def app(database_url, tmp_path):
    async with serving(database_url, tmp_path, listener=True) as running:
        yield running


async def refused(caller):
    answer = await caller.get("/v1/payment_intents")
    return answer.status == 403 and answer.code == "merchant_suspended"


async def suspend(app, caller, *, suspended=True):
    return await merchants.suspend(app.gateway.pool, caller.merchant_id, OPERATOR, suspended=suspended)


async def test_its_keys_are_refused_everywhere_at_once_and_others_are_not(app, database_url, tmp_path):
    shop, other = await app.merchant(), await app.merchant("Other")
    await shop.create()
    assert await suspend(app, shop)
    await until(lambda: refused(shop))  # although the key was remembered
    assert (await shop.post("/v1/payment_intents", {"amount_sats": 1000})).code == "merchant_suspended"
    await other.create()


async def test_a_resumed_merchant_continues_as_before(app):
    shop = await app.merchant()
    intent = await shop.create()
    await suspend(app, shop)
    await until(lambda: refused(shop))
    assert await suspend(app, shop, suspended=False)

    async def read_again():
        return (await shop.get(f"/v1/payment_intents/{intent['id']}")).status == 200

    await until(read_again)
    await shop.create()


async def test_money_for_what_was_begun_is_recorded_shown_and_announced(app):
    shop = await app.merchant()
    intent = await shop.create()
    await suspend(app, shop)
    await until(lambda: refused(shop))
    await app.watch()
    await app.pay(intent)
    await app.watch()
    shown = await app.anyone.get(f"/public/payment_intents/{intent['id']}")
    assert shown.json["status"] == "confirmed"
    async with app.gateway.pool.acquire() as connection:
        types = await connection.fetch("SELECT type FROM events WHERE payment_intent_id = $1", intent["id"])
    assert "payment_intent.succeeded" in {row["type"] for row in types}


async def test_a_create_that_was_let_in_before_stores_nothing_after(app, database_url, tmp_path):
    async with serving(database_url, tmp_path / "deaf") as deaf:  # it hears nothing and still remembers the key
        shop = await app.merchant()
        there = await shop.at(deaf)
        await there.create()
        await suspend(app, shop)
        answer = await there.post("/v1/payment_intents", {"amount_sats": 1000})
        assert (answer.status, answer.code) == (403, "merchant_suspended")
        async with app.gateway.pool.acquire() as connection:
            assert await connection.fetchval("SELECT count(*) FROM payment_intents") == 1
        # And what notifications miss, the poll finds.
        await deaf.gateway.deps.authenticator.poll_revocations()
        assert await refused(there)


async def test_suspending_twice_changes_nothing_and_says_so(app):
    shop = await app.merchant()
    assert await suspend(app, shop)
    assert not await suspend(app, shop)
    async with app.gateway.pool.acquire() as connection:
        actions = await connection.fetch("SELECT action FROM audit_log WHERE action LIKE 'merchant.%' ORDER BY id")
    assert [row["action"] for row in actions] == ["merchant.created", "merchant.suspended"]
