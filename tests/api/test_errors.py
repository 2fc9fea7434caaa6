"""Every error is returned in the same envelope, with a request id, and reveals no internals."""

import asyncio
import re
import subprocess
import sys

import msgspec
import pytest

from api.line import Line
from api.serving import raw, serving
from sgate.objects.error import ErrorEnvelope

PATH = "/v1/payment_intents"
NOTHING = f"{PATH}/pi_{'0' * 24}"
INTERNALS = re.compile(rb"(?i:asyncpg|postgres|sql|relation|column|traceback|\.py|select|insert|gone)|[A-Z]\w+Error")
FORK = """
import os
from sgate.http.middleware import _request_id

def make():
    os.write(1, " ".join([_request_id({"headers": []}) for _ in range(100)] + [""]).encode())

make()
child = os.fork()
make()
if child:
    os.waitpid(child, 0)
"""


async def test_an_error_says_what_happened_where_and_how_to_find_it_in_the_log(shop):
    answer = await shop.get(NOTHING)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == {
        "error": {
            "type": "not_found",
            "code": "payment_intent_not_found",
            "message": "There is no payment intent with this id, or this API key cannot access it.",
            "param": None,
            "doc_url": f"http://localhost:{shop.app.port}/docs/errors/payment_intent_not_found",
            "details": {},
        },
        "request_id": answer.headers["X-Request-Id"],
        "timestamp": answer.json["timestamp"],
        "path": NOTHING,
        "status": 404,
    }
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer.json["timestamp"])
    assert msgspec.convert(answer.json, ErrorEnvelope)


async def test_a_valid_request_id_is_kept_and_any_other_replaced(shop):
    for given in ("order-17", "A-b_c-8d", "x" * 64):
        answer = await shop.get(NOTHING, headers={"X-Request-Id": given})
        assert (answer.headers["X-Request-Id"], answer.json["request_id"]) == (given, given)
    for given in ("", "short-7", "a.b:c_d_e", "a b", "x" * 65, "clé", "<script>", '"', "a,b"):
        answer = await shop.get(NOTHING, headers={"X-Request-Id": given})
        assert re.fullmatch(r"req_[0-9a-f]{24}", answer.headers["X-Request-Id"])
        assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    ids = {(await shop.get(PATH)).headers["X-Request-Id"] for _ in range(5)}
    assert len(ids) == 5


async def test_problem_details_are_returned_on_request(shop):
    answer = await shop.post(PATH, {"amount_sats": 0}, headers={"Accept": "application/problem+json, */*;q=0.1"})
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert answer.json == {
        "type": f"http://localhost:{shop.app.port}/docs/errors/invalid_amount",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": answer.json["detail"],
        "instance": PATH,
        "code": "invalid_amount",
        "request_id": answer.headers["X-Request-Id"],
        "param": "amount_sats",
    }
    assert (await app_problem(shop, "GET", "/v1/nothing")).json["code"] == "not_found"
    assert (await app_problem(shop, "PUT", PATH)).json["code"] == "method_not_allowed"


async def app_problem(caller, method, path):
    return await caller.call(method, path, headers={"Accept": "application/problem+json"})


async def test_an_unknown_address_is_not_found(app, shop):
    for path in ("/v1", "/v1/nothing", "/v1/payment_intents/a/b/c", "/v2/payment_intents", "/.env", "/public", "/%00"):
        for caller in (app.anyone, shop):
            answer = await caller.get(path)
            assert (answer.status, answer.code) == (404, "not_found"), path


async def test_a_wrong_method_is_refused_and_the_right_ones_are_named(shop):
    for method, path, allowed in (
        ("PUT", PATH, {"HEAD", "GET", "POST", "OPTIONS"}),
        ("DELETE", PATH, {"HEAD", "GET", "POST", "OPTIONS"}),
        ("PATCH", NOTHING, {"HEAD", "GET", "POST", "OPTIONS"}),
        ("GET", f"{NOTHING}/cancel", {"POST", "OPTIONS"}),
        ("POST", "/v1/merchants/me", {"HEAD", "GET", "PATCH", "OPTIONS"}),
        ("POST", "/health", {"HEAD", "GET", "OPTIONS"}),
    ):
        answer = await shop.call(method, path)
        assert (answer.status, answer.code) == (405, "method_not_allowed"), (method, path)
        assert set(answer.headers["Allow"].split(", ")) == allowed


async def test_security_headers_are_on_every_response(app, shop):
    for answer in (
        await shop.get(PATH),
        await shop.get("/v1/nothing"),
        await app.anyone.get(PATH),
        await app.anyone.get("/health/live"),
        await shop.post(PATH, body=b" " * 1_000_001),
    ):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Strict-Transport-Security" not in answer.headers
        assert "Server" not in answer.headers


async def test_a_bug_is_an_internal_error_that_reveals_nothing(app, shop):
    intent = await shop.create()
    async with app.gateway.pool.acquire() as connection:
        await connection.execute("ALTER TABLE payments RENAME TO gone")
    for answer in (
        await shop.get(f"{PATH}/{intent['id']}"),
        await shop.get(PATH),
        await app.anyone.get(f"/public/payment_intents/{intent['id']}"),
    ):
        assert (answer.status, answer.code) == (500, "internal_error")
        assert not INTERNALS.search(answer.body.replace(b"internal_error", b""))
        assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert b'sgate_errors_total{code="internal_error"} 3.0' in (await app.anyone.get("/metrics")).body


async def test_a_lost_database_is_a_503_without_internals_until_it_is_back(database_url, tmp_path):
    async with Line(database_url) as line, serving(line.url, tmp_path) as app:
        shop = await app.merchant()
        intent = await shop.create()
        await line.cut()
        calls = [
            ("POST", PATH, {"amount_sats": 1}, {}),
            ("POST", PATH, {"amount_sats": 1}, {"Idempotency-Key": "k"}),
            ("GET", PATH, None, {}),
            ("GET", f"{PATH}/{intent['id']}", None, {}),
            ("POST", f"{PATH}/{intent['id']}/cancel", None, {}),
            ("GET", "/v1/merchants/me", None, {}),
            ("PATCH", "/v1/merchants/me", {"name": "x"}, {}),
            ("GET", "/v1/webhook_endpoints", None, {}),
            ("GET", "/v1/events", None, {}),
            ("GET", f"/public/payment_intents/{intent['id']}", None, {}),
        ]
        answers = await asyncio.gather(
            *(shop.call(method, path, json, headers=headers) for method, path, json, headers in calls)
        )
        for (method, path, _, _), answer in zip(calls, answers, strict=True):
            assert (answer.status, answer.code) == (503, "unavailable"), (method, path, answer.body)
            assert answer.headers["Retry-After"] == "1"
            assert not INTERNALS.search(answer.body)
        stranger = await app.anyone.get(PATH, headers={"Authorization": "Bearer sk_test_" + "0" * 64})
        assert (stranger.status, stranger.code) == (503, "unavailable")
        await line.repair()
        assert (await shop.get(f"{PATH}/{intent['id']}")).json == intent
        assert (await shop.post(PATH, {"amount_sats": 1}, headers={"Idempotency-Key": "k"})).status == 201


async def test_a_commit_whose_response_was_lost_is_found_again_under_its_key(database_url, tmp_path):
    async with Line(database_url) as line, serving(line.url, tmp_path) as app:
        shop = await app.merchant()
        await shop.get(PATH)
        creates = [
            asyncio.create_task(shop.post(PATH, {"amount_sats": 1}, headers={"Idempotency-Key": str(number)}))
            for number in range(30)
        ]
        await asyncio.sleep(0)
        await line.cut()
        first = await asyncio.gather(*creates)
        await line.repair()
        again = [
            await shop.post(PATH, {"amount_sats": 1}, headers={"Idempotency-Key": str(number)}) for number in range(30)
        ]
        assert {answer.status for answer in first} <= {201, 503}
        assert {answer.status for answer in again} == {201}
        for one, other in zip(first, again, strict=True):
            if one.status == 201:
                assert other.body == one.body
        assert len((await shop.get(PATH, params={"limit": "100"})).json["data"]) == 30


@pytest.mark.parametrize("length", [b"-1", b"9" * 400, b"1e9", b"abc", b"+5"])
async def test_an_invalid_content_length_is_refused(app, length):
    request = b"POST /v1/payment_intents HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %b\r\n\r\n{}"
    answer = await raw(app, request % length)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 "))
    assert (await app.anyone.get("/health/live")).status == 200


async def test_a_client_that_hangs_up_in_the_middle_of_its_body_is_no_error_of_ours(app, shop):
    reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
    writer.write(
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shop.key}\r\nContent-Length: 100\r\n\r\n{{".encode()
    )
    await writer.drain()
    await shop.get(PATH)
    writer.close()
    await writer.wait_closed()
    del reader
    metrics = b""
    async with asyncio.timeout(10):
        while b'sgate_http_requests_total{method="POST"' not in metrics:
            metrics = (await app.anyone.get("/metrics")).body
    assert b'code="internal_error"' not in metrics
    assert b'status="500"' not in metrics


async def test_in_production_every_response_has_hsts_and_metrics_are_not_public(database_url, tmp_path):
    production = {
        "env": "production",
        "database_url": database_url,
        "secret_keys": "0123456789abcdef0123456789abcdef",
        "public_url": "https://pay.shop.example",
    }
    async with serving(database_url, tmp_path, **production) as app:
        shop = await app.merchant()
        answer = await shop.post(PATH, {"amount_sats": 1})
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        assert answer.headers["X-RateLimit-Limit"] == "100"
        assert answer.json["checkout_url"].startswith("https://pay.shop.example/pi/pi_")
        assert (await app.anyone.get("/metrics")).status == 404


def test_a_forked_process_makes_other_request_ids_than_its_parent():
    made = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, check=True, timeout=60)
    ids = made.stdout.split()
    assert len(ids) == len(set(ids)) == 300
