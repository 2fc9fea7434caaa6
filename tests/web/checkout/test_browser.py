"""The checkout in a real Chromium."""

import asyncio
import itertools

import pytest
from playwright.async_api import expect

from sgate.runtime.roles import ALL_ROLES
from web.site import open_site
from web.visitor import DESKTOP, READABLE, SMALL_PHONE, UNUSABLE, WAIT_MS, Visitors, axe, poll_now

pytestmark = pytest.mark.browser
expect.set_options(timeout=WAIT_MS)


async def picture(page, name):
    await expect(page.locator(f"main[data-picture={name}]")).to_be_visible()


async def test_a_simulated_payment_is_confirmed_without_a_reload_and_redirects_to_the_shop(
    database_url, tmp_path, playwright_browser
):
    async with open_site(database_url, tmp_path, roles=ALL_ROLES, block_interval_s=0.5) as site:
        visitors = Visitors(playwright_browser, site.base_url)
        key = await site.merchant()
        request = {"amount_sats": 25_000, "success_url": f"{site.base_url}/?order={{id}}"}
        intent = await site.api(key, "POST", "/v1/payment_intents", request)
        page = await visitors.open(site.path_of(intent))
        await picture(page, "waiting")
        await page.get_by_role("button", name="Pay the amount due").click()
        await expect(page.locator("#note")).to_have_text("Sent. It will be in the next block.")
        await page.evaluate("window.sameDocument = true")
        await picture(page, "confirmed")
        assert await page.evaluate("window.sameDocument")
        assert await page.title() == "Paid. Thank you! · Corner Coffee"
        await expect(page.locator("#announcement")).to_contain_text("You will be redirected in 10 seconds")
        await page.wait_for_url(f"{site.base_url}/?order={intent['id']}")
        assert visitors.problems == []


async def test_a_customer_who_chooses_to_stay_is_not_redirected(site, visitors):
    intent = await site.intent(success_url=f"{site.base_url}/?paid")
    page = await visitors.open("/")
    await page.clock.install()
    await page.goto(site.path_of(intent))
    await site.pay(intent)
    await poll_now(page)
    await picture(page, "confirmed")
    await page.get_by_role("button", name="Stay here").click()
    await expect(page.locator("#redirect-note")).to_be_hidden()
    await expect(page.locator("#return-link")).to_be_focused()
    await page.clock.run_for(60_000)
    assert "/pi/" in page.url


async def test_a_customer_who_returns_to_a_paid_page_is_not_redirected_again(site, visitors):
    intent = await site.intent(success_url=f"{site.base_url}/?paid")
    await site.pay(intent)
    page = await visitors.open("/")
    await page.clock.install()
    await page.goto(site.path_of(intent))
    await expect(page.locator("#redirect-note")).to_be_visible()
    await page.clock.run_for(11_000)
    await page.wait_for_url(f"{site.base_url}/?paid")
    await page.goto(site.path_of(intent))
    await picture(page, "confirmed")
    await expect(page.locator("#redirect-note")).to_be_hidden()


async def test_a_reorganization_stops_the_redirect(site, visitors):
    intent = await site.intent(success_url=f"{site.base_url}/?paid")
    page = await visitors.open("/")
    await page.clock.install()
    await page.goto(site.path_of(intent))
    await site.pay(intent)
    await poll_now(page)
    await expect(page.locator("#redirect-note")).to_be_visible()
    await site.reorg()
    await poll_now(page)
    await picture(page, "lost")
    await site.mine()
    await poll_now(page)
    await picture(page, "confirmed")
    await expect(page.locator("#redirect-note")).to_be_hidden()
    await page.clock.run_for(60_000)
    assert "/pi/" in page.url


async def test_every_copy_button_copies_exactly_what_is_shown_and_confirms_it(site, visitors):
    intent = await site.intent()
    page = await visitors.open(site.path_of(intent), permissions=["clipboard-read", "clipboard-write"])
    await page.get_by_text("My wallet asks for the memo as bytes").click()
    wanted = {
        "pay-amount": "0.00025",
        "pay-sats": "25000",
        "pay-address": intent["pay_address"],
        "pay-memo": intent["id"],
        "pay-memo-hex": intent["memo_hex"],
    }
    for name, value in wanted.items():
        await page.locator(f"#copy-{name}").click()
        await expect(page.locator(f"#copy-{name}")).to_contain_text("Copied")
        assert await page.evaluate("navigator.clipboard.readText()") == value
        assert await page.locator(f"#{name}").text_content() == value
    await expect(page.locator("#announcement")).to_have_text("Copied: the memo as hex")


async def test_without_the_clipboard_the_whole_text_is_selected(site, visitors):
    intent = await site.intent()
    page = await visitors.open(site.path_of(intent))
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    await page.locator("#copy-pay-address").click()
    await expect(page.locator("#copy-pay-address")).to_contain_text("Copied")
    assert await page.evaluate("getSelection().toString()") == intent["pay_address"]


async def test_the_keyboard_alone_is_enough(site, visitors):
    intent = await site.intent(cancel_url=f"{site.base_url}/?canceled")
    page = await visitors.open(site.path_of(intent), permissions=["clipboard-read", "clipboard-write"])
    reached = []
    for _ in range(14):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        if reached[-1] == "copy-pay-memo":
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid"
            await page.keyboard.press("Enter")
    await expect(page.locator("#copy-pay-memo")).to_contain_text("Copied")
    assert reached[:7] == [
        "copy-pay-amount", "copy-pay-sats", "copy-pay-address", "copy-pay-memo", "SUMMARY", "code-page", "cancel-link",
    ]  # fmt: skip
    assert await page.evaluate("navigator.clipboard.readText()") == intent["id"]


async def test_without_javascript_the_form_pays_and_the_page_reloads(site, visitors):
    intent = await site.intent(success_url=f"{site.base_url}/?paid")
    page = await visitors.open(site.path_of(intent), java_script_enabled=False)
    await expect(page.locator("#pay-memo")).to_have_text(intent["id"])
    await expect(page.locator("#copy-pay-memo")).to_be_hidden()
    await page.get_by_role("button", name="Pay the amount due").click()
    await expect(page.locator("#note")).to_have_text("Sent. It will be in the next block.")
    await site.mine()
    await picture(page, "confirmed")
    assert "note=" not in page.url
    await page.get_by_role("link", name="Back to Corner Coffee").click()
    await page.wait_for_url(f"{site.base_url}/?paid")


async def test_a_server_error_is_shown_until_the_server_recovers(site, visitors):
    visitors.expected = ["500 (Internal Server Error)"]
    intent = await site.intent()
    page = await visitors.open(site.path_of(intent))
    async with site.broken():
        for _ in range(2):
            async with page.expect_response("**/public/**"):
                await poll_now(page)
        await expect(page.locator("#connection")).to_be_visible()
        await expect(page.locator("#connection-reason")).to_have_text("The server responded with status 500.")
        await expect(page.locator("#announcement")).to_contain_text("may be out of date")
        await expect(page.locator("#copy-pay-memo")).to_be_enabled()
    await site.pay(intent)
    await poll_now(page)
    await picture(page, "confirmed")
    await expect(page.locator("#connection")).to_be_hidden()


async def test_a_lost_connection_is_shown_until_it_is_restored(site, visitors):
    visitors.expected = ["ERR_INTERNET_DISCONNECTED"]
    intent = await site.intent()
    page = await visitors.open(site.path_of(intent))
    await page.context.set_offline(True)
    for _ in range(2):
        async with page.expect_event("requestfailed"):
            await poll_now(page)
    await expect(page.locator("#connection-reason")).to_have_text("The server cannot be reached.")
    await page.context.set_offline(False)
    await expect(page.locator("#connection")).to_be_hidden()


@pytest.mark.parametrize("skew_s", [-86_400, 3_600])
async def test_the_countdown_follows_the_servers_clock(site, visitors, skew_s):
    page = await visitors.open(site.path_of(await site.intent(expires_in=900)), skew_s=skew_s)
    left = await page.locator("#countdown").text_content()
    assert left == "15:00" or left.startswith("14:5")


async def test_when_time_is_up_the_page_hides_the_instructions_by_itself(site, visitors):
    intent = await site.intent(expires_in=60)
    page = await visitors.open(site.path_of(intent))
    site.clock.advance(59)
    await poll_now(page)  # the page receives the server's time and counts down the last second itself
    await picture(page, "time_up")
    await expect(page.locator("#pay-address")).to_have_count(0)


async def test_a_payment_is_announced_and_the_focus_is_kept(site, visitors):
    intent = await site.intent()
    page = await visitors.open(site.path_of(intent))
    await page.locator("#copy-pay-memo").focus()
    await site.pay(intent, 10_000)
    await poll_now(page)
    await picture(page, "partial")
    await expect(page.locator("#announcement")).to_have_text("Partial payment received. 15,000 sats are still due")
    await expect(page.locator("#copy-pay-memo")).to_be_focused()
    await site.pay(intent, 15_000)
    await poll_now(page)
    await picture(page, "confirmed")
    await expect(page.locator("#announcement")).to_have_text("Paid. Thank you!")
    await expect(page.locator("#state-title")).to_be_focused()


async def test_opened_details_stay_open_when_the_page_changes(site, visitors):
    intent = await site.intent()
    page = await visitors.open(site.path_of(intent))
    await page.get_by_text("My wallet asks for the memo as bytes").click()
    await site.pay(intent, 10_000)
    await poll_now(page)
    await picture(page, "partial")
    await expect(page.locator("#pay-memo-hex")).to_be_visible()


async def test_a_late_payment_appears_on_an_expired_page(site, visitors):
    intent = await site.intent()
    await site.pass_deadline()
    page = await visitors.open(site.path_of(intent))
    await picture(page, "expired")
    await site.pay(intent)
    await poll_now(page)
    await expect(page.locator("#state")).to_contain_text("arrived after the deadline")


async def test_an_injected_script_does_not_run(site, visitors):
    visitors.expected = ["Content Security Policy"]
    page = await visitors.open(site.path_of(await site.intent()))
    await page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = true'}))"
    )
    assert await page.evaluate("window.ran") is None
    loaded = await page.evaluate("fetch('https://example.invalid/').then(() => true, () => false)")
    assert loaded is False


async def test_every_picture_is_accessible(site, visitors, every_picture):
    """On a small phone and a desktop, light and dark, from left to right and from right to left."""
    visitors.expected = ["404 (Not Found)", "500 (Internal Server Error)"]  # some pages have these statuses
    problems = {}
    async for name, path in every_picture(site):
        for language, direction in (("en", "ltr"), ("ar", "rtl")):
            page = await visitors.open(path, viewport=SMALL_PHONE, locale=language)
            if name != "errors":  # for developers, in English only
                assert await page.evaluate("document.documentElement.dir") == direction
            await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
            for viewport, scheme in itertools.product((SMALL_PHONE, DESKTOP), ("light", "dark")):
                await page.set_viewport_size(viewport)
                await page.emulate_media(color_scheme=scheme)
                found = [*await page.evaluate(READABLE), *await page.evaluate(UNUSABLE)]
                if viewport is SMALL_PHONE or language == "en":
                    found += await axe(page)
                await page.evaluate("document.documentElement.style.fontSize = '200%'")
                if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    found.append("scrolls sideways at twice the font size")
                await page.evaluate("document.documentElement.style.fontSize = ''")
                problems.update({(name, language, viewport["width"], scheme): found} if found else {})
            await page.context.close()
    assert problems == {}, problems


async def test_a_receipt_is_printed_dark_on_white_also_in_dark_mode(site, visitors):
    intent = await site.intent(await site.merchant(accent_color="#ffee00"), description="Order 17")
    await site.pay(intent)
    receipt = f"/pi/{intent['id']}/receipt?client_secret={intent['client_secret']}"
    page = await visitors.open(receipt, color_scheme="dark")
    await page.emulate_media(media="print", color_scheme="dark")
    grounds = await page.evaluate(
        "['body', '.card'].map((at) => getComputedStyle(document.querySelector(at)).backgroundColor)"
    )
    assert grounds == ["rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"]
    assert await page.evaluate(READABLE) == []
    await expect(page.locator("#receipt-json")).to_be_hidden()


async def test_many_open_pages_each_see_their_own_payment(site, visitors):
    key = await site.merchant()
    intents = [await site.intent(key) for _ in range(3)]
    pages = [await visitors.open(site.path_of(intent)) for intent in intents]
    await site.pay(intents[1])
    await asyncio.gather(*(poll_now(page) for page in pages))
    await picture(pages[1], "confirmed")
    await picture(pages[0], "waiting")
    await picture(pages[2], "waiting")
