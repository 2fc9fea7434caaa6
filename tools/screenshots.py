"""Takes the pictures of the pages: every state, on phone and desktop, light and dark, from left to right and from right to
left, into build/screenshots; and four of them for the README into docs/images.

The pictures are of the real server on the simulated chain, taken with the Chromium that the browser tests use. Words as
arguments take only the states of these names.
"""

import asyncio
import itertools
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
from web.states import every_picture  # noqa: E402
from web.visitor import CHROMIUM_ARGS  # noqa: E402

ALL = ROOT / "build" / "screenshots"
IMAGES = ROOT / "docs" / "images"
MAX_BYTES = 150_000
VIEWPORTS = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 800}}
SCHEMES = ("light", "dark")
LANGUAGES = ("en", "ar")

DOCUMENTED = {
    ("waiting", "phone", "light", "en"): "checkout-waiting-light.png",
    ("waiting", "phone", "dark", "en"): "checkout-waiting-dark.png",
    ("confirmed", "phone", "light", "en"): "checkout-paid-light.png",
    ("confirmed", "phone", "dark", "en"): "checkout-paid-dark.png",
}
"""The pictures that the documentation shows."""


async def main() -> None:
    """Take all pictures."""
    ALL.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sgate-screenshots-") as directory:
        server = EmbeddedPostgres(Path(directory) / "postgres", keep=False)
        try:
            await migrate.migrate(server.url)
            async with open_site(server.url, Path(directory)) as site, async_playwright() as playwright:
                path = os.environ.get("SGATE_TEST_CHROMIUM") or shutil.which("chromium")
                browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
                await take_all(site, browser, sys.argv[1:])
                await browser.close()
        finally:
            server.close()
    print(f"{len(list(ALL.glob('*.png')))} pictures in {ALL.relative_to(ROOT)}")


async def take_all(site: Site, browser: Browser, wanted: list[str]) -> None:
    """Each state in each of the eight ways, while it lasts."""
    async for name, path in every_picture(site):
        if wanted and name not in wanted:
            continue
        for way in itertools.product(VIEWPORTS, SCHEMES, LANGUAGES):
            await take(browser, site.base_url + path, name, *way)
        async with site.broken():
            if name == "waiting":
                await take(browser, site.base_url + path, "trouble", "phone", "light", "en")


async def take(browser: Browser, url: str, name: str, viewport: str, scheme: str, language: str) -> None:
    """One picture of a whole page; for the documentation of the slip alone."""
    context = await browser.new_context(
        viewport=VIEWPORTS[viewport], color_scheme=scheme, locale=language, reduced_motion="reduce"
    )
    page = await context.new_page()
    await page.goto(url)
    await page.screenshot(path=ALL / f"{name}-{viewport}-{scheme}-{language}.png", full_page=True)
    image = DOCUMENTED.get((name, viewport, scheme, language))
    if image is not None:
        box = await page.locator("article").bounding_box()
        assert box is not None
        clip = {"x": 0, "y": 0, "width": VIEWPORTS[viewport]["width"], "height": box["y"] + box["height"] + 14}
        save(await page.screenshot(clip=clip, full_page=True), IMAGES / image)
    await context.close()


def save(png: bytes, image: Path) -> None:
    """Write a picture, if it is small enough for a repository."""
    assert len(png) <= MAX_BYTES, f"{image.name} is too large"
    image.write_bytes(png)
    print(f"{image.relative_to(ROOT)}  {len(png):,} bytes")


if __name__ == "__main__":
    asyncio.run(main())
