"""Each call can return every error that is documented for it, with the documented status.

The pairs come from the table of calls. An error that is added to a call without a line in TROUBLE fails the test, and
so does one that no request can bring about.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from api.line import Line
from api.objects import PNG, body_of, made_for, parameters, path_of
from api.serving import UNREACHABLE, serving
from sgate.api.openapi.calls import CALLS
from sgate.chain.simulator import simulated_address
from sgate.core import errors
from sgate.services.api_keys import MAX_KEYS
from sgate.services.idempotency import key_of
from sgate.services.payment_hints import MAX_HINTS_PER_INTENT
from sgate.services.webhook_endpoints import MAX_ENDPOINTS
from sgate.store.idempotency_keys import claim

JSON = {"Content-Type": "application/json"}
INTENTS = "/v1/payment_intents"
ENDPOINTS = "/v1/webhook_endpoints"


class Scene(msgspec.Struct):
    """A merchant about to make a call that fails."""

    app: object
    shop: object
    call: object
    made: dict
    place: object = None

    @property
    def path(self):
        return path_of(self.call, **self.made)

    async def send(self, body=None, /, *, path=None, **options):
        """Make the call with this body, or with the example body if the call takes one."""
        fields = body_of(self.call, self.made) if body is None and "body" not in options else body
        if self.call.upload and "body" not in options:
            options["body"] = PNG
        return await self.shop.call(self.call.method.upper(), path or self.path, fields, **options)

    async def with_field(self, name, value):
        return await self.send(body_of(self.call, self.made) | {name: value})

    async def twice(self):
        await self.send()
        return await self.send()

    async def keyed(self, key):
        return await self.send(headers={"Idempotency-Key": key})


async def unreadable(scene):
    return await scene.send(body=b"{", headers=JSON)


async def of_another_type(scene):
    return await scene.send(body=b"a=b", headers={"Content-Type": "application/x-www-form-urlencoded"})


async def too_large(scene):
    return await scene.send(body=b" " * 1_000_001, headers=JSON)


async def misspelt(scene):
    if scene.call.method == "get":
        return await scene.send(params={"no_such_parameter": "1"})
    return await scene.send({"no_such_field": 1})


async def key_used_for_another_body(scene):
    assert (await scene.keyed("once")).status == scene.call.status
    async with scene.app.gateway.pool.acquire() as connection:  # some calls take no body that could be another one
        await connection.execute("UPDATE idempotency_keys SET request_hash = $1", b"another body".ljust(32))
    return await scene.keyed("once")


async def twin_still_runs(scene):
    body = body_of(scene.call, scene.made)
    key = key_of(
        "running",
        merchant_id=scene.shop.merchant_id,
        livemode=False,
        method="POST",
        path=scene.path,
        body=b"" if body is None else msgspec.json.encode(body),
    )
    async with scene.app.gateway.pool.acquire() as connection:
        twin = connection.transaction()
        await twin.start()
        assert await claim(connection, key.scope, key.request_hash, datetime.now(UTC) + timedelta(hours=1), wait_s=1)
        answer = await scene.keyed("running")
        await twin.rollback()
    return answer


async def key_that_cannot_be(scene):
    return await scene.keyed("é")


async def nobodys(scene):
    scene.made = {name: value for name, value in scene.made.items() if name not in parameters(scene.call)}
    return await scene.send()


async def intent_of_nobody(scene):
    if scene.call.name == "assignPayment":
        return await scene.with_field("payment_intent", f"pi_{'0' * 24}")
    return await nobodys(scene)


async def cursor_of_nobody(scene):
    return await scene.send(params={"starting_after": f"pi_{'0' * 24}"})


async def two_ways_to_page(scene):
    return await scene.send(params={"starting_after": f"pi_{'0' * 24}", "ending_before": f"pi_{'0' * 24}"})


async def ten_thousandth(scene):
    return await scene.send(params={"page": "101", "limit": "100"})


async def too_long_a_description(scene):
    return await scene.with_field("description", "x" * 501)


async def bad_url(scene):
    name = "url" if "url" in body_of(scene.call, scene.made) else "support_url"
    name = "success_url" if scene.call.name == "createPaymentIntent" else name
    return await scene.with_field(name, "javascript:alert(1)")


async def lax_policy(scene):
    return await scene.with_field("confirmation_policy", [{"from_sats": 0}])


async def address_of_another(scene):
    other = await scene.app.merchant()
    taken = simulated_address(other.merchant_id)
    assert (await other.patch("/v1/merchants/me", {"pay_address": taken})).status == 200
    return await scene.with_field("pay_address", taken)


async def canceled_before(scene):
    return await scene.twice()


async def many_endpoints(scene):
    url = "https://shop.example/hooks"
    made = [await scene.shop.post(ENDPOINTS, {"url": url}) for _ in range(MAX_ENDPOINTS)]
    assert {answer.status for answer in made} == {201}
    return await scene.send()


async def many_keys(scene):
    known = (await scene.shop.get("/v1/api_keys")).json["data"]
    for number in range(MAX_KEYS - len(known)):
        assert (await scene.shop.post("/v1/api_keys", {"name": f"{number}"})).status == 201
    return await scene.send()


async def revoked_before(scene):
    assert (await scene.shop.delete(f"/v1/api_keys/{scene.made['key_id']}")).status == 200
    return await scene.send()


async def endpoint_disabled(scene):
    for endpoint in (await scene.shop.get(ENDPOINTS)).json["data"]:
        assert (await scene.shop.post(f"{ENDPOINTS}/{endpoint['id']}", {"enabled": False})).status == 200
    return await scene.send()


async def range_of_years(scene):
    return await scene.send({"since": "2020-01-01T00:00:00Z"})


async def many_hints(scene):
    for number in range(MAX_HINTS_PER_INTENT):
        assert (await scene.with_field("tx_id", f"0x{number:064x}")).status == 202
    return await scene.with_field("tx_id", f"0x{'f' * 64}")


async def money_that_counts(scene):
    """A payment that was made in time."""
    await scene.app.watch()
    intent = await scene.shop.create()
    await scene.app.pay(intent)
    await scene.app.watch()
    [payment] = (await scene.shop.get("/v1/payments", params={"payment_intent": intent["id"]})).json["data"]
    return await scene.send(path=path_of(scene.call, payment_id=payment["id"]))


async def nothing_came(scene):
    scene.made = {"intent_id": (await scene.shop.create())["id"]}
    return await scene.send()


async def live(scene, **settings):
    """Make the call in live mode, on a separate server."""
    mode = UNREACHABLE.model_copy(update=settings)
    async with serving(*scene.place, live=mode) as app:
        scene.shop = await app.merchant(livemode=True)  # settings are per mode, and so is what is missing
        return await scene.send({"amount_usd": "5"})


async def with_a_slow_clock(scene):
    async with serving(*scene.place, live=UNREACHABLE) as app:
        await app.gateway.pool.execute(
            "INSERT INTO chain_cursors (livemode, network, scanned_time) VALUES (TRUE, 'mainnet', now() + '1 hour')"
        )
        scene.shop = await app.merchant(livemode=True)
        return await scene.send()


async def without_an_address(scene):
    return await live(scene, gateway_address=None)


async def not_on_the_simulated_chain(scene):
    async with serving(*scene.place, live=UNREACHABLE) as app:
        scene.shop = await app.merchant(livemode=True)
        return await scene.send()


async def in_production(scene):
    database_url, directory = scene.place
    settings = {"env": "production", "database_url": database_url, "secret_keys": "0123456789abcdef" * 4}
    async with serving(database_url, directory, public_url="https://pay.example.com", **settings) as app:
        return await Scene(app, await app.merchant(), scene.call, {}).send()


async def what_the_chain_cannot_do(scene):
    if "recipient" in body_of(scene.call, scene.made):
        return await scene.with_field("recipient", "nowhere")
    return await scene.with_field("depth", 50)  # nothing has been mined yet


def field(name, value):
    async def wrong(scene):
        return await scene.with_field(name, value)

    return wrong


TROUBLE = {
    errors.ApiKeyEnded: revoked_before,
    errors.ApiKeyNotFound: nobodys,
    errors.ClockBehind: with_a_slow_clock,
    errors.DescriptionTooLong: too_long_a_description,
    errors.EventNotFound: nobodys,
    errors.IdempotencyInProgress: twin_still_runs,
    errors.IdempotencyKeyReused: key_used_for_another_body,
    errors.InvalidAmount: field("amount_sats", 0),
    errors.InvalidConfirmationPolicy: lax_policy,
    errors.InvalidCurrency: field("currency", "usd"),
    errors.InvalidCursor: cursor_of_nobody,
    errors.InvalidExpiresIn: field("expires_in", 59),
    errors.InvalidIdempotencyKey: key_that_cannot_be,
    errors.InvalidJson: unreadable,
    errors.InvalidLogo: unreadable,
    errors.InvalidPayAddress: field("pay_address", "nonsense"),
    errors.InvalidRecoveryRange: range_of_years,
    errors.InvalidTxId: field("tx_id", "0x12"),
    errors.InvalidUrl: bad_url,
    errors.MetadataTooLarge: field("metadata", {"k" * 41: "v"}),
    errors.MixedPaging: two_ways_to_page,
    errors.NothingToAccept: nothing_came,
    errors.NotSimulated: not_on_the_simulated_chain,
    errors.PageOutOfReach: ten_thousandth,
    errors.PayAddressMissing: without_an_address,
    errors.PayAddressTaken: address_of_another,
    errors.PayloadTooLarge: too_large,
    errors.PaymentIntentNotCancelable: canceled_before,
    errors.PaymentIntentNotFound: intent_of_nobody,
    errors.PaymentNotAssignable: money_that_counts,
    errors.PaymentNotFound: nobodys,
    errors.PaymentNotRefundable: money_that_counts,
    errors.RateUnavailable: live,
    errors.ReceiptNotFound: nothing_came,
    errors.RecoveryInProgress: Scene.twice,
    errors.SimulationRefused: what_the_chain_cannot_do,
    errors.SimulatorShared: in_production,
    errors.TooManyApiKeys: many_keys,
    errors.TooManyHints: many_hints,
    errors.TooManyWebhookEndpoints: many_endpoints,
    errors.UnsupportedMediaType: of_another_type,
    errors.ValidationFailed: misspelt,
    errors.WebhookDeliveryNotFound: nobodys,
    errors.WebhookEndpointDisabled: endpoint_disabled,
    errors.WebhookEndpointNotFound: nobodys,
    errors.WebhookRecoveryNotFound: nobodys,
}
"""How a call comes to each error."""

WITHOUT_DATABASE = {"retrieveSimulator", "simulatePayment", "mineBlocks", "reorganise"}
"""They ask the simulated chain alone, once their key is known."""

DOCUMENTED = [call for call in CALLS if call.failures]


@pytest.mark.parametrize("call", DOCUMENTED, ids=lambda call: call.name)
async def test_each_documented_error_of_a_call_can_be_caused(app, database_url, tmp_path, call):
    for kind in call.failures:
        shop = await app.merchant()
        scene = Scene(app, shop, call, await made_for(app, shop, call), (database_url, tmp_path / "live"))
        answer = await TROUBLE[kind](scene)
        assert (answer.status, answer.code) == (kind.status, kind.code), answer.body
        assert answer.json["error"]["doc_url"].endswith(f"/docs/errors/{kind.code}")


@pytest.mark.parametrize("call", [call for call in CALLS if not call.unhealthy], ids=lambda call: call.name)
async def test_every_call_has_a_limit(database_url, tmp_path, call):
    limits = dict.fromkeys(("create", "retrieve", "public", "other"), 1)
    async with serving(
        database_url, tmp_path, **{f"rate_limit_{name}": limit for name, limit in limits.items()}
    ) as app:
        shop = await app.merchant()
        scene = Scene(app, shop, call, {})
        answer = await scene.twice()
    assert (answer.status, answer.code) == (429, "rate_limit_exceeded")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["X-RateLimit-Remaining"] == "0"


async def test_every_call_reports_an_unavailable_database(database_url, tmp_path):
    async with Line(database_url) as line, serving(line.url, tmp_path) as app:
        shop = await app.merchant()
        await shop.get("/v1/merchants/me")  # its key is remembered
        await line.cut()
        calls = [call for call in CALLS if not call.unhealthy and call.name not in WITHOUT_DATABASE]
        made = {"since": (datetime.now(UTC) - timedelta(hours=1)).isoformat(), "until": None}
        answers = await asyncio.gather(*(Scene(app, shop, call, made).send() for call in calls))
    refusals = {call.name: (answer.status, answer.code) for call, answer in zip(calls, answers, strict=True)}
    assert refusals == {call.name: (503, "unavailable") for call in calls}
