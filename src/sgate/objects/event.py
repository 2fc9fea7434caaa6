"""An event as merchants see it: what the webhook says."""

import msgspec

from sgate.core.event import Envelope, envelope
from sgate.store.events import Event


class EventList(msgspec.Struct):
    """A page of events, newest first."""

    object: str
    data: list[Envelope]
    has_more: bool
    limit: int


def event_object(event: Event) -> Envelope:
    """An event as merchants see it: what the webhook says."""
    return envelope(
        event_id=event.id,
        event_type=event.type,
        created_at=event.created_at,
        livemode=event.livemode,
        sequence=event.sequence,
        payload=event.payload,
    )
