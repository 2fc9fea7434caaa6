"""The elements in Chromium, in a shop's page on another origin, with payments on the simulated chain."""

import base64
from pathlib import Path

import pytest
from playwright.async_api import expect

from web.visitor import DESKTOP, WAIT_MS

pytestmark = pytest.mark.browser
expect.set_options(timeout=WAIT_MS)

SDK = Path(__file__).parents[3] / "sdk" / "js"
AXE = SDK.parents[1] / "web" / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
JSQR = SDK / "node_modules" / "jsqr" / "dist" / "jsQR.js"
READ_QR = """async (png) => {
  const picture = Object.assign(new Image(), { src: `data:image/png;base64,${png}` });
  await picture.decode();
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(picture, 0, 0);
  return jsQR(context.getImageData(0, 0, width, height).data, width, height)?.data;
}"""
MOUNT_WRONG = """(options) => {
  try { SGate.StatusBadge.mount("#here", options) } catch (error) { return error.code }
}"""
GROUNDS = {"light": "#ffffff", "dark": "#0c1211"}
SLOW = [
    {"from_sats": 0, "stacks_blocks": 3},
    {"from_sats": 1_000_000, "stacks_blocks": 6},
    {"from_sats": 100_000_000, "tenure_changes": 2},
]
"""Three blocks for a small amount; for larger ones the strictest minimum."""

ELEMENTS = ["PaymentButton", "CheckoutModal", "CheckoutWidget", "StatusBadge", "AmountDisplay", "QRCode"]


async def test_the_button_opens_the_checkout_and_reports_success_once(shop, site):
    intent = await shop.intent()
    page = await shop.open(viewport=DESKTOP)
    await shop.mount(page, "PaymentButton", checkoutUrl=intent["checkout_url"])
    button = page.get_by_role("button", name="Pay with Bitcoin")
    await button.click()
    await expect(page.frame_locator("iframe").locator("#pay-memo")).to_have_text(intent["id"])
    await site.pay(intent)
    await shop.until_called(page, "onSuccess")
    await page.frame_locator("iframe").get_by_role("button", name="Close").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Paid")).to_be_disabled()
    await site.reorg(1, "same")
    await site.mine()
    assert await shop.calls(page, "onSuccess") == [intent["id"]]
    assert await shop.calls(page, "onStatusChange") == ["requires_payment", "confirmed"]
    assert await shop.calls(page, "onCancel") == []
    assert await shop.calls(page, "onError") == []


async def test_the_button_gets_the_checkout_url_when_pressed_and_may_be_pressed_again(shop):
    intent = await shop.intent()
    page = await shop.open()
    await page.evaluate(
        """(url) => { let presses = 0; window.checkoutUrl = async () => {
        if (++presses === 1) throw new Error("out of coffee"); return url; } }""",
        intent["checkout_url"],
    )
    await shop.mount(page, "PaymentButton")
    button = page.get_by_role("button", name="Pay with Bitcoin")
    await button.click()
    await shop.until_called(page, "onError")
    assert await shop.calls(page, "onError") == ["checkout_url_failed"]
    await button.click()
    await expect(page.frame_locator("iframe").locator("#pay-memo")).to_have_text(intent["id"])


async def test_the_modal_traps_the_focus_and_escape_cancels(shop, site):
    intent = await shop.intent()
    page = await shop.open(viewport=DESKTOP)
    await shop.mount(page, "CheckoutModal", checkoutUrl=intent["checkout_url"])
    await page.locator("#before").focus()
    await page.evaluate("mounted.open()")
    await expect(page.frame_locator("iframe").locator("#pay-memo")).to_have_text(intent["id"])
    for _ in range(25):
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.id") not in {"before", "after"}
    await page.get_by_role("button", name="Close").first.focus()
    await page.keyboard.press("Escape")
    await expect(page.locator("iframe")).to_have_count(0)
    assert await page.evaluate("[document.activeElement.id, mounted.isOpen]") == ["before", False]
    assert await shop.calls(page, "onCancel") == [intent["id"]]
    await page.evaluate("mounted.open()")
    await expect(page.frame_locator("iframe").locator("#pay-memo")).to_be_visible()
    await page.evaluate("mounted.close()")
    await site.pay(intent)
    await shop.until_called(page, "onSuccess")
    assert await shop.calls(page, "onSuccess") == [intent["id"]]


async def test_closing_while_a_payment_is_pending_does_not_cancel(shop, site):
    intent = await shop.intent(confirmation_policy=SLOW)
    page = await shop.open()
    await shop.mount(page, "CheckoutModal", checkoutUrl=intent["checkout_url"])
    await page.evaluate("mounted.open()")
    await site.pay(intent)
    await expect(page.frame_locator("iframe").locator("main")).to_have_attribute("data-picture", "processing")
    await page.frame_locator("iframe").get_by_role("button", name="Close").click()
    await expect(page.locator("iframe")).to_have_count(0)
    await site.mine(3)
    await shop.until_called(page, "onSuccess")
    assert await shop.calls(page, "onCancel") == []


async def test_the_widget_is_as_high_as_the_checkout_and_can_be_paid(shop, site):
    intent = await shop.intent()
    page = await shop.open()
    await shop.mount(page, "CheckoutWidget", checkoutUrl=intent["checkout_url"])
    frame = page.frame_locator("iframe")
    await expect(frame.locator("#pay-memo")).to_have_text(intent["id"])
    height = await frame.locator("body").evaluate("body => Math.ceil(body.getBoundingClientRect().height)")
    await expect(page.locator("iframe")).to_have_attribute("height", str(height))
    await site.pay(intent)
    await shop.until_called(page, "onSuccess")
    await expect(page.locator("iframe")).not_to_have_attribute("height", str(height))
    assert await shop.calls(page, "onSuccess") == [intent["id"]]


async def test_without_permission_to_embed_there_is_a_link_and_success_is_reported(shop, site, visitors):
    visitors.expected = ["frame-ancestors", "Framing"]
    intent = await site.intent()
    page = await shop.open()
    await shop.mount(page, "CheckoutWidget", checkoutUrl=intent["checkout_url"])
    await expect(page.get_by_role("link")).to_have_count(3)
    await expect(page.get_by_role("link", name="new tab")).to_have_attribute("href", intent["checkout_url"])
    assert await shop.calls(page, "onError") == ["frame_not_allowed"]
    await site.pay(intent)
    await shop.until_called(page, "onSuccess")
    assert await shop.calls(page, "onSuccess") == [intent["id"]]


async def test_the_badge_needs_only_a_client_secret_and_follows_the_payment(shop, site):
    intent = await shop.intent(confirmation_policy=SLOW)
    page = await shop.open()
    await shop.mount(page, "StatusBadge", clientSecret=intent["client_secret"], baseUrl=site.base_url)
    badge = page.get_by_role("status")
    await expect(badge).to_have_text("Waiting for payment")
    await site.pay(intent, 10_000)
    await expect(badge).to_have_text("Partly paid")
    await site.pay(intent, 15_000)
    await expect(badge).to_have_text("Confirming")
    await site.mine(2)
    await expect(badge).to_have_text("Paid")
    await site.reorg(3)
    await expect(badge).not_to_have_text("Paid")
    await site.mine(4)
    await site.pay(intent, 15_000)
    await site.mine(3)
    await expect(badge).to_have_text("Paid")
    assert await shop.calls(page, "onSuccess") == [intent["id"]]


async def test_expiry_and_cancellation_are_reported(shop, site):
    key = await shop.merchant()
    page = await shop.open()
    late, dropped = await shop.intent(key), await shop.intent(key)
    await shop.mount(page, "StatusBadge", checkoutUrl=late["checkout_url"])
    await expect(page.get_by_role("status")).to_have_text("Waiting for payment")
    await site.pass_deadline()
    await expect(page.get_by_role("status")).to_have_text("Expired")
    assert await shop.calls(page, "onError") == ["payment_expired"]
    await page.evaluate("mounted.destroy()")
    fresh = await shop.intent(key)
    await shop.mount(page, "StatusBadge", checkoutUrl=fresh["checkout_url"])
    await expect(page.get_by_role("status")).to_have_text("Waiting for payment")
    await site.api(key, "POST", f"/v1/payment_intents/{fresh['id']}/cancel")
    await expect(page.get_by_role("status")).to_have_text("Canceled")
    assert await shop.calls(page, "onCancel") == [fresh["id"]]
    assert dropped["id"] != fresh["id"]


async def test_the_amount_is_shown_according_to_the_options(shop, site):
    intent = await shop.intent()
    await site.pay(intent, 10_000)
    page = await shop.open(locale="en-US")
    expected = [
        ({}, "0.00025 sBTC"),
        ({"unit": "sats"}, "25,000 sats"),
        ({"locale": "de-DE"}, "0,00025 sBTC"),
        ({"unit": "sats", "amount": "due"}, "15,000 sats"),
        ({"unit": "sats", "amount": "received"}, "10,000 sats"),
    ]
    for options, shown in expected:
        await page.evaluate("window.mounted?.destroy()")
        await shop.mount(page, "AmountDisplay", checkoutUrl=intent["checkout_url"], **options)
        await expect(page.locator("#here [part=amount]")).to_have_text(shown)


async def test_the_largest_amount_is_exact(shop):
    intent = await shop.intent(amount_sats=2_099_999_999_999_999)
    page = await shop.open(locale="en-US")
    await shop.mount(page, "AmountDisplay", checkoutUrl=intent["checkout_url"])
    await expect(page.locator("#here [part=amount]")).to_have_text("20,999,999.99999999 sBTC")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_qr_codes_are_read_from_the_screen(shop, site, scheme):
    intent = await shop.intent()
    page = await shop.open(color_scheme=scheme)
    await page.evaluate(f"{{ {JSQR.read_text('utf-8')} }}")
    texts = {"checkout": intent["checkout_url"], "address": intent["pay_address"], "memo": intent["memo"]}
    for kind, text in texts.items():
        await page.evaluate("window.mounted?.destroy()")
        await shop.mount(page, "QRCode", checkoutUrl=intent["checkout_url"], of=kind)
        await expect(page.locator("#here path")).to_have_count(1)
        shot = base64.b64encode(await page.locator("#here svg").screenshot()).decode()
        assert await page.evaluate(READ_QR, shot) == text
    await site.pay(intent)
    await shop.until_called(page, "onSuccess")
    await expect(page.get_by_role("img")).to_be_hidden()


async def test_a_destroyed_element_leaves_nothing_behind(shop, site):
    intent = await shop.intent()
    page = await shop.open()
    before = await page.content()
    for name in ELEMENTS:
        await shop.mount(page, name, checkoutUrl=intent["checkout_url"])
        if name == "PaymentButton":
            await page.get_by_role("button").click()
        if name == "CheckoutModal":
            await page.evaluate("mounted.open()")
        await shop.until_called(page, "onStatusChange")
        await page.evaluate("mounted.destroy(); mounted.destroy()")
        assert await page.content() == before, name
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    await site.pay(intent)
    await shop.mount(page, "StatusBadge", checkoutUrl=intent["checkout_url"])
    await shop.until_called(page, "onSuccess")
    assert await shop.calls(page, "onSuccess") == [intent["id"]], "a destroyed element called back"
    assert len([url for url in sent if "/events" in url]) == 1, "a destroyed element still sends requests"


async def test_a_wrong_secret_is_an_error_and_ends_the_polling(shop, site, visitors):
    visitors.expected = ["404"]
    intent = await shop.intent()
    page = await shop.open()
    wrong = intent["client_secret"][:-1] + ("0" if intent["client_secret"][-1] != "0" else "1")
    await shop.mount(page, "StatusBadge", clientSecret=wrong, baseUrl=site.base_url)
    await expect(page.get_by_role("status")).to_have_text("Not reachable")
    assert await shop.calls(page, "onError") == ["payment_intent_not_found"]


async def test_messages_from_other_origins_are_ignored(shop):
    intent = await shop.intent()
    page = await shop.open()
    await shop.mount(page, "CheckoutModal", checkoutUrl=intent["checkout_url"])
    await page.evaluate("mounted.open()")
    await expect(page.frame_locator("iframe").locator("#pay-memo")).to_be_visible()
    forged = {"source": "sgate", "version": 1, "type": "close", "payment_intent": intent["id"]}
    await page.evaluate("(forged) => postMessage(forged, '*')", forged)
    await page.evaluate("new Promise((resolve) => setTimeout(resolve))")
    assert await page.evaluate("mounted.isOpen") is True


@pytest.mark.parametrize("scheme", GROUNDS)
async def test_every_element_is_accessible(shop, scheme):
    intent = await shop.intent()
    page = await shop.open(color_scheme=scheme)
    await page.evaluate("(color) => { document.documentElement.style.background = color }", GROUNDS[scheme])
    for name in ELEMENTS:
        await shop.mount(page, name, checkoutUrl=intent["checkout_url"])
        if name == "CheckoutModal":
            await page.evaluate("mounted.open()")
    await expect(page.get_by_role("status")).to_have_text("Waiting for payment")
    await page.evaluate(AXE.read_text("utf-8"))
    found = await page.evaluate(
        "async (runOnly) => (await axe.run('#here', { runOnly, iframes: false })).violations", WCAG
    )
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


async def test_the_merchants_colors_reach_the_button(shop):
    intent = await shop.intent()
    page = await shop.open()
    await page.evaluate("document.body.style.setProperty('--sgate-accent', 'rgb(1, 2, 3)')")
    await shop.mount(page, "PaymentButton", checkoutUrl=intent["checkout_url"], theme="dark")
    await expect(page.get_by_role("button")).to_have_css("background-color", "rgb(1, 2, 3)")
    await expect(page.get_by_role("button")).to_have_css("color", "rgb(4, 33, 29)")


async def test_a_secret_key_is_refused_in_a_page(shop, site):
    page = await shop.open()
    refused = await page.evaluate(
        """([baseUrl, apiKey]) => {
          try { new SGate.SGate({ baseUrl, apiKey }) } catch ({ code, message }) { return [code, message] }
        }""",
        [site.base_url, "sk_test_" + "0" * 64],
    )
    assert refused[0] == "secret_key_in_browser"
    assert "Keep it on your server" in refused[1]


async def test_the_modules_work_in_a_page_without_a_bundler(shop, site):
    intent = await shop.intent()
    page = await shop.open()
    shown = await page.evaluate(
        """async ([secret, url]) => {
          const { SGate, SGateError } = await import("/dist/index.js");
          const elements = await import("/dist/elements.js");
          if (elements.SGateError !== SGateError) throw new Error("SGateError is defined twice");
          const client = new SGate({ baseUrl: url });
          return client.public.retrieve(secret.split("_secret_")[0], { client_secret: secret });
        }""",
        [intent["client_secret"], site.base_url],
    )
    assert shown["id"] == intent["id"]


async def test_wrong_options_are_refused_at_once(shop):
    page = await shop.open()
    expected = [
        ({}, "payment_missing"),
        ({"clientSecret": "pi_1"}, "payment_missing"),
        ({"clientSecret": f"pi_{'0' * 24}_secret_{'0' * 29}"}, "base_url_missing"),
        ({"checkoutUrl": "javascript:alert(1)//pi/pi_" + "0" * 24}, "invalid_checkout_url"),
        ({"checkoutUrl": "https://pay.example/checkout"}, "invalid_checkout_url"),
    ]
    for options, code in expected:
        assert await page.evaluate(MOUNT_WRONG, options) == code
    assert await page.locator("#here").inner_html() == ""
