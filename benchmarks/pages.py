"""Performance of the checkout page: size, server time, first paint and layout shift on a slow phone, and updates.

The phone is Chromium with a fourfold CPU slowdown on Lighthouse's slow 4G connection. Numbers are printed beside their
targets; the exit status is 1 if a target is missed.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import aiohttp  # noqa: E402 - needs the path set above
import uvloop  # noqa: E402 - needs the path set above
from playwright.async_api import Browser, async_playwright  # noqa: E402 - needs the path set above

from sgate.db.embedded import EmbeddedPostgres  # noqa: E402
from sgate.store import migrate  # noqa: E402
from sgate.telemetry import logging  # noqa: E402
from sgate.web.assets import built  # noqa: E402
from web.site import Site, open_site  # noqa: E402
from web.visitor import CHROMIUM_ARGS  # noqa: E402

QUICK = "--quick" in sys.argv[1:]
REQUESTS = 60 if QUICK else 400
VISITS = 2 if QUICK else 7
PAYMENTS = 3 if QUICK else 10

PHONE = {"width": 360, "height": 740}
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
CPU_SLOWDOWN = 4

PAGE_BYTES, FIRST_SCRIPT_BYTES, WALLET_BYTES = 14_600, 10_000, 60_000
"""Sizes gzipped. A page of this size fits the first ten packets, which are sent before any acknowledgement."""

PAGE_P95_MS, FIRST_PAINT_MS, SHIFT, UPDATE_MS = 10, 1000, 0, 300
"""The targets; milliseconds are medians unless the name says otherwise."""

WATCH = """
window.shift = 0;
new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shift += entry.value; })
  .observe({ type: "layout-shift", buffered: true });
"""


async def main() -> None:
    """Measure, print, and exit with status 1 if a target is missed."""
    logging.configure("error")
    with tempfile.TemporaryDirectory(prefix="sgate-bench-web-") as directory:
        server = EmbeddedPostgres(Path(directory) / "postgres", keep=False)
        try:
            await migrate.migrate(server.url)
            async with open_site(server.url, Path(directory)) as site, async_playwright() as playwright:
                path = os.environ.get("SGATE_TEST_CHROMIUM") or shutil.which("chromium")
                browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
                met = await measure(site, browser)
                await browser.close()
        finally:
            server.close()
    sys.exit(0 if met else 1)


async def measure(site: Site, browser: Browser) -> bool:
    """Measure everything and print one line each. Returns whether all targets are met."""
    key = await site.merchant()
    script = built().script_url
    assert script is not None, "the pages are not built: run `make web`"
    paints, shifts = await slow_phone(site, browser, key)
    lines = [
        ("page with its style sheet, gzipped", await page_bytes(site, key), PAGE_BYTES, "bytes"),
        ("first script, gzipped", len(built().files[script.rpartition("/")[2]]), FIRST_SCRIPT_BYTES, "bytes"),
        ("wallet scripts, loaded on click", wallet_bytes(), WALLET_BYTES, "bytes"),
        ("page, server time, p95", await page_p95_ms(site, key), PAGE_P95_MS, "ms"),
        ("first contentful paint, slow phone", statistics.median(paints), FIRST_PAINT_MS, "ms"),
        ("layout shift, slow phone", max(shifts), SHIFT, ""),
        ("from the commit to the screen", statistics.median(await update_ms(site, browser, key)), UPDATE_MS, "ms"),
    ]
    for name, measured, target, unit in lines:
        share = f"{measured / target:6.0%}" if target else f"{measured:6g}"
        verdict = "" if measured <= target else "   MISSED"
        print(f"{name:36} {measured:9.1f} of {target:6} {unit:5} {share}{verdict}")
    return all(measured <= target for _, measured, target, _ in lines)


async def page_bytes(site: Site, key: str) -> int:
    """Return the size of a checkout page as transferred."""
    path = site.path_of(await site.intent(key))
    headers = {"Accept-Encoding": "gzip"}
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(site.base_url + path, headers=headers) as response,
    ):
        return len(await response.read())


def wallet_bytes() -> int:
    """Return the size of the scripts that "Pay with wallet" loads: all but the first."""
    return sum(
        len(content)
        for name, content in built().files.items()
        if name.endswith(".js") and not name.startswith("checkout-")
    )


async def page_p95_ms(site: Site, key: str) -> float:
    """Return the p95 time of a page, one request at a time, over several intents."""
    paths = [site.path_of(await site.intent(key)) for _ in range(20)]
    times: list[float] = []
    for number in range(REQUESTS):
        began = time.perf_counter()
        async with site.http.get(site.base_url + paths[number % len(paths)]) as response:
            await response.read()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.quantiles(times, n=20)[-1]


async def slow_phone(site: Site, browser: Browser, key: str) -> tuple[list[float], list[float]]:
    """Return the first contentful paints in ms and the layout shifts of first visits."""
    paints, shifts = [], []
    for _ in range(VISITS):
        context = await browser.new_context(viewport=PHONE)
        page = await context.new_page()
        line = await context.new_cdp_session(page)
        await line.send("Network.enable")
        await line.send("Network.emulateNetworkConditions", SLOW_4G)
        await line.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
        await page.add_init_script(WATCH)
        await page.goto(site.base_url + site.path_of(await site.intent(key)), wait_until="load")
        await page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        paints.append(await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        await page.wait_for_function("!document.querySelector('#copy-pay-memo').hidden")
        shifts.append(await page.evaluate("window.shift"))
        await context.close()
    return paints, shifts


async def update_ms(site: Site, browser: Browser, key: str) -> list[float]:
    """Return the times from the start of the poll that confirms a payment until the page shows it.

    They include the poll itself with its commit, which the target does not.
    """
    times: list[float] = []
    for _ in range(PAYMENTS):
        intent: dict[str, Any] = await site.intent(key)
        page = await browser.new_page(viewport=PHONE)
        async with page.expect_response("**/events*"):
            await page.goto(site.base_url + site.path_of(intent))
        await page.evaluate(
            "void (window.shown = new Promise((done) => new MutationObserver(() => "
            "document.querySelector('main[data-picture=confirmed]') && requestAnimationFrame(() => done(Date.now())))"
            ".observe(document.body, { childList: true })))"
        )
        site.send(intent)
        site.chain.mine(1)
        began = time.time() * 1000
        await site.watch()
        times.append(await page.evaluate("window.shown") - began)
        await page.close()
    return times


if __name__ == "__main__":
    uvloop.run(main())  # like `sgate run`
