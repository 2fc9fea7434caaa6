"""A repeated request takes effect once and gets the same response."""

import asyncio
import hashlib
import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from api.serving import SHOP, UNREACHABLE, serving
from sgate.services.idempotency import key_of
from sgate.store.idempotency_keys import claim

PATH = "/v1/payment_intents"
KEY = {"Idempotency-Key": "order-17"}


async def intents_of(caller):
    return (await caller.get(PATH, params={"limit": "100"})).json["data"]


async def test_the_same_request_gets_the_same_bytes_and_has_its_effect_once(shop):
    first = await shop.post(PATH, {"amount_sats": 1000}, headers=KEY)
    second = await shop.post(PATH, {"amount_sats": 1000}, headers=KEY)
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Content-Type"] == "application/json"
    assert len(await intents_of(shop)) == 1
    assert len((await shop.get("/v1/events")).json["data"]) == 1


async def test_the_response_stays_the_original_even_after_the_intent_has_changed(app, shop):
    await app.watch()
    first = await shop.post(PATH, {"amount_sats": 1000}, headers=KEY)
    await shop.post(f"{PATH}/{first.json['id']}/cancel")
    assert (await shop.post(PATH, {"amount_sats": 1000}, headers=KEY)).body == first.body


async def test_another_body_under_the_same_key_is_refused(shop):
    await shop.post(PATH, {"amount_sats": 1000}, headers=KEY)
    answer = await shop.post(PATH, {"amount_sats": 1001}, headers=KEY)
    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert len(await intents_of(shop)) == 1


ORDER = {"amount_sats": 1000, "expires_in": 900, "metadata": {"order_id": "17", "café": "ü"}}


@pytest.mark.parametrize(
    "body",
    [
        '{"metadata": {"café": "ü", "order_id": "17"}, "expires_in": 900, "amount_sats": 1000}',
        ' {"amount_sats":1000,\n"expires_in":900,"metadata":{"order_id":"17","café":"ü"}}\n',
        '{"amount_sats":1000,"expires_in":900,"metadata":{"order_id":"\\u0031\\u0037","caf\\u00e9":"\\u00fc"}}',
        '{"amount_sats":1,"amount_sats":1000,"expires_in":900,"metadata":{"order_id":"17","café":"ü"}}',
    ],
)
async def test_the_same_request_in_another_spelling_gets_the_same_response(shop, body):
    first = await shop.post(PATH, ORDER, headers=KEY)
    assert first.status == 201
    again = await shop.post(PATH, body=body.encode(), headers=KEY | {"Content-Type": "application/json"})
    assert (again.status, again.body) == (201, first.body)
    assert len(await intents_of(shop)) == 1


@pytest.mark.parametrize(
    "body",
    [
        ORDER | {"metadata": {"order_id": "17"}},
        ORDER | {"metadata": {"order_id": "17", "café": "Ü"}},
        ORDER | {"metadata": {"order_id": "ü", "café": "17"}},
        ORDER | {"description": "17"},
        ORDER | {"amount_sats": "1001"},
    ],
)
async def test_a_body_that_differs_in_any_value_is_another_request(shop, body):
    assert (await shop.post(PATH, ORDER, headers=KEY)).status == 201
    assert (await shop.post(PATH, body, headers=KEY)).code == "idempotency_key_reused"


async def test_the_order_of_keys_does_not_matter_inside_a_list_either(shop):
    tier = {"from_sats": 0, "stacks_blocks": 6, "tenure_changes": 2}
    body = {"amount_sats": 1000, "confirmation_policy": [tier]}
    first = await shop.post(PATH, body, headers=KEY)
    assert first.status == 201
    turned = body | {"confirmation_policy": [dict(reversed(tier.items()))]}
    assert (await shop.post(PATH, turned, headers=KEY)).body == first.body


async def test_no_body_and_an_empty_object_are_the_same_request(app, shop):
    await app.watch()
    path = f"{PATH}/{(await shop.create())['id']}/cancel"
    first = await shop.post(path, headers=KEY)
    assert first.status == 200
    assert (await shop.post(path, {}, headers=KEY)).body == first.body


async def test_a_key_that_the_previous_version_stored_still_answers_its_request(app, shop):
    first = await shop.post(PATH, {"metadata": {}, "amount_sats": 1000}, headers=KEY)
    of_bytes = hashlib.sha256(msgspec.json.encode({"metadata": {}, "amount_sats": 1000})).digest()
    async with app.gateway.pool.acquire() as connection:
        await connection.execute("UPDATE idempotency_keys SET request_hash = $1", of_bytes)
    again = await shop.post(PATH, {"metadata": {}, "amount_sats": 1000}, headers=KEY)
    assert (again.status, again.body) == (201, first.body)


async def test_a_key_belongs_to_one_merchant_one_mode_and_one_path(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        one, other = await app.merchant(), await app.merchant()
        live = await app.key(one.merchant_id, "read", "write", livemode=True)
        made = [await caller.post(PATH, {"amount_sats": 1000}, headers=KEY) for caller in (one, other, live)]
        assert [answer.status for answer in made] == [201, 201, 201]
        assert len({answer.json["id"] for answer in made}) == 3
        assert (await one.post(f"{PATH}/{made[0].json['id']}/cancel", headers=KEY)).status == 200


async def test_a_key_is_shared_by_all_api_keys_of_a_merchant(app, shop):
    another = await app.key(shop.merchant_id, "write")
    first = await shop.post(PATH, {"amount_sats": 1000}, headers=KEY)
    assert (await another.post(PATH, {"amount_sats": 1000}, headers=KEY)).body == first.body


async def test_a_trailing_slash_makes_no_other_request(shop):
    first = await shop.post(PATH, {"amount_sats": 1000}, headers=KEY)
    assert (await shop.post(PATH + "/", {"amount_sats": 1000}, headers=KEY)).body == first.body


async def test_a_request_that_was_refused_leaves_its_key_free(shop):
    assert (await shop.post(PATH, {"amount_sats": 0}, headers=KEY)).status == 422
    assert (await shop.post(PATH, {"amount_sats": 1}, headers=KEY)).status == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "clé", "a\tb"])
async def test_a_key_that_cannot_be_kept_is_refused(shop, key):
    answer = await shop.post(PATH, {"amount_sats": 1000}, headers={"Idempotency-Key": key})
    assert (answer.status, answer.code) == (400, "invalid_idempotency_key")
    assert await intents_of(shop) == []


@pytest.mark.parametrize("key", ["x", "x" * 255, "order 17/a", "!~"])
async def test_a_key_may_be_any_printable_text(shop, key):
    assert (await shop.post(PATH, {"amount_sats": 1000}, headers={"Idempotency-Key": key})).status == 201


async def test_twenty_parallel_creates_with_one_key_make_one_intent(shop):
    answers = await asyncio.gather(*(shop.post(PATH, {"amount_sats": 1000}, headers=KEY) for _ in range(20)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert len(await intents_of(shop)) == 1


async def test_parallel_creates_on_several_instances_with_many_keys_make_one_intent_per_key(database_url, tmp_path):
    async with (
        serving(database_url, tmp_path / "1") as one,
        serving(database_url, tmp_path / "2") as two,
        serving(database_url, tmp_path / "3") as three,
    ):
        shop = await one.merchant()
        callers = [await shop.at(app) for app in (one, two, three)]
        calls = [(caller, f"order-{number}") for number in range(10) for caller in callers for _ in range(3)]
        answers = await asyncio.gather(
            *(caller.post(PATH, {"amount_sats": 1000}, headers={"Idempotency-Key": key}) for caller, key in calls)
        )
        assert {answer.status for answer in answers} == {201}
        bodies = {}
        for (_, key), answer in zip(calls, answers, strict=True):
            bodies.setdefault(key, set()).add(answer.body)
        assert all(len(same) == 1 for same in bodies.values())
        assert len(await intents_of(shop)) == 10
        assert len((await shop.get("/v1/events", params={"limit": "100"})).json["data"]) == 10


async def test_different_bodies_that_race_for_one_key_make_one_intent(shop):
    answers = await asyncio.gather(
        *(shop.post(PATH, {"amount_sats": 1000 + number}, headers=KEY) for number in range(10))
    )
    assert sorted(answer.status for answer in answers) == [201] + [422] * 9
    assert len(await intents_of(shop)) == 1


async def test_an_expired_key_is_taken_over_by_a_new_request(app, shop):
    first = await shop.post(PATH, {"amount_sats": 1000}, headers=KEY)
    async with app.gateway.pool.acquire() as connection:
        await connection.execute("UPDATE idempotency_keys SET expires_at = now() - interval '1 second'")
    taken = await shop.post(PATH, {"amount_sats": 2000}, headers=KEY)
    assert (taken.status, taken.json["amount_sats"]) == (201, 2000)
    assert taken.json["id"] != first.json["id"]
    assert (await shop.post(PATH, {"amount_sats": 2000}, headers=KEY)).body == taken.body
    assert (await shop.post(PATH, {"amount_sats": 1000}, headers=KEY)).code == "idempotency_key_reused"


async def test_an_expired_key_of_a_cancel_is_taken_over_too(app, shop):
    await app.watch()
    intent = await shop.create()
    path = f"{PATH}/{intent['id']}/cancel"
    assert (await shop.post(path, headers=KEY)).status == 200
    async with app.gateway.pool.acquire() as connection:
        await connection.execute("UPDATE idempotency_keys SET expires_at = now() - interval '1 second'")
    assert (await shop.post(path, headers=KEY)).code == "payment_intent_not_cancelable"


async def test_concurrent_cancels_with_one_key_cancel_once_and_respond_alike(app, shop):
    await app.watch()
    intent = await shop.create()
    path = f"{PATH}/{intent['id']}/cancel"
    answers = await asyncio.gather(*(shop.post(path, headers=KEY) for _ in range(8)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    events = (await shop.get("/v1/events", params={"payment_intent": intent["id"]})).json["data"]
    assert [event["sequence"] for event in events] == [2, 1]


async def test_concurrent_cancels_without_a_key_cancel_once(app, shop):
    await app.watch()
    intent = await shop.create()
    answers = await asyncio.gather(*(shop.post(f"{PATH}/{intent['id']}/cancel") for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7


async def test_a_request_whose_twin_is_still_running_is_asked_to_retry(app, shop):
    await app.watch()
    intent = await shop.create()
    path = f"{PATH}/{intent['id']}/cancel"
    held = key_of("order-17", merchant_id=shop.merchant_id, livemode=False, method="POST", path=path, body=b"")
    async with app.gateway.pool.acquire() as connection:
        twin = connection.transaction()
        await twin.start()
        keep_until = datetime.now(UTC) + timedelta(hours=1)
        assert await claim(connection, held.scope, held.request_hash, keep_until, wait_s=1)
        answer = await shop.post(path, headers=KEY)
        await twin.rollback()
    assert (answer.status, answer.code) == (409, "idempotency_in_progress")
    assert answer.headers["Retry-After"] == "1"
    assert answer.json["retry_after"] == 1
    assert (await shop.post(path, headers=KEY)).status == 200


async def test_a_create_whose_twin_is_still_running_is_asked_to_retry_and_delays_no_other(app, shop):
    body = msgspec.json.encode({"amount_sats": 1000})
    held = key_of("order-17", merchant_id=shop.merchant_id, livemode=False, method="POST", path=PATH, body=body)
    async with app.gateway.pool.acquire() as connection:
        twin = connection.transaction()
        await twin.start()
        keep_until = datetime.now(UTC) + timedelta(hours=1)
        assert await claim(connection, held.scope, held.request_hash, keep_until, wait_s=1)
        started = time.monotonic()
        answers = await asyncio.gather(
            shop.post(PATH, {"amount_sats": 1000}, headers=KEY),
            *(shop.post(PATH, {"amount_sats": 1000}) for _ in range(5)),
        )
        took_s = time.monotonic() - started
        await twin.rollback()
    assert (answers[0].status, answers[0].code) == (409, "idempotency_in_progress")
    assert answers[0].headers["Retry-After"] == "1"
    assert {answer.status for answer in answers[1:]} == {201}
    assert took_s < 10
    assert (await shop.post(PATH, {"amount_sats": 1000}, headers=KEY)).status == 201


async def test_a_webhook_endpoint_made_twice_with_one_key_is_one_endpoint_with_one_secret(shop):
    body = {"url": "https://shop.example/hooks"}
    answers = await asyncio.gather(*(shop.post("/v1/webhook_endpoints", body, headers=KEY) for _ in range(5)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["secret"] for answer in answers}) == 1
    assert len((await shop.get("/v1/webhook_endpoints")).json["data"]) == 1


async def test_a_replay_survives_that_the_circumstances_changed(app, shop):
    body = {"amount_sats": 1000, "confirmation_policy": [{"from_sats": 0, "stacks_blocks": 6, "tenure_changes": 2}]}
    first = await shop.post(PATH, body, headers=KEY)
    stricter = [{"from_sats": 0, "stacks_blocks": 100, "tenure_changes": 3}]
    assert (await shop.patch("/v1/merchants/me", {"confirmation_policy": stricter, "pay_address": SHOP})).status == 200
    assert (await shop.post(PATH, body)).code == "invalid_confirmation_policy"
    assert (await shop.post(PATH, body, headers=KEY)).body == first.body
    other = await shop.post(PATH, body | {"amount_sats": 1}, headers=KEY)
    assert other.code == "idempotency_key_reused"


async def test_a_replay_needs_no_exchange_rate(database_url, tmp_path):
    async with serving(database_url, tmp_path / "1") as app:
        shop = await app.merchant()
        first = await shop.post(PATH, {"amount_usd": "5"}, headers=KEY)
    real = UNREACHABLE.model_copy(update={"gateway_address": SHOP})
    async with serving(database_url, tmp_path / "2", test=real) as app:
        shop = await shop.at(app)
        assert (await shop.post(PATH, {"amount_usd": "5"})).code == "rate_unavailable"
        assert (await shop.post(PATH, {"amount_usd": "5"}, headers=KEY)).body == first.body


async def test_stored_responses_are_encrypted(app, shop):
    answer = await shop.post("/v1/webhook_endpoints", {"url": "https://shop.example"}, headers=KEY)
    async with app.gateway.pool.acquire() as connection:
        stored = bytes(await connection.fetchval("SELECT answer_encrypted FROM idempotency_keys"))
    assert answer.json["secret"].encode() not in stored
    assert b"whsec_" not in stored
