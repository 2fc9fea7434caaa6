"""Events: their types, their ids, and the exact bytes that are sent to merchants."""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

import msgspec
from msgspec import Meta

API_VERSION = "2026-11-01"
"""The version of the payloads. It changes only when a change could break a receiver."""


class EventType(StrEnum):
    """The type of an event."""

    meaning: str
    """When events of this type are sent, as a sentence for the documentation."""

    def __new__(cls, value: str, meaning: str) -> Self:
        """Create a type with the sentence that documents it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    CREATED = "payment_intent.created", "A payment intent was created."
    PROCESSING = "payment_intent.processing", "The amount due is on the chain, but not final yet. Do not ship."
    SUCCEEDED = "payment_intent.succeeded", "The amount due is on the chain and final: ship. At most one per intent."
    RECONFIRMED = "payment_intent.reconfirmed", "The amount due is final again after a chain reorganization."
    REORGED = "payment_intent.reorged", "A chain reorganization undid a payment or its finality."
    EXPIRED = "payment_intent.expired", "The deadline passed without a payment."
    FAILED = "payment_intent.failed", "The deadline passed and too little had been paid."
    CANCELED = "payment_intent.canceled", "The merchant canceled the intent."
    PARTIALLY_PAID = "payment_intent.partially_paid", "Part of the amount arrived in time."
    OVERPAID = "payment_intent.overpaid", "More than the amount due arrived."
    DUPLICATE_PAYMENT = "payment_intent.duplicate_payment", "The intent was paid in full a second time."
    PAID_LATE = "payment_intent.paid_late", "A payment arrived after the deadline. Your policy holds or accepts it."
    PAID_AFTER_CANCEL = (
        "payment_intent.paid_after_cancel",
        "A payment arrived after the cancel. You decide what happens to it.",
    )
    CANCELED_WITH_PAYMENT = (
        "payment_intent.canceled_with_payment",
        "The merchant canceled the intent although a payment had arrived; it is now held. You decide about it.",
    )
    HELD = (
        "payment.held",
        "A payment waits for your decision; `held_reason` says why. Sent once per payment. The object is the payment.",
    )
    UNMATCHED = "payment.unmatched", "A deposit arrived that names no payment intent. The object is the payment."
    ENDPOINT_DISABLED = "webhook_endpoint.disabled", "An endpoint failed for days, or responded with 410 Gone."
    ENDPOINT_TEST = "webhook_endpoint.test", "A test that you requested. It is sent only to the endpoint under test."


ID_HEX_CHARACTERS = 24


def event_id(object_id: str, event_type: EventType, number: int) -> str:
    """Return the id of the `number`-th event of a type about an object; the first has the number 1.

    The id is derived from these arguments, not random. A database that is restored from a backup therefore
    announces what happened since the backup under the ids that receivers have seen before.
    """
    digest = hashlib.sha256(f"{object_id}/{event_type}/{number}".encode()).hexdigest()
    return f"evt_{digest[:ID_HEX_CHARACTERS]}"


_EVENT_TYPE = Meta(examples=[EventType.SUCCEEDED], extra_json_schema={"enum": list(EventType)})


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An event, as webhooks and the API send it."""

    # The order of the fields is part of the format.
    id: Annotated[str, Meta(description="Id of the event.", examples=["evt_6b042afd2f3b8c1d4e5f6071"])]
    object: Annotated[Literal["event"], Meta(description="Type of the object.")] = "event"
    type: Annotated[str, _EVENT_TYPE, Meta(description="Type of the event.")]
    event: Annotated[
        str, _EVENT_TYPE, Meta(description="Repeats `type`, for receivers written for the first version of sGate.")
    ]
    created: Annotated[
        int, Meta(description="Time at which the event occurred, in Unix seconds.", examples=[1_795_435_200])
    ]
    api_version: Annotated[
        str, Meta(description="Version of the format of the event's data.", examples=[API_VERSION])
    ] = API_VERSION
    livemode: Annotated[bool, Meta(description="`true` for real money, `false` in test mode.", examples=[False])]
    sequence: Annotated[
        int,
        Meta(description="Number of the event among those about the same object; 1 for the first.", examples=[3]),
    ]
    data: Annotated["EventData", Meta(description="Data of the event.")]


class EventData(msgspec.Struct, frozen=True):
    """The data of an event."""

    object: Annotated[msgspec.Raw, Meta(description="The object that the event is about, as it was at that time.")]


_encoder = msgspec.json.Encoder()


def envelope(
    *, event_id: str, event_type: str, created_at: datetime, livemode: bool, sequence: int, payload: bytes
) -> Envelope:
    """Return the envelope of a stored event. `payload` is the stored object in JSON."""
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
    """Return the bytes that are signed and sent, which are the same on every attempt."""
    return _encoder.encode(envelope_)
