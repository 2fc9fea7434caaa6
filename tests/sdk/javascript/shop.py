"""A shop's site on another origin than the gateway, with the elements in its page."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page

from web.site import Site
from web.visitor import Visitors

DIST = Path(__file__).parents[3] / "sdk" / "js" / "dist"
HTML = """<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,">
<script src="/dist/umd/sgate.js"></script><h1>Shop</h1><main><a href="#top" id="before">before</a><div id="here"></div>
<a href="#top" id="after">after</a></main></html>"""
POLICY = "default-src 'none'; script-src 'self'; img-src data:; connect-src {gateway}; frame-src {gateway}"
"""The strictest policy that the elements allow: requests to the gateway and frames of it, and no inline style."""

MOUNT = """([name, options]) => {
  window.calls = [];
  const given = { ...options };
  for (const event of ["onSuccess", "onError", "onCancel", "onStatusChange"])
    given[event] = (first) => calls.push([event, first?.code ?? first?.id ?? first]);
  if (window.checkoutUrl) given.checkoutUrl = window.checkoutUrl;
  window.mounted = SGate[name].mount("#here", given);
}"""


class Shop:
    """The shop. `origin` has no trailing slash."""

    def __init__(self, site: Site, server: TestServer, visitors: Visitors) -> None:
        self.site = site
        self.origin = f"http://127.0.0.1:{server.port}"
        self._visitors = visitors

    async def merchant(self) -> str:
        """Create a merchant that allows the shop to embed the checkout page, and return its key."""
        return await self.site.merchant(frame_origins=[self.origin])

    async def intent(self, key: str | None = None, **request: Any) -> dict[str, Any]:
        return await self.site.intent(key or await self.merchant(), **request)

    async def open(self, **context: Any) -> Page:
        """Open the shop's page as a visitor."""
        self._visitors.elsewhere = (self.origin,)
        return await self._visitors.open(self.origin, **context)

    async def mount(self, page: Page, name: str, **options: Any) -> None:
        """Mount an element; `calls` records its callbacks. A function `checkoutUrl` of the page overrides the option."""
        await page.evaluate(MOUNT, [name, options])

    @staticmethod
    async def calls(page: Page, event: str) -> list[Any]:
        """Return the arguments of all calls of a callback, in order."""
        return [value for name, value in await page.evaluate("calls") if name == event]

    @staticmethod
    async def until_called(page: Page, event: str) -> None:
        """Wait until the element has called a callback."""
        await page.wait_for_function("(event) => calls.some(([name]) => name === event)", arg=event)


@contextlib.asynccontextmanager
async def open_shop(site: Site, visitors: Visitors) -> AsyncIterator[Shop]:
    """Serve the shop's page and the files of the SDK."""
    assert (DIST / "umd" / "sgate.js").exists(), "the SDK is not built: run `make sdk-js`"
    app = web.Application()

    async def page(_: web.Request) -> web.Response:
        policy = {"Content-Security-Policy": POLICY.format(gateway=site.base_url)}
        return web.Response(text=HTML, content_type="text/html", headers=policy)

    app.router.add_get("/", page)
    app.router.add_static("/dist", DIST)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    try:
        yield Shop(site, server, visitors)
    finally:
        await server.close()
