"""Validation: the status, the code and the field of the error for each bad value."""

import msgspec
import pytest

from api.serving import LIVE_SHOP, SHOP, raw
from sgate.core.address import SBTC_ASSETS, Network
from sgate.settings.modes import SIMULATED_GATEWAY_ADDRESS

INTENTS = "/v1/payment_intents"
ME = "/v1/merchants/me"
ENDPOINTS = "/v1/webhook_endpoints"
MAX_SATS = 2_100_000_000_000_000

# --- create: field, code and param, and the raw JSON values that earn them

NINES = "9" * 5000
URLS = (
    *('""', '"/thanks"', '"shop.example"', '"ftp://shop.example"', '"javascript:alert(1)"', '"https://"', "1", "[]"),
    *('"https:///x"', '"https://shop.example/a b"', '"https://shop.example/\\u0000"', '"http://[::1"'),
    *('"https://shop.example/\\n"', '"\\thttps://shop.example"', '"https://shop.example/<script>"'),
    '"https://shop.example/' + "x" * 500 + '"',
    '"https://shop.example/' + "x" * 480 + '?a={id}"',
    '"https://shop.example/?' + "{id}" * 40 + '"',
)
CREATES = [
    (
        "amount_sats",
        "invalid_amount",
        "amount_sats",
        [
            *("0", "-1", "-0", "1.0", "1.5", "1e3", "1E3", "0.1", "true", "false", "[]", "{}", "[1]", "-5e-1", "1e400"),
            *('"1.0"', '"1e3"', '"+1"', '"-1"', '" 1"', '"1 "', '""', '"0"', '"00"', '"1_000"', '"0x10"', '"١"', '"²"'),
            *('"1,000"', '"abc"', '"\\u0000"', '"true"', '"null"', f'"{MAX_SATS + 1}"', f"{MAX_SATS + 1}"),
            *("9" * 17, "9" * 30, "9" * 400, '"' + "9" * 17 + '"', '"' + "9" * 400 + '"', NINES, f'"{NINES}"'),
        ],
    ),
    (
        "amount_usd",
        "invalid_amount",
        "amount_usd",
        [
            *(
                "1",
                "1.5",
                "true",
                "[]",
                '""',
                '"0"',
                '"0.00"',
                '"-1"',
                '"+1"',
                '"1e3"',
                '"1.234"',
                '".5"',
                '"5."',
                '"1_0"',
            ),
            *('"1,5"', '" 1"', '"$1"', '"NaN"', '"Infinity"', '"١"', '"1.2.3"', '"' + "9" * 20 + '"', f'"{NINES}"'),
            *('"0.00000000001"', '"\\u0000"'),
        ],
    ),
    (
        "currency",
        "invalid_currency",
        "currency",
        ['"SBTC"', '"btc"', '""', "null", "1", '"sbtc "', '"\\u0000"', "[]", '"usd"'],
    ),
    (
        "expires_in",
        "invalid_expires_in",
        "expires_in",
        ["59", "86401", "0", "-900", "900.0", "9e2", "true", '"900"', "null", "[]", "9" * 30, NINES],
    ),
    ("description", "description_too_long", "description", ['"' + "x" * 501 + '"', '"' + "\\u00e9" * 501 + '"']),
    ("description", "validation_error", "description", ["1", "true", "[]", "{}", '"a\\u0000b"']),
    ("metadata", "validation_error", "metadata", ['"a"', "1", "[]", '[["a","b"]]', '{"\\u0000":"v"}']),
    ("metadata", "validation_error", "metadata.a", ['{"a":1}', '{"a":null}', '{"a":{}}', '{"a":["b"]}']),
    ("metadata", "validation_error", "metadata.a", ['{"a":"\\u0000"}']),
    ("metadata", "metadata_too_large", "metadata", [msgspec.json.encode({str(n): "" for n in range(21)}).decode()]),
    ("metadata", "metadata_too_large", "metadata.a", ['{"a":"' + "é" * 251 + '"}']),
    (
        "metadata",
        "metadata_too_large",
        "metadata",
        [msgspec.json.encode({f"{n:040}": "\x01" * 500 for n in range(5)}).decode()],
    ),
    ("metadata", "metadata_too_large", "metadata." + "k" * 40, ['{"' + "k" * 41 + '":"v"}']),
    ("success_url", "invalid_url", "success_url", URLS),
    ("cancel_url", "invalid_url", "cancel_url", URLS),
    (
        "confirmation_policy",
        "invalid_confirmation_policy",
        "confirmation_policy",
        [
            *('"x"', "1", "{}", "[]", '[{"from_sats":0}]', '[{"from_sats":1,"stacks_blocks":6}]'),
            '[{"from_sats":0,"stacks_blocks":0}]',
            '[{"from_sats":0,"stacks_blocks":-1}]',
            '[{"from_sats":0,"stacks_blocks":10001}]',
            '[{"from_sats":0,"stacks_blocks":6,"tenure_changes":' + "9" * 30 + "}]",
            '[{"from_sats":0,"stacks_blocks":6},{"from_sats":0,"stacks_blocks":7}]',
            '[{"from_sats":0,"stacks_blocks":6},{"from_sats":-1,"stacks_blocks":7}]',
            '[{"from_sats":0,"stacks_blocks":1}]',  # weaker than the default for large amounts
            "[" + ",".join(f'{{"from_sats":{n},"tenure_changes":2,"stacks_blocks":6}}' for n in range(11)) + "]",
        ],
    ),
    (
        "confirmation_policy",
        "invalid_confirmation_policy",
        "confirmation_policy[0]",
        ["[1]", "[{}]", "[null]"],
    ),
    (
        "confirmation_policy",
        "invalid_confirmation_policy",
        "confirmation_policy[0].from_sats",
        ['[{"from_sats":"0","stacks_blocks":6}]', '[{"from_sats":0.0,"stacks_blocks":6}]'],
    ),
    (
        "confirmation_policy",
        "invalid_confirmation_policy",
        "confirmation_policy[0].blocks",
        ['[{"from_sats":0,"blocks":6}]'],
    ),
    ("amount", "validation_error", "amount", ["1", "null"]),
    ("amountSats", "validation_error", "amountSats", ["1"]),
    ("pay_address", "validation_error", "pay_address", [f'"{SHOP}"']),
]


@pytest.mark.parametrize(("field", "code", "param", "values"), CREATES)
async def test_a_create_refuses_bad_values_and_names_the_field(shop, field, code, param, values):
    amount = "" if field in {"amount_sats", "amount_usd"} else '"amount_sats":1000,'
    for value in values:
        body = f'{{{amount}"{field}":{value}}}'.encode()
        answer = await shop.post(INTENTS, body=body, headers={"Content-Type": "application/json"})
        assert (answer.status, answer.code, answer.param) == (422, code, param), (value[:80], answer.body)
        message = answer.json["error"]["message"]
        assert message.endswith(".")
        assert len(message) < 300
    assert (await shop.get(INTENTS)).json["data"] == []


async def test_exactly_one_of_the_amounts_must_be_given(shop):
    for body in (
        {},
        {"amount_sats": None},
        {"amount_sats": 1, "amount_usd": "1"},
        {"amount_sats": None, "amount_usd": None},
    ):
        answer = await shop.post(INTENTS, body)
        assert (answer.status, answer.code, answer.param) == (422, "invalid_amount", "amount_sats")
        assert "exactly one" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (
            [{"from_sats": 0, "stacks_blocks": 6}],
            (
                "confirmation_policy: tenure_changes is too low in the tier with from_sats 0: it is 0, but the merchant's "
                "policy requires 2 for amounts of 100000000 sats or more. Raise it, or add a tier with from_sats "
                "100000000."
            ),
        ),
        (
            [{"from_sats": 0, "stacks_blocks": 1}, {"from_sats": 1_000_000, "stacks_blocks": 2, "tenure_changes": 2}],
            (
                "confirmation_policy: stacks_blocks is too low in the tier with from_sats 1000000: it is 2, but the "
                "merchant's policy requires 6 for amounts of 1000000 sats or more. Raise it."
            ),
        ),
    ],
)
async def test_a_policy_weaker_than_the_merchants_is_refused_with_the_tier_and_the_number(shop, policy, message):
    refused = await shop.post(INTENTS, {"amount_sats": 1000, "confirmation_policy": policy})
    assert (refused.status, refused.code, refused.param) == (422, "invalid_confirmation_policy", "confirmation_policy")
    assert refused.json["error"]["message"] == message


async def test_a_create_accepts_every_limit_itself(shop):
    for body in (
        {"amount_sats": 1},
        {"amount_sats": MAX_SATS},
        {"amount_sats": "1"},
        {"amount_sats": "0000000000000000000001"},
        {"amount_sats": str(MAX_SATS)},
        {"amount_usd": "0.01"},
        {"amount_usd": "000001.5"},
        {"amount_sats": 1, "expires_in": 60},
        {"amount_sats": 1, "expires_in": 86_400},
        {"amount_sats": 1, "description": "é" * 500},
        {"amount_sats": 1, "description": ""},
        {"amount_sats": 1, "description": None, "metadata": None, "success_url": None, "confirmation_policy": None},
        {"amount_sats": 1, "metadata": {f"{number:040}": "é" * 250 for number in range(20)}},
        {"amount_sats": 1, "metadata": {"": "", "\u202e": "\U0001f4a9"}},
        {"amount_sats": 1, "success_url": "https://shop.example/" + "x" * 491},
        {"amount_sats": 1, "success_url": "https://shop.example/" + "x" * 464 + "{id}"},
        {"amount_sats": 1, "cancel_url": "http://[::1]:3000/?a=é"},
        {"amount_sats": 1, "confirmation_policy": [{"from_sats": 0, "stacks_blocks": 6, "tenure_changes": 2}]},
        {
            "amount_sats": 1,
            "confirmation_policy": [
                {"from_sats": 0, "stacks_blocks": 10_000, "tenure_changes": 1000, "bitcoin_blocks": 1000},
                {"from_sats": 10**30, "stacks_blocks": 10_000, "tenure_changes": 1000, "bitcoin_blocks": 1000},
            ],
        },
    ):
        created = await shop.create(body)
        assert (await shop.get(f"{INTENTS}/{created['id']}")).json == created


# --- update of the merchant


async def test_an_update_of_the_merchant_refuses_bad_values_and_changes_nothing(shop):
    before = (await shop.get(ME)).json
    for change, status, code, param in (
        ({"name": ""}, 422, "validation_error", "name"),
        ({"name": "   "}, 422, "validation_error", "name"),
        ({"name": None}, 422, "validation_error", "name"),
        ({"name": 1}, 422, "validation_error", "name"),
        ({"name": "x" * 256}, 422, "validation_error", "name"),
        ({"name": " " * 200 + "x" * 100}, 422, "validation_error", "name"),
        ({"name": "a\0b"}, 422, "validation_error", "name"),
        ({"support_url": "mailto:me@shop.example"}, 422, "invalid_url", "support_url"),
        ({"support_url": ""}, 422, "invalid_url", "support_url"),
        ({"support_url": "https://shop.example/" + "x" * 500}, 422, "invalid_url", "support_url"),
        ({"pay_address": ""}, 422, "invalid_pay_address", "pay_address"),
        ({"pay_address": SHOP[:-1]}, 422, "invalid_pay_address", "pay_address"),
        ({"pay_address": SHOP[:-1] + ("0" if SHOP[-1] != "0" else "1")}, 422, "invalid_pay_address", "pay_address"),
        ({"pay_address": LIVE_SHOP}, 422, "invalid_pay_address", "pay_address"),
        ({"pay_address": SHOP + "."}, 422, "invalid_pay_address", "pay_address"),
        ({"pay_address": SHOP + ".\0"}, 422, "invalid_pay_address", "pay_address"),
        ({"pay_address": "S" * 10_000}, 422, "invalid_pay_address", "pay_address"),
        ({"pay_address": "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"}, 422, "invalid_pay_address", "pay_address"),
        ({"pay_address": "ST000000000000000000002AMW42H"}, 422, "invalid_pay_address", "pay_address"),
        ({"pay_address": SBTC_ASSETS[Network.SIMULATED].partition("::")[0]}, 422, "invalid_pay_address", "pay_address"),
        ({"pay_address": 1}, 422, "invalid_pay_address", "pay_address"),
        ({"pay_address": SIMULATED_GATEWAY_ADDRESS}, 409, "pay_address_taken", "pay_address"),
        ({"confirmation_policy": []}, 422, "invalid_confirmation_policy", "confirmation_policy"),
        ({"confirmation_policy": [{"from_sats": 0}]}, 422, "invalid_confirmation_policy", "confirmation_policy"),
        ({"tolerance_sats": -1}, 422, "validation_error", "tolerance_sats"),
        ({"tolerance_sats": 1.5}, 422, "validation_error", "tolerance_sats"),
        ({"tolerance_sats": MAX_SATS + 1}, 422, "validation_error", "tolerance_sats"),
        ({"tolerance_bp": 1001}, 422, "validation_error", "tolerance_bp"),
        ({"tolerance_bp": None}, 422, "validation_error", "tolerance_bp"),
        ({"late_payments": "refund"}, 422, "validation_error", "late_payments"),
        ({"late_payments": None}, 422, "validation_error", "late_payments"),
        ({"email": "x"}, 422, "validation_error", "email"),
        ({"id": "x"}, 422, "validation_error", "id"),
    ):
        answer = await shop.patch(ME, {"name": "New name"} | change)
        assert (answer.status, answer.code, answer.param) == (status, code, param), (change, answer.body)
    assert (await shop.get(ME)).json == before


# --- endpoints


async def test_a_webhook_endpoint_with_a_bad_value_is_refused(shop):
    for body, code, param in (
        ({}, "validation_error", "url"),
        ({"url": None}, "invalid_url", "url"),
        ({"url": 1}, "invalid_url", "url"),
        ({"url": ""}, "invalid_url", "url"),
        ({"url": "hooks"}, "invalid_url", "url"),
        ({"url": "ftp://shop.example"}, "invalid_url", "url"),
        ({"url": "https://user:pass@shop.example"}, "invalid_url", "url"),
        ({"url": "https://shop.example/#part"}, "invalid_url", "url"),
        ({"url": "https://2130706433/"}, "invalid_url", "url"),
        ({"url": "https://shop.example/\0"}, "invalid_url", "url"),
        ({"url": "https://shöp.example/"}, "invalid_url", "url"),
        ({"url": "https://shop.example/" + "x" * 500}, "invalid_url", "url"),
        ({"url": "https://shop.example:99999/"}, "invalid_url", "url"),
        ({"url": "https://shop.example", "description": "x" * 256}, "description_too_long", "description"),
        ({"url": "https://shop.example", "description": "\0"}, "validation_error", "description"),
        ({"url": "https://shop.example", "event_types": ["nonsense"]}, "validation_error", "event_types[0]"),
        ({"url": "https://shop.example", "event_types": "payment_intent.created"}, "validation_error", "event_types"),
        ({"url": "https://shop.example", "event_types": None}, "validation_error", "event_types"),
        ({"url": "https://shop.example", "enabled_events": ["*"]}, "validation_error", "enabled_events"),
    ):
        answer = await shop.post(ENDPOINTS, body)
        assert (answer.status, answer.code, answer.param) == (422, code, param), (body, answer.body)
    assert (await shop.get(ENDPOINTS)).json["data"] == []


async def test_an_accept_takes_no_fields(shop):
    intent = await shop.create()
    answer = await shop.post(f"{INTENTS}/{intent['id']}/accept", {"reason": "duplicate"})
    assert (answer.status, answer.code, answer.param) == (422, "validation_error", "reason")


# --- bodies that are no request at all

JSON = "application/json"


async def test_a_body_that_is_no_json_object_is_refused(shop):
    for body, content_type, status, code in (
        (b"{", JSON, 400, "invalid_json"),
        (b"{'amount_sats':1}", JSON, 400, "invalid_json"),
        (b'{"amount_sats":1,}', JSON, 400, "invalid_json"),
        (b'{"amount_sats":1} x', JSON, 400, "invalid_json"),
        (b'{"amount_sats":1}{}', JSON, 400, "invalid_json"),
        (b'{"amount_sats":01}', JSON, 400, "invalid_json"),
        (b'{"amount_sats":NaN}', JSON, 400, "invalid_json"),
        (b'{"amount_sats":Infinity}', JSON, 400, "invalid_json"),
        (b'{"amount_sats":0x1}', JSON, 400, "invalid_json"),
        (b"\xef\xbb\xbf{}", JSON, 400, "invalid_json"),
        ('{"amount_sats":1}'.encode("utf-16"), JSON, 400, "invalid_json"),
        (b'{"amount_sats":1,"description":"\xff"}', JSON, 400, "invalid_json"),
        (b'{"amount_sats":1,"description":"\xed\xa0\x80"}', JSON, 400, "invalid_json"),
        (b'{"amount_sats":1,"description":"\\ud800"}', JSON, 400, "invalid_json"),
        (b'{"amount_sats":1,"description":"\\udc00\\ud800"}', JSON, 400, "invalid_json"),
        (b'{"amount_sats":1,"description":"\x01"}', JSON, 400, "invalid_json"),
        (b'{"amount_sats":' + b"[" * 100_000, JSON, 400, "invalid_json"),
        (b'{"amount_sats":' + b"[" * 100_000 + b"]" * 100_000 + b"}", JSON, 400, "invalid_json"),
        (b'{"amount_sats":' + b'{"a":' * 50_000, JSON, 400, "invalid_json"),
        (b"[]", JSON, 422, "validation_error"),
        (b"null", JSON, 422, "validation_error"),
        (b"1", JSON, 422, "validation_error"),
        (b'"amount_sats"', JSON, 422, "validation_error"),
        (b"", JSON, 422, "invalid_amount"),
        (b"", None, 422, "invalid_amount"),
        (b"amount_sats=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b'{"amount_sats":1}', "text/plain", 415, "unsupported_media_type"),
        (b'{"amount_sats":1}', "application/jsonp", 415, "unsupported_media_type"),
        (b"<xml/>", "application/xml", 415, "unsupported_media_type"),
    ):
        headers = {} if content_type is None else {"Content-Type": content_type}
        answer = await shop.post(INTENTS, body=body, headers=headers)
        assert (answer.status, answer.code) == (status, code), (body[:80], answer.body)
        assert len(answer.json["error"]["message"]) < 300


async def test_json_is_accepted_however_its_type_is_spelled(shop):
    for content_type in ("application/json; charset=utf-8", "APPLICATION/JSON", None):
        headers = {} if content_type is None else {"Content-Type": content_type}
        assert (await shop.post(INTENTS, body=b' \n{"amount_sats": 1}\r\n', headers=headers)).status == 201


async def test_a_body_over_a_megabyte_is_refused_before_it_is_read(app, shop):
    head = (
        f"POST {INTENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shop.key}\r\nContent-Type: application/json\r\n"
    )
    answer = await raw(app, f"{head}Connection: close\r\nContent-Length: 1000001\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"payload_too_large"' in answer
    assert b"x-request-id: req_" in answer.lower()


async def test_a_chunked_body_over_a_megabyte_is_refused_while_it_is_read(app, shop):
    head = (
        f"POST {INTENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shop.key}\r\nContent-Type: application/json\r\n"
    )
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    answer = await raw(
        app,
        f"{head}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        + chunk * 15
        + b"5000\r\n"
        + b" " * 0x5000,
    )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"payload_too_large"' in answer


async def test_a_body_of_a_megabyte_is_read(shop):
    body = b'{"amount_sats":1}'
    answer = await shop.post(INTENTS, body=body + b" " * (1_000_000 - len(body)), headers={"Content-Type": JSON})
    assert answer.status == 201


async def test_a_body_that_is_too_large_is_reported_as_problem_details_on_request(shop):
    headers = {"Accept": "application/problem+json", "Content-Type": JSON}
    answer = await shop.post(INTENTS, body=b" " * 1_000_001, headers=headers)
    assert (answer.status, answer.headers["Content-Type"]) == (413, "application/problem+json")
    assert answer.json["code"] == "payload_too_large"


async def test_an_invalid_choice_is_refused_with_the_valid_ones(shop):
    wrong_event = await shop.post(ENDPOINTS, {"url": "https://shop.example", "event_types": ["payment.created"]})
    assert "payment_intent.succeeded" in wrong_event.json["error"]["message"]
    wrong_policy = await shop.patch(ME, {"late_payments": "refund"})
    assert wrong_policy.json["error"]["message"].endswith("must be one of hold, accept.")


async def test_the_largest_intent_makes_an_event_of_less_than_20_kb(shop):
    largest = {
        "amount_sats": MAX_SATS,
        "description": "🍳" * 500,
        "metadata": {f"{number:040}": "é" * 250 for number in range(20)} | {f"{0:040}": "\x01" * 180},
        "success_url": "https://shop.example/" + "x" * 491,
        "cancel_url": "https://shop.example/" + "x" * 491,
        "confirmation_policy": [
            {"from_sats": 10**14 * tier, "stacks_blocks": 10_000, "tenure_changes": 1_000, "bitcoin_blocks": 1_000}
            for tier in range(10)
        ],
    }
    made = await shop.create(largest)
    [event] = (await shop.get("/v1/events")).json["data"]
    answer = await shop.get(f"/v1/events/{event['id']}")
    assert answer.json["data"]["object"]["id"] == made["id"]
    assert 14_000 < len(answer.body) < 20_000


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"amount_sats":1,"metadata":{"order":"17","total":5}}', "metadata.total"),
        (b'{"amount_sats":1,"metadata":{"a":{"b":"c"}}}', "metadata.a"),
        (b'{"amount_sats":1,"metadata":{"a":null}}', "metadata.a"),
        (b'{"amount_sats":1,"metadata":{"\xc3\xa9":[]}}', "metadata.é"),
        (b'{"metadata":{"a":1},"metadata":{"b":"c"}}', "metadata"),
        (b'{"metadata":{"a":1}} and more', "metadata"),
        (b'{"metadata":{"a":1},"b":' + b"[" * 50_000, "metadata"),
        (b'{"metadata":{"a":1},"b":"\xff"}', "metadata.a"),
    ],
)
async def test_metadata_that_is_not_a_string_is_refused_by_its_key_whatever_follows(shop, body, param):
    answer = await shop.post(INTENTS, body=body)
    assert (answer.status, answer.code, answer.param) == (422, "validation_error", param)
    assert answer.json["error"]["message"].startswith(f"{param} must be a string")


async def test_an_error_about_an_unknown_name_lists_the_names_that_exist(shop):
    message = (await shop.post(INTENTS, {"amount": 5})).json["error"]["message"]
    assert message.startswith("Unknown field `amount`; the fields are amount_sats, amount_usd, currency,")
    intent = await shop.create()
    message = (await shop.post(f"{INTENTS}/{intent['id']}/accept", {"reason": "x"})).json["error"]["message"]
    assert message == "Unknown field `reason`: this call takes no fields."
    message = (await shop.get(INTENTS, params={"created[gte]": "1"})).json["error"]["message"]
    assert message.startswith("Unknown parameter `created[gte]`; the parameters are status, from_date,")
    assert "metadata[...]" in message
    message = (await shop.get("/v1/events", params={"type": "payment_intent.paid"})).json["error"]["message"]
    assert "payment_intent.succeeded" in message
    message = (await shop.get("/v1/webhook_deliveries", params={"endpoint": "shop"})).json["error"]["message"]
    assert message == "endpoint must be an id, such as we_..."


async def test_an_invalid_time_is_refused_with_an_example_of_a_valid_one(shop):
    endpoint = (await shop.post("/v1/webhook_endpoints", {"url": "https://shop.example/"})).json
    answer = await shop.post(f"/v1/webhook_endpoints/{endpoint['id']}/recover", {"since": "yesterday"})
    assert (answer.status, answer.param) == (422, "since")
    assert answer.json["error"]["message"] == (
        "since must be a date and time with a time zone, such as 2026-11-23T12:00:00Z."
    )
