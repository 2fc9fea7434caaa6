import asyncio

import msgspec
import pytest
import yarl

from api.serving import AMOUNT_SATS, LIVE_SHOP, SHOP, UNREACHABLE, serving
from sgate.objects.payment_intent import IntentWithPayments

SIX_BLOCKS = [{"from_sats": 0, "stacks_blocks": 6}, {"from_sats": 100_000_000, "stacks_blocks": 6, "tenure_changes": 2}]
PATH = "/v1/payment_intents"


async def test_a_create_returns_everything_a_shop_needs(shop):
    answer = await shop.post(
        PATH,
        {
            "amount_sats": 123_456,
            "currency": "sbtc",
            "description": "Two books — für Zoë 📚",
            "metadata": {"order": "17", "clé": "é"},
            "success_url": "https://shop.example/thanks?pi={id}",
            "cancel_url": "http://localhost:3000/cart",
            "expires_in": 3600,
            "confirmation_policy": [{"from_sats": 0, "stacks_blocks": 6, "tenure_changes": 2}],
        },
    )
    assert answer.status == 201
    assert answer.headers["Content-Type"] == "application/json"
    intent = answer.json
    assert msgspec.convert(intent, IntentWithPayments).id == intent["id"]
    assert len(intent["id"]) == 27
    assert intent["id"].startswith("pi_")
    assert (intent["object"], intent["livemode"], intent["status"]) == ("payment_intent", False, "requires_payment")
    assert (intent["amount_sats"], intent["amount_received_sats"], intent["amount_due_sats"]) == (123_456, 0, 123_456)
    assert intent["memo"] == intent["id"]
    assert bytes.fromhex(intent["memo_hex"]).decode() == intent["id"]
    assert intent["description"] == "Two books — für Zoë 📚"
    assert intent["metadata"] == {"order": "17", "clé": "é"}
    assert intent["success_url"] == f"https://shop.example/thanks?pi={intent['id']}"
    assert intent["cancel_url"] == "http://localhost:3000/cart"
    assert intent["client_secret"].startswith(intent["id"] + "_secret_")
    assert len(intent["client_secret"]) == 64
    assert intent["checkout_url"].endswith(f"/pi/{intent['id']}?client_secret={intent['client_secret']}")
    assert intent["confirmation_policy"] == [{"from_sats": 0, "stacks_blocks": 6, "tenure_changes": 2}]
    assert intent["created_at"].endswith("Z")
    assert intent["payments"] == []
    assert intent["exceptions"] == []
    assert intent["quote"]["amount_usd"] == "123.46"


async def test_a_create_returns_what_a_retrieve_returns(shop):
    created = await shop.post(PATH, {"amount_sats": 7, "metadata": {"a": "b"}})
    retrieved = await shop.get(f"{PATH}/{created.json['id']}")
    assert retrieved.status == 200
    intent = {name: value for name, value in created.json.items() if name != "warnings"}
    assert retrieved.json == intent
    listed = await shop.get(PATH)
    assert listed.json["data"] == [intent]


async def test_a_price_in_dollars_becomes_sats_rounded_up_and_keeps_its_provenance(shop):
    intent = await shop.create({"amount_usd": "19.99"})
    assert intent["amount_sats"] == 19_990
    assert intent["quote"]["amount_usd"] == "19.99"
    assert intent["quote"]["rate_usd_per_btc"] == "100000"
    assert "not a market price" in intent["quote"]["source"]


async def test_a_payment_is_shown_with_the_intent_once_it_is_scanned(app, shop):
    await app.watch()
    intent = await shop.create()
    await app.pay(intent)
    assert (await shop.get(f"{PATH}/{intent['id']}")).json["status"] == "requires_payment"
    await app.watch()
    paid = (await shop.get(f"{PATH}/{intent['id']}")).json
    assert (paid["status"], paid["amount_received_sats"], paid["amount_due_sats"]) == ("confirmed", AMOUNT_SATS, 0)
    assert paid["confirmed_at"]
    assert [payment["amount_sats"] for payment in paid["payments"]] == [AMOUNT_SATS]
    assert paid["payments"][0]["memo_hex"] == intent["memo_hex"]
    assert (paid["confirmations"], paid["finality"]) == (1, "included")


async def test_an_intent_of_another_merchant_cannot_be_seen_canceled_or_used_as_a_cursor(app, shop):
    stranger = await app.merchant("Stranger")
    intent = await shop.create()
    for answer in (
        await stranger.get(f"{PATH}/{intent['id']}"),
        await stranger.post(f"{PATH}/{intent['id']}/cancel"),
        await stranger.post(f"{PATH}/{intent['id']}/cancel", headers={"Idempotency-Key": "k"}),
    ):
        assert (answer.status, answer.code) == (404, "payment_intent_not_found")
    assert (await stranger.get(PATH)).json["data"] == []
    assert (await stranger.get(PATH, params={"starting_after": intent["id"]})).code == "invalid_cursor"
    assert (await shop.get(f"{PATH}/{intent['id']}")).json["status"] == "requires_payment"


async def test_neither_mode_sees_the_intents_of_the_other(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        test = await app.merchant()
        live = await app.key(test.merchant_id, "read", "write", livemode=True)
        in_test, in_live = await test.create(), await live.create()
        assert (in_test["livemode"], in_live["livemode"]) == (False, True)
        assert in_live["pay_address"] == LIVE_SHOP
        for caller, other in ((test, in_live), (live, in_test)):
            assert (await caller.get(f"{PATH}/{other['id']}")).code == "payment_intent_not_found"
            assert (await caller.post(f"{PATH}/{other['id']}/cancel")).code == "payment_intent_not_found"
            assert (await caller.get(PATH, params={"starting_after": other["id"]})).code == "invalid_cursor"
            assert len((await caller.get(PATH)).json["data"]) == 1


async def test_a_live_price_in_dollars_without_a_rate_is_refused_and_never_invented(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        live = await app.merchant(livemode=True)
        answer = await live.post(PATH, {"amount_usd": "1"})
        assert (answer.status, answer.code) == (503, "rate_unavailable")
        assert (await live.create())["quote"] is None


async def test_calls_in_a_disabled_mode_say_so(database_url, tmp_path):
    async with serving(database_url, tmp_path / "on", live=UNREACHABLE) as app:
        live = await app.merchant(livemode=True)
        intent = await live.create()
    async with serving(database_url, tmp_path / "off") as app:
        live = await live.at(app)
        for method, path in (
            ("POST", PATH),
            ("GET", PATH),
            ("GET", f"{PATH}/{intent['id']}"),
            ("POST", f"{PATH}/{intent['id']}/cancel"),
            ("GET", "/v1/merchants/me"),
            ("GET", "/v1/events"),
        ):
            answer = await live.call(method, path, {"amount_sats": 1} if path == PATH and method == "POST" else None)
            assert (answer.status, answer.code) == (503, "unavailable"), (method, path)
            assert "is disabled" in answer.json["error"]["message"]
        assert (await app.anyone.get(f"/public/payment_intents/{intent['id']}")).status == 404


async def test_a_merchant_without_an_address_is_asked_to_set_one(database_url, tmp_path):
    nowhere = UNREACHABLE.model_copy(update={"gateway_address": None})
    async with serving(database_url, tmp_path, live=nowhere) as app:
        live = await app.merchant(livemode=True)
        answer = await live.post(PATH, {"amount_sats": 1})
        assert (answer.status, answer.code) == (409, "pay_address_missing")
        assert "PATCH /v1/merchants/me" in answer.json["error"]["message"]
        assert (await live.patch("/v1/merchants/me", {"pay_address": LIVE_SHOP})).status == 200
        assert (await live.create())["pay_address"] == LIVE_SHOP


# --- lists


async def test_a_list_goes_from_the_newest_to_the_oldest_in_pages(shop):
    made = [(await shop.create())["id"] for _ in range(5)]
    first = (await shop.get(PATH, params={"limit": "2"})).json
    assert (first["object"], first["limit"], first["has_more"]) == ("list", 2, True)
    second = (await shop.get(PATH, params={"limit": "2", "starting_after": first["data"][-1]["id"]})).json
    last = (await shop.get(PATH, params={"limit": "2", "starting_after": second["data"][-1]["id"]})).json
    assert last["has_more"] is False
    listed = [intent["id"] for page in (first, second, last) for intent in page["data"]]
    assert sorted(listed) == sorted(made)
    created = [intent["created_at"] for page in (first, second, last) for intent in page["data"]]
    assert created == sorted(created, reverse=True)


async def test_paging_during_inserts_has_no_duplicates_and_no_gaps(shop):
    before = {(await shop.create())["id"] for _ in range(25)}
    stop = asyncio.Event()

    async def insert():
        while not stop.is_set():
            await shop.create()

    inserting = [asyncio.create_task(insert()) for _ in range(3)]
    listed, cursor = [], {}
    while True:
        page = (await shop.get(PATH, params={"limit": "3", **cursor})).json
        listed += [intent["id"] for intent in page["data"]]
        if not page["has_more"]:
            break
        cursor = {"starting_after": listed[-1]}
    stop.set()
    await asyncio.gather(*inserting)
    assert len(listed) == len(set(listed))
    assert before <= set(listed)


async def test_intents_of_one_millisecond_are_all_listed(app, shop):
    made = await asyncio.gather(*(shop.create() for _ in range(30)))
    async with app.gateway.pool.acquire() as connection:
        await connection.execute("UPDATE payment_intents SET created_at = '2026-01-01', expires_at = '2026-01-02'")
    listed, cursor = [], {}
    while True:
        page = (await shop.get(PATH, params={"limit": "7", **cursor})).json
        listed += [intent["id"] for intent in page["data"]]
        if not page["has_more"]:
            break
        cursor = {"starting_after": listed[-1]}
    assert sorted(listed) == sorted(intent["id"] for intent in made)
    assert len(listed) == 30


async def test_a_list_can_be_filtered_by_status(app, shop):
    await app.watch()
    kept, canceled = await shop.create(), await shop.create()
    await shop.post(f"{PATH}/{canceled['id']}/cancel")
    waiting = (await shop.get(PATH, params={"status": "requires_payment"})).json["data"]
    gone = (await shop.get(PATH, params={"status": "canceled"})).json["data"]
    assert [intent["id"] for intent in waiting] == [kept["id"]]
    assert [intent["id"] for intent in gone] == [canceled["id"]]


@pytest.mark.parametrize(
    ("params", "status", "code", "param"),
    [
        ({"limit": "0"}, 422, "validation_error", "limit"),
        ({"limit": "101"}, 422, "validation_error", "limit"),
        ({"limit": "-1"}, 422, "validation_error", "limit"),
        ({"limit": "1.0"}, 422, "validation_error", "limit"),
        ({"limit": "1e1"}, 422, "validation_error", "limit"),
        ({"limit": ""}, 422, "validation_error", "limit"),
        ({"limit": "٣"}, 422, "validation_error", "limit"),
        ({"limit": "1000000010"}, 422, "validation_error", "limit"),
        ({"limit": "9" * 5000}, 422, "validation_error", "limit"),
        ({"limit": "0000000000001"}, 422, "validation_error", "limit"),
        ({"status": "paid"}, 422, "validation_error", "status"),
        ({"status": ""}, 422, "validation_error", "status"),
        ({"status": "CONFIRMED"}, 422, "validation_error", "status"),
        ({"staus": "confirmed"}, 422, "validation_error", "staus"),
        ({"starting_after": "pi_" + "0" * 24}, 400, "invalid_cursor", "starting_after"),
        ({"starting_after": ""}, 400, "invalid_cursor", "starting_after"),
        ({"starting_after": "\0"}, 400, "invalid_cursor", "starting_after"),
        ({"starting_after": "x" * 3000}, 400, "invalid_cursor", "starting_after"),
    ],
)
async def test_a_list_refuses_unknown_parameters(shop, params, status, code, param):
    await shop.create()
    answer = await shop.get(PATH, params=params)
    assert (answer.status, answer.code, answer.param) == (status, code, param)


# --- ids in paths


@pytest.mark.parametrize(
    "intent_id", ["pi_" + "0" * 24, "pi_", "x", "%00", "pi_%00", "%F0%9F%92%A9", "%FF", "..", "a" * 3000, "%2e%2e%2f"]
)
async def test_an_id_that_names_nothing_is_not_found_whatever_it_looks_like(shop, intent_id):

    url = yarl.URL(f"{shop.app.url}{PATH}/{intent_id}", encoded=True)
    answer = await shop.get(url)
    assert answer.status == 404
    canceled = await shop.post(yarl.URL(f"{url}/cancel", encoded=True))
    assert canceled.status == 404


async def test_a_broken_id_spoils_no_read_that_shares_its_statement(shop):
    intent = await shop.create()

    broken = yarl.URL(f"{shop.app.url}{PATH}/%00", encoded=True)
    answers = await asyncio.gather(
        *(shop.get(broken if number % 3 == 0 else f"{PATH}/{intent['id']}") for number in range(60))
    )
    assert [answer.status for answer in answers] == [404 if number % 3 == 0 else 200 for number in range(60)]


# --- cancel


async def test_a_cancel_returns_the_canceled_intent_and_announces_it_even_before_the_first_scan(shop):
    intent = await shop.create()
    answer = await shop.post(f"{PATH}/{intent['id']}/cancel")
    assert (answer.status, answer.json["status"]) == (200, "canceled")
    assert answer.json["canceled_at"]
    events = (await shop.get("/v1/events", params={"payment_intent": intent["id"]})).json["data"]
    assert [event["type"] for event in events] == ["payment_intent.canceled", "payment_intent.created"]
    again = await shop.post(f"{PATH}/{intent['id']}/cancel")
    assert (again.status, again.code) == (409, "payment_intent_not_cancelable")
    assert "canceled" in again.json["error"]["message"]


async def test_a_paid_intent_cannot_be_canceled(app, shop):
    await app.watch()
    intent = await shop.create()
    await app.pay(intent)
    await app.watch()
    answer = await shop.post(f"{PATH}/{intent['id']}/cancel", {})
    assert (answer.status, answer.code) == (409, "payment_intent_not_cancelable")


async def test_a_partly_paid_intent_cannot_be_canceled(app, shop):
    await app.watch()
    intent = await shop.create()
    await app.pay(intent, AMOUNT_SATS // 2)
    await app.watch()
    answer = await shop.post(f"{PATH}/{intent['id']}/cancel")
    assert (answer.status, answer.code) == (409, "payment_intent_not_cancelable")
    assert "already on the chain" in answer.json["error"]["message"]


async def test_a_cancel_that_races_with_a_payment_ends_paid_or_paid_after_cancel_and_never_loses_the_money(app, shop):
    await app.watch()
    intents = [await shop.create() for _ in range(12)]
    for intent in intents:
        await app.pay(intent)
    cancels = asyncio.gather(*(shop.post(f"{PATH}/{intent['id']}/cancel") for intent in intents))
    _, canceled = await asyncio.gather(app.watch(), cancels)
    await app.watch()
    for intent, answer in zip(intents, canceled, strict=True):
        seen = (await shop.get(f"{PATH}/{intent['id']}")).json
        events = (await shop.get("/v1/events", params={"payment_intent": intent["id"]})).json["data"]
        types = [event["type"].partition(".")[2] for event in reversed(events)]
        assert seen["amount_received_sats"] == AMOUNT_SATS
        if answer.status == 200:
            assert (seen["status"], seen["exceptions"]) == ("canceled", ["paid_after_cancel"])
            assert types == ["created", "canceled", "paid_after_cancel"]
        else:
            assert answer.code == "payment_intent_not_cancelable"
            assert (seen["status"], seen["exceptions"]) == ("confirmed", [])
            assert "succeeded" in types


async def test_a_merchant_with_an_address_of_its_own_is_paid_there(shop):
    await shop.patch("/v1/merchants/me", {"pay_address": SHOP})
    assert (await shop.create())["pay_address"] == SHOP


async def test_a_partly_paid_intent_is_canceled_only_by_force_and_its_money_is_held(app, shop):
    await app.watch()
    intent = await shop.create()
    url = f"{PATH}/{intent['id']}/cancel"
    await app.pay(intent, 20_000)
    await app.watch()
    refused = await shop.post(url)
    assert (refused.status, refused.code) == (409, "payment_intent_not_cancelable")
    assert '{"force": true}' in refused.json["error"]["message"]
    answer = await shop.post(url, {"force": True, "reason": "sold out"})
    assert (answer.status, answer.json["status"]) == (200, "canceled")
    assert answer.json["exceptions"] == ["canceled_with_payment"]
    assert (answer.json["amount_received_sats"], answer.json["amount_due_sats"]) == (20_000, intent["amount_sats"])
    events = (await shop.get("/v1/events")).json["data"]
    assert {event["type"] for event in events} >= {"payment_intent.canceled_with_payment", "payment.held"}
    (held,) = [event["data"]["object"] for event in events if event["type"] == "payment.held"]
    assert (held["held_reason"], held["amount_sats"], held["payment_intent"]) == ("canceled", 20_000, intent["id"])
    stored = await app.gateway.pool.fetchval("SELECT command::text FROM ledger_commands ORDER BY id DESC LIMIT 1")
    assert "sold out" in stored
    refunded = await shop.post(f"/v1/payments/{held['id']}/mark_refunded", {"tx_id": "0x" + "ab" * 32})
    assert refunded.status == 200


async def test_an_intent_whose_payment_becomes_final_is_canceled_by_force_without_word_of_a_reorganization(app, shop):
    await app.watch()
    intent = await shop.create({"amount_sats": 5_000, "confirmation_policy": SIX_BLOCKS})
    await app.pay(intent)
    await app.watch()
    url = f"{PATH}/{intent['id']}/cancel"
    assert (await shop.post(url)).code == "payment_intent_not_cancelable"
    assert (await shop.post(url, {"force": True})).json["status"] == "canceled"
    events = (await shop.get("/v1/events", params={"payment_intent": intent["id"]})).json["data"]
    assert [event["type"].partition(".")[2] for event in events] == [
        "canceled_with_payment", "canceled", "processing", "created",
    ]  # fmt: skip


async def test_a_confirmed_intent_is_canceled_by_nothing(app, shop):
    await app.watch()
    intent = await shop.create({"amount_sats": 5_000})
    await app.pay(intent)
    await app.watch()
    answer = await shop.post(f"{PATH}/{intent['id']}/cancel", {"force": True})
    assert (answer.status, answer.code) == (409, "payment_intent_not_cancelable")


@pytest.mark.parametrize(
    ("body", "param"),
    [({"force": "yes"}, "force"), ({"reason": ""}, "reason"), ({"reason": "x" * 501}, "reason"), ({"why": "x"}, "why")],
)
async def test_a_bad_cancel_is_refused_by_field(shop, body, param):
    intent = await shop.create()
    answer = await shop.post(f"{PATH}/{intent['id']}/cancel", body)
    assert (answer.status, answer.param) == (422, param)


async def test_accepted_money_cannot_be_canceled_away(app, shop):
    await app.watch()
    intent = await shop.create({"amount_sats": 5_000, "confirmation_policy": SIX_BLOCKS})
    await shop.post(f"{PATH}/{intent['id']}/cancel")
    await app.pay(intent)
    await app.watch()
    assert (await shop.post(f"{PATH}/{intent['id']}/accept")).json["status"] == "processing"
    answer = await shop.post(f"{PATH}/{intent['id']}/cancel", {"force": True})
    assert (answer.status, answer.code) == (409, "payment_intent_not_cancelable")
    assert "accepted" in answer.json["error"]["message"]
    assert (await shop.get(f"{PATH}/{intent['id']}")).json["status"] == "processing"


async def test_an_intent_at_the_gateway_address_is_created_with_a_warning_until_the_merchant_has_an_address(shop):
    async def create(**options):
        return (await shop.post(PATH, {"amount_sats": 1_000}, **options)).json

    first = await create(headers={"Idempotency-Key": "one"})
    (warning,) = first["warnings"]
    assert warning["code"] == "gateway_address"
    assert "PATCH /v1/merchants/me" in warning["message"]
    await shop.patch("/v1/merchants/me", {"pay_address": SHOP})
    assert (await create())["warnings"] == []
    assert (await create(headers={"Idempotency-Key": "one"}))["warnings"] == [warning]
    assert "warnings" not in (await shop.get(f"{PATH}/{first['id']}")).json
