"""Events, and the webhook endpoints, deliveries and attempts with which they are sent."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

from sgate_sdk._literals import DeliveryStatusText, EventTypeText
from sgate_sdk.models import HeldPayment, Model, Payment, PaymentIntent, ReorgedPaymentIntent


class WebhookEndpoint(Model, frozen=True, kw_only=True):
    """A webhook endpoint. `secret` is set only when the endpoint is created and when its secret is rotated.

    Until `previous_secret_expires_at`, webhooks are also signed with the previous secret. If `failing_since` is set, no
    delivery has succeeded since that time.
    """

    id: str
    object: str = "webhook_endpoint"
    livemode: bool
    url: str
    description: str | None
    event_types: tuple[EventTypeText, ...]
    enabled: bool
    disabled_reason: str | None
    failing_since: dt.datetime | None
    previous_secret_expires_at: dt.datetime | None
    created_at: dt.datetime
    secret: str | None = None


class EventData(Model, frozen=True, kw_only=True):
    """The object that the event is about, as it was at the time of the event."""

    object: Any


class Event(Model, frozen=True, kw_only=True):
    """An event. A webhook contains one event. Each subclass declares the type of the object that its events are about.

    An event may be delivered more than once, so handle each `id` only once. `sequence` counts the events of one object.
    Ignore an event whose `sequence` is lower than one that you have already seen for the object. `type` is one of
    `EventType`, or a type that only a newer server knows. `created` is in Unix seconds.
    """

    id: str
    object: str = "event"
    type: EventTypeText
    event: EventTypeText
    created: int
    api_version: str = ""
    livemode: bool
    sequence: int
    data: EventData


class PaymentIntentData(EventData, frozen=True, kw_only=True):
    """The payment intent, without its payments, as it was at the time of the event."""

    object: PaymentIntent


class PaymentIntentEvent(Event, frozen=True, kw_only=True):
    """An event whose type is `payment_intent.*`."""

    data: PaymentIntentData


class ReorgedPaymentIntentData(PaymentIntentData, frozen=True, kw_only=True):
    """The payment intent after a chain reorganization."""

    object: ReorgedPaymentIntent


class ReorgedEvent(PaymentIntentEvent, frozen=True, kw_only=True):
    """An event whose type is `payment_intent.reorged`."""

    data: ReorgedPaymentIntentData


class PaymentData(EventData, frozen=True, kw_only=True):
    """The payment as it was at the time of the event."""

    object: Payment


class PaymentEvent(Event, frozen=True, kw_only=True):
    """An event whose type is `payment.*`."""

    data: PaymentData


class HeldPaymentData(PaymentData, frozen=True, kw_only=True):
    """The payment that waits for your decision."""

    object: HeldPayment


class PaymentHeldEvent(PaymentEvent, frozen=True, kw_only=True):
    """An event whose type is `payment.held`."""

    data: HeldPaymentData


class WebhookEndpointData(EventData, frozen=True, kw_only=True):
    """The webhook endpoint as it was at the time of the event."""

    object: WebhookEndpoint


class WebhookEndpointEvent(Event, frozen=True, kw_only=True):
    """An event whose type is `webhook_endpoint.*`."""

    data: WebhookEndpointData


class WebhookDelivery(Model, frozen=True, kw_only=True):
    """The delivery of an event to an endpoint.

    `status` is `pending` (due at `next_attempt_at`), `held` (held back until the endpoint is enabled or has caught up),
    `delivered` or `failed`.
    """

    id: str
    object: str = "webhook_delivery"
    livemode: bool
    endpoint: str
    event: str
    event_type: EventTypeText
    status: DeliveryStatusText
    attempts: int
    response_status: int | None
    last_error: str | None
    last_attempt_at: dt.datetime | None
    next_attempt_at: dt.datetime | None
    delivered_at: dt.datetime | None
    failed_at: dt.datetime | None
    created_at: dt.datetime


class WebhookRequest(Model, frozen=True, kw_only=True):
    """The HTTP request of a delivery. Each attempt has new signatures, which are not stored."""

    method: str = "POST"
    url: str
    headers: dict[str, str]
    body: Event


class WebhookAttempt(Model, frozen=True, kw_only=True):
    """An attempt at a delivery. The body of the response is truncated to 16 KiB, and invalid UTF-8 is replaced."""

    attempt: int
    url: str
    started_at: dt.datetime
    duration_ms: int
    response_status: int | None
    response_headers: dict[str, str] | None
    response_body: str | None
    error: str | None


class WebhookDeliveryWithAttempts(WebhookDelivery, frozen=True, kw_only=True):
    """A delivery with its request and all of its attempts."""

    request: WebhookRequest
    attempt_log: tuple[WebhookAttempt, ...]


class WebhookRecovery(Model, frozen=True, kw_only=True):
    """A recovery: the events of a period are sent again.

    `replayed` is the number of deliveries created so far. `finished_at` is the time when the last one was created.
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


_BY_TYPE: Mapping[str, type[Event]] = {"payment_intent.reorged": ReorgedEvent, "payment.held": PaymentHeldEvent}

_BY_PREFIX: Mapping[str, type[Event]] = {
    "payment_intent": PaymentIntentEvent,
    "payment": PaymentEvent,
    "webhook_endpoint": WebhookEndpointEvent,
}


class _Peek(msgspec.Struct):
    type: str


def event_of(content: bytes | msgspec.Raw) -> Event:
    """Decode an event. The result is the subclass for its type, or a plain `Event` if the type is unknown.

    Raises:
        msgspec.MsgspecError: if `content` is not an event.
    """
    kind = msgspec.json.decode(content, type=_Peek).type
    known = _BY_TYPE.get(kind) or _BY_PREFIX.get(kind.partition(".")[0], Event)
    return msgspec.json.decode(content, type=known)
