"""The receipt, as a page and as JSON."""

import pytest

from web.states import DEEP, links


async def test_a_receipt_shows_the_amounts_the_transaction_and_its_finality(site):
    intent = await site.intent(**links(site))
    (tx_id,) = await site.pay(intent)
    await site.mine(2)
    path = f"/pi/{intent['id']}/receipt?client_secret={intent['client_secret']}"
    page = await site.get(path)
    assert page.status == 200
    assert (page.shown("receipt-amount"), page.shown("receipt-received")) == ("25,000 sats", "25,000 sats")
    for part in (
        "Corner Coffee",
        "Yirgacheffe",
        "$25.00",
        "not a market price",
        tx_id,
        intent["id"],
        "3 confirmations",
    ):
        assert part in page.text
    link = next(link for link in page.of("a") if link.get("id") == "receipt-json")
    data = await site.api("", "GET", link["href"])
    assert (data["id"], data["final"], data["amount_received_sats"]) == (intent["id"], True, 25_000)
    assert [(paid["tx_id"], paid["confirmations"]) for paid in data["payments"]] == [(tx_id, 3)]
    assert data["quote"]["amount_usd"] == "25.00"


@pytest.mark.parametrize(
    ("price", "headline"),
    [({"amount_sats": 25_000}, "25,000 sats"), ({"amount_sats": None, "amount_usd": "24.90"}, "$24.90")],
    ids=["sats", "dollars"],
)
@pytest.mark.parametrize("paid_sats", [25_000, 50_000])
async def test_a_receipt_shows_the_price_first_and_then_what_came(site, price, headline, paid_sats):
    intent = await site.intent(**price)
    await site.pay(intent, paid_sats)
    page = await site.get(f"/pi/{intent['id']}/receipt")
    assert page.shown("receipt-total") == headline
    assert page.shown("receipt-came") == f"{paid_sats:,} sats received"
    assert page.text.index(headline) < page.text.index(f"{paid_sats:,} sats received")
    assert page.shown("receipt-received") == f"{paid_sats:,} sats"


async def test_a_receipt_of_a_request_that_was_not_paid_says_so_and_promises_no_change(site):
    key = await site.merchant()
    late, poor, canceled = [await site.intent(key) for _ in range(3)]
    await site.api(key, "POST", f"/v1/payment_intents/{canceled['id']}/cancel")
    await site.pay(poor, 10_000)
    await site.pass_deadline()
    for intent in (late, canceled):
        await site.pay(intent)
    for intent in (late, poor, canceled):
        page = await site.get(f"/pi/{intent['id']}/receipt")
        assert "was not paid" in page.shown("not-paid")
        assert "not-final" not in page.by_id


async def test_a_receipt_of_a_payment_that_is_not_final_says_so(site):
    intent = await site.intent(confirmation_policy=DEEP)
    await site.pay(intent)
    page = await site.get(f"/pi/{intent['id']}/receipt")
    assert "not-final" in page.by_id


async def test_there_is_no_receipt_without_a_payment_or_of_an_orphaned_one(site):
    intent = await site.intent()
    path = f"/pi/{intent['id']}/receipt"
    assert (await site.get(path)).status == 404
    await site.pay(intent)
    assert (await site.get(path)).status == 200
    await site.reorg()
    page = await site.get(path)
    assert (page.status, "No receipt yet" in page.text) == (404, True)
    async with site.http.get(f"{site.base_url}/public/payment_intents/{intent['id']}/receipt") as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (404, "receipt_not_found")


async def test_the_description_needs_the_client_secret_here_too(site):
    intent = await site.intent(**links(site))
    await site.pay(intent)
    assert "Yirgacheffe" not in (await site.get(f"/pi/{intent['id']}/receipt")).html
