import pytest

from docs.conftest import documented_server
from web.conftest import playwright_browser

__all__ = ["documented_server", "playwright_browser"]


@pytest.fixture
async def browser_page(playwright_browser):
    """A page of a phone; afterwards it may have logged no error."""
    context = await playwright_browser.new_context(viewport={"width": 390, "height": 844})
    page = await context.new_page()
    wrongs = []
    page.on("pageerror", lambda error: wrongs.append(str(error)))
    yield page
    await context.close()
    assert wrongs == []
