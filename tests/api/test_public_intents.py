"""The part of a payment intent that a customer may see, without an API key."""

import msgspec
import pytest

from api.serving import AMOUNT_SATS
from sgate.objects.public_intent import PublicIntent

PRIVATE = {
    "description": "Two books",
    "success_url": "https://shop.example/ok",
    "cancel_url": "https://shop.example/no",
}


@pytest.fixture
async def intent(shop):
    return await shop.create({"amount_sats": AMOUNT_SATS, "metadata": {"vip": "yes"}} | PRIVATE)


def path_of(intent):
    return f"/public/payment_intents/{intent['id']}"


async def test_the_bare_id_shows_what_a_payer_needs_and_nothing_private(app, shop, intent):
    answer = await app.anyone.get(path_of(intent))
    assert answer.status == 200
    seen = answer.json
    assert msgspec.convert(seen, PublicIntent)
    assert (seen["amount_sats"], seen["memo"], seen["pay_address"]) == (
        AMOUNT_SATS,
        intent["id"],
        intent["pay_address"],
    )
    assert (seen["status"], seen["accepts_payment"], seen["merchant"]["name"]) == ("requires_payment", True, "Shop")
    assert seen["expires_at"] == intent["expires_at"]
    assert {name: seen[name] for name in PRIVATE} == dict.fromkeys(PRIVATE)
    for secret in (intent["client_secret"], "vip", "Two books", shop.merchant_id, "shop.example"):
        assert secret.encode() not in answer.body
    assert not {"metadata", "client_secret", "checkout_url", "payments"} & set(seen)


async def test_the_client_secret_opens_description_and_return_links_but_never_the_metadata(app, intent):
    answer = await app.anyone.get(path_of(intent), params={"client_secret": intent["client_secret"]})
    assert {name: answer.json[name] for name in PRIVATE} == PRIVATE
    assert b"vip" not in answer.body
    assert intent["client_secret"].encode() not in answer.body


async def test_a_wrong_client_secret_shows_nothing_at_all(app, shop, intent):
    other = await shop.create()
    for wrong in (other["client_secret"], intent["client_secret"][:-1], intent["client_secret"] + "0", "x", "\0", "é"):
        answer = await app.anyone.get(path_of(intent), params={"client_secret": wrong})
        assert (answer.status, answer.code, answer.param) == (404, "payment_intent_not_found", "client_secret")


async def test_an_unknown_id_is_not_found(app):
    for unknown in ("pi_" + "0" * 24, "x", "%00", "pi_" + "0" * 23 + "%0A"):
        answer = await app.anyone.get(f"/public/payment_intents/{unknown}")
        assert (answer.status, answer.code) == (404, "payment_intent_not_found")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_any_page_may_ask_and_without_credentials(app, intent):
    answer = await app.anyone.get(path_of(intent), headers={"Origin": "https://shop.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    preflight = await app.anyone.call("OPTIONS", path_of(intent), headers={"Origin": "https://shop.example"})
    assert (preflight.status, preflight.body) == (204, b"")
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "GET" in preflight.headers["Access-Control-Allow-Methods"]


async def test_no_other_origin_may_ask_what_needs_a_key(shop):
    answer = await shop.get("/v1/payment_intents", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_head_request_gets_the_headers_alone(app, intent):
    whole, head = await app.anyone.get(path_of(intent)), await app.anyone.call("HEAD", path_of(intent))
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.body))
    assert (await app.anyone.post(path_of(intent), {})).status == 405


async def test_a_payer_sees_the_payment_as_soon_as_it_is_scanned(app, shop, intent):
    await app.watch()
    await app.pay(intent, AMOUNT_SATS // 2)
    await app.watch()
    part = (await app.anyone.get(path_of(intent))).json
    assert (part["status"], part["amount_due_sats"], part["exceptions"]) == (
        "requires_payment",
        AMOUNT_SATS // 2,
        ["partially_paid"],
    )
    await app.pay(intent, AMOUNT_SATS // 2)
    await app.watch()
    paid = (await app.anyone.get(path_of(intent))).json
    assert (paid["status"], paid["amount_due_sats"], paid["accepts_payment"]) == ("confirmed", 0, False)
    assert len(paid["tx_ids"]) == 2
