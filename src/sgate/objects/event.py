"""An event as merchants see it: what the webhook says."""

from sgate.core.event import Envelope, envelope
from sgate.store.events import Event


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
