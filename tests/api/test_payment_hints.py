"""Hints: the wallet's transaction id, sent by the checkout page."""

import pytest

from api.serving import AMOUNT_SATS
from sgate.services.payment_hints import MAX_HINTS_PER_INTENT

TX_ID = "0x" + "ab" * 32


@pytest.fixture
async def intent(shop):
    return await shop.create({"amount_sats": AMOUNT_SATS})


def path_of(intent):
    return f"/public/payment_intents/{intent['id']}/hint"


async def give(app, intent, tx_id=TX_ID, **fields):
    return await app.anyone.post(path_of(intent), {"tx_id": tx_id, "client_secret": intent["client_secret"]} | fields)


async def hints_of(pool, intent):
    async with pool.acquire() as connection:
        rows = await connection.fetch("SELECT tx_id FROM payment_hints WHERE payment_intent_id = $1", intent["id"])
    return [row["tx_id"] for row in rows]


async def test_a_hint_is_taken_once_however_it_is_spelled(app, pool, intent):
    for spelled in (TX_ID, TX_ID.removeprefix("0x").upper(), f" {TX_ID} "):
        answer = await give(app, intent, spelled)
        assert (answer.status, answer.json) == (
            202,
            {"object": "hint", "payment_intent": intent["id"], "tx_id": TX_ID},
        )
    assert await hints_of(pool, intent) == [TX_ID]


async def test_a_few_per_intent_and_no_more(app, pool, intent):
    for number in range(MAX_HINTS_PER_INTENT):
        assert (await give(app, intent, f"0x{number:064x}")).status == 202
    refused = await give(app, intent)
    assert (refused.status, refused.code) == (409, "too_many_hints")
    assert (await give(app, intent, f"0x{0:064x}")).status == 202
    assert len(await hints_of(pool, intent)) == MAX_HINTS_PER_INTENT


async def test_a_hint_requires_the_client_secret(app, pool, shop, intent):
    other = await shop.create()
    for wrong in (other["client_secret"], "", intent["client_secret"] + "0"):
        answer = await give(app, intent, client_secret=wrong)
        assert (answer.status, answer.code) == (404, "payment_intent_not_found")
    assert await hints_of(pool, intent) == []


@pytest.mark.parametrize("wrong", ["", "0x", "0x" + "g" * 64, "0x" + "a" * 63, "\0", "0x" + "é" * 64])
async def test_what_is_no_transaction_id_is_refused_by_name(app, intent, wrong):
    answer = await give(app, intent, wrong)
    assert (answer.status, answer.code, answer.param) == (422, "invalid_tx_id", "tx_id")


async def test_any_origin_may_ask(app, intent):
    answer = await app.anyone.call("OPTIONS", path_of(intent))
    assert answer.status == 204
    assert answer.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert answer.headers["access-control-allow-origin"] == "*"
