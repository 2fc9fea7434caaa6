"""Writes docs/images/checkout-*.png: the checkout page as a customer with a phone sees it, light and dark.

The pictures are of the real server on the simulated chain, taken with the Chromium that the browser tests use.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from playwright.async_api import Browser, async_playwright  # noqa: E402 - found by the line above

from sgate.store import migrate  # noqa: E402
from sgate.store.embedded import EmbeddedPostgres  # noqa: E402
from web.site import Site, open_site  # noqa: E402
from web.visitor import CHROMIUM_ARGS  # noqa: E402

IMAGES = ROOT / "docs" / "images"
MAX_BYTES = 150_000
PHONE = {"width": 390, "height": 844}


async def main() -> None:
    """Take all pictures."""
    with tempfile.TemporaryDirectory(prefix="sgate-screenshots-") as directory:
        server = EmbeddedPostgres(Path(directory) / "postgres", keep=False)
        try:
            await migrate.migrate(server.url)
            async with open_site(server.url, Path(directory)) as site, async_playwright() as playwright:
                path = os.environ.get("SGATE_TEST_CHROMIUM") or shutil.which("chromium")
                browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
                await take_all(site, browser)
                await browser.close()
        finally:
            server.close()


async def take_all(site: Site, browser: Browser) -> None:
    """One picture of a customer who has to pay, one of a customer who has paid, each light and dark."""
    key = await site.merchant("Corner Coffee")
    request = {"description": "Order 17: two bags of Yirgacheffe", "success_url": f"{site.base_url}/?paid"}
    waiting, paid = await site.intent(key, **request), await site.intent(key, **request)
    await site.pay(paid)
    for scheme in ("light", "dark"):
        for name, intent in (("waiting", waiting), ("paid", paid)):
            await take(site, browser, site.path_of(intent), IMAGES / f"checkout-{name}-{scheme}.png", scheme)


async def take(site: Site, browser: Browser, path: str, image: Path, scheme: str) -> None:
    """One picture of the slip, without the panel below it."""
    context = await browser.new_context(viewport=PHONE, color_scheme=scheme, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(site.base_url + path)
    box = await page.locator("article").bounding_box()
    assert box is not None
    clip = {"x": 0, "y": 0, "width": PHONE["width"], "height": box["y"] + box["height"] + 14}
    save(await page.screenshot(clip=clip, full_page=True), image)
    await context.close()


def save(png: bytes, image: Path) -> None:
    """Write a picture, if it is small enough for a repository."""
    assert len(png) <= MAX_BYTES, f"{image.name} is too large"
    image.parent.mkdir(parents=True, exist_ok=True)
    image.write_bytes(png)
    print(f"{image.relative_to(ROOT)}  {len(png):,} bytes")


if __name__ == "__main__":
    asyncio.run(main())
