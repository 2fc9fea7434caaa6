"""Properties of every call: keys, scopes, other merchants' objects, invalid bodies, idempotency.

The cases are made from the table of calls, so a call that is added is tested with its first run. A call that needs an
object to work on says in `objects` how to make one.
"""

import asyncio

import msgspec
import pytest

from api.objects import PNG, body_of, made_for, parameters, path_of
from api.serving import UNREACHABLE, serving
from sgate.api.openapi.calls import CALLS
from sgate.core.errors import GatewayError
from sgate.objects.error import ErrorEnvelope

KEYED = [call for call in CALLS if call.scope is not None]
WITH_OBJECT = [call for call in KEYED if "{" in call.path]
NOT_IDEMPOTENT = {
    # Calls that may be repeated without a key, each with its reason.
    "simulatePayment": "what is paid on the simulated chain is no money",
    "mineBlocks": "the simulated chain grows anyway",
    "reorganise": "a fork of the simulated chain is for trying things out",
}
POSTS = [call for call in KEYED if call.method == "post" and call.name not in NOT_IDEMPOTENT]


def ids(calls):
    return [call.name for call in calls]


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
async def test_an_object_of_another_merchant_or_mode_or_of_no_merchant_is_not_found(database_url, tmp_path, call):
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
    assert {answer.status for answer in answers} == {call.status}, answers[0].body
    assert len({answer.body for answer in answers}) == 1
    assert sum(answer.headers.get("Idempotent-Replayed") != "true" for answer in answers) == 1
    respelled = await shop.call("POST", path_of(call, **made), body=another_spelling(call, made), headers=key)
    assert (respelled.status, respelled.body) == (call.status, answers[0].body)
    async with app.gateway.pool.acquire() as connection:  # some calls take no body that could be another one
        await connection.execute("UPDATE idempotency_keys SET request_hash = $1", b"another body".ljust(32))
    assert is_failure(await send(shop, call, headers=key, **made), 422, "idempotency_key_reused")
    refused = await send(shop, call, headers={"Idempotency-Key": "é"}, **made)
    assert is_failure(refused, 400, "invalid_idempotency_key")


def another_spelling(call, made):
    """The same request with different bytes."""
    body = body_of(call, made)
    return b" {} " if body is None else msgspec.json.encode(dict(reversed(body.items()))) + b" "


CHANGES = [call for call in KEYED if call.method != "get"]
UNWRITTEN = {"createPaymentIntent", "updatePaymentIntent", "cancelPaymentIntent"}
UNWRITTEN |= {"simulatePayment", "createShortPaymentIntent", "mineBlocks", "reorganise"}
"""Changes that need no line in the audit log: they touch no setting and free no money."""


@pytest.mark.parametrize("call", CHANGES, ids=ids(CHANGES))
async def test_every_change_is_in_the_audit_log_with_who_did_it_from_where_and_in_which_request(app, shop, call):
    await app.watch()
    if call.name == "deleteLogo":
        assert (await shop.call("PUT", "/v1/merchants/me/logo", body=PNG)).status == 200
    app.chain.mine(10)  # something to fork
    made = await made_for(app, shop, call)
    body = PNG if call.upload else None
    headers = {"X-Request-Id": "audited-17"}
    if body is None:
        answer = await send(shop, call, headers=headers, **made)
    else:
        answer = await shop.call(call.method.upper(), call.path, body=body, headers=headers)
    assert answer.status == call.status, answer.body
    lines = (await shop.get("/v1/audit_log", params={"limit": "5"})).json["data"]
    found = [line for line in lines if line["request_id"] == "audited-17"]
    if call.name in UNWRITTEN:
        assert found == []
        return
    assert found, "nothing is written down about it"
    for line in found:
        assert (line["actor"], line["address"], line["livemode"]) == (f"key {shop.key_id}", "127.0.0.1", False)
        assert line["action"].count(".") == 1
        assert "whsec_" not in str(line["detail"])
        assert "sk_test_" not in str(line["detail"])


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
async def test_every_response_has_the_security_headers_and_its_request_id(app, shop, call):
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
            assert kind.__module__ == "sgate.core.errors", kind
