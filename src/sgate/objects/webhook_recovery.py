"""A recovery of webhooks as merchants see it."""

from typing import Annotated, Literal

import msgspec

from sgate.objects.encoding import iso_ms, iso_ms_or_none
from sgate.objects.fields import OBJECT, CreatedAt, EndpointId, Livemode, RecoveryId, Timestamp, doc
from sgate.store.webhook_recoveries import Recovery


class RecoveryObject(msgspec.Struct, frozen=True, kw_only=True):
    """A recovery: the events of a period are sent to a webhook endpoint again."""

    id: RecoveryId
    object: Annotated[Literal["webhook_recovery"], OBJECT] = "webhook_recovery"
    livemode: Livemode
    endpoint: EndpointId
    since: Annotated[Timestamp, doc("Start of the period, inclusive, ISO 8601 in UTC.")]
    until: Annotated[Timestamp, doc("End of the period, exclusive, ISO 8601 in UTC.")]
    include_delivered: Annotated[
        bool, doc("`true` if events that the endpoint has already received are sent as well.", False)
    ]
    replayed: Annotated[int, doc("Number of deliveries created so far.", 3)]
    finished_at: Annotated[
        Timestamp | None, doc("Time at which the last delivery was created, ISO 8601 in UTC; null until then.")
    ]
    created_at: CreatedAt


def recovery_object(recovery: Recovery) -> RecoveryObject:
    """Return a recovery as merchants see it."""
    return RecoveryObject(
        id=recovery.id,
        livemode=recovery.livemode,
        endpoint=recovery.endpoint_id,
        since=iso_ms(recovery.since),
        until=iso_ms(recovery.until),
        include_delivered=recovery.include_delivered,
        replayed=recovery.replayed,
        finished_at=iso_ms_or_none(recovery.finished_at),
        created_at=iso_ms(recovery.created_at),
    )
