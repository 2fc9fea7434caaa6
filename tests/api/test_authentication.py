"""API keys: which are accepted, what they may do, what they cost, and how fast they are revoked."""

import asyncio

import pytest

from api.serving import SHOP, serving, until
from sgate.services.api_keys import revoke_any
from sgate.store.audit_log import OPERATOR

PATH = "/v1/payment_intents"
INTENT = f"{PATH}/pi_{'0' * 24}"
UNKNOWN = "sk_test_" + "0" * 64
CALLS = [
    ("POST", PATH, "write"),
    ("GET", PATH, "read"),
    ("GET", INTENT, "read"),
    ("POST", f"{INTENT}/cancel", "write"),
    ("GET", "/v1/merchants/me", "read"),
    ("PATCH", "/v1/merchants/me", "admin"),
    ("POST", "/v1/webhook_endpoints", "admin"),
    ("GET", "/v1/webhook_endpoints", "read"),
    ("DELETE", f"/v1/webhook_endpoints/we_{'0' * 24}", "admin"),
    ("GET", "/v1/events", "read"),
    ("GET", f"/v1/events/evt_{'0' * 24}", "read"),
]


async def test_every_call_needs_a_key(app, shop):
    for method, path, _ in CALLS:
        answer = await app.anyone.call(method, path)
        assert (answer.status, answer.code) == (401, "invalid_api_key"), (method, path)
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="sGate"'


async def test_every_call_needs_its_scope_and_no_other(app, shop):
    for scope in ("read", "write", "admin"):
        caller = await app.key(shop.merchant_id, scope)
        for method, path, needed in CALLS:
            answer = await caller.call(method, path)
            assert (answer.status == 403) == (scope != needed), (scope, method, path, answer.body)
            if answer.status == 403:
                assert answer.code == "insufficient_scope"
                assert f"`{needed}`" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {UNKNOWN}",
        f"Bearer {UNKNOWN}0",
        f"Bearer {UNKNOWN[:-1]}",
        f"Bearer {UNKNOWN.replace('test', 'live')}",
        f"Bearer {UNKNOWN.upper()}",
        f"Basic {UNKNOWN}",
        UNKNOWN,
        "Bearer pk_test_" + "0" * 64,
        "Bearer clé",
        "Bearer " + "x" * 8000,
    ],
)
async def test_what_is_not_a_key_is_refused_without_any_pbkdf2(app, shop, authorization):
    answer = await app.anyone.get(PATH, headers={"Authorization": authorization})
    assert (answer.status, answer.code) == (401, "invalid_api_key")
    assert app.gateway.deps.authenticator.verifications == 0


async def test_a_test_key_with_a_live_prefix_is_refused(app, shop):
    answer = await app.anyone.get(PATH, headers={"Authorization": "Bearer " + shop.key.replace("test", "live")})
    assert answer.status == 401


async def test_a_key_is_verified_once_however_often_and_however_parallel_it_is_used(app, shop):
    await asyncio.gather(*(shop.get(PATH) for _ in range(20)))
    await shop.get(PATH)
    assert app.gateway.deps.authenticator.verifications == 1


async def test_the_scheme_is_not_case_sensitive_and_extra_spaces_are_accepted(app, shop):
    for authorization in (f"bearer {shop.key}", f"BEARER  {shop.key} "):
        assert (await app.anyone.get(PATH, headers={"Authorization": authorization})).status == 200


async def test_a_revocation_is_heard_by_another_instance_at_once(database_url, tmp_path):
    async with (
        serving(database_url, tmp_path / "1") as one,
        serving(database_url, tmp_path / "2", listener=True) as two,
    ):
        shop = await one.merchant()
        there = await shop.at(two)
        assert (await there.get(PATH)).status == 200
        await revoke_any(one.gateway.pool, shop.key_id, OPERATOR)

        async def refused():
            return (await there.get(PATH)).status == 401

        async with asyncio.timeout(1):
            await until(refused)


async def test_a_revocation_whose_notification_was_missed_is_found_by_the_next_poll(database_url, tmp_path):
    async with serving(database_url, tmp_path / "1") as one, serving(database_url, tmp_path / "2") as two:
        shop = await one.merchant()
        there = await shop.at(two)
        assert (await there.get(PATH)).status == 200
        await revoke_any(one.gateway.pool, shop.key_id, OPERATOR)
        assert (await there.get(PATH)).status == 200  # cached, and not notified
        await two.gateway.deps.authenticator.poll_revocations()
        assert (await there.get(PATH)).status == 401


async def test_a_new_pay_address_is_used_by_the_very_next_create_on_another_instance(database_url, tmp_path):
    async with serving(database_url, tmp_path / "1") as one, serving(database_url, tmp_path / "2") as two:
        shop = await one.merchant()
        there = await shop.at(two)
        before = await there.create()
        assert (await shop.patch("/v1/merchants/me", {"pay_address": SHOP})).status == 200
        after = await there.create()
        assert before["pay_address"] != SHOP
        assert after["pay_address"] == SHOP
        assert (await there.get(f"{PATH}/{before['id']}")).json["pay_address"] == before["pay_address"]


async def test_creates_that_race_with_a_change_of_address_use_the_old_or_the_new_one_and_all_succeed(
    database_url, tmp_path
):
    async with serving(database_url, tmp_path / "1") as one, serving(database_url, tmp_path / "2") as two:
        shop = await one.merchant()
        there = await shop.at(two)
        old = (await there.create())["pay_address"]
        creates = [asyncio.create_task(there.create()) for _ in range(20)]
        await shop.patch("/v1/merchants/me", {"pay_address": SHOP})
        assert {intent["pay_address"] for intent in await asyncio.gather(*creates)} <= {old, SHOP}
        assert (await there.create())["pay_address"] == SHOP
