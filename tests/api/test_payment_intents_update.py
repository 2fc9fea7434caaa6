"""The description and metadata of an intent can change at any time; its terms cannot."""

import asyncio

import pytest

PATH = "/v1/payment_intents"
KEY = {"Idempotency-Key": "order-17"}


@pytest.fixture
async def intent(app, shop):
    await app.watch()
    return await shop.create({"amount_sats": 1000, "description": "Books", "metadata": {"order": "17", "a": "b"}})


async def test_an_update_sets_what_is_given_and_leaves_the_rest(shop, intent):
    path = f"{PATH}/{intent['id']}"
    changed = await shop.post(path, {"description": "Two books — für Zoë"})
    assert changed.status == 200
    assert changed.json == intent | {"description": "Two books — für Zoë"}
    changed = await shop.post(path, {"metadata": {"order": "18", "new": ""}})
    assert changed.json["metadata"] == {"order": "18", "a": "b", "new": ""}
    assert changed.json == (await shop.get(path)).json
    assert (await shop.post(path, {})).json == changed.json


async def test_metadata_cannot_grow_past_its_size_in_steps(shop, intent):
    path = f"{PATH}/{intent['id']}"
    first = await shop.post(path, {"metadata": {str(number): '"' * 500 for number in range(9)}})
    assert first.status == 200
    second = await shop.post(path, {"metadata": {f"b{number}": '"' * 500 for number in range(9)}})
    assert (second.status, second.code, second.param) == (422, "metadata_too_large", "metadata")
    assert (await shop.get(path)).json["metadata"] == first.json["metadata"]


async def test_null_removes(shop, intent):
    path = f"{PATH}/{intent['id']}"
    assert (await shop.post(path, {"metadata": {"a": None, "absent": None}})).json["metadata"] == {"order": "17"}
    cleared = (await shop.post(path, {"metadata": None, "description": None})).json
    assert (cleared["metadata"], cleared["description"]) == ({}, None)
    assert (await shop.get(PATH, params={"metadata[order]": "17"})).json["data"] == []


async def test_new_metadata_is_found_by_its_filter_and_old_is_not(shop, intent):
    await shop.post(f"{PATH}/{intent['id']}", {"metadata": {"order": "18"}})
    assert (await shop.get(PATH, params={"metadata[order]": "17"})).json["data"] == []
    assert len((await shop.get(PATH, params={"metadata[order]": "18"})).json["data"]) == 1


async def test_a_paid_intent_can_be_described_too_and_nothing_is_announced(app, shop, intent):
    await app.pay(intent)
    await app.watch()
    path = f"{PATH}/{intent['id']}"
    before = (await shop.get(path)).json
    events = (await shop.get("/v1/events")).json["data"]
    after = (await shop.post(path, {"description": "Sent"})).json
    assert after == before | {"description": "Sent"}
    assert (await shop.get("/v1/events")).json["data"] == events


async def test_too_many_keys_in_all_are_refused_and_nothing_changes(shop, intent):
    path = f"{PATH}/{intent['id']}"
    answer = await shop.post(path, {"description": "x", "metadata": {str(number): "" for number in range(19)}})
    assert (answer.status, answer.code, answer.param) == (422, "metadata_too_large", "metadata")
    assert (await shop.get(path)).json == intent
    ok = {str(number): "" for number in range(19)} | {"a": None}
    assert len((await shop.post(path, {"metadata": ok})).json["metadata"]) == 20


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"description": "x" * 501}, "description_too_long", "description"),
        ({"description": 1}, "validation_error", "description"),
        ({"description": "\0"}, "validation_error", "description"),
        ({"metadata": []}, "validation_error", "metadata"),
        ({"metadata": {"k" * 41: "v"}}, "metadata_too_large", "metadata." + "k" * 40),
        ({"metadata": {"a": "é" * 251}}, "metadata_too_large", "metadata.a"),
        ({"metadata": {"\0": None}}, "validation_error", "metadata"),
        ({"amount_sats": 2}, "validation_error", "amount_sats"),
        ({"status": "confirmed"}, "validation_error", "status"),
    ],
)
async def test_an_update_refuses_bad_values_and_terms_and_names_the_field(shop, intent, body, code, param):
    answer = await shop.post(f"{PATH}/{intent['id']}", body)
    assert (answer.status, answer.code, answer.param) == (422, code, param)
    assert (await shop.get(f"{PATH}/{intent['id']}")).json == intent


async def test_an_intent_of_another_merchant_or_none_cannot_be_updated(app, shop, intent):
    stranger = await app.merchant()
    for caller, intent_id in ((stranger, intent["id"]), (shop, f"pi_{'0' * 24}"), (shop, "%00"), (shop, "x" * 3000)):
        for headers in ({}, KEY):
            answer = await caller.post(f"{PATH}/{intent_id}", {"description": "mine"}, headers=headers)
            assert (answer.status, answer.code) == (404, "payment_intent_not_found")
    assert (await shop.get(f"{PATH}/{intent['id']}")).json == intent


async def test_updates_that_meet_take_nothing_back_from_each_other(shop, intent):
    path = f"{PATH}/{intent['id']}"
    answers = await asyncio.gather(*(shop.post(path, {"metadata": {str(n): "x"}}) for n in range(18)))
    assert {answer.status for answer in answers} == {200}
    assert (await shop.get(path)).json["metadata"] == {"order": "17", "a": "b"} | {str(n): "x" for n in range(18)}


async def test_updates_that_meet_do_not_pass_the_limit_together(shop, intent):
    path = f"{PATH}/{intent['id']}"
    answers = await asyncio.gather(*(shop.post(path, {"metadata": {str(n): "x"}}) for n in range(25)))
    assert sorted(answer.status for answer in answers) == [200] * 18 + [422] * 7
    assert len((await shop.get(path)).json["metadata"]) == 20


async def test_an_update_that_meets_a_payment_and_a_cancel_loses_nothing(app, shop):
    await app.watch()
    made = [await shop.create() for _ in range(8)]
    for intent in made[:4]:
        await app.pay(intent)
    updates = [shop.post(f"{PATH}/{intent['id']}", {"metadata": {"seen": "yes"}}) for intent in made]
    cancels = [shop.post(f"{PATH}/{intent['id']}/cancel") for intent in made[4:]]
    answers = await asyncio.gather(*updates, *cancels, app.watch())
    assert {answer.status for answer in answers[:-1]} == {200}
    await app.watch()
    for intent, status in zip(made, ["confirmed"] * 4 + ["canceled"] * 4, strict=True):
        now = (await shop.get(f"{PATH}/{intent['id']}")).json
        assert (now["status"], now["metadata"]) == (status, {"seen": "yes"})


async def test_an_update_is_done_once_under_its_key(shop, intent):
    path = f"{PATH}/{intent['id']}"
    first = await shop.post(path, {"description": "one"}, headers=KEY)
    await shop.post(path, {"description": "two"})
    again = await shop.post(path, {"description": "one"}, headers=KEY)
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (await shop.get(path)).json["description"] == "two"
    other = await shop.post(path, {"description": "three"}, headers=KEY)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
