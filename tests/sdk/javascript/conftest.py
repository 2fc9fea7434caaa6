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
    """The whole gateway, on a simulated chain that goes on by itself."""
    async with open_site(database_url, tmp_path, roles=ALL_ROLES, block_interval_s=BLOCK_INTERVAL_S) as opened:
        yield opened


@pytest.fixture
async def site(database_url, tmp_path):
    """The gateway on a loopback port; the chain moves only when the test says so."""
    assert built().script_url, "the pages are not built: say `make web`"
    async with open_site(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def visitors(site, playwright_browser):
    """Opens pages; afterwards none may have logged an error or asked anybody else for anything."""
    opened = Visitors(playwright_browser, site.base_url)
    yield opened
    assert opened.wrongs == []


@pytest.fixture
async def shop(site, visitors):
    """A shop on another origin, with the SDK's files."""
    async with open_shop(site, visitors) as opened:
        yield opened
