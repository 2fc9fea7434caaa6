"""The API reference in a real Chromium: operations, test keys, live keys, and no requests to other sites."""

import pytest
from playwright.async_api import expect

from sgate.api.openapi import document
from sgate.core.event import EventType
from web.visitor import READABLE, SMALL_PHONE, WAIT_MS, axe

pytestmark = pytest.mark.browser
expect.set_options(timeout=WAIT_MS)


async def opened(visitors, address="/docs", **how):
    page = await visitors.open(address, **how)
    await expect(page.locator(".opblock").first).to_be_visible()
    return page


async def authorized(page, key):
    await page.get_by_role("button", name="Authorize").click()
    await page.locator(".auth-container input").fill(key)
    await page.locator(".auth-btn-wrapper button.authorize").click()
    await page.locator(".auth-btn-wrapper button.btn-done").click()


async def executed(page, operation_id):
    block = page.locator(f"[id$='-{operation_id}']")
    await block.locator(".opblock-summary-control").click()
    await block.get_by_role("button", name="Execute").click()
    return block


async def test_every_operation_and_event_is_shown_and_a_test_key_can_try_one(site, visitors):
    key = await site.merchant("Corner Coffee")
    page = await opened(visitors)
    for path, methods in document.document()["paths"].items():
        for method, operation in methods.items():
            words = "".join((await page.locator(f"[id$='-{operation['operationId']}']").inner_text()).split("\u200b"))
            assert f"{method.upper()}{path}{operation['summary']}" == "".join(words.split("\n"))
    events = await page.locator(".swagger-ui").inner_text()
    assert [name for name in EventType if name.meaning not in events] == []
    await authorized(page, key)
    block = await executed(page, "retrieveMerchant")
    await expect(block.locator(".live-responses-table tbody td.response-col_status")).to_contain_text("200")
    await expect(block.locator(".live-responses-table .highlight-code").first).to_contain_text("Corner Coffee")
    block = await executed(page, "createPaymentIntent")
    await expect(block.locator(".live-responses-table tbody td.response-col_status")).to_contain_text("201")


async def test_a_live_key_is_not_sent_from_the_page(site, visitors):
    page = await opened(visitors)
    sent = []
    page.on("request", lambda request: sent.append(request.headers.get("authorization")))
    await expect(page.locator("#live-key")).to_be_hidden()
    await authorized(page, "sk_live_" + "0" * 64)
    block = await executed(page, "retrieveMerchant")
    await expect(block.locator(".live-responses-table tbody td.response-col_status")).to_contain_text("401")
    await expect(page.locator("#live-key")).to_contain_text("test keys only")
    assert set(sent) == {None}
    visitors.problems.clear()  # the browser logs every 401 as an error


async def test_the_page_of_an_error_links_to_the_operations_that_return_it(site, visitors):
    page = await visitors.open("/docs/errors/payment_intent_not_cancelable")
    await page.get_by_role("link", name="Cancel a payment intent").click()
    await expect(page.locator("[id$='-cancelPaymentIntent'].is-open")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_accessible(site, visitors, scheme):
    page = await opened(visitors, viewport=SMALL_PHONE, color_scheme=scheme)
    await page.locator("[id$='-createPaymentIntent'] .opblock-summary-control").click()
    assert [*await page.evaluate(READABLE), *await axe(page)] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_page_and_its_files_are_served_with_a_strict_policy(site):
    page = await site.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    for link in (*page.of("link"), *page.of("script")):
        source = link.get("href") or link.get("src")
        if source.startswith("data:"):
            continue
        assert source.startswith("/assets/reference-")
        async with site.http.get(site.base_url + source) as answer:
            assert answer.status == 200
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
