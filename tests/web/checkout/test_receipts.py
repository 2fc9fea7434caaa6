"""The receipt, as a page and as JSON."""

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
