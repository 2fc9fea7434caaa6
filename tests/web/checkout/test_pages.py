"""What no page may do: run a merchant's markup, reveal a secret, contact other sites, or fail silently."""

import re
from importlib import resources

import pytest

from web.states import links

EVIL = "<script>alert('x')</script> \"quoted\" & 'single'"


async def test_what_a_merchant_wrote_is_shown_as_text(site):
    key = await site.merchant(EVIL)
    intent = await site.intent(key, description=f"{EVIL} {{{{ 7 * 7 }}}}", cancel_url="https://shop.example/?a=1&b='2'")
    page = await site.page(intent)
    assert page.text.count(EVIL) >= 2
    assert "{{ 7 * 7 }}" in page.text
    assert [script.get("type") for script in page.of("script")] == ["module", None, "application/json"]
    assert page.main["data-title"] == f"Waiting for your payment · {EVIL}"
    link = next(attributes for attributes in page.of("a") if attributes.get("id") == "cancel-link")
    assert link["href"] == "https://shop.example/?a=1&b='2'"
    assert link["rel"] == "noreferrer"


async def test_the_name_is_shown_as_text_in_every_picture(site, every_picture):
    async with site.gateway.pool.acquire() as connection:
        async for name, path in every_picture(site):
            await connection.execute("UPDATE merchants SET name = $1", EVIL)
            page = await site.get(path)
            if page.picture or name == "receipt":
                assert EVIL in page.text, name
            running = [script for script in page.of("script") if script.get("type") != "application/json"]
            assert len(running) <= (2 if page.picture else name == "error"), name


def test_only_our_own_markup_is_inserted_unescaped():
    templates = resources.files("sgate.web").joinpath("templates").iterdir()
    unescaped = [name for file in templates for name in re.findall(r"(\w+) \| safe", file.read_text("utf-8"))]
    assert sorted(unescaped) == ["address_code", "drawn", *["guilloche"] * 10, "page_code", "style"]


async def test_an_invalid_stored_link_is_not_shown(site):
    intent = await site.intent(**links(site))
    async with site.gateway.pool.acquire() as connection:
        await connection.execute(
            "UPDATE payment_intents SET success_url = 'javascript:alert(1)', cancel_url = 'javascript:alert(2)'"
        )
        await connection.execute("UPDATE merchants SET support_url = 'javascript:alert(3)'")
    assert "javascript:" not in (await site.page(intent)).html
    await site.pay(intent)
    assert "javascript:" not in (await site.page(intent)).html


async def test_the_description_and_the_links_need_the_client_secret(site):
    intent = await site.intent(**links(site), metadata={"order": "secret-metadata"})
    for path in (f"/pi/{intent['id']}", f"/pi/{intent['id']}?client_secret=wrong"):
        page = await site.get(path)
        assert page.picture == "waiting"
        assert page.shown("pay-memo") == intent["id"]
        assert "Yirgacheffe" not in page.html
        assert "?paid" not in page.html
        assert "?canceled" not in page.html
        assert "client_secret=" not in page.html
        assert intent["client_secret"] not in page.html
    page = await site.page(intent)
    assert "Yirgacheffe" in page.text
    assert (
        page.main["data-api-url"] == f"/public/payment_intents/{intent['id']}?client_secret={intent['client_secret']}"
    )


async def test_a_page_reveals_no_secret_but_its_own(site):
    key = await site.merchant()
    intent = await site.intent(key, metadata={"order": "secret-metadata"}, **links(site))
    html = (await site.page(intent)).html
    assert intent["client_secret"] in html
    for secret in (key, "secret-metadata", "sk_test", "whsec"):
        assert secret not in html


@pytest.mark.parametrize("path", ["/", "/docs/errors", "/pi/nothing", None])
async def test_every_page_has_the_strict_policy_with_a_nonce_of_its_own(site, path):
    path = path or site.path_of(await site.intent())
    pages = [await site.get(path) for _ in range(2)]
    nonces = set()
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        nonce = re.search(r"style-src 'nonce-([\w-]{20,})'", policy)[1]
        scripts = f"'nonce-{nonce}' 'self'" if "/pi/pi_" in path else "'none'"
        assert f"script-src {scripts};" in policy
        nonces.add(nonce)
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        running = [script for script in page.of("script") if script.get("type") != "application/json"]
        assert {attributes.get("nonce") for attributes in running + page.of("style")} == {nonce}
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert len(nonces) == 2


async def test_no_page_loads_anything_from_other_sites_or_has_inline_handlers(site):
    for path in ("/", "/docs/errors", site.path_of(await site.intent(**links(site)))):
        for tag, attributes in (await site.get(path)).tags:
            assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
            assert (attributes.get("src") or "/assets/").startswith("/assets/")
            if tag == "link":
                assert attributes["href"].startswith("data:")


async def test_an_invented_rate_is_never_shown(site):
    intent = await site.intent()
    async with site.gateway.pool.acquire() as connection:
        await connection.execute(
            "UPDATE payment_intents SET amount_usd = NULL, rate_usd_per_btc = NULL, rate_source = NULL, quoted_at = NULL"
        )
    assert "$" not in (await site.page(intent)).text


async def test_an_internal_error_is_reported_without_its_details(site):
    intent = await site.intent()
    async with site.broken():
        page = await site.page(intent)
    assert page.status == 500
    assert "Something went wrong on our side" in page.text
    assert "do not pay again" in page.text
    assert page.headers["X-Request-Id"] in page.text
    assert "payment_intents" not in page.html.partition("<body>")[2]
    assert [meta["content"] for meta in page.of("meta") if meta.get("http-equiv")] == ["10"]


async def test_an_unavailable_database_is_reported_as_temporary(site):
    intent = await site.intent()
    site.gateway.pool.terminate()
    page = await site.page(intent)
    assert (page.status, page.headers["Retry-After"]) == (503, "10")
    assert "not available right now" in page.text
