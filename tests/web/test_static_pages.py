"""Pages that are the same for every visitor are rendered once per language."""

import re

import pytest

from sgate.web import rendering

STATIC = ["/", "/docs", "/docs/errors", "/docs/errors/invalid_amount", "/pi/x", "/pi/pi_000000000000000000000000"]


def without_nonces(html):
    return re.sub(r'nonce="[^"]*"', "", html)


@pytest.mark.parametrize("path", STATIC)
async def test_a_static_page_is_rendered_once_per_language(site, path, monkeypatch):
    first = {language: without_nonces((await site.get(f"{path}?lang={language}")).html) for language in ("en", "es")}

    def fail(*_, **__):
        pytest.fail("rendered again")

    monkeypatch.setattr(rendering, "_render", fail)
    for _ in range(2):
        for language, html in first.items():
            again = await site.get(f"{path}?lang={language}")
            assert (again.status, without_nonces(again.html)) == (404 if path.startswith("/pi/") else 200, html)


@pytest.mark.parametrize("path", STATIC)
async def test_a_static_page_is_the_same_with_and_without_gzip(site, path):
    bodies = []
    for encoding in ("gzip", "identity"):
        async with site.http.get(site.base_url + path, headers={"Accept-Encoding": encoding}) as answer:
            assert answer.headers.get("Content-Encoding") == ("gzip" if encoding == "gzip" else None)
            bodies.append(without_nonces(await answer.text()))
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize("path", STATIC)
async def test_each_response_has_a_nonce_of_its_own(site, path):
    nonces = set()
    for _ in range(3):
        page = await site.get(path)
        nonce = re.search(r"'nonce-([\w-]{20,})'", page.headers["Content-Security-Policy"])[1]
        assert page.html.count(nonce) == page.html.count("nonce=") > 0
        nonces.add(nonce)
    assert len(nonces) == 3


async def test_the_languages_of_a_missing_page_stay_at_its_address(site):
    page = await site.get("/pi/x?client_secret=y")
    assert {link["href"] for link in page.of("a") if link.get("hreflang")} == {"?lang=es", "?lang=fr", "?lang=ar"}


async def test_the_api_description_is_encoded_once(site, monkeypatch):
    async with site.http.get(f"{site.base_url}/openapi.json") as answer:
        first = await answer.read()
    monkeypatch.setattr("sgate.api.openapi.document.document", lambda: pytest.fail("built again"))
    async with site.http.get(f"{site.base_url}/openapi.json") as answer:
        assert (answer.status, await answer.read()) == (200, first)
