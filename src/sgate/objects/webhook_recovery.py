"""A range of events that is being sent once more."""

import msgspec

from sgate.objects.encoding import iso_ms, iso_ms_or_none
from sgate.store.webhook_recoveries import Recovery


class RecoveryObject(msgspec.Struct, frozen=True, kw_only=True):
    """A range of events that is being sent once more.

    `replayed`: how many deliveries that has made so far; `finished_at`: when all of them were made.
    """

    id: str
    object: str = "webhook_recovery"
    livemode: bool
    endpoint: str
    since: str
    until: str
    include_delivered: bool
    replayed: int
    finished_at: str | None
    created_at: str


def recovery_object(recovery: Recovery) -> RecoveryObject:
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
