"""Pages and documents are counted by the client's address, like the public calls of the API."""

import pytest

from api.serving import one_window, serving

LIMIT = 3
PAGES = [
    "/",
    "/docs",
    "/docs/errors",
    "/docs/errors/invalid_amount",
    "/docs/errors/no_such_code",
    "/openapi.json",
    "/pi/x",
    "/pi/pi_000000000000000000000000",
    "/pi/pi_000000000000000000000000/slip",
    "/pi/pi_000000000000000000000000/receipt",
]


@pytest.fixture
async def limited(database_url, tmp_path):
    settings = {"rate_limit_public": LIMIT, "trusted_proxies": "127.0.0.1"}
    async with serving(database_url, tmp_path, environment=one_window(), **settings) as app:
        yield app


def came_from(address):
    return {"X-Forwarded-For": address}


@pytest.mark.parametrize("path", PAGES)
async def test_each_page_is_counted_by_address(limited, path):
    answers = [await limited.anyone.get(path) for _ in range(LIMIT + 1)]
    assert len({answer.status for answer in answers[:LIMIT]}) == 1
    assert answers[0].status in {200, 404}
    assert answers[LIMIT].status == 429
    assert 1 <= int(answers[LIMIT].headers["Retry-After"]) <= 60
    assert answers[LIMIT].headers["X-RateLimit-Limit"] == str(LIMIT)
    assert (await limited.anyone.get(path, headers=came_from("192.0.2.7"))).status == answers[0].status


async def test_all_pages_and_public_calls_share_one_count(limited):
    for path in PAGES[:LIMIT]:
        assert (await limited.anyone.get(path)).status == 200
    for path in (*PAGES, "/public/payment_intents/x", "/logos/x"):
        assert (await limited.anyone.get(path)).status == 429


async def test_addresses_of_one_ipv6_subscriber_share_one_count(limited):
    answers = [await limited.anyone.get("/docs", headers=came_from(f"2001:db8::{n}")) for n in range(LIMIT + 1)]
    assert [answer.status for answer in answers] == [200] * LIMIT + [429]


async def test_head_and_post_requests_are_counted_too(limited):
    answers = [await limited.anyone.call(method, "/pi/x/simulate") for method in ("POST",) * LIMIT]
    assert {answer.status for answer in answers} == {404}
    assert (await limited.anyone.call("HEAD", "/docs")).status == 429


async def test_a_page_beyond_the_limit_says_what_to_do_in_the_visitors_language(limited):
    for _ in range(LIMIT):
        await limited.anyone.get("/")
    for language, words in (("en", "Wait a minute"), ("es", "Espere un minuto"), ("fr", "Attendez une minute")):
        answer = await limited.anyone.get("/pi/x", headers={"Accept-Language": language, "Accept-Encoding": "gzip"})
        assert answer.status == 429
        assert words in answer.body.decode()
        assert answer.headers["Content-Type"].startswith("text/html")


async def test_a_document_beyond_the_limit_is_refused_in_json(limited):
    answers = [await limited.anyone.get("/openapi.json") for _ in range(LIMIT + 1)]
    assert answers[LIMIT].code == "rate_limit_exceeded"


async def test_health_and_built_files_are_not_counted(limited):
    for path in ("/health/live", "/health/ready", "/assets/none.js"):
        assert {(await limited.anyone.get(path)).status for _ in range(LIMIT + 1)} in ({200}, {404})
