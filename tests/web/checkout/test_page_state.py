"""The pictures of the checkout, reached by payments on the simulated chain and read without a browser."""

from decimal import Decimal

import pytest

from sgate.core.finality import Tier
from sgate.core.mode import DEFAULT_GRACE_S
from sgate.web.checkout.messages import duration, needs
from sgate.web.checkout.page_state import minutes_needed, transactions_of
from sgate.web.i18n import words_of
from sgate.web.rendering import chunked, clock, coded, sbtc, web_link
from web.states import DEEP, links

HOW_TO_PAY = ("pay-amount", "pay-sats", "pay-address", "pay-memo", "pay-memo-hex")


async def test_a_waiting_page_shows_everything_needed_to_pay(site):
    intent = await site.intent(**links(site))
    page = await site.page(intent)
    assert (page.status, page.picture) == (200, "waiting")
    assert page.shown("amount") == "25,000 sats"
    assert [page.shown(name) for name in HOW_TO_PAY] == [
        "0.00025", "25000", intent["pay_address"], intent["id"], intent["memo_hex"],
    ]  # fmt: skip
    assert [button["data-copy"] for button in page.of("button") if "data-copy" in button] == [
        page.shown(name) for name in HOW_TO_PAY
    ]
    assert page.shown("countdown") in {"15:00", "14:59", "14:58"}
    assert "Do not forget the memo." in page.text
    assert "about $25.00" in page.text
    assert "fixed rate of the simulated chain, not a market price" in page.text
    assert "The payment is final after 1 Stacks block (under a minute)." in page.text
    assert page.shown("cancel-link") == "Cancel and go back"


async def test_a_partial_payment_asks_for_exactly_the_rest(site):
    intent = await site.intent(**links(site))
    await site.pay(intent, 10_000)
    page = await site.page(intent)
    assert page.picture == "partial"
    assert (page.shown("amount"), page.shown("pay-amount"), page.shown("pay-sats")) == (
        "15,000 sats", "0.00015", "15000",
    )  # fmt: skip
    assert "10,000 of 25,000 sats received" in page.shown("state")
    assert "$" not in page.text  # the quote is for the full amount
    assert "cancel-link" not in page.by_id


async def test_a_payment_in_the_mempool_collapses_the_instructions(site):
    intent = await site.intent(**links(site))
    await site.see_in_mempool(intent)
    page = await site.page(intent)
    assert page.picture == "seen"
    assert "please do not pay again" in page.shown("state")
    assert intent["pay_address"] in page.shown("again")
    assert "open" not in next(attributes for attributes in page.of("details") if attributes["id"] == "again")
    assert "cancel-link" not in page.by_id


async def test_a_payment_that_waits_for_finality_shows_its_progress(site):
    intent = await site.intent(confirmation_policy=DEEP, **links(site))
    (tx_id,) = await site.pay(intent)
    await site.mine(2)
    page = await site.page(intent)
    assert page.picture == "processing"
    assert (
        "Your payment needs 6 Stacks blocks and 2 new tenures to be final. Time remaining: about 20 minutes."
        in page.shown("state")
    )
    assert "Stacks blocks3 of 6" in page.shown("state")
    assert "Tenures0 of 2" in page.shown("state")
    assert tx_id in page.text
    assert not {"pay-address", "cancel-link", "countdown"} & set(page.by_id)


async def test_a_paid_page_links_back_to_the_shop_and_never_to_its_cancel_page(site):
    intent = await site.intent(**links(site))
    await site.pay(intent)
    page = await site.page(intent)
    assert page.picture == "confirmed"
    assert page.shown("state-title") == "Paid. Thank you!"
    assert "Corner Coffee has received 25,000 sats." in page.shown("state")
    link = next(attributes for attributes in page.of("a") if attributes.get("id") == "return-link")
    assert link["href"] == f"{site.base_url}/?paid={intent['id']}"
    assert not {"pay-address", "cancel-link", "excess"} & set(page.by_id)


async def test_a_paid_page_without_a_return_link_offers_no_cancel_link_either(site):
    intent = await site.intent(cancel_url=f"{site.base_url}/?canceled")
    await site.pay(intent)
    assert "canceled" not in (await site.page(intent)).html.partition("<body>")[2].partition('<p id="announcement"')[0]


@pytest.mark.parametrize(
    ("amounts", "title"),
    [([40_000], "More was paid than was due"), ([25_000, 40_000], "Duplicate payment received")],
    ids=["overpaid", "duplicate"],
)
async def test_an_excess_is_shown_to_the_sat(site, amounts, title):
    intent = await site.intent()
    await site.pay(intent, *amounts)
    page = await site.page(intent)
    assert page.picture == "confirmed"
    assert page.shown("excess").startswith(title)
    assert f"{sum(amounts) - 25_000:,} sats more than the amount due" in page.shown("excess")


async def test_a_second_payment_after_the_deadline_is_shown_on_a_paid_page(site):
    intent = await site.intent()
    await site.pay(intent)
    await site.pass_deadline()
    await site.pay(intent)
    page = await site.page(intent)
    assert page.picture == "confirmed"
    assert page.shown("excess").startswith("Another payment arrived too late")


async def test_after_the_deadline_no_payment_is_requested_although_the_intent_is_still_open(site):
    intent = await site.intent(expires_in=60)
    site.clock.advance(61)
    page = await site.page(intent)
    assert page.picture == "time_up"
    assert "Please do not send a payment now" in page.shown("state")
    assert page.main["data-busy"] == "true"
    assert not {"pay-address", "countdown", "again"} & set(page.by_id)
    assert "qr-code" not in page.html.partition("<body>")[2]


async def test_after_the_deadline_no_payment_is_requested_while_the_chain_is_unavailable(site):
    intent = await site.intent(expires_in=60)
    async with site.gateway.pool.acquire() as connection:
        await connection.execute("UPDATE chain_cursors SET trouble = 'the Stacks API does not answer'")
    assert "You can still pay" in (await site.page(intent)).shown("chain-unavailable")
    site.clock.advance(61)
    page = await site.page(intent)
    assert page.picture == "time_up"
    assert "You can still pay" not in page.text
    assert "A payment that you have already sent is not lost" in page.shown("chain-unavailable")


async def test_a_partial_payment_is_still_shown_after_the_deadline(site):
    intent = await site.intent(expires_in=60)
    await site.pay(intent, 10_000)
    site.clock.advance(61)
    page = await site.page(intent)
    assert page.picture == "time_up"
    assert "10,000 of 25,000 sats received." in page.shown("state")


async def test_an_expired_page_says_that_no_payment_was_received(site):
    intent = await site.intent(**links(site))
    await site.pass_deadline()
    page = await site.page(intent)
    assert page.picture == "expired"
    assert "No payment was received in time" in page.shown("state")
    assert page.shown("cancel-link") == "Go back"
    assert "pay-address" not in page.by_id


async def test_a_late_payment_is_shown_as_late_and_not_as_missing(site):
    intent = await site.intent()
    await site.pass_deadline()
    await site.pay(intent)
    page = await site.page(intent)
    assert page.picture == "expired"
    assert "Your payment of 25,000 sats arrived after the deadline" in page.shown("state")
    assert "No payment was received" not in page.text


async def test_a_late_second_half_is_not_shown_as_in_time(site):
    intent = await site.intent()
    await site.pay(intent, 10_000)
    await site.pass_deadline()
    assert "has received 10,000 of 25,000 sats. " in (await site.page(intent)).shown("state")
    await site.pay(intent, 15_000)
    page = await site.page(intent)
    assert page.picture == "failed"
    assert "has received 25,000 of 25,000 sats, some of them after the deadline" in page.shown("state")


async def test_a_canceled_page_shows_a_payment_that_arrived_later(site):
    key = await site.merchant()
    intent = await site.intent(key)
    await site.api(key, "POST", f"/v1/payment_intents/{intent['id']}/cancel")
    page = await site.page(intent)
    assert (page.picture, "pay-address" in page.by_id) == ("canceled", False)
    assert "Please do not send a payment." in page.shown("state")
    await site.pay(intent)
    assert "25,000 sats arrived after the cancellation" in (await site.page(intent)).shown("state")


async def test_after_a_reorganization_the_customer_is_not_asked_to_pay_again(site):
    intent = await site.intent(**links(site))
    (tx_id,) = await site.pay(intent)
    await site.reorg()
    page = await site.page(intent)
    assert page.picture == "lost"
    assert "do not pay again" in page.shown("state")
    assert f"no longer on the chain {tx_id}" in page.text
    assert "open" not in next(attributes for attributes in page.of("details") if attributes["id"] == "again")
    await site.mine()
    assert (await site.page(intent)).picture == "confirmed"


async def test_a_payment_mined_again_explains_why_it_is_confirmed_again(site):
    key = await site.merchant(confirmation_policy=[{"from_sats": 0, "stacks_blocks": 2}])
    intent = await site.intent(key)
    await site.pay(intent)
    await site.mine()
    assert (await site.page(intent)).picture == "confirmed"
    await site.reorg(2)
    await site.mine()
    page = await site.page(intent)
    assert page.picture == "processing"
    assert "The Stacks chain was reorganized, so your payment is being confirmed again." in page.shown("state")


async def test_a_payment_that_was_not_mined_again_is_shown_as_lost(site):
    intent = await site.intent()
    await site.pay(intent)
    await site.reorg(remine="drop")
    await site.pass_deadline()
    page = await site.page(intent)
    assert page.picture == "failed"
    assert "the payment was not included in another one" in page.shown("state")
    assert page.shown("state-title") == "Your payment is no longer on the chain"


async def test_a_price_in_dollars_comes_first_and_exact(site):
    intent = await site.intent(amount_sats=None, amount_usd="24.90", **links(site))
    page = await site.page(intent)
    assert page.shown("amount") == "$24.90"
    assert page.shown("amount-in-sats") == "24,900 sats · 0.000249 sBTC"
    assert "about $" not in page.text
    assert (page.shown("pay-amount"), page.shown("pay-sats")) == ("0.000249", "24900")
    await site.pay(intent, 10_000)
    assert (await site.page(intent)).shown("amount") == "14,900 sats"  # what is still due has no price in dollars
    await site.pay(intent, 14_900)
    assert (await site.page(intent)).shown("amount") == "$24.90"


@pytest.mark.parametrize("amount_usd", ["0.01", "5", "19.99", "20999999.99"])
async def test_a_price_in_dollars_is_shown_as_it_was_set_in_every_language(site, amount_usd):
    intent = await site.intent(amount_sats=None, amount_usd=amount_usd)
    for language in ("en", "es", "fr", "ar"):
        page = await site.get(f"{site.path_of(intent)}&lang={language}")
        digits = "".join(filter(str.isdigit, page.shown("amount")))
        assert digits == f"{Decimal(amount_usd):.2f}".replace(".", "")


async def test_a_price_in_sats_comes_first_even_if_its_value_in_dollars_is_round(site):
    page = await site.page(await site.intent(amount_sats=25_000))
    assert page.shown("amount") == "25,000 sats"
    assert "about $25.00" in page.text


async def test_the_page_of_a_merchant_without_endpoints_says_nothing_about_notifying_it(site):
    for name in ("No Hook", "Nobody"):
        intent = await site.intent(await site.merchant(name))
        await site.pay(intent)
        for path in (site.path_of(intent), f"/pi/{intent['id']}/receipt"):
            text = (await site.get(path)).text.lower()
            assert not [word for word in ("told", "notified", "informed", "knows") if word in text]


async def test_an_accepted_late_payment_is_not_called_another_one(site):
    key = await site.merchant(late_payments="accept")
    intent = await site.intent(key)
    await site.pass_deadline()
    await site.pay(intent, 40_000)
    page = await site.page(intent)
    assert page.picture == "confirmed"
    assert page.shown("excess").startswith("More was paid than was due")


async def test_a_late_payment_that_was_sent_back_is_not_offered_for_acceptance(site):
    key = await site.merchant()
    late, canceled = await site.intent(key), await site.intent(key)
    await site.api(key, "POST", f"/v1/payment_intents/{canceled['id']}/cancel")
    await site.pass_deadline()
    for intent in (late, canceled):
        (tx_id,) = await site.pay(intent)
        payments = (await site.api(key, "GET", f"/v1/payment_intents/{intent['id']}"))["payments"]
        (paid,) = [payment for payment in payments if payment["tx_id"] == tx_id]
        await site.api(key, "POST", f"/v1/payments/{paid['id']}/mark_refunded", {"tx_id": "0x" + "ab" * 32})
        shown = (await site.page(intent)).shown("state")
        assert "25,000 sats arrived after" in shown
        assert "Please contact Corner Coffee about" in shown
        assert "accept" not in shown


async def test_if_only_late_money_is_left_the_page_calls_all_of_it_late(site):
    intent = await site.intent()
    await site.pay(intent, 10_000)
    await site.reorg(remine="drop")
    await site.pass_deadline()
    await site.pay(intent, 15_000)
    page = await site.page(intent)
    assert page.picture == "failed"
    assert "Your payment of 15,000 sats arrived after the deadline" in page.shown("state")


async def test_after_the_grace_period_no_page_promises_that_a_payment_still_counts(site):
    intent = await site.intent(expires_in=60)
    site.clock.advance(61)
    assert "it still counts if it is included in a block soon" in (await site.page(intent)).shown("state")
    site.clock.advance(DEFAULT_GRACE_S)
    page = await site.page(intent)
    assert page.picture == "time_up"
    assert "still counts" not in page.text
    assert "it will appear here once it is found on the chain" in page.shown("state")


async def test_a_payment_in_the_mempool_is_not_called_sufficient(site):
    intent = await site.intent()
    await site.see_in_mempool(intent | {"amount_sats": 1})
    shown = (await site.page(intent)).shown("state")
    assert "please do not pay again" in shown
    assert "do not need to do anything" not in shown


async def test_pages_that_will_change_reload_without_javascript(site):
    intent = await site.intent()
    refresh = [meta["content"] for meta in (await site.page(intent)).of("meta") if meta.get("http-equiv")]
    assert refresh == [f"10; url={site.path_of(intent)}"]
    await site.pay(intent)
    assert [meta for meta in (await site.page(intent)).of("meta") if meta.get("http-equiv")] == []


async def test_an_unknown_payment_request_returns_404(site):
    for path in ("/pi/pi_000000000000000000000000", "/pi/nonsense", "/pi/%3Cscript%3E"):
        page = await site.get(path)
        assert (page.status, "does not exist" in page.text) == (404, True)


@pytest.mark.parametrize(
    ("amount_sats", "words"),
    [(1, "0.00000001"), (25_000, "0.00025"), (10**8, "1"), (150_000_000, "1.5"), (2_100_000_000_000_000, "21000000")],
)
def test_sats_as_sbtc_are_exact(amount_sats, words):
    assert sbtc(amount_sats) == words


@pytest.mark.parametrize(("seconds", "words"), [(0, "0:00"), (59, "0:59"), (900, "15:00"), (86_400, "24:00:00")])
def test_a_duration_is_shown_with_hours(seconds, words):
    assert clock(seconds) == words


def test_chunks_add_no_character_and_escape_markup():
    assert chunked("ab<cdef") == "<span>ab&lt;c</span><wbr><span>def</span>"
    assert chunked("pi_12345").startswith("<span>pi_</span><wbr><span>1234</span>")


def test_back_quotes_become_code_and_markup_stays_text():
    assert coded("`a_b` <i>") == "<code>a_b</code> &lt;i&gt;"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//shop.example", "/path", "https:", "http://[", "", None]
)
def test_only_links_to_web_pages_are_shown(url):
    assert web_link(url) is None
    assert web_link("https://shop.example/?a=b") == "https://shop.example/?a=b"


@pytest.mark.parametrize(
    ("tier", "words"),
    [
        (Tier(from_sats=0, stacks_blocks=1), "1 Stacks block (under a minute)"),
        (Tier(from_sats=0, stacks_blocks=12), "12 Stacks blocks (about 1 minute)"),
        (Tier(from_sats=0, tenure_changes=2), "2 new tenures (about 20 minutes)"),
        (Tier(from_sats=0, bitcoin_blocks=1), "1 Bitcoin block (under a minute)"),
        (
            Tier(from_sats=0, stacks_blocks=3, bitcoin_blocks=4),
            "3 Stacks blocks and 4 Bitcoin blocks (about 30 minutes)",
        ),
    ],
)
def test_the_requirements_of_a_payment_in_words(tier, words):
    english = words_of("en")
    assert f"{needs(english, tier)} ({duration(english, minutes_needed(tier))})" == words


async def test_a_transaction_is_linked_on_real_networks_only(site):
    intent = await site.intent()
    (tx_id,) = await site.pay(intent)
    found = await site.gateway.deps.payment_intents.find(intent["id"])
    assert [shown.url for shown in transactions_of(found.payments, "simulated")] == [None]
    (shown,) = transactions_of(found.payments, "mainnet")
    assert shown.url == f"https://explorer.hiro.so/txid/{tx_id}?chain=mainnet"
