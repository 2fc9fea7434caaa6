"""Take screenshots of the pages in every state: phone and desktop, light and dark, English and Arabic.

They are written to build/screenshots, and four of them to docs/images for the documentation. They show the real server
on the simulated chain, in the Chromium that the browser tests use. Arguments limit them to the states of these names.
"""

import asyncio
import contextlib
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from playwright.async_api import Browser, async_playwright  # noqa: E402 - found by the line above

from sgate.core.address import Network  # noqa: E402
from sgate.db.embedded import EmbeddedPostgres  # noqa: E402
from sgate.store import migrate  # noqa: E402
from sgate.telemetry import logging  # noqa: E402
from web.site import Site, open_real_site, open_site  # noqa: E402
from web.states import every_picture, links  # noqa: E402
from web.visitor import CHROMIUM_ARGS  # noqa: E402

ALL = ROOT / "build" / "screenshots"
IMAGES = ROOT / "docs" / "images"
MAX_BYTES = 200_000
VIEWPORTS = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 800}}
MARGIN = 14
SCHEMES = ("light", "dark")
LANGUAGES = ("en", "ar")

DOCUMENTED = {
    ("waiting", "phone", "light", "en"): "checkout-waiting.png",
    ("processing", "phone", "dark", "en"): "checkout-confirming.png",
    ("confirmed", "phone", "light", "en"): "checkout-paid.png",
    ("waiting", "desktop", "light", "ar"): "checkout-arabic.png",
}
"""The screenshots that the documentation shows."""

A_WALLET = """
window.%(id)s = { request: async (method) => {
  if (method !== "stx_getAddresses") throw { code: %(code)d, message: "User rejected the request" };
  return { jsonrpc: "2.0", id: "1", result: { addresses: [{ address: "ST000000000000000000002AMW42H", publicKey: "" }] } };
} };
window.wbip_providers = [...(window.wbip_providers ?? []), { id: "%(id)s", name: "%(name)s" }];
"""
ONE = A_WALLET % {"id": "LeatherProvider", "name": "Leather", "code": 4001}
OTHER = A_WALLET % {"id": "XverseProvider", "name": "Xverse", "code": 4001}

WALLETS = {"wallet": None, "wallet_none": "", "wallet_declined": ONE, "wallet_choices": ONE + OTHER}
"""The wallets in the visitor's browser when "Pay with wallet" is pressed, or None if it is not pressed."""


async def main() -> None:
    """Take all screenshots."""
    logging.configure("critical")  # one of the screenshots shows a broken server
    ALL.mkdir(parents=True, exist_ok=True)
    wanted = set(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="sgate-screenshots-") as directory:
        async with async_playwright() as playwright:
            path = os.environ.get("SGATE_TEST_CHROMIUM") or shutil.which("chromium")
            browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
            async with database(Path(directory) / "simulated") as url, open_site(url, Path(directory)) as site:
                async for name, page_path in every_picture(site):
                    if not wanted or name in wanted:
                        await take_all(browser, site, page_path, name)
            if not wanted or wanted & WALLETS.keys():
                async with (
                    database(Path(directory) / "testnet") as url,
                    open_real_site(url, Path(directory) / "real", Network.TESTNET) as site,
                ):
                    for name in WALLETS:
                        await take_all(browser, site, site.path_of(await site.intent(**links(site))), name)
            await browser.close()
    print(f"{len(list(ALL.glob('*.png')))} screenshots in {ALL.relative_to(ROOT)}")


@contextlib.asynccontextmanager
async def database(directory: Path) -> AsyncIterator[str]:
    """Yield the URL of an empty database with the current schema."""
    server = EmbeddedPostgres(directory, keep=False)
    try:
        await migrate.migrate(server.url)
        yield server.url
    finally:
        server.close()


async def take_all(browser: Browser, site: Site, path: str, name: str) -> None:
    """Take a state in all eight variants."""
    for variant in itertools.product(VIEWPORTS, SCHEMES, LANGUAGES):
        await take(browser, site.base_url, path, name, *variant)


async def take(
    browser: Browser, base_url: str, path: str, name: str, viewport: str, scheme: str, language: str
) -> None:
    """Take a screenshot of the whole page, and one of its main part if the documentation shows it."""
    context = await browser.new_context(
        viewport=VIEWPORTS[viewport], color_scheme=scheme, locale=language, reduced_motion="reduce"
    )
    page = await context.new_page()
    await page.goto(base_url)
    await page.evaluate("document.fonts.ready")  # a first visit may be rendered without the font
    await page.add_init_script(WALLETS.get(name) or "")
    await page.goto(base_url + path)
    if WALLETS.get(name) is not None:
        await page.click("#wallet-pay")
        await page.wait_for_selector("#wallet-note.warn, #wallet-choices button")
    await page.screenshot(path=ALL / f"{name}-{viewport}-{scheme}-{language}.png", full_page=True)
    image = DOCUMENTED.get((name, viewport, scheme, language))
    if image is not None:
        box = await page.locator("article").bounding_box()
        assert box is not None
        left = max(0, box["x"] - MARGIN)
        width = min(VIEWPORTS[viewport]["width"], box["width"] + 2 * MARGIN)
        clip = {"x": left, "y": 0, "width": width, "height": box["y"] + box["height"] + MARGIN}
        save(await page.screenshot(clip=clip, full_page=True), IMAGES / image)
    await context.close()


def save(png: bytes, image: Path) -> None:
    """Write a screenshot, if it is small enough for the repository."""
    assert len(png) <= MAX_BYTES, f"{image.name} is too large"
    image.write_bytes(png)
    print(f"{image.relative_to(ROOT)}  {len(png):,} bytes")


if __name__ == "__main__":
    asyncio.run(main())
