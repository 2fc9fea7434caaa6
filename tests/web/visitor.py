"""Visitors in a real Chromium, each in a browser context of its own."""

from pathlib import Path
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, Request

CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PHONE = {"width": 360, "height": 740}
SMALL_PHONE = {"width": 320, "height": 640}
DESKTOP = {"width": 1280, "height": 800}
WAIT_MS = 15_000

READABLE = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(at).backgroundColor);
      if (a === 1 && r !== undefined) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility() || element.closest("noscript")) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(style.color).slice(0, 3)), light(ground(element))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) poor.push(`${ratio.toFixed(2)}: ${walker.currentNode.textContent.trim().slice(0, 40)}`);
  }
  return poor;
}"""
"""Returns the texts whose contrast with their background is below WCAG AA."""

UNUSABLE = """() => {
  const wrong = [];
  const name = (element) => (element.getAttribute("aria-label") || element.textContent || "").trim();
  for (const element of document.querySelectorAll("a[href], button, summary, progress, [role=img]")) {
    if (!element.checkVisibility() || element.closest("noscript")) continue;
    const what = element.id || element.outerHTML.slice(0, 60);
    if (!name(element)) wrong.push(`no name: ${what}`);
    const box = element.getBoundingClientRect();
    if (element.matches(".checkout a, .checkout button, summary") && (box.height < 44 || box.width < 44))
      wrong.push(`too small to touch: ${what} ${box.width}x${box.height}`);
  }
  for (const element of document.querySelectorAll("[aria-labelledby]"))
    if (!document.getElementById(element.getAttribute("aria-labelledby"))) wrong.push(`label missing: ${element.outerHTML.slice(0, 60)}`);
  const levels = [...document.querySelectorAll("h1, h2, h3")].filter((h) => h.checkVisibility()).map((h) => Number(h.tagName[1]));
  if (levels[0] !== 1 || levels.some((level, i) => i && level > levels[i - 1] + 1)) wrong.push(`headings: ${levels}`);
  if (document.querySelectorAll("[aria-live], [role=status], [role=alert]").length > 1) wrong.push("several live regions");
  const width = document.documentElement.scrollWidth;
  if (width > innerWidth) wrong.push(`scrolls sideways: ${width} > ${innerWidth}`);
  return wrong;
}"""
"""Returns the problems for users of a keyboard, a touch screen or a screen reader."""

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Visitors:
    """Opens pages. `problems` collects console errors, exceptions and requests to other sites."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self._browser = browser
        self._base_url = base_url
        self.problems: list[str] = []
        self.expected: list[str] = []
        self.elsewhere: tuple[str, ...] = ()

    async def open(self, path: str, *, skew_s: int | None = None, **context: Any) -> Page:
        """Open a page as a new visitor, whose clock is off by `skew_s` seconds."""
        context.setdefault("viewport", PHONE)
        visitor = await self._browser.new_context(base_url=self._base_url, **context)
        visitor.set_default_timeout(WAIT_MS)
        page = await visitor.new_page()
        page.on("console", self._hear)
        page.on("pageerror", self._fail)
        page.on("request", self._follow)
        if skew_s is not None:
            await page.add_init_script(f"const now = Date.now; Date.now = () => now() + {skew_s * 1000};")
        await page.goto(path)
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(part in message.text for part in self.expected):
            self.problems.append(f"{message.type}: {message.text}")

    def _fail(self, error: object) -> None:
        if not any(part in f"exception: {error}" for part in self.expected):
            self.problems.append(f"exception: {error}")

    def _follow(self, request: Request) -> None:
        if not request.url.startswith((f"{self._base_url}/", "data:", *self.elsewhere)):
            self.problems.append(f"left the site: {request.url}")


async def axe(page: Page) -> list[str]:
    """Return the violations that axe-core finds in a page."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text("utf-8"))
    return await page.evaluate(
        "async (tags) => (await axe.run({runOnly: tags})).violations"
        ".flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.html.slice(0, 80)}`))",
        WCAG,
    )


async def poll_now(page: Page) -> None:
    """Simulate a phone that is online again, which makes the page poll at once."""
    await page.evaluate("dispatchEvent(new Event('online'))")
