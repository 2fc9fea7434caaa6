"""Events, and how they are told: webhook endpoints, deliveries and their attempts."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

from sgate_sdk.models import Model, Payment, PaymentIntent


class WebhookEndpoint(Model, frozen=True, kw_only=True):
    """A webhook endpoint. `secret` is given only when the endpoint is made and when its secret is rotated.

    `previous_secret_expires_at`: until then the secret before signs too. `failing_since`: nothing has succeeded since.
    """

    id: str
    object: str = "webhook_endpoint"
    livemode: bool
    url: str
    description: str | None
    event_types: tuple[str, ...]
    enabled: bool
    disabled_reason: str | None
    failing_since: dt.datetime | None
    previous_secret_expires_at: dt.datetime | None
    created_at: dt.datetime
    secret: str | None = None


class EventData(Model, frozen=True, kw_only=True):
    """`object` is the thing the event is about, as it was then."""

    object: Any


class Event(Model, frozen=True, kw_only=True):
    """Something that happened, as a webhook tells it. What it is about is typed in the subclasses.

    Handle each `id` once: events may come twice. `sequence` counts the events of one object: ignore what is lower than
    what you have seen of it. `type` is one of `EventType`, or one that a newer server knows. `created`: Unix seconds.
    """

    id: str
    object: str = "event"
    type: str
    event: str
    created: int
    api_version: str = ""
    livemode: bool
    sequence: int
    data: EventData


class PaymentIntentData(EventData, frozen=True, kw_only=True):
    """The payment intent as it was then; without its payments."""

    object: PaymentIntent


class PaymentIntentEvent(Event, frozen=True, kw_only=True):
    """`payment_intent.*`."""

    data: PaymentIntentData


class PaymentData(EventData, frozen=True, kw_only=True):
    """The payment as it was then."""

    object: Payment


class PaymentEvent(Event, frozen=True, kw_only=True):
    """`payment.*`."""

    data: PaymentData


class WebhookEndpointData(EventData, frozen=True, kw_only=True):
    """The webhook endpoint as it was then."""

    object: WebhookEndpoint


class WebhookEndpointEvent(Event, frozen=True, kw_only=True):
    """`webhook_endpoint.*`."""

    data: WebhookEndpointData


class WebhookDelivery(Model, frozen=True, kw_only=True):
    """One event for one endpoint.

    `status` is `pending` (due at `next_attempt_at`), `held` (until its endpoint can take it), `delivered` or `failed`.
    """

    id: str
    object: str = "webhook_delivery"
    livemode: bool
    endpoint: str
    event: str
    event_type: str
    status: str
    attempts: int
    response_status: int | None
    last_error: str | None
    last_attempt_at: dt.datetime | None
    next_attempt_at: dt.datetime | None
    delivered_at: dt.datetime | None
    failed_at: dt.datetime | None
    created_at: dt.datetime


class WebhookRequest(Model, frozen=True, kw_only=True):
    """What is sent: to where, and the body. Each attempt is signed anew; the signatures are not kept."""

    method: str = "POST"
    url: str
    headers: dict[str, str]
    body: Event


class WebhookAttempt(Model, frozen=True, kw_only=True):
    """One attempt. The response's body is cut at 16 kB; bytes that are not UTF-8 are replaced."""

    attempt: int
    url: str
    started_at: dt.datetime
    duration_ms: int
    response_status: int | None
    response_headers: dict[str, str] | None
    response_body: str | None
    error: str | None


class WebhookDeliveryWithAttempts(WebhookDelivery, frozen=True, kw_only=True):
    """One event for one endpoint, what is sent, and each attempt."""

    request: WebhookRequest
    attempt_log: tuple[WebhookAttempt, ...]


class WebhookRecovery(Model, frozen=True, kw_only=True):
    """A range of events that is being sent once more.

    `replayed`: how many deliveries that has made so far; `finished_at`: when all of them were made.
    """

    id: str
    object: str = "webhook_recovery"
    livemode: bool
    endpoint: str
    since: dt.datetime
    until: dt.datetime
    include_delivered: bool
    replayed: int
    finished_at: dt.datetime | None
    created_at: dt.datetime


_BY_PREFIX: Mapping[str, type[Event]] = {
    "payment_intent": PaymentIntentEvent,
    "payment": PaymentEvent,
    "webhook_endpoint": WebhookEndpointEvent,
}


class _Peek(msgspec.Struct):
    type: str


def event_of(content: bytes | msgspec.Raw) -> Event:
    """An event from its JSON: of the subclass that its type says, a plain `Event` for what is not known here.

    Raises:
        msgspec.MsgspecError: if it is no event.
    """
    kind = msgspec.json.decode(content, type=_Peek).type.partition(".")[0]
    return msgspec.json.decode(content, type=_BY_PREFIX.get(kind, Event))
