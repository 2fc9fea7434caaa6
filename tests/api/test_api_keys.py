"""API keys: created, shown once, limited to scopes, rolled with an overlap, revoked on every process at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from api.serving import UNREACHABLE, Caller, serving, until
from sgate.objects.api_key import ApiKeyObject

KEYS = "/v1/api_keys"
INTENTS = "/v1/payment_intents"


def caller_with(shop, answer):
    assert answer.status == 201, answer.body
    return Caller(shop.app, answer.json["secret"], shop.merchant_id, answer.json["id"])


async def audit(app):
    async with app.gateway.pool.acquire() as connection:
        return [dict(row) for row in await connection.fetch("SELECT * FROM audit_log ORDER BY id")]


async def test_a_new_key_works_in_its_mode_and_is_shown_once(app, shop):
    answer = await shop.post(KEYS, {"name": "Checkout server"})
    made = caller_with(shop, answer)
    assert msgspec.convert(answer.json, ApiKeyObject)
    assert answer.json["secret"].startswith("sk_test_")
    assert answer.json["scopes"] == ["read", "write"]
    assert answer.json["hint"] == f"sk_test_…{made.key[-4:]}"
    assert (answer.json["last_used_at"], answer.json["expires_at"], answer.json["revoked_at"]) == (None, None, None)
    assert (await made.create())["status"] == "requires_payment"
    shown = {name: value for name, value in answer.json.items() if name != "secret"}
    assert (await shop.get(f"{KEYS}/{made.key_id}")).json == shown
    listed = (await shop.get(KEYS)).json["data"]
    assert [key["id"] for key in listed] == [made.key_id, shop.key_id]
    assert listed[0] == shown
    assert made.key not in str(await audit(app))


@pytest.mark.parametrize("scopes", [["read"], ["write"], ["admin"], ["read", "write", "admin"], ["read", "read"]])
async def test_a_key_does_what_its_scopes_say_and_nothing_else(shop, scopes):
    made = caller_with(shop, await shop.post(KEYS, {"name": "x", "scopes": scopes}))
    assert (await made.get(INTENTS)).status == (200 if "read" in scopes else 403)
    assert (await made.post(INTENTS, {"amount_sats": 1})).status == (201 if "write" in scopes else 403)
    assert (await made.get(KEYS)).status == (200 if "admin" in scopes else 403)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "\0"}, "name"),
        ({"name": 1}, "name"),
        ({"name": None}, "name"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["root"]}, "scopes[0]"),
        ({"name": "x", "scopes": "read"}, "scopes"),
        ({"name": "x", "scopes": None}, "scopes"),
        ({"name": "x", "livemode": True}, "livemode"),
    ],
)
async def test_a_key_that_cannot_be_is_refused(shop, body, param):
    answer = await shop.post(KEYS, body)
    assert (answer.status, answer.code, answer.param) == (422, "validation_error", param)
    assert len((await shop.get(KEYS)).json["data"]) == 1


async def test_a_rolled_key_works_beside_its_successor_until_its_end(app, shop):
    old = caller_with(shop, await shop.post(KEYS, {"name": "Server", "scopes": ["read"]}))
    assert (await old.get(INTENTS)).status == 200
    answer = await shop.post(f"{KEYS}/{old.key_id}/roll", {"overlap_s": 3600})
    new = caller_with(shop, answer)
    assert (answer.json["name"], answer.json["scopes"], answer.json["expires_at"]) == ("Server", ["read"], None)
    assert new.key != old.key
    ends_at = datetime.fromisoformat((await shop.get(f"{KEYS}/{old.key_id}")).json["expires_at"])
    assert timedelta(minutes=59) < ends_at - datetime.now(UTC) <= timedelta(hours=1)
    for caller in (old, new):
        assert (await caller.get(INTENTS)).status == 200
    async with app.gateway.pool.acquire() as connection:
        await connection.execute("UPDATE api_keys SET expires_at = now() WHERE id = $1", old.key_id)
    await app.gateway.deps.authenticator.poll_revocations()
    assert (await old.get(INTENTS)).status == 401
    assert (await new.get(INTENTS)).status == 200
    assert old.key_id not in [key["id"] for key in (await shop.get(KEYS)).json["data"]]
    again = await shop.post(f"{KEYS}/{old.key_id}/roll")
    assert (again.status, again.code) == (409, "api_key_ended")


async def test_a_cached_key_expires_on_time_even_without_polling(app, shop):
    """The key is cached only until it expires."""
    old = caller_with(shop, await shop.post(KEYS, {"name": "x", "scopes": ["read"]}))
    await shop.post(f"{KEYS}/{old.key_id}/roll", {"overlap_s": 1})
    app.gateway.deps.authenticator.evict_key(old.key_id)
    assert (await old.get(INTENTS)).status in {200, 401}

    async def ended():
        return (await old.get(INTENTS)).status == 401

    await until(ended)


async def test_a_key_rolled_without_overlap_ends_at_once(database_url, tmp_path):
    async with serving(database_url, tmp_path, listener=True) as app:
        shop = await app.merchant()
        new = caller_with(shop, await shop.post(f"{KEYS}/{shop.key_id}/roll", {"overlap_s": 0}))

        async def ended():
            return (await shop.get(INTENTS)).status == 401

        async with asyncio.timeout(1):
            await until(ended)
        assert (await new.get(KEYS)).status == 200


async def test_rolled_twice_a_key_ends_at_the_earlier_time(shop):
    old = caller_with(shop, await shop.post(KEYS, {"name": "x"}))
    await shop.post(f"{KEYS}/{old.key_id}/roll", {"overlap_s": 60})
    first = (await shop.get(f"{KEYS}/{old.key_id}")).json["expires_at"]
    await shop.post(f"{KEYS}/{old.key_id}/roll", {"overlap_s": 604_800})
    assert (await shop.get(f"{KEYS}/{old.key_id}")).json["expires_at"] == first


@pytest.mark.parametrize("overlap_s", [-1, 604_801, 1.5, "60", None, True, 10**30])
async def test_an_overlap_has_limits(shop, overlap_s):
    answer = await shop.post(f"{KEYS}/{shop.key_id}/roll", {"overlap_s": overlap_s})
    assert (answer.status, answer.code, answer.param) == (422, "validation_error", "overlap_s")


async def test_a_revoked_key_is_refused_by_every_instance_within_a_second(database_url, tmp_path):
    async with (
        serving(database_url, tmp_path / "1", listener=True) as one,
        serving(database_url, tmp_path / "2", listener=True) as two,
    ):
        shop = await one.merchant()
        here = caller_with(shop, await shop.post(KEYS, {"name": "leaked", "scopes": ["read"]}))
        there = await here.at(two)
        for caller in (here, there):
            assert (await caller.get(INTENTS)).status == 200
        revoked = await shop.delete(f"{KEYS}/{here.key_id}")
        assert revoked.status == 200
        assert revoked.json["revoked_at"]

        async def refused():
            return [(await caller.get(INTENTS)).status for caller in (here, there)] == [401, 401]

        async with asyncio.timeout(1):
            await until(refused)
        again = await shop.delete(f"{KEYS}/{here.key_id}")
        assert (again.status, again.code) == (409, "api_key_ended")


async def test_a_key_revoked_while_it_is_being_verified_is_refused_after_the_next_poll(app, shop):
    """The lookup finds the key, the revocation is notified, and only then the key is cached: no notification follows."""
    made = caller_with(shop, await shop.post(KEYS, {"name": "x", "scopes": ["read"]}))
    answers = await asyncio.gather(made.get(INTENTS), shop.delete(f"{KEYS}/{made.key_id}"))
    assert answers[0].status in {200, 401}
    await app.gateway.deps.authenticator.poll_revocations()
    assert (await made.get(INTENTS)).status == 401


async def test_a_key_may_revoke_itself(app, shop):
    assert (await shop.delete(f"{KEYS}/{shop.key_id}")).status == 200
    await app.gateway.deps.authenticator.poll_revocations()
    assert (await shop.get(KEYS)).status == 401


async def test_keys_of_another_merchant_or_mode_are_not_there(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        shop, stranger = await app.merchant(), await app.merchant()
        live = await app.key(shop.merchant_id, "admin", livemode=True)
        for caller, own in ((stranger, stranger.key_id), (live, live.key_id)):
            assert [key["id"] for key in (await caller.get(KEYS)).json["data"]] == [own]
            for answer in (
                await caller.get(f"{KEYS}/{shop.key_id}"),
                await caller.post(f"{KEYS}/{shop.key_id}/roll"),
                await caller.delete(f"{KEYS}/{shop.key_id}"),
            ):
                assert (answer.status, answer.code) == (404, "api_key_not_found")
        made = await live.post(KEYS, {"name": "live"})
        assert made.json["livemode"] is True
        assert made.json["secret"].startswith("sk_live_")
        assert (await shop.get(KEYS)).status == 200


async def test_a_merchant_cannot_have_more_keys_than_allowed_however_parallel_it_asks(shop, monkeypatch):
    monkeypatch.setattr("sgate.services.api_keys.MAX_KEYS", 5)
    answers = await asyncio.gather(*(shop.post(KEYS, {"name": "x"}) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [201] * 4 + [409] * 4
    assert {answer.code for answer in answers if answer.status == 409} == {"too_many_api_keys"}
    made = next(answer for answer in answers if answer.status == 201)
    assert (await shop.post(f"{KEYS}/{made.json['id']}/roll")).code == "too_many_api_keys"
    await shop.delete(f"{KEYS}/{made.json['id']}")
    assert (await shop.post(KEYS, {"name": "x"})).status == 201


async def test_a_key_made_or_rolled_twice_under_one_idempotency_key_is_one_key(shop):
    for path, body in ((KEYS, {"name": "x"}), (f"{KEYS}/{shop.key_id}/roll", {"overlap_s": 60})):
        before = len((await shop.get(KEYS)).json["data"])
        answers = await asyncio.gather(*(shop.post(path, body, headers={"Idempotency-Key": "once"}) for _ in range(5)))
        assert {answer.status for answer in answers} == {201}
        assert len({answer.json["secret"] for answer in answers}) == 1
        assert len((await shop.get(KEYS)).json["data"]) == before + 1


async def test_the_last_use_of_keys_is_stored_once_in_a_while_and_costs_no_write_per_request(app, shop):
    authenticator = app.gateway.deps.authenticator
    made = caller_with(shop, await shop.post(KEYS, {"name": "x", "scopes": ["read"]}))
    before = datetime.now(UTC)
    await asyncio.gather(*(made.get(INTENTS) for _ in range(20)))
    assert (await shop.get(f"{KEYS}/{made.key_id}")).json["last_used_at"] is None
    await authenticator.store_use()
    used = datetime.fromisoformat((await shop.get(f"{KEYS}/{made.key_id}")).json["last_used_at"])
    assert abs(used - before) < timedelta(seconds=10)
    async with app.gateway.pool.acquire() as connection:
        await connection.execute("UPDATE api_keys SET last_used_at = now() + interval '1 hour'")
    later = (await shop.get(f"{KEYS}/{made.key_id}")).json["last_used_at"]
    await made.get(INTENTS)
    await authenticator.store_use()
    assert (await shop.get(f"{KEYS}/{made.key_id}")).json["last_used_at"] == later  # another process knows better


async def test_a_last_use_that_cannot_be_stored_is_stored_later(app, shop):
    authenticator = app.gateway.deps.authenticator
    await shop.get(INTENTS)
    async with app.gateway.pool.acquire() as connection:
        await connection.execute("ALTER TABLE api_keys RENAME TO away")
        with pytest.raises(Exception, match="api_keys"):
            await authenticator.store_use()
        await connection.execute("ALTER TABLE away RENAME TO api_keys")
    await authenticator.store_use()
    assert (await shop.get(f"{KEYS}/{shop.key_id}")).json["last_used_at"]


async def test_what_is_done_to_keys_is_audited(app, shop):
    made = caller_with(shop, await shop.post(KEYS, {"name": "x"}, headers={"X-Request-Id": "key-made"}))
    await shop.post(f"{KEYS}/{made.key_id}/roll", {"overlap_s": 60}, headers={"X-Request-Id": "key-rolled"})
    await shop.delete(f"{KEYS}/{made.key_id}", headers={"X-Request-Id": "key-revoked"})
    lines = [line for line in await audit(app) if line["request_id"]]
    assert [(line["request_id"], line["action"]) for line in lines] == [
        ("key-made", "api_key.created"),
        ("key-rolled", "api_key.rolled"),
        ("key-rolled", "api_key.created"),
        ("key-revoked", "api_key.revoked"),
    ]
    assert {(line["actor"], line["address"], str(line["merchant_id"])) for line in lines} == {
        (f"key {shop.key_id}", "127.0.0.1", shop.merchant_id)
    }


# --- the audit log


LOG = "/v1/audit_log"


async def test_the_audit_log_says_who_did_what_newest_first(shop):
    await shop.patch("/v1/merchants/me", {"name": "New"}, headers={"X-Request-Id": "renamed-17"})
    newest, *_, oldest = (await shop.get(LOG)).json["data"]
    assert (newest["action"], newest["actor"], newest["request_id"], newest["address"]) == (
        "merchant.updated",
        f"key {shop.key_id}",
        "renamed-17",
        "127.0.0.1",
    )
    assert (newest["detail"]["before"]["name"], newest["detail"]["after"]["name"]) == ("Shop", "New")
    assert (oldest["action"], oldest["actor"]) == ("merchant.created", "operator")


async def test_the_audit_log_is_paged_and_filtered(shop):
    keys = [(await shop.post(KEYS, {"name": str(number)})).json["id"] for number in range(5)]
    seen, cursor = [], {}
    while True:
        page = (await shop.get(LOG, params={"limit": "2", "action": "api_key.created"} | cursor)).json
        seen += [line["object_id"] for line in page["data"]]
        if not page["has_more"]:
            break
        cursor = {"starting_after": page["data"][-1]["id"]}
    assert seen == [*reversed(keys), shop.key_id]
    about = (await shop.get(LOG, params={"object_id": keys[2]})).json["data"]
    assert [line["detail"]["name"] for line in about] == ["2"]


async def test_the_audit_log_shows_nothing_of_others_and_needs_admin(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        shop, stranger = await app.merchant(), await app.merchant()
        live = await app.key(shop.merchant_id, "admin", livemode=True)
        mine = (await shop.get(LOG)).json["data"]
        for caller in (stranger, live):
            theirs = (await caller.get(LOG)).json["data"]
            assert not {line["id"] for line in mine} & {line["id"] for line in theirs}
            assert (await caller.get(LOG, params={"starting_after": mine[0]["id"]})).code == "invalid_cursor"
        reader = await app.key(shop.merchant_id, "read", "write")
        assert (await reader.get(LOG)).status == 403


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ("starting_after=x", "invalid_cursor", "starting_after"),
        ("starting_after=al_" + "f" * 24, "invalid_cursor", "starting_after"),
        ("starting_after=al_" + "0" * 24, "invalid_cursor", "starting_after"),
        ("action=%00", "validation_error", "action"),
        ("object_id=" + "x" * 65, "validation_error", "object_id"),
        ("limit=0", "validation_error", "limit"),
        ("actor=x", "validation_error", "actor"),
    ],
)
async def test_the_audit_log_refuses_invalid_parameters(shop, query, code, param):
    answer = await shop.get(f"{LOG}?{query}")
    assert (answer.code, answer.param) == (code, param)
