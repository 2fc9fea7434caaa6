"""The built files, and the pages without them."""

import gzip
from importlib import resources

from sgate.web import assets, rendering
from sgate.web.assets import Built, built, read


async def test_the_built_files_are_served_unchanged_and_cacheable_forever(site):
    static = resources.files("sgate.web").joinpath("static")
    assert built().files
    for name, packed in built().files.items():
        assert gzip.decompress(packed) == static.joinpath(name).read_bytes()
        for encoding in ("gzip", "identity"):
            headers = {"Accept-Encoding": encoding}
            async with site.http.get(f"{site.base_url}/assets/{name}", headers=headers) as answer:
                assert await answer.read() == gzip.decompress(packed)
                assert "immutable" in answer.headers["Cache-Control"]


async def test_no_other_file_is_served(site):
    for name in ("manifest.json", "..%2fpages.py", "nothing.js"):
        async with site.http.get(f"{site.base_url}/assets/{name}") as answer:
            assert answer.status == 404


async def test_without_built_files_the_page_is_unstyled_but_complete(site, tmp_path, monkeypatch):
    assert read(tmp_path) == Built()
    plain = Built()
    monkeypatch.setattr(rendering, "built", lambda: plain)
    monkeypatch.setattr(assets, "built", lambda: plain)
    intent = await site.intent()
    page = await site.page(intent)
    assert (page.status, page.shown("pay-memo")) == (200, intent["id"])
    assert [script["type"] for script in page.of("script")] == ["application/json"]
