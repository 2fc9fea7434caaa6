"""Swagger UI in a real Chromium: a test key works, a live key does not leave the page, nobody else is asked."""

import pytest
from playwright.async_api import expect

from web.visitor import WAIT_MS

pytestmark = pytest.mark.browser
expect.set_options(timeout=WAIT_MS)


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


async def test_a_call_can_be_tried_with_a_test_key(site, visitors):
    key = await site.merchant("Corner Coffee")
    page = await visitors.open("/docs/try")
    await expect(page.locator(".opblock").first).to_be_visible()
    await authorized(page, key)
    block = await executed(page, "retrieveMerchant")
    await expect(block.locator(".live-responses-table tbody td.response-col_status")).to_contain_text("200")
    await expect(block.locator(".live-responses-table .highlight-code").first).to_contain_text("Corner Coffee")
    block = await executed(page, "createPaymentIntent")
    await expect(block.locator(".live-responses-table tbody td.response-col_status")).to_contain_text("201")


async def test_a_live_key_is_not_sent_from_the_page(site, visitors):
    page = await visitors.open("/docs/try")
    await expect(page.locator(".opblock").first).to_be_visible()
    sent = []
    page.on("request", lambda request: sent.append(request.headers.get("authorization")))
    await expect(page.locator("#live-key")).to_be_hidden()
    await authorized(page, "sk_live_" + "0" * 64)
    block = await executed(page, "retrieveMerchant")
    await expect(block.locator(".live-responses-table tbody td.response-col_status")).to_contain_text("401")
    await expect(page.locator("#live-key")).to_contain_text("test keys only")
    assert set(sent) == {None}
    visitors.wrongs.clear()  # the browser logs every 401 as an error


async def test_the_page_and_its_files_are_served_with_a_strict_policy(site):
    page = await site.get("/docs/try")
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    for link in (*page.of("link"), *page.of("script")):
        source = link.get("href") or link.get("src")
        if source.startswith("data:"):
            continue
        assert source.startswith("/docs/assets/")
        async with site.http.get(site.base_url + source) as answer:
            assert answer.status == 200
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for name in ("index.html", "swagger-ui.js", "..%2f__init__.py", "%00"):
        async with site.http.get(f"{site.base_url}/docs/assets/{name}") as answer:
            assert answer.status == 404
