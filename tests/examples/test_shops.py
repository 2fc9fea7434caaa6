"""Each example runs by its one command, takes a payment in a real browser, and minds neither duplicates nor order."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import expect

from servers.processes import environment, free_port, until
from sgate_sdk import SGate

ROOT = Path(__file__).parents[2]
PAID_MS = 60_000
SHOPS = ("flask-shop", "express-shop", "static-page")
PICTURES = os.environ.get("SGATE_EXAMPLE_PICTURES")
"""A folder: put pictures there of what a customer sees."""


class Shop:
    """An example that runs. `url` is where a customer goes; `directory` where the shop keeps its orders."""

    def __init__(self, name, directory, base_url, api_key):
        self.name = name
        self.url = f"http://localhost:{(port := free_port())}"
        self._output = directory / "output.txt"
        settings = environment(api_base_url=base_url, api_key=api_key)
        ours = {"SHOP_PORT": str(port), "TMPDIR": str(directory)}
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, ROOT / "examples" / "run.py", name], env=settings | ours, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._directory = directory

    async def ready(self):
        async def answers():
            assert self._process.poll() is None, self._output.read_text()
            with contextlib.suppress(httpx2.HTTPError):
                return httpx2.get(self.url).is_success

        await until(answers, f"{self.name} answers")

    def orders(self):
        """(status, sequence, shipments) of each."""
        path = next(self._directory.glob("shop-*/orders"), None)
        if path is None:
            return []
        if self.name == "express-shop":
            kept = json.loads(path.read_text()).values()
            return [(order["status"], order["sequence"], order["shipments"]) for order in kept]
        table = {"flask-shop": "orders", "static-page": "sales"}[self.name]
        with contextlib.closing(sqlite3.connect(path)) as database:
            return database.execute(f"SELECT status, sequence, shipments FROM {table}").fetchall()

    async def until_shipped(self):
        async def shipped():
            return any(shipments for _, _, shipments in self.orders())

        await until(shipped, "the order is shipped")
        return self.orders()

    def close(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)


@pytest.fixture
def api_key(documented_server):
    return documented_server.merchant()


@pytest.fixture(params=SHOPS)
async def shop(request, tmp_path, documented_server, api_key):
    opened = Shop(request.param, tmp_path, documented_server.url, api_key)
    try:
        await opened.ready()
        yield opened
    finally:
        opened.close()


@pytest.mark.browser
@pytest.mark.timeout(300)
async def test_a_customer_pays_and_the_shop_minds_neither_duplicates_nor_order(
    shop, browser_page, documented_server, api_key
):
    assert httpx2.post(f"{shop.url}/webhooks", content=b"{}", headers={"webhook-id": "evt_1"}).status_code == 400
    await buy(shop, browser_page)
    [order] = await shop.until_shipped()
    assert (order[0], order[2]) == ("confirmed", 1)

    with SGate(api_key, base_url=documented_server.url) as sgate:
        deliveries = [each for each in sgate.webhook_deliveries.list() if each.status == "delivered"]
        assert len(deliveries) > 1  # the newest first: what comes last now is `created`, the oldest
        for each in deliveries:
            sgate.webhook_deliveries.redeliver(each.id)
            await until(again(sgate, each), f"{each.id} is delivered again")
    assert shop.orders() == [order]


def again(sgate, delivery):
    async def delivered():
        found = sgate.webhook_deliveries.retrieve(delivery.id)
        return found.status == "delivered" and len(found.attempt_log) > 1

    return delivered


async def buy(shop, browser_page):
    await browser_page.goto(shop.url)
    await picture(browser_page, shop, "shop")
    if shop.name == "static-page":
        await browser_page.get_by_role("button").click()
        checkout = browser_page.frame_locator("iframe")
    else:
        await browser_page.get_by_role("button", name="espresso").click()
        checkout = browser_page
    await expect(checkout.locator("#simulate-exact")).to_be_visible(timeout=PAID_MS)
    await picture(browser_page, shop, "checkout")
    await checkout.locator("#simulate-exact").click()
    if shop.name == "static-page":
        await expect(browser_page.locator("#status")).to_have_text(
            "Thank you. Your song is on its way.", timeout=PAID_MS
        )
    else:
        await browser_page.wait_for_url(f"{shop.url}/orders/*", timeout=PAID_MS)
        await expect(browser_page.locator("#status")).to_have_text("Paid. We have shipped it.", timeout=PAID_MS)
    await picture(browser_page, shop, "paid")


async def picture(page, shop, what):
    if PICTURES:
        for name, width in (("phone", 390), ("desktop", 1280)):
            await page.set_viewport_size({"width": width, "height": 844})
            await page.screenshot(path=Path(PICTURES) / f"{shop.name}-{what}-{name}.png")
        await page.set_viewport_size({"width": 390, "height": 844})
