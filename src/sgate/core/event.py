"""Events: what sGate tells merchants, and the exact bytes it tells it in."""

from datetime import datetime
from enum import StrEnum
from typing import Self

import msgspec

API_VERSION = "2026-11-01"
"""The shape of payloads. It changes only when a receiver could break."""


class EventType(StrEnum):
    """Everything that can be announced; `meaning` says what it tells."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        """A type and the sentence that documents it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    CREATED = "payment_intent.created", "A payment intent was made."
    PROCESSING = "payment_intent.processing", "Enough is on the chain, but not final yet. Do not ship."
    SUCCEEDED = "payment_intent.succeeded", "Enough is on the chain and final: ship. Sent once per intent, ever."
    RECONFIRMED = "payment_intent.reconfirmed", "It is final again after a reorganisation of the chain."
    REORGED = "payment_intent.reorged", "A reorganisation of the chain took back what had been reached."
    EXPIRED = "payment_intent.expired", "The deadline passed and nothing had come."
    FAILED = "payment_intent.failed", "The deadline passed and too little had come."
    CANCELED = "payment_intent.canceled", "The merchant canceled it."
    PARTIALLY_PAID = "payment_intent.partially_paid", "A part of the amount came in time."
    OVERPAID = "payment_intent.overpaid", "More came than was due."
    DUPLICATE_PAYMENT = "payment_intent.duplicate_payment", "It was paid a second time, in full."
    PAID_LATE = "payment_intent.paid_late", "Money came after the deadline. It is held, or accepted, by your policy."
    PAID_AFTER_CANCEL = "payment_intent.paid_after_cancel", "Money came after the cancel. It is held for your decision."
    UNMATCHED = "payment.unmatched", "A deposit came that names no payment intent. The object is the payment."
    ENDPOINT_DISABLED = "webhook_endpoint.disabled", "An endpoint failed for days, or answered that it wants no more."
    ENDPOINT_TEST = "webhook_endpoint.test", "You asked for a test. Only the endpoint in question is told."


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
