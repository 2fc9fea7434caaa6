"""Maintenance mode: all processes refuse writes, without a restart; everything else continues."""

import pytest

from api.serving import serving
from sgate.services import maintenance_mode
from sgate.store.audit_log import OPERATOR


@pytest.fixture
async def app(database_url, tmp_path):
    async with serving(database_url, tmp_path) as running:
        yield running


async def switch_on(app, retry_after_s=90):
    await maintenance_mode.begin(app.gateway.pool, retry_after_s, OPERATOR)
    await app.gateway.deps.maintenance.refresh()


async def test_writes_are_refused_with_retry_after_and_reads_continue(app):
    shop = await app.merchant()
    intent = await shop.create()
    await switch_on(app)
    for answer in (
        await shop.post("/v1/payment_intents", {"amount_sats": 1000}),
        await shop.patch("/v1/merchants/me", {"name": "Another"}),
        await shop.post(f"/v1/payment_intents/{intent['id']}/cancel"),
        await app.anyone.post(f"/public/payment_intents/{intent['id']}/hint", {"tx_id": "0x" + "a" * 64}),
    ):
        assert (answer.status, answer.code) == (503, "under_maintenance")
        assert answer.headers["Retry-After"] == "90"
    assert (await shop.get(f"/v1/payment_intents/{intent['id']}")).status == 200
    assert (await app.anyone.get(f"/pi/{intent['id']}")).status == 200


async def test_payments_are_recorded_meanwhile(app):
    shop = await app.merchant()
    intent = await shop.create()
    await app.watch()
    await switch_on(app)
    await app.pay(intent)
    await app.watch()
    assert (await shop.get(f"/v1/payment_intents/{intent['id']}")).json["status"] == "confirmed"


async def test_it_can_be_switched_off_again(app):
    shop = await app.merchant()
    await switch_on(app)
    assert await maintenance_mode.end(app.gateway.pool, OPERATOR)
    await app.gateway.deps.maintenance.refresh()
    await shop.create()
    assert not await maintenance_mode.end(app.gateway.pool, OPERATOR)
    async with app.gateway.pool.acquire() as connection:
        actions = await connection.fetch("SELECT action FROM audit_log WHERE action LIKE 'maintenance.%' ORDER BY id")
    assert [row["action"] for row in actions] == ["maintenance.began", "maintenance.ended"]


async def test_a_caller_without_a_key_does_not_see_it(app):
    await switch_on(app)
    assert (await app.anyone.post("/v1/payment_intents", {"amount_sats": 1})).status == 401
