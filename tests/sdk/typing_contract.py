"""What a type checker must know about both clients: `make lint` reads this file, nobody runs it."""

from collections.abc import AsyncGenerator, Coroutine, Generator
from typing import Any, assert_type

from sgate_sdk import (
    AsyncPage,
    AsyncPaging,
    AsyncSGate,
    Event,
    Page,
    PaymentIntent,
    PaymentIntentEvent,
    SGate,
    verify_webhook,
)
from sgate_sdk.events import WebhookDeliveryWithAttempts


def the_sync_client_answers(client: SGate) -> None:
    assert_type(client.payment_intents.create(amount_sats=1), PaymentIntent)
    assert_type(client.webhook_deliveries.retrieve("whd_0"), WebhookDeliveryWithAttempts)
    assert_type(client.payment_intents.list(limit=1), Page[PaymentIntent])
    assert_type([intent.id for intent in client.payment_intents.list()], list[str])
    assert_type(client.events.stream(), Generator[Event])
    assert_type(client.with_options(max_retries=0), SGate)


async def the_async_client_is_awaited(client: AsyncSGate) -> None:
    asking: Coroutine[Any, Any, PaymentIntent] = client.payment_intents.create(amount_sats=1)
    assert_type(await asking, PaymentIntent)
    assert_type(await client.payment_intents.create(amount_sats=1), PaymentIntent)
    assert_type(client.payment_intents.list(limit=1), AsyncPaging[PaymentIntent])
    assert_type(await client.payment_intents.list(limit=1), AsyncPage[PaymentIntent])
    assert_type([intent.id async for intent in client.payment_intents.list()], list[str])
    assert_type(client.events.stream(), AsyncGenerator[Event])
    assert_type(client.with_options(max_retries=0), AsyncSGate)


def events_are_told_apart(body: bytes, headers: dict[str, str]) -> None:
    event = verify_webhook(body, headers, "whsec_")
    if isinstance(event, PaymentIntentEvent):
        assert_type(event.data.object, PaymentIntent)


def what_is_wrong_is_seen(client: SGate) -> None:
    client.payment_intents.create(amount=1)  # pyright: ignore[reportCallIssue]
    client.payment_intents.create(amount_sats=1.5)  # pyright: ignore[reportArgumentType]
    client.payments.retrieve(17)  # pyright: ignore[reportArgumentType]
    client.payments.assign("pay_0")  # pyright: ignore[reportCallIssue]
