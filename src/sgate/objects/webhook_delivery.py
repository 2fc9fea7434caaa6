"""A webhook delivery as merchants see it: an event for an endpoint, its request, and its attempts."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from sgate.core.event import Envelope, envelope
from sgate.objects.encoding import iso_ms, iso_ms_or_none
from sgate.objects.fields import (
    LIST,
    OBJECT,
    CreatedAt,
    DeliveryId,
    DeliveryStatus,
    EndpointId,
    EventId,
    EventTypeName,
    HasMore,
    Limit,
    Livemode,
    Timestamp,
    Url,
    doc,
)
from sgate.store.webhook_deliveries import LoggedAttempt, LoggedDelivery


class AttemptObject(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt to send a webhook, and the response."""

    attempt: Annotated[int, doc("Number of the attempt; 1 for the first.", 1)]
    url: Annotated[Url, doc("URL that the request was sent to.", "https://shop.example/webhooks")]
    started_at: Annotated[Timestamp, doc("Time at which the attempt started, ISO 8601 in UTC.")]
    duration_ms: Annotated[int, doc("Duration of the attempt, in milliseconds.", 84)]
    response_status: Annotated[int | None, doc("HTTP status code of the response; null without a response.", 200)]
    response_headers: Annotated[
        dict[str, str] | None,
        doc("Headers of the response; null without a response.", {"Content-Type": "text/plain"}),
    ]
    response_body: Annotated[
        str | None,
        doc("Body of the response, truncated to 16 KiB; bytes that are not UTF-8 are replaced. Null if empty.", "ok"),
    ]
    error: Annotated[str | None, doc("Why the attempt failed; null if it succeeded.", "answered 500")]


class DeliveryObject(msgspec.Struct, frozen=True, kw_only=True):
    """The delivery of an event to a webhook endpoint."""

    id: DeliveryId
    object: Annotated[Literal["webhook_delivery"], OBJECT] = "webhook_delivery"
    livemode: Livemode
    endpoint: EndpointId
    event: Annotated[EventId, doc("Id of the event.")]
    event_type: EventTypeName
    status: Annotated[
        DeliveryStatus,
        doc(
            "`pending`: the next attempt is due at `next_attempt_at`. `held`: it waits until the endpoint is enabled "
            "or has caught up. `delivered`: the endpoint responded with 2xx. `failed`: all attempts have failed.",
            "delivered",
        ),
    ]
    attempts: Annotated[int, doc("Number of attempts so far.", 1)]
    response_status: Annotated[int | None, doc("HTTP status code of the last response; null without one.", 200)]
    last_error: Annotated[str | None, doc("Why the last attempt failed; null if it succeeded.", "answered 500")]
    last_attempt_at: Annotated[
        Timestamp | None, doc("Time of the last attempt, ISO 8601 in UTC; null before the first one.")
    ]
    next_attempt_at: Annotated[
        Timestamp | None, doc("Time at which the next attempt is due, ISO 8601 in UTC; null if none is.")
    ]
    delivered_at: Annotated[Timestamp | None, doc("Time of the successful attempt, ISO 8601 in UTC; null until then.")]
    failed_at: Annotated[
        Timestamp | None, doc("Time at which sGate gave up on the delivery, ISO 8601 in UTC; null if it was not.")
    ]
    created_at: CreatedAt


class RequestObject(msgspec.Struct, frozen=True, kw_only=True):
    """The request of a delivery. Each attempt has new signatures, which are not stored."""

    method: Annotated[Literal["POST"], doc("HTTP method.")] = "POST"
    url: Annotated[Url, doc("URL of the endpoint.", "https://shop.example/webhooks")]
    headers: Annotated[
        dict[str, str],
        doc(
            "Headers of the request, without those that each attempt signs.",
            {"Content-Type": "application/json", "webhook-id": "evt_6b042afd2f3b8c1d4e5f6071"},
        ),
    ]
    body: Annotated[Envelope, doc("Body of the request: the event.")]


class DeliveryWithAttempts(DeliveryObject, frozen=True, kw_only=True):
    """The delivery of an event to a webhook endpoint, with its request and all attempts."""

    request: Annotated[RequestObject, doc("The request that is sent.")]
    attempt_log: Annotated[tuple[AttemptObject, ...], doc("All attempts, oldest first.")]


class DeliveryList(msgspec.Struct):
    """A page of webhook deliveries, newest first."""

    object: Annotated[Literal["list"], LIST]
    data: Annotated[list[DeliveryObject], doc("The deliveries of this page.")]
    has_more: HasMore
    limit: Limit


def delivery_object(found: LoggedDelivery) -> DeliveryObject:
    """Return a delivery as merchants see it."""
    return DeliveryObject(**_fields(found))


def delivery_with_attempts(found: LoggedDelivery, attempts: Sequence[LoggedAttempt]) -> DeliveryWithAttempts:
    """Return a delivery with its request and its attempts."""
    body = envelope(
        event_id=found.event_id,
        event_type=found.event_type,
        created_at=found.event_created_at,
        livemode=found.livemode,
        sequence=found.sequence,
        payload=found.payload,
    )
    headers = {"Content-Type": "application/json", "webhook-id": found.event_id}
    request = RequestObject(url=found.endpoint_url, headers=headers, body=body)
    return DeliveryWithAttempts(
        **_fields(found), request=request, attempt_log=tuple(_attempt_object(attempt) for attempt in attempts)
    )


def _fields(found: LoggedDelivery) -> dict[str, Any]:
    return {
        "id": found.id,
        "livemode": found.livemode,
        "endpoint": found.endpoint_id,
        "event": found.event_id,
        "event_type": found.event_type,
        "status": found.status,
        "attempts": found.attempts,
        "response_status": found.response_status,
        "last_error": found.last_error,
        "last_attempt_at": iso_ms_or_none(found.last_attempt),
        "next_attempt_at": iso_ms_or_none(found.next_attempt_at),
        "delivered_at": iso_ms_or_none(found.delivered_at),
        "failed_at": iso_ms_or_none(found.failed_at),
        "created_at": iso_ms(found.created_at),
    }


def _attempt_object(attempt: LoggedAttempt) -> AttemptObject:
    headers = attempt.response_headers
    return AttemptObject(
        attempt=attempt.attempt,
        url=attempt.url,
        started_at=iso_ms(attempt.started_at),
        duration_ms=attempt.duration_ms,
        response_status=attempt.response_status,
        response_headers=None if headers is None else msgspec.json.decode(headers, type=dict[str, str]),
        response_body=attempt.response_body,
        error=attempt.error,
    )
