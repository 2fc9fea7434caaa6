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
    """The gateway on a loopback port. Its chain advances only when the test mines."""
    assert built().script_url, "the pages are not built: run `make web`"
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
    """Opens pages of the site. Fails if one logged an error or sent a request to another site."""
    opened = Visitors(playwright_browser, site.base_url)
    yield opened
    assert opened.problems == []


@pytest.fixture
def every_picture():
    """Yields every picture of the checkout and the other pages, one after another."""
    return states
