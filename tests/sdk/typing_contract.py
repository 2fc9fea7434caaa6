"""The types that a type checker must infer for both clients. `make lint` checks this file; it is never run."""

from collections.abc import AsyncGenerator, Coroutine, Generator
from typing import Any, assert_type

from sgate_sdk import (
    AsyncListing,
    AsyncPage,
    AsyncPaging,
    AsyncSGate,
    Event,
    Page,
    PaymentIntent,
    PaymentIntentEvent,
    SGate,
    SGateValidationError,
    ValidationFailed,
    verify_webhook,
)
from sgate_sdk.events import WebhookDeliveryWithAttempts


def the_sync_client_returns_objects(client: SGate) -> None:
    assert_type(client.payment_intents.create(amount_sats=1), PaymentIntent)
    assert_type(client.webhook_deliveries.retrieve("whd_0"), WebhookDeliveryWithAttempts)
    assert_type(client.payment_intents.list(limit=1), Page[PaymentIntent])
    assert_type([intent.id for intent in client.payment_intents.list()], list[str])
    assert_type(client.payment_intents.list().to_list(limit=9), list[PaymentIntent])
    assert_type(next(client.payment_intents.list().iter_pages()), Page[PaymentIntent])
    assert_type(client.events.stream(), Generator[Event])
    assert_type(client.with_options(max_retries=0), SGate)


async def the_async_client_is_awaited(client: AsyncSGate) -> None:
    pending: Coroutine[Any, Any, PaymentIntent] = client.payment_intents.create(amount_sats=1)
    assert_type(await pending, PaymentIntent)
    assert_type(await client.payment_intents.create(amount_sats=1), PaymentIntent)
    assert_type(client.payment_intents.list(limit=1), AsyncListing[PaymentIntent])
    assert_type(await client.payment_intents.list(limit=1), AsyncPage[PaymentIntent])
    assert_type([intent.id async for intent in client.payment_intents.list()], list[str])
    assert_type(await client.payment_intents.list().to_list(limit=9), list[PaymentIntent])
    assert_type(await anext(client.payment_intents.list().iter_pages()), AsyncPage[PaymentIntent])
    assert_type(client.events.stream(), AsyncGenerator[Event])
    assert_type(client.with_options(max_retries=0), AsyncSGate)


def events_are_typed_by_their_class(body: bytes, headers: dict[str, str]) -> None:
    event = verify_webhook(body, headers, "whsec_")
    if isinstance(event, PaymentIntentEvent):
        assert_type(event.data.object, PaymentIntent)


def mistakes_are_reported(client: SGate) -> None:
    client.payment_intents.create(amount=1)  # pyright: ignore[reportCallIssue]
    client.payment_intents.create(amount_sats=1.5)  # pyright: ignore[reportArgumentType]
    client.payments.retrieve(17)  # pyright: ignore[reportArgumentType]
    client.payments.assign("pay_0")  # pyright: ignore[reportCallIssue]


def deprecated_names_have_the_same_types(listing: AsyncPaging[PaymentIntent], error: ValidationFailed) -> None:
    assert_type(listing, AsyncListing[PaymentIntent])
    assert_type(error, SGateValidationError)
