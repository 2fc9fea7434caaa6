"""A merchant's branding: color, logo, and the sites that may embed the pages."""

import itertools

import pytest

from api.objects import PNG
from sgate.services.logo_images import redrawn
from sgate.web.theme import DARK_BACKGROUND, LIGHT_BACKGROUND, TEXT_CONTRAST, contrast, ink_on, readable


@pytest.mark.parametrize("background", [LIGHT_BACKGROUND, DARK_BACKGROUND])
def test_every_color_becomes_readable(background):
    parts = ("00", "55", "aa", "ff")
    for accent in map("".join, itertools.product(parts, parts, parts)):
        shade = readable(f"#{accent}", background)
        assert contrast(shade, background) >= TEXT_CONTRAST
        assert contrast(ink_on(shade), shade) >= TEXT_CONTRAST


def test_a_readable_color_stays_unchanged():
    assert readable("#0c5a54", LIGHT_BACKGROUND) == "#0c5a54"
    assert round(contrast("#000000", "#ffffff")) == 21


async def test_the_pages_have_the_merchants_color_and_logo_served_by_the_gateway(site):
    key = await site.merchant(accent_color="#FF00AA")
    async with site.http.put(
        f"{site.base_url}/v1/merchants/me/logo", data=PNG, headers={"Authorization": f"Bearer {key}"}
    ) as answer:
        merchant = await answer.json()
    assert (answer.status, merchant["accent_color"]) == (200, "#ff00aa")
    page = await site.page(await site.intent(key))
    assert f"--color-accent:{readable('#ff00aa', LIGHT_BACKGROUND)}" in page.html
    (logo,) = [image["src"] for image in page.of("img")]
    assert merchant["logo_url"] == site.base_url + logo
    async with site.http.get(site.base_url + logo) as answer:
        assert (answer.headers["Content-Type"], await answer.read()) == redrawn(PNG)
        assert "immutable" in answer.headers["Cache-Control"]
    await site.api(key, "DELETE", "/v1/merchants/me/logo")
    assert (await site.page(await site.intent(key))).of("img") == []
    async with site.http.get(site.base_url + logo) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"GIF89a", PNG[:8], PNG + b"\0" * 65_536])
async def test_an_invalid_or_too_large_logo_is_refused(site, content):
    key = await site.merchant()
    async with site.http.put(
        f"{site.base_url}/v1/merchants/me/logo", data=content, headers={"Authorization": f"Bearer {key}"}
    ) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (422, "invalid_logo")


@pytest.mark.parametrize(
    "change",
    [
        {"accent_color": "red"},
        {"accent_color": "#12345"},
        {"accent_color": "#000000;}"},
        {"frame_origins": ["*"]},
        {"frame_origins": ["https://shop.example/path"]},
        {"frame_origins": ["http://shop.example"]},
        {"frame_origins": ["https://shop.example; script-src *"]},
        {"frame_origins": ["https://*.example"]},
        {"frame_origins": ["https://shop.example:99999"]},
        {"frame_origins": [f"https://shop{number}.example" for number in range(11)]},
    ],
)
async def test_an_invalid_color_or_origin_is_refused(site, change):
    key = await site.merchant()
    headers = {"Authorization": f"Bearer {key}"}
    async with site.http.patch(f"{site.base_url}/v1/merchants/me", json=change, headers=headers) as answer:
        assert (answer.status, (await answer.json())["error"]["param"]) == (422, next(iter(change)))


async def test_only_the_merchants_own_sites_may_embed_its_pages(site):
    key = await site.merchant(frame_origins=["https://Shop.example/", "http://localhost:3000", "https://shop.example"])
    page = await site.page(await site.intent(key))
    assert page.headers["Content-Security-Policy"].endswith(
        "frame-ancestors https://shop.example http://localhost:3000"
    )
    assert "X-Frame-Options" not in page.headers
    other = await site.page(await site.intent())
    assert other.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
