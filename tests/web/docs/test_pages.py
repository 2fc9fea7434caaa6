"""The developer pages, which are rendered from the OpenAPI document and the errors."""

from sgate.web.assets import Built
from sgate.web.docs import pages
from sgate.web.docs.pages import error_pages


async def test_every_link_of_the_documentation_works(site):
    known = {path: await site.get(path) for path in ("/", "/docs", "/docs/errors")}
    for path, page in known.items():
        for link in page.of("a"):
            target, _, anchor = link["href"].partition("#")
            found = known.get(target or path) or await site.get(target)
            assert found.status == 200, link
            assert not anchor or anchor in found.by_id, link


async def test_english_pages_read_from_left_to_right_in_every_language(site):
    for path in ("/docs", "/docs/errors", "/docs/errors/invalid_json"):
        page = await site.get(f"{path}?lang=ar")
        assert (page.main["lang"], page.main["dir"]) == ("en", "ltr"), path


async def test_every_error_code_has_a_page_of_its_own(site):
    for error in error_pages():
        page = await site.get(f"/docs/errors/{error.code}")
        assert page.status == 200
        assert error.code in page.text
        assert str(error.status) in page.text
    calls = (await site.get("/docs/errors/payment_intent_not_cancelable")).text
    assert "Cancel a payment intent" in calls
    assert "Retrieve a payment intent" not in calls


async def test_the_doc_url_of_an_error_leads_to_its_page(site):
    async with site.http.get(f"{site.base_url}/v1/events") as response:
        doc_url = (await response.json())["error"]["doc_url"]
    assert doc_url.startswith("http")
    page = await site.get(doc_url[doc_url.index("/docs") :])
    assert page.status == 200
    assert "invalid_api_key" in page.text


async def test_an_unknown_code_returns_404_with_the_list_of_all_codes(site):
    page = await site.get("/docs/errors/no<such>code")
    assert page.status == 404
    assert "no<such>code" in page.text
    assert "invalid_amount" in page.text


async def test_every_error_code_is_explained_once_in_the_list(site):
    page = await site.get("/docs/errors")
    codes = [error.code for error in error_pages()]
    assert len(codes) == len(set(codes)) > 20
    for error in error_pages():
        assert f"{error.status} {error.type}" in page.shown(error.code)
        assert len(page.shown(error.code)) > len(error.code) + 20


async def test_the_front_page_says_what_runs_here(site):
    page = await site.get("/")
    assert page.status == 200
    assert "Test mode" in page.text
    assert "simulated chain" in page.text


async def test_without_built_files_the_reference_says_how_to_get_them(site, monkeypatch):
    monkeypatch.setattr(pages, "built", Built)
    page = await site.get("/docs")
    assert page.status == 200
    assert "make web" in page.text
    assert "OpenAPI document" in page.text
