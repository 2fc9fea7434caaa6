"""What holds for every call of the table: keys, scopes, other people's objects, nonsense, idempotency.

The cases are made from the table of calls, so a call that is added is tested with its first run. A call that needs an
object to work on says in OBJECTS how to make one.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from api.serving import UNREACHABLE, serving
from sgate.api.errors import ErrorEnvelope
from sgate.api.examples import example_of
from sgate.api.openapi import CALLS
from sgate.api.openapi_document import document
from sgate.gateway.errors import GatewayError

KEYED = [call for call in CALLS if call.scope is not None]
WITH_OBJECT = [call for call in KEYED if "{" in call.path]
NOT_IDEMPOTENT = {
    # Calls that may be repeated without a key, each with its reason.
    "simulatePayment": "what is paid on the simulated chain is no money",
    "mineBlocks": "the simulated chain grows anyway",
    "reorganise": "a fork of the simulated chain is for trying things out",
}
POSTS = [call for call in KEYED if call.method == "post" and call.name not in NOT_IDEMPOTENT]
UNKNOWN = {
    "intent_id": "pi",
    "payment_id": "pay",
    "endpoint_id": "we",
    "delivery_id": "whd",
    "event_id": "evt",
    "key_id": "ak",
}


async def made_intent(app, shop):
    return {"intent_id": (await shop.create())["id"]}


async def made_key(app, shop):
    answer = await shop.post("/v1/api_keys", {"name": "another"})
    return {"key_id": answer.json["id"]}


async def made_endpoint(app, shop):
    answer = await shop.post("/v1/webhook_endpoints", {"url": "https://shop.example/hooks"})
    now = datetime.now(UTC)
    period = {"since": (now - timedelta(hours=1)).isoformat(), "until": now.isoformat()}
    return {"endpoint_id": answer.json["id"], **period}


async def made_event(app, shop):
    await shop.create()
    return {"event_id": (await shop.get("/v1/events")).json["data"][0]["id"]}


async def made_payment(app, shop):
    await app.watch()
    intent = await shop.create()
    await app.pay(intent)
    await app.watch()
    return {"payment_id": (await shop.get("/v1/payments")).json["data"][0]["id"], "payment_intent": intent["id"]}


async def made_delivery(app, shop):
    endpoint = await made_endpoint(app, shop)
    answer = await shop.post(f"/v1/webhook_endpoints/{endpoint['endpoint_id']}/test")
    return {"delivery_id": answer.json["id"]}


OBJECTS = {
    "delivery_id": made_delivery,
    "intent_id": made_intent,
    "payment_id": made_payment,
    "key_id": made_key,
    "endpoint_id": made_endpoint,
    "event_id": made_event,
}
"""How a test gets an object of its own, by the name of the path parameter."""


async def made_for(app, shop, call):
    made = {}
    for name in parameters(call):
        assert name in OBJECTS, f"say in OBJECTS how to make what {call.path} needs"
        made |= await OBJECTS[name](app, shop)
    return made


def ids(calls):
    return [call.name for call in calls]


def parameters(call):
    return [part[1:-1] for part in call.path.split("/") if part.startswith("{")]


def path_of(call, **values):
    return call.path.format(
        **{name: values.get(name, f"{UNKNOWN.get(name, 'pi')}_{'0' * 24}") for name in parameters(call)}
    )


def body_of(call, values):
    """The example's body, with what the test made in the fields of these names."""
    if call.body is None:
        return None
    components = document()["components"]["schemas"]
    body = example_of({"$ref": f"#/components/schemas/{call.body.__name__}"}, components)
    return {name: values.get(name, value) for name, value in body.items()}


def documented(call):
    return {kind.code for kind in call.failures}


async def send(caller, call, /, headers=None, **values):
    return await caller.call(call.method.upper(), path_of(call, **values), body_of(call, values), headers=headers)


def is_failure(answer, status, code=None):
    assert (answer.status, answer.code) == (status, code or answer.code), answer.body
    assert msgspec.convert(answer.json, ErrorEnvelope)
    return True


@pytest.mark.parametrize("call", KEYED, ids=ids(KEYED))
async def test_a_call_needs_a_key_with_its_scope_and_no_other(app, shop, call):
    anyone = await send(app.anyone, call)
    assert is_failure(anyone, 401, "invalid_api_key")
    assert anyone.headers["WWW-Authenticate"]
    for scope in ("read", "write", "admin"):
        answer = await send(await app.key(shop.merchant_id, scope), call)
        assert (answer.status == 403) == (scope != call.scope), (scope, answer.body)
        if answer.status == 403:
            assert answer.code == "insufficient_scope"


@pytest.mark.parametrize("call", WITH_OBJECT, ids=ids(WITH_OBJECT))
async def test_an_object_of_another_merchant_of_the_other_mode_or_of_nobody_is_not_there(database_url, tmp_path, call):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        shop, stranger = await app.merchant(), await app.merchant()
        live = await app.key(shop.merchant_id, "read", "write", "admin", livemode=True)
        made = await made_for(app, shop, call)
        refused = [
            await send(caller, call, headers=headers, **made)
            for caller in (stranger, live)
            for headers in ({}, {"Idempotency-Key": "k"})
        ]
        nobodys = {name: value for name, value in made.items() if name not in parameters(call)}
        refused.append(await send(shop, call, **nobodys))
        for nonsense in ("%00", "..", "x" * 2000, "pi_" + "G" * 24, "💩"):
            values = made | dict.fromkeys(parameters(call), nonsense)
            if nonsense != "..":
                refused.append(await send(shop, call, **values))
        for answer in refused:
            assert is_failure(answer, 404)
            assert answer.code in documented(call)
        own = await send(shop, call, **made)
        if own.status >= 400:  # for another reason: its state, or what the example's body names
            assert own.code in documented(call) - {answer.code for answer in refused}


@pytest.mark.parametrize("call", POSTS, ids=ids(POSTS))
async def test_every_post_has_its_effect_once_under_an_idempotency_key(app, shop, call):
    assert call.idempotent, "a POST takes an Idempotency-Key"
    await app.watch()
    made = await made_for(app, shop, call)
    key = {"Idempotency-Key": "the same"}
    answers = await asyncio.gather(*(send(shop, call, headers=key, **made) for _ in range(4)))
    if answers[0].status >= 400:  # refused: nothing happened, so nothing is remembered
        assert {answer.code for answer in answers} <= documented(call)
        return
    assert {answer.status for answer in answers} == {call.status}
    assert len({answer.body for answer in answers}) == 1
    assert sum(answer.headers.get("Idempotent-Replayed") != "true" for answer in answers) == 1
    other = await shop.call("POST", path_of(call, **made), body=b" {}", headers=key)
    assert other.status in {409, 422}
    refused = await send(shop, call, headers={"Idempotency-Key": "é"}, **made)
    assert is_failure(refused, 400, "invalid_idempotency_key")


WITH_BODY = [call for call in CALLS if call.body is not None]


@pytest.mark.parametrize("call", WITH_BODY, ids=ids(WITH_BODY))
async def test_a_body_that_cannot_be_read_or_has_an_unknown_field_is_refused(app, shop, call):
    made = await made_for(app, shop, call)
    path, json = path_of(call, **made), {"Content-Type": "application/json"}
    for body, headers, status, code in (
        (b"{", json, 400, "invalid_json"),
        (b"\xff\xfe", json, 400, "invalid_json"),
        (b"[" * 100_000, json, 422, None),
        (b"[]", json, 422, "validation_error"),
        (b'{"no_such_field": 1}', json, 422, "validation_error"),
        (b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
        (b" " * 1_000_001, json, 413, "payload_too_large"),
    ):
        answer = await shop.call(call.method.upper(), path, body=body, headers=headers)
        if status == 422 and code is None:
            assert answer.status in {400, 422}
        else:
            assert is_failure(answer, status, code), body[:20]


@pytest.mark.parametrize("call", CALLS, ids=ids(CALLS))
async def test_every_answer_carries_the_headers_of_safety_and_the_id_of_its_request(app, shop, call):
    for caller in (shop, app.anyone):
        answer = await send(caller, call, headers={"X-Request-Id": "contract"})
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers.getall("Cache-Control") == ["no-store"]
        assert answer.headers["X-Request-Id"] == "contract"
        assert "Server" not in answer.headers


@pytest.mark.parametrize("call", [call for call in KEYED if call.method == "get"], ids=lambda call: call.name)
async def test_a_misspelt_parameter_of_a_list_is_refused_by_name(shop, call):
    if "{" in call.path or not call.query:
        return
    answer = await shop.get(call.path, params={"no_such_parameter": "1"})
    assert is_failure(answer, 422, "validation_error")
    assert answer.param == "no_such_parameter"


def test_every_error_of_the_table_is_in_the_tree():
    for call in CALLS:
        for kind in call.failures:
            assert issubclass(kind, GatewayError)
            assert kind.__module__ == "sgate.gateway.errors", kind
