"""An event as merchants see it, in lists and in webhooks."""

from typing import Annotated, Literal

import msgspec

from sgate.core.event import Envelope, envelope
from sgate.objects.fields import LIST, HasMore, Limit, doc
from sgate.store.events import Event


class EventList(msgspec.Struct):
    """A page of events, newest first."""

    object: Annotated[Literal["list"], LIST]
    data: Annotated[list[Envelope], doc("The events of this page.")]
    has_more: HasMore
    limit: Limit


def event_object(event: Event) -> Envelope:
    """Return an event in the form in which webhooks contain it."""
    return envelope(
        event_id=event.id,
        event_type=event.type,
        created_at=event.created_at,
        livemode=event.livemode,
        sequence=event.sequence,
        payload=event.payload,
    )
