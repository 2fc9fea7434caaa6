"""Events: what sGate tells merchants, and the exact bytes it tells it in."""

from datetime import datetime
from enum import StrEnum

import msgspec

API_VERSION = "2026-11-01"
"""The shape of payloads. It changes only when a receiver could break."""


class EventType(StrEnum):
    """Everything that can be announced."""

    CREATED = "payment_intent.created"  # a payment intent was made
    PROCESSING = "payment_intent.processing"  # enough is on the chain, not yet final
    SUCCEEDED = "payment_intent.succeeded"  # enough, and final: ship. Once ever per intent
    RECONFIRMED = "payment_intent.reconfirmed"  # final again after a reorganisation
    REORGED = "payment_intent.reorged"  # a reorganisation took back what had been reached
    EXPIRED = "payment_intent.expired"  # the deadline passed and nothing had come
    FAILED = "payment_intent.failed"  # the deadline passed and too little had come
    CANCELED = "payment_intent.canceled"  # the merchant canceled it
    PARTIALLY_PAID = "payment_intent.partially_paid"  # a part came in time
    OVERPAID = "payment_intent.overpaid"  # more came than was due
    DUPLICATE_PAYMENT = "payment_intent.duplicate_payment"  # it was paid a second time
    PAID_LATE = "payment_intent.paid_late"  # money came after the deadline
    PAID_AFTER_CANCEL = "payment_intent.paid_after_cancel"  # money came after the cancel


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a webhook and the answer of `GET /v1/events`; fields in this order.

    `event` repeats `type` for receivers written against the first sGate. `created` is in Unix seconds.
    """

    id: str
    object: str = "event"
    type: str
    event: str
    created: int
    api_version: str = API_VERSION
    livemode: bool
    sequence: int
    data: "EventData"


class EventData(msgspec.Struct, frozen=True):
    """`object` is the thing the event is about, as it was then, as JSON bytes."""

    object: msgspec.Raw


_encoder = msgspec.json.Encoder()


def envelope(
    *, event_id: str, event_type: str, created_at: datetime, livemode: bool, sequence: int, payload: bytes
) -> Envelope:
    """The envelope of a stored event. `payload` is the object as stored, JSON."""
    return Envelope(
        id=event_id,
        type=event_type,
        event=event_type,
        created=int(created_at.timestamp()),
        livemode=livemode,
        sequence=sequence,
        data=EventData(msgspec.Raw(payload)),
    )


def body_of(envelope_: Envelope) -> bytes:
    """The bytes that are signed and sent: the same on every attempt."""
    return _encoder.encode(envelope_)
