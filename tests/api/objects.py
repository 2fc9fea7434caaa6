"""Objects of every kind for the API's calls, and valid requests for each call."""

import base64
from datetime import UTC, datetime, timedelta

from sgate.api.openapi.examples import examples
from sgate.chain.simulator import simulated_address

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGPgiQoBAAEwALtYLbblAAAAAElFTkSuQmCC")
UNKNOWN = {
    "intent_id": "pi",
    "payment_id": "pay",
    "endpoint_id": "we",
    "delivery_id": "whd",
    "recovery_id": "whr",
    "event_id": "evt",
    "key_id": "ak",
}


async def made_intent(app, shop):
    intent = await shop.create()
    return {"intent_id": intent["id"], "client_secret": intent["client_secret"]}


async def made_key(app, shop):
    answer = await shop.post("/v1/api_keys", {"name": "another"})
    return {"key_id": answer.json["id"]}


async def made_endpoint(app, shop):
    answer = await shop.post("/v1/webhook_endpoints", {"url": "https://shop.example/hooks"})
    now = datetime.now(UTC)
    period = {"since": (now - timedelta(hours=1)).isoformat(), "until": now.isoformat()}
    return {"endpoint_id": answer.json["id"], **period}


async def made_disabled_endpoint(app, shop):
    made = await made_endpoint(app, shop)
    answer = await shop.post(f"/v1/webhook_endpoints/{made['endpoint_id']}", {"enabled": False})
    assert answer.status == 200
    return made


async def made_event(app, shop):
    await shop.create()
    return {"event_id": (await shop.get("/v1/events")).json["data"][0]["id"]}


async def made_payment(app, shop):
    await app.watch()
    intent = await shop.create()
    await app.pay(intent)
    await app.watch()
    return {"payment_id": (await shop.get("/v1/payments")).json["data"][0]["id"], "payment_intent": intent["id"]}


async def made_held(app, shop):
    """A canceled intent that was paid nevertheless, so that its payment is held."""
    await app.watch()
    intent = await shop.create()
    assert (await shop.post(f"/v1/payment_intents/{intent['id']}/cancel")).status == 200
    await app.pay(intent)
    await app.watch()
    return {"intent_id": intent["id"]}


async def made_deposit(app, shop):
    """A deposit without a memo at the merchant's own address, and an intent to assign it to."""
    own = simulated_address(shop.merchant_id)
    assert (await shop.patch("/v1/merchants/me", {"pay_address": own})).status == 200
    await app.watch()
    intent = await shop.create()
    await app.pay(intent | {"id": f"pi_{'0' * 24}"})
    await app.watch()
    [deposit] = (await shop.get("/v1/payments", params={"unmatched": "true"})).json["data"]
    return {"payment_id": deposit["id"], "payment_intent": intent["id"]}


async def made_delivery(app, shop):
    endpoint = await made_endpoint(app, shop)
    answer = await shop.post(f"/v1/webhook_endpoints/{endpoint['endpoint_id']}/test")
    return {"delivery_id": answer.json["id"]}


async def made_recovery(app, shop):
    made = await made_endpoint(app, shop)
    answer = await shop.post(f"/v1/webhook_endpoints/{made['endpoint_id']}/recover", {"since": made["since"]})
    return {"recovery_id": answer.json["id"]}


OBJECTS = {
    "delivery_id": made_delivery,
    "intent_id": made_intent,
    "payment_id": made_payment,
    "key_id": made_key,
    "endpoint_id": made_endpoint,
    "event_id": made_event,
    "recovery_id": made_recovery,
}
"""How a test gets an object of its own, by the name of the path parameter."""

READY = {
    "acceptPaymentIntent": made_held,
    "assignPayment": made_deposit,
    "enableWebhookEndpoint": made_disabled_endpoint,
    "markPaymentRefunded": made_deposit,
}
"""How it gets one in the state in which a call succeeds, by the name of the call, if not any object will do."""


async def made_for(app, shop, call):
    if call.name in READY:
        return await READY[call.name](app, shop)
    made = {}
    for name in parameters(call):
        assert name in OBJECTS, f"say in OBJECTS how to make what {call.path} needs"
        made |= await OBJECTS[name](app, shop)
    return made


def parameters(call):
    return [part[1:-1] for part in call.path.split("/") if part.startswith("{")]


def path_of(call, **values):
    return call.path.format(
        **{name: values.get(name, f"{UNKNOWN.get(name, 'pi')}_{'0' * 24}") for name in parameters(call)}
    )


def body_of(call, values):
    """Return the example body, with the fields of these names set to the test's own objects."""
    if call.body is None:
        return None
    return {name: values.get(name, value) for name, value in examples().calls[call.name].request.items()}
