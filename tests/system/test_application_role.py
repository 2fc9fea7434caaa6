"""A server that logs in as the role that cannot rewrite the books does everything that a server does."""

import json
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from cli.terminal import Developer
from servers.processes import until
from sgate.chain.simulator.transactions import SimulatedTransfer
from sgate.runtime.roles import ALL_ROLES
from sgate.store.partitions import Month
from sgate.workers.maintenance import Maintenance
from store.test_partitions import make, months
from web.site import open_site
from workers.webhooks.receiver import Receiver

pytestmark = pytest.mark.timeout(300)

REFUND = "0x" + "ab" * 32
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f80f00010501012718e3660000000049454e44ae426082"
)


@pytest.fixture
async def site(application_url, place):
    async with open_site(application_url, place / "site", roles=ALL_ROLES) as opened:
        yield opened


@pytest.fixture
def operator(application_url, place, site):
    """An operator whose commands log in as the application does, and who has no URL of the owner."""
    return Developer(
        place, database_url=application_url, data_dir=place / "operator", test__stacks_api_url=site.base_url
    )


async def delivered(shop, kind):
    await shop.until(lambda shop: any(json.loads(each.body)["type"] == kind for each in shop.received))


async def unmatched(site, key, amount_sats):
    """Pay a merchant without naming an intent. Returns the deposit."""
    address = (await site.api(key, "GET", "/v1/merchants/me"))["pay_address"]
    site.chain.submit(SimulatedTransfer(recipient=address, amount_sats=amount_sats))

    async def found():
        site.chain.mine()
        listed = await site.api(key, "GET", "/v1/payments?unmatched=true")
        return [each for each in listed["data"] if each["amount_sats"] == amount_sats]

    return (await until(found, "the deposit is found"))[0]


async def test_the_whole_life_of_payments(site, pool):
    key = await site.merchant()
    async with Receiver() as shop:
        endpoint = await site.api(key, "POST", "/v1/webhook_endpoints", {"url": shop.url})
        await _paid_and_reorganized(site, key, shop)
        await _canceled(site, key, shop)
        await _deposits(site, key)
        await _endpoints(site, key, endpoint["id"], shop)
    await _settings(site, key)
    kinds = {kind for (kind,) in await pool.fetch("SELECT DISTINCT type FROM events")}
    assert {
        "payment_intent.succeeded",
        "payment_intent.reorged",
        "payment_intent.canceled",
        "payment.unmatched",
    } <= kinds
    assert await pool.fetchval("SELECT count(*) FROM payment_observations WHERE status = 'orphaned'") > 0
    stats = await site.api(key, "GET", "/v1/merchants/me/stats")
    assert stats["total"]["created"] == await pool.fetchval("SELECT count(*) FROM payment_intents"), stats


async def _paid_and_reorganized(site, key, shop):
    intent = await site.intent(key, scan_first=False)
    await site.api(key, "POST", f"/v1/payment_intents/{intent['id']}", {"description": "Order 17"})
    hint = {"tx_id": site.send(intent), "client_secret": intent["client_secret"]}
    async with site.http.post(f"{site.base_url}/public/payment_intents/{intent['id']}/hint", json=hint) as answer:
        assert answer.status < 300, await answer.text()
    site.chain.mine()
    await delivered(shop, "payment_intent.succeeded")
    site.chain.reorg(2, "none")
    await delivered(shop, "payment_intent.reorged")


async def _canceled(site, key, shop):
    intent = await site.intent(key, scan_first=False)
    await site.api(key, "POST", f"/v1/payment_intents/{intent['id']}/cancel")
    await delivered(shop, "payment_intent.canceled")


async def _deposits(site, key):
    intent = await site.intent(key, scan_first=False, amount_sats=7_000)
    assigned = await unmatched(site, key, 7_000)
    await site.api(key, "POST", f"/v1/payments/{assigned['id']}/assign", {"payment_intent": intent["id"]})
    assert (await site.api(key, "GET", f"/v1/payment_intents/{intent['id']}"))["status"] == "confirmed"
    refunded = await unmatched(site, key, 8_000)
    await site.api(key, "POST", f"/v1/payments/{refunded['id']}/mark_refunded", {"tx_id": REFUND})


async def _endpoints(site, key, endpoint_id, shop):
    path = f"/v1/webhook_endpoints/{endpoint_id}"
    await site.api(key, "POST", path, {"description": "changed"})
    await site.api(key, "POST", f"{path}/rotate_secret")
    await site.api(key, "POST", f"{path}/test")
    listed = await site.api(key, "GET", "/v1/webhook_deliveries?status=delivered")
    await site.api(key, "POST", f"/v1/webhook_deliveries/{listed['data'][0]['id']}/redeliver")
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    await site.api(key, "POST", f"{path}/recover", {"since": since, "include_delivered": True})
    before = len(shop.received)
    await shop.until(lambda shop: len(shop.received) > before)
    await site.api(key, "DELETE", path)


async def _settings(site, key):
    await site.put_logo(key, PIXEL)
    await site.api(key, "DELETE", "/v1/merchants/me/logo")
    made = await site.api(key, "POST", "/v1/api_keys", {"name": "second"})
    rolled = await site.api(key, "POST", f"/v1/api_keys/{made['id']}/roll")
    await site.api(key, "DELETE", f"/v1/api_keys/{rolled['id']}")
    actions = {each["action"] for each in (await site.api(key, "GET", "/v1/audit_log?limit=100"))["data"]}
    assert {"api_key.created", "api_key.revoked", "payment.assigned"} <= actions


async def test_an_operators_commands(site, operator, pool):
    key = await site.merchant()
    intent = await site.intent(key, scan_first=False)
    site.send(intent)
    site.chain.mine()
    await until(lambda: pool.fetchval("SELECT 1 FROM payment_intents WHERE status = 'confirmed'"), "it is confirmed")
    await operator.ok("chain", "rescan", "--from-height", "1")
    assert "all agree" in await operator.ok("ledger", "replay", "--check")
    await operator.ok("keys", "reencrypt")
    [merchant] = await operator.json("merchants", "list")
    await operator.ok("merchants", "suspend", merchant["id"])
    await operator.ok("merchants", "resume", merchant["id"])
    await operator.ok("maintenance", "on")
    await operator.ok("maintenance", "off")
    await operator.ok("merchants", "export")
    created = await operator.json("keys", "create", "--merchant", merchant["id"])
    await operator.ok("keys", "revoke", created["api_key_id"])
    assert await operator.json("inbox", "list") == []
    assert await pool.fetchval("SELECT count(*) FROM audit_log WHERE action LIKE 'merchant.%'") >= 2


async def test_maintenance_creates_and_drops_months_and_deletes_what_has_expired(site, pool):
    await make(pool, Month(2020, 2))
    following = Month.of(await pool.fetchval("SELECT now()")).following
    await pool.execute(f"DROP TABLE webhook_attempts_{following.suffix}, webhook_deliveries_{following.suffix}")
    await pool.execute(
        "INSERT INTO exchange_rates (usd_per_btc, source, samples, taken_at, looked_at) "
        "SELECT 1, 'long ago', '[]', at, at FROM (VALUES (now() - interval '1 year'), (now())) AS t (at)"
    )
    await Maintenance(site.gateway.pool).run_once()
    left = await months(pool)
    assert ("2020_02" in left, following.suffix in left) == (False, True)
    assert await pool.fetchval("SELECT count(*) FROM exchange_rates") == 1


async def test_what_a_compromised_server_could_try_is_refused(site, pool):
    await site.intent(scan_first=False)
    await until(lambda: pool.fetchval("SELECT count(*) FROM events"), "an event is stored")
    async with site.gateway.pool.acquire() as connection:
        for statement in ("UPDATE events SET payload = '{}'", "DELETE FROM audit_log", "TRUNCATE ledger_decisions"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    assert await pool.fetchval("SELECT count(*) FROM audit_log") > 0
