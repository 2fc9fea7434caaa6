"""Everything HTTP lets a client send: methods, types, encodings, garbage. Every error is returned in the envelope."""

import gzip

import pytest

from api.serving import raw
from sgate.api.decoding import _reworded
from sgate.http import middleware

PATH = "/v1/payment_intents"
GOOD = b'{"amount_sats":1000}'


@pytest.mark.parametrize(
    "path", ["/health", "/health/live", "/health/ready", "/metrics", "/", "/docs", "/openapi.json"]
)
async def test_a_head_is_answered_like_a_get_without_the_body(app, path):
    got, head = await app.anyone.get(path), await app.anyone.call("HEAD", path)
    assert (head.status, head.body) == (got.status, b"")
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    assert head.headers["X-Request-Id"]


async def test_a_head_request_to_the_api_returns_the_status_of_a_get(app, shop):
    intent = await shop.create()
    for path, status in ((PATH, 200), (f"{PATH}/{intent['id']}", 200), (f"{PATH}/pi_{'0' * 24}", 404), ("/v1/x", 404)):
        answer = await shop.call("HEAD", path)
        assert (answer.status, answer.body) == (status, b"")
    assert (await app.anyone.call("HEAD", PATH)).status == 401
    assert (await shop.call("HEAD", f"{PATH}/{intent['id']}/cancel")).status == 405
    metrics = (await app.anyone.get("/metrics")).body
    assert b'sgate_http_requests_total{method="HEAD",route="/v1/payment_intents",status="200"} 1.0' in metrics


async def test_a_connection_stays_usable_after_a_head(app):
    request = b"HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await raw(app, request)
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert answer.count(b'{"status":"healthy"}') == 1


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json; odd=1",
    ],
)
async def test_json_in_utf8_is_accepted_however_it_is_spelled(shop, content_type):
    assert (await shop.post(PATH, body=GOOD, headers={"Content-Type": content_type})).status == 201


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "text/plain"}, GOOD),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"amount_sats=1000"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--"),
        ({"Content-Type": "application/json; charset=utf-16"}, GOOD.decode().encode("utf-16")),
        ({"Content-Type": "application/json; charset=latin-1"}, GOOD),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, gzip.compress(GOOD, mtime=0)),
        ({"Content-Type": "application/json", "Content-Encoding": "br"}, GOOD),
        ({"Content-Type": ""}, GOOD),
        ({"Content-Type": ";"}, GOOD),
    ],
)
async def test_another_type_or_encoding_of_a_body_is_refused(shop, headers, body):
    answer = await shop.post(PATH, body=body, headers=headers)
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{]",
        b"'",
        b"{'amount_sats': 1}",
        b'{"amount_sats":1}x',
        b'{"amount_sats":01}',
        b'{"amount_sats":NaN}',
        b'{"amount_sats":Infinity}',
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"description":"\xff"}',
        b'{"description":"\xed\xa0\x80"}',
        b'{"description":"\\ud800"}',
        b'{"description":"\\udc00\\ud800"}',
        b'{"metadata":{"a":"\\ud83d"}}',
        b'{"amount_sats":' + b"[" * 200_000,
        b'{"amount_sats":' + b'{"a":' * 100_000,
        b"\0",
        b"[" * 900_000,
    ],
)
async def test_a_body_that_is_not_json_is_refused(shop, body):
    answer = await shop.post(PATH, body=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.code) in {(400, "invalid_json"), (422, "validation_error"), (422, "invalid_amount")}
    if answer.status == 400:
        assert answer.json["error"]["message"].startswith("The request body is")
    assert b"Traceback" not in answer.body
    assert (await shop.get(PATH)).json["data"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/v1/payment_intents/%ff",
        "/v1/payment_intents/%00",
        "/v1/payment_intents/..%2f..%2fetc",
        "/v1/%ff%fe",
        "/v1/payment_intents/" + "x" * 6000,
        "/v1/payment_intents/pi_%F0%9F%92%A9",
        "/docs/errors/%00",
        "/public/payment_intents/%ff",
    ],
)
async def test_a_path_of_any_bytes_is_simply_not_found(shop, path):
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {shop.key}\r\n\r\n"
    assert (await raw(shop.app, request.encode())).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    "query", ["%ff=1", "limit=%ff", "status=%00", "&&&", "a", "=", "metadata[%ff]=1", "limit=1%00"]
)
async def test_a_query_of_any_bytes_is_refused_or_ignored(shop, query):
    request = f"GET {PATH}?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {shop.key}\r\n\r\n"
    answer = await raw(shop.app, request.encode())
    assert answer.startswith((b"HTTP/1.1 422 ", b"HTTP/1.1 200 ")), answer


@pytest.mark.parametrize(
    ("complaint", "expected"),
    [
        ("Expected `int`, got `str` - at `$.a`", "must be an integer, not a string"),
        ("Expected `str | null`, got `int`", "must be a string or null, not an integer"),
        ("Expected `array | null`, got `object`", "must be an array or null, not an object"),
        ("Expected `int` >= 0", "must be an integer >= 0"),
        ("Expected `int` <= 1000 - at `$.b`", "must be an integer <= 1000"),
        ("Expected `object`, got `bool`", "must be an object, not a boolean"),
        ("Something else", "is not valid: something else"),
    ],
)
def test_complaints_use_the_words_of_json(complaint, expected):
    assert _reworded(complaint) == expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"amount_sats": 1, "expires_in": "900"},
            "expires_in must be an integer, not a string. `expires_in` must be a number of seconds from 60 to 86400.",
        ),
        ({"amount_sats": 1, "description": 1}, "description must be a string or null, not an integer."),
        ([], "The request body must be an object, not an array."),
        (
            {"amount_sats": 1, "metadata": {"a": 1}},
            "metadata.a must be a string, not an integer. Metadata values must be strings; quote numbers.",
        ),
    ],
)
async def test_a_value_of_the_wrong_type_is_refused_in_plain_words(shop, body, message):
    answer = await shop.post(PATH, body)
    assert (answer.status, answer.json["error"]["message"]) == (422, message)


async def test_every_way_to_fail_to_authenticate_is_counted(app, shop):
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Bearer sk_test_" + "0" * 64}):
        assert (await app.anyone.get(PATH, headers=headers)).status == 401
    assert b"sgate_failed_authentications_total 3.0" in (await app.anyone.get("/metrics")).body


async def test_options_and_errors_name_all_methods_of_a_path(app, shop):
    for path, methods in (
        ("/v1/payment_intents", "GET, HEAD, OPTIONS, POST"),
        ("/v1/merchants/me", "GET, HEAD, OPTIONS, PATCH"),
        (f"/v1/webhook_endpoints/we_{'0' * 24}", "DELETE, GET, HEAD, OPTIONS, POST"),
        (f"/v1/payment_intents/pi_{'0' * 24}/cancel", "OPTIONS, POST"),
    ):
        asked = await app.anyone.call("OPTIONS", path)
        assert (asked.status, asked.headers["Allow"]) == (204, methods), path
        refused = await shop.call("PUT", path)
        assert set(refused.headers["Allow"].split(", ")) == set(methods.split(", "))
        assert (refused.status, refused.code) == (405, "method_not_allowed")
        message = refused.json["error"]["message"]
        assert message.startswith("This URL accepts only ")
        for method in set(methods.split(", ")) - {"HEAD", "OPTIONS"}:
            assert method in message


async def test_a_request_has_100_headers_at_most(app):
    head = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    taken = await raw(app, head + b"".join(b"X-%d: y\r\n" % number for number in range(98)) + b"\r\n")
    refused = await raw(app, head + b"".join(b"X-%d: y\r\n" % number for number in range(99)) + b"\r\n")
    assert taken.startswith(b"HTTP/1.1 200")
    assert refused.startswith(b"HTTP/1.1 431")
    assert b'"code":"headers_too_large"' in refused


async def test_a_body_that_does_not_arrive_times_out(app, shop, monkeypatch):
    monkeypatch.setattr(middleware, "BODY_S", 0.1)
    head = (
        b"POST /v1/payment_intents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1000\r\n\r\n" % shop.key.encode()
    )
    refused = await raw(app, head + b'{"amount_sats":')
    assert refused.startswith(b"HTTP/1.1 408")
    assert b'"code":"request_timeout"' in refused
