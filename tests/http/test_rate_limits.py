"""Limits per key and class of calls, and the headers and errors that report them."""

import asyncio

import pytest

from api.serving import AMOUNT_SATS, one_window, serving

PATH = "/v1/payment_intents"


@pytest.fixture
async def limited(database_url, tmp_path):
    limits = {"rate_limit_create": 2, "rate_limit_retrieve": 4, "rate_limit_public": 3, "rate_limit_other": 5}
    async with serving(database_url, tmp_path, environment=one_window(), **limits) as app:
        yield app


def limits_in(answer):
    headers = answer.headers
    names = ("Limit", "Remaining", "Window")
    return tuple(int(headers[f"X-RateLimit-{name}"]) for name in names)


async def test_each_key_has_its_own_count_for_each_class(limited):
    shop, other = await limited.merchant(), await limited.merchant()
    intent = await shop.create()
    await shop.create()
    refused = await shop.post(PATH, {"amount_sats": AMOUNT_SATS})
    assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
    assert (await other.post(PATH, {"amount_sats": AMOUNT_SATS})).status == 201
    second_key = await limited.key(shop.merchant_id, "read", "write")
    assert (await second_key.post(PATH, {"amount_sats": AMOUNT_SATS})).status == 201
    retrieves = [(await shop.get(f"{PATH}/{intent['id']}")).status for _ in range(5)]
    assert retrieves == [200] * 4 + [429]
    lists = [(await shop.get(PATH)).status for _ in range(6)]
    assert lists == [200] * 5 + [429]
    assert (await shop.get("/v1/events")).status == 429  # the same class


async def test_more_keys_do_not_raise_a_merchants_limit(limited):
    shop, other = await limited.merchant(), await limited.merchant()
    keys = [await limited.key(shop.merchant_id, "read", "write") for _ in range(4)]
    made = [(await key.post(PATH, {"amount_sats": AMOUNT_SATS})) for key in keys for _ in range(2)]
    assert [answer.status for answer in made] == [201] * 4 + [429] * 4
    assert made[-1].json["error"]["details"]["limit"] == 4  # twice that of one key
    assert limits_in(made[4])[:2] == (4, 0)
    assert (await other.post(PATH, {"amount_sats": AMOUNT_SATS})).status == 201


async def test_a_forbidden_call_is_counted_too(limited):
    shop = await limited.merchant()
    reader = await limited.key(shop.merchant_id, "read")
    answers = [await reader.post(PATH, {"amount_sats": AMOUNT_SATS}) for _ in range(3)]
    assert [answer.status for answer in answers] == [403, 403, 429]


async def test_each_response_reports_the_limit_and_what_is_left(limited):
    shop = await limited.merchant()
    first = await shop.post(PATH, {"amount_sats": AMOUNT_SATS})
    assert limits_in(first) == (2, 1, 60)
    assert 0 < int(first.headers["X-RateLimit-Reset"]) - limited.gateway.environment.now().timestamp() <= 60
    assert first.headers["RateLimit-Policy"] == '"create";q=2;w=60'
    assert first.headers["RateLimit"].startswith('"create";r=1;t=')
    assert limits_in(await shop.post(PATH, {"amount_sats": 0})) == (2, 0, 60)  # a refused create counts too


async def test_a_refusal_says_how_long_to_wait(limited):
    shop = await limited.merchant()
    for _ in range(2):
        await shop.create()
    refused = await shop.post(PATH, {"amount_sats": AMOUNT_SATS})
    wait_s = int(refused.headers["Retry-After"])
    assert 1 <= wait_s <= 60
    assert refused.json["retry_after"] == wait_s
    assert refused.json["error"]["details"] == {"limit": 2, "window_s": 60, "class": "create"}
    assert f"Try again in {wait_s} s" in refused.json["error"]["message"]
    assert limits_in(refused) == (2, 0, 60)
    assert refused.headers["RateLimit"].startswith('"create";r=0;t=')


async def test_public_calls_are_counted_by_address_and_a_page_of_another_origin_can_read_the_refusal(limited):
    shop = await limited.merchant()
    intent = await shop.create()
    answers = [await limited.anyone.get(f"/public/payment_intents/{intent['id']}") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["Access-Control-Allow-Origin"] == "*"
    assert "Retry-After" in answers[-1].headers["Access-Control-Expose-Headers"]
    assert limits_in(answers[-1]) == (3, 0, 60)


async def test_only_a_trusted_proxy_can_report_the_clients_address(database_url, tmp_path):
    path = f"/public/payment_intents/pi_{'0' * 24}"
    async with serving(
        database_url, tmp_path / "1", environment=one_window(), rate_limit_public=1, trusted_proxies="127.0.0.1"
    ) as behind:
        statuses = [
            (await behind.anyone.get(path, headers={"X-Forwarded-For": forwarded})).status
            for forwarded in ("1.1.1.1", "2.2.2.2", "9.9.9.9, 1.1.1.1")
        ]
        assert statuses == [404, 404, 429]
    async with serving(database_url, tmp_path / "2", environment=one_window(), rate_limit_public=1) as exposed:
        statuses = [
            (await exposed.anyone.get(path, headers={"X-Forwarded-For": forwarded})).status
            for forwarded in ("1.1.1.1", "2.2.2.2")
        ]
        assert statuses == [404, 429]


async def test_guessing_keys_is_slowed_down_and_a_valid_key_is_not(limited):
    shop, new = await limited.merchant(), await limited.merchant()
    assert (await shop.get(PATH)).status == 200
    wrong = {"Authorization": "Bearer sk_test_" + "0" * 64}
    statuses = [(await limited.anyone.get(PATH, headers=wrong)).status for _ in range(32)]
    assert statuses == [401] * 30 + [429] * 2
    assert (await shop.get(PATH)).status == 200
    assert (await new.get(PATH)).status == 429  # beyond the limit, only cached keys are accepted
    assert b"sgate_failed_authentications_total 31.0" in (await limited.anyone.get("/metrics")).body


async def test_there_are_no_limits_in_development(app, shop):
    answers = await asyncio.gather(*(shop.get(PATH) for _ in range(210)))
    assert {answer.status for answer in answers} == {200}
    assert "X-RateLimit-Limit" not in answers[0].headers
