import os
import shutil

import pytest
from playwright.async_api import async_playwright

from sgate.web.assets import built
from web.site import open_site
from web.states import every_picture as states
from web.visitor import CHROMIUM_ARGS, Visitors


@pytest.fixture
async def site(database_url, tmp_path):
    """The gateway on a loopback port; the chain moves only when the test says so."""
    assert built().script_url, "the pages are not built: say `make web`"
    async with open_site(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def playwright_browser():
    """A real Chromium."""
    path = os.environ.get("SGATE_TEST_CHROMIUM") or shutil.which("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield browser
        await browser.close()


@pytest.fixture
async def visitors(site, playwright_browser):
    """Opens pages of the site; afterwards none may have logged an error or asked anybody else for anything."""
    opened = Visitors(playwright_browser, site.base_url)
    yield opened
    assert opened.wrongs == []


@pytest.fixture
def every_picture():
    """Makes every picture of the checkout, one after the other, and the other pages."""
    return states
