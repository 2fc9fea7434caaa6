import pytest

from sdk.javascript.shop import open_shop
from sgate.runtime.roles import ALL_ROLES
from sgate.web.assets import built
from web.conftest import playwright_browser
from web.site import open_site
from web.visitor import Visitors

__all__ = ["playwright_browser"]

BLOCK_INTERVAL_S = 0.3


@pytest.fixture
async def running_site(database_url, tmp_path):
    """Run the whole gateway, on a simulated chain that mines blocks by itself."""
    async with open_site(database_url, tmp_path, roles=ALL_ROLES, block_interval_s=BLOCK_INTERVAL_S) as opened:
        yield opened


@pytest.fixture
async def site(database_url, tmp_path):
    """Run the gateway on a loopback port; the chain advances only when the test says so."""
    assert built().script_url, "the pages are not built: run `make web`"
    async with open_site(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def visitors(site, playwright_browser):
    """Open pages. Afterwards, none may have logged an error or sent a request to any other site."""
    opened = Visitors(playwright_browser, site.base_url)
    yield opened
    assert opened.problems == []


@pytest.fixture
async def shop(site, visitors):
    """Run a shop on another origin, with the files of the SDK."""
    async with open_shop(site, visitors) as opened:
        yield opened
