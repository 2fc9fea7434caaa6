"""Calls for the merchant, webhook endpoints and events."""

import asyncio

import msgspec

from api.serving import LIVE_SHOP, SHOP, UNREACHABLE, serving
from sgate.chain.simulator import simulated_address
from sgate.core.event import API_VERSION
from sgate.objects.merchant import MerchantObject
from sgate.objects.webhook_endpoint import EndpointObject

ME = "/v1/merchants/me"
ENDPOINTS = "/v1/webhook_endpoints"
EVENTS = "/v1/events"
INTENTS = "/v1/payment_intents"
HOOK = {"url": "https://shop.example/hooks"}


async def audit(app):
    async with app.gateway.pool.acquire() as connection:
        return [dict(row) for row in await connection.fetch("SELECT * FROM audit_log ORDER BY id")]


# --- the merchant


async def test_a_merchant_sees_its_settings_and_what_they_come_to(shop):
    me = (await shop.get(ME)).json
    assert msgspec.convert(me, MerchantObject)
    assert (me["id"], me["object"], me["livemode"], me["network"]) == (shop.merchant_id, "merchant", False, "simulated")
    assert (me["pay_address"], me["confirmation_policy"]) == (None, None)
    assert me["effective_pay_address"].startswith("ST")
    assert me["effective_confirmation_policy"][0] == {"from_sats": 0, "stacks_blocks": 1}


async def test_an_update_changes_what_is_given_leaves_the_rest_and_null_clears(shop):
    policy = [{"from_sats": 0, "stacks_blocks": 3}]
    changed = (
        await shop.patch(
            ME,
            {
                "name": "Zoë's",
                "support_url": "https://shop.example/help",
                "pay_address": SHOP,
                "confirmation_policy": policy,
                "tolerance_sats": 10,
                "tolerance_bp": 50,
                "late_payments": "accept",
            },
        )
    ).json
    assert changed == (await shop.get(ME)).json
    assert (changed["name"], changed["pay_address"], changed["confirmation_policy"]) == ("Zoë's", SHOP, policy)
    assert (changed["tolerance_sats"], changed["tolerance_bp"], changed["late_payments"]) == (10, 50, "accept")
    assert (await shop.patch(ME, {})).json == changed
    cleared = (await shop.patch(ME, {"support_url": None, "pay_address": None, "confirmation_policy": None})).json
    assert (cleared["support_url"], cleared["pay_address"], cleared["confirmation_policy"]) == (None, None, None)
    assert cleared["name"] == "Zoë's"


async def test_terms_are_fixed_when_the_intent_is_made(shop):
    before = await shop.create()
    await shop.patch(ME, {"pay_address": SHOP, "confirmation_policy": [{"from_sats": 0, "stacks_blocks": 9}]})
    after = await shop.create()
    assert (await shop.get(f"{INTENTS}/{before['id']}")).json == before
    assert after["confirmation_policy"] == [{"from_sats": 0, "stacks_blocks": 9}]


async def test_a_tolerance_settles_an_intent_that_is_a_little_short(app, shop):
    await app.watch()
    await shop.patch(ME, {"tolerance_sats": 5})
    intent = await shop.create()
    await app.pay(intent, intent["amount_sats"] - 5)
    await app.watch()
    assert (await shop.get(f"{INTENTS}/{intent['id']}")).json["status"] == "confirmed"


async def test_a_tolerance_larger_than_a_tenth_of_the_amount_is_capped(app, shop):
    await app.watch()
    await shop.patch(ME, {"tolerance_sats": 2_100_000_000_000_000})
    intent = (await shop.post(INTENTS, {"amount_sats": 10_000})).json
    await app.pay(intent, 8_999)
    await app.watch()
    assert (await shop.get(f"{INTENTS}/{intent['id']}")).json["status"] == "requires_payment"
    await app.pay(intent, 1)
    await app.watch()
    assert (await shop.get(f"{INTENTS}/{intent['id']}")).json["status"] == "confirmed"


async def test_an_address_belongs_to_the_merchant_who_named_it_first_for_good(app, shop):
    stranger = await app.merchant()
    assert (await shop.patch(ME, {"pay_address": SHOP})).status == 200
    assert (await shop.patch(ME, {"pay_address": None})).status == 200
    taken = await stranger.patch(ME, {"pay_address": SHOP, "name": "New"})
    assert (taken.status, taken.code, taken.param) == (409, "pay_address_taken", "pay_address")
    assert (await stranger.get(ME)).json["name"] == "Shop"
    assert (await shop.patch(ME, {"pay_address": SHOP})).status == 200


async def test_two_merchants_who_name_one_address_at_once_do_not_both_get_it(app, shop):
    stranger = await app.merchant()
    answers = await asyncio.gather(*(caller.patch(ME, {"pay_address": SHOP}) for caller in (shop, stranger)))
    assert sorted(answer.status for answer in answers) == [200, 409]


async def test_settings_belong_to_one_mode(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        test = await app.merchant()
        live = await app.key(test.merchant_id, "read", "admin", livemode=True)
        await test.patch(ME, {"pay_address": SHOP, "name": "Both", "tolerance_bp": 7})
        await live.patch(ME, {"pay_address": simulated_main()})
        seen_live, seen_test = (await live.get(ME)).json, (await test.get(ME)).json
        assert (seen_live["name"], seen_live["tolerance_bp"], seen_live["network"]) == ("Both", 0, "mainnet")
        assert seen_test["pay_address"] == SHOP
        assert (await live.patch(ME, {"pay_address": LIVE_SHOP})).code == "pay_address_taken"  # the server's own


def simulated_main():
    from sgate.core.address import encode, parse_principal

    return encode(22, parse_principal(simulated_address("main")).hash160)


async def test_a_change_is_audited_with_who_did_it_and_what_was_before(app, shop):
    await shop.patch(ME, {"pay_address": SHOP}, headers={"X-Request-Id": "audited-17"})
    line = (await audit(app))[-1]
    assert (line["action"], line["actor"], line["request_id"]) == (
        "merchant.updated",
        f"key {shop.key_id}",
        "audited-17",
    )
    assert line["address"] == "127.0.0.1"
    detail = msgspec.json.decode(line["detail"])
    assert (detail["before"]["pay_address"], detail["after"]["pay_address"]) == (None, SHOP)


# --- webhook endpoints


async def test_an_endpoint_shows_its_secret_once(app, shop):
    made = await shop.post(ENDPOINTS, HOOK | {"description": "Ours", "event_types": ["payment_intent.succeeded"]})
    assert made.status == 201
    assert msgspec.convert(made.json, EndpointObject)
    assert made.json["secret"].startswith("whsec_")
    [listed] = (await shop.get(ENDPOINTS)).json["data"]
    assert listed == {name: value for name, value in made.json.items() if name != "secret"}
    assert (listed["enabled"], listed["event_types"]) == (True, ["payment_intent.succeeded"])
    assert made.json["secret"] not in str(await audit(app))


async def test_a_deleted_endpoint_is_gone_and_cannot_be_deleted_again(app, shop):
    made = (await shop.post(ENDPOINTS, HOOK)).json
    await shop.create()
    deleted = await shop.delete(f"{ENDPOINTS}/{made['id']}")
    assert (deleted.status, deleted.json) == (200, {"id": made["id"], "object": "webhook_endpoint", "deleted": True})
    assert (await shop.get(ENDPOINTS)).json["data"] == []
    again = await shop.delete(f"{ENDPOINTS}/{made['id']}")
    assert (again.status, again.code) == (404, "webhook_endpoint_not_found")
    assert [line["action"] for line in await audit(app)][-2:] == [
        "webhook_endpoint.created",
        "webhook_endpoint.deleted",
    ]
    async with app.gateway.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'") == 0


async def test_an_endpoint_of_another_merchant_or_mode_cannot_be_deleted(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        shop, stranger = await app.merchant(), await app.merchant()
        live = await app.key(shop.merchant_id, "read", "admin", livemode=True)
        made = (await shop.post(ENDPOINTS, HOOK)).json
        for caller in (stranger, live):
            assert (await caller.get(ENDPOINTS)).json["data"] == []
            assert (await caller.delete(f"{ENDPOINTS}/{made['id']}")).code == "webhook_endpoint_not_found"
        for nonsense in ("%00", "we_", "x" * 2000):
            assert (await shop.delete(f"{ENDPOINTS}/{nonsense}")).code == "webhook_endpoint_not_found"
        assert len((await shop.get(ENDPOINTS)).json["data"]) == 1


async def test_a_merchant_cannot_have_more_endpoints_than_allowed_however_parallel_it_asks(shop):
    answers = await asyncio.gather(*(shop.post(ENDPOINTS, HOOK) for _ in range(24)))
    assert sorted(answer.status for answer in answers) == [201] * 16 + [409] * 8
    refused = next(answer for answer in answers if answer.status == 409)
    assert refused.code == "too_many_webhook_endpoints"
    assert len((await shop.get(ENDPOINTS)).json["data"]) == 16


async def test_live_webhooks_need_https_and_public_names(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE, webhook_allow_private=False) as app:
        test = await app.merchant()
        live = await app.key(test.merchant_id, "admin", livemode=True)
        assert (await live.post(ENDPOINTS, {"url": "http://shop.example"})).code == "invalid_url"
        assert (await live.post(ENDPOINTS, HOOK)).status == 201
        assert (await test.post(ENDPOINTS, {"url": "http://shop.example"})).status == 201
        for url in (
            *(
                "https://localhost/x",
                "https://127.0.0.1/x",
                "https://169.254.169.254/",
                "https://[::1]/",
                "https://10.0.0.1",
            ),
            *(
                "https://[::ffff:127.0.0.1]/",
                "https://0x7f.1/",
                "https://0177.0.0.1/",
                "https://0/",
                "https://db:5432/",
            ),
        ):
            answer = await test.post(ENDPOINTS, {"url": url})
            assert (answer.status, answer.code, answer.param) == (422, "invalid_url", "url"), url


# --- events


async def test_an_event_is_what_the_webhook_says(app, shop):
    await app.watch()
    intent = await shop.create()
    await app.pay(intent)
    await app.watch()
    listed = (await shop.get(EVENTS)).json
    assert (listed["object"], listed["has_more"], listed["limit"]) == ("list", False, 10)
    assert {event["sequence"] for event in listed["data"]} == set(range(1, len(listed["data"]) + 1))
    created = next(event for event in listed["data"] if event["sequence"] == 1)
    assert (created["type"], created["event"], created["object"]) == (
        "payment_intent.created",
        "payment_intent.created",
        "event",
    )
    assert (created["livemode"], created["api_version"]) == (False, API_VERSION)
    assert created["data"]["object"] == {name: value for name, value in intent.items() if name != "payments"}
    one = await shop.get(f"{EVENTS}/{created['id']}")
    assert (one.status, one.json) == (200, created)


async def test_events_can_be_filtered_and_paged(shop):
    intents = [await shop.create() for _ in range(5)]
    of_one = (await shop.get(EVENTS, params={"payment_intent": intents[2]["id"]})).json["data"]
    assert [event["data"]["object"]["id"] for event in of_one] == [intents[2]["id"]]
    assert (await shop.get(EVENTS, params={"type": "payment_intent.canceled"})).json["data"] == []
    assert len((await shop.get(EVENTS, params={"type": "payment_intent.created"})).json["data"]) == 5
    seen, cursor = [], {}
    while True:
        page = (await shop.get(EVENTS, params={"limit": "2"} | cursor)).json
        seen += [event["id"] for event in page["data"]]
        if not page["has_more"]:
            break
        cursor = {"starting_after": seen[-1]}
    assert len(seen) == len(set(seen)) == 5


async def test_events_refuse_parameters_that_mean_nothing(shop):
    await shop.create()
    for params, status, code, param in (
        ({"type": "nonsense"}, 422, "validation_error", "type"),
        ({"payment_intent": "x"}, 422, "validation_error", "payment_intent"),
        ({"payment_intent": "\0"}, 422, "validation_error", "payment_intent"),
        ({"starting_after": "\0"}, 400, "invalid_cursor", "starting_after"),
        ({"starting_after": "evt_" + "0" * 24}, 400, "invalid_cursor", "starting_after"),
        ({"limit": "x"}, 422, "validation_error", "limit"),
        ({"ending_before": "x"}, 400, "invalid_cursor", "ending_before"),
        ({"page": "1"}, 422, "validation_error", "page"),
        ({"from_date": "soon"}, 422, "validation_error", "from_date"),
        ({"stream": "maybe"}, 422, "validation_error", "stream"),
        ({"stream": "true", "limit": "5"}, 422, "validation_error", "limit"),
        ({"stream": "true", "last_event_id": "x"}, 400, "invalid_cursor", "last_event_id"),
        ({"stream": "true", "last_event_id": "evt_" + "0" * 24}, 400, "invalid_cursor", "last_event_id"),
    ):
        answer = await shop.get(EVENTS, params=params)
        assert (answer.status, answer.code, answer.param) == (status, code, param)
    for unknown in ("evt_" + "0" * 24, "%00", "x"):
        answer = await shop.get(f"{EVENTS}/{unknown}")
        assert (answer.status, answer.code) == (404, "event_not_found")


async def test_events_of_another_merchant_or_mode_are_not_there(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        shop, stranger = await app.merchant(), await app.merchant()
        live = await app.key(shop.merchant_id, "read", livemode=True)
        intent = await shop.create()
        [event] = (await shop.get(EVENTS)).json["data"]
        for caller in (stranger, live):
            assert (await caller.get(EVENTS)).json["data"] == []
            assert (await caller.get(EVENTS, params={"payment_intent": intent["id"]})).json["data"] == []
            assert (await caller.get(EVENTS, params={"starting_after": event["id"]})).code == "invalid_cursor"
            assert (await caller.get(f"{EVENTS}/{event['id']}")).code == "event_not_found"
