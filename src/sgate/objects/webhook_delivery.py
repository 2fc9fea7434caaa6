"""A delivery as merchants see it: one event for one endpoint, what is sent, and each attempt."""

from collections.abc import Sequence
from typing import Any

import msgspec

from sgate.core.event import Envelope, envelope
from sgate.objects.encoding import iso_ms, iso_ms_or_none
from sgate.store.webhook_deliveries import LoggedAttempt, LoggedDelivery


class AttemptObject(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. The response's body is cut at 16 kB; bytes that are not UTF-8 are replaced."""

    attempt: int
    url: str
    started_at: str
    duration_ms: int
    response_status: int | None
    response_headers: dict[str, str] | None
    response_body: str | None
    error: str | None


class DeliveryObject(msgspec.Struct, frozen=True, kw_only=True):
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
    last_attempt_at: str | None
    next_attempt_at: str | None
    delivered_at: str | None
    failed_at: str | None
    created_at: str


class RequestObject(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: to where, and the body. Each attempt is signed anew; the signatures are not kept."""

    method: str = "POST"
    url: str
    headers: dict[str, str]
    body: Envelope


class DeliveryWithAttempts(DeliveryObject, frozen=True, kw_only=True):
    """One event for one endpoint, what is sent, and each attempt."""

    request: RequestObject
    attempt_log: tuple[AttemptObject, ...]


class DeliveryList(msgspec.Struct):
    """A page of webhook deliveries, newest first."""

    object: str
    data: list[DeliveryObject]
    has_more: bool
    limit: int


def delivery_object(found: LoggedDelivery) -> DeliveryObject:
    """A delivery as merchants see it."""
    return DeliveryObject(**_fields(found))


def delivery_with_attempts(found: LoggedDelivery, attempts: Sequence[LoggedAttempt]) -> DeliveryWithAttempts:
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
