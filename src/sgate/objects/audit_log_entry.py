"""An entry of the audit log: an action on a key, a setting or an endpoint, and who performed it."""

from typing import Annotated, Any, Literal

import msgspec

from sgate.objects.encoding import iso_ms
from sgate.objects.fields import LIST, OBJECT, CreatedAt, HasMore, Limit, Livemode, RequestId, doc
from sgate.store.audit_log import Entry


class AuditLogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded action: who did what, to which object, from where."""

    id: Annotated[str, doc("Id of the entry.", "al_000000000000000000000007")]
    object: Annotated[Literal["audit_log_entry"], OBJECT] = "audit_log_entry"
    livemode: Livemode
    actor: Annotated[
        str,
        doc(
            "Who performed the action: `key` and the id of an API key, `operator`, or `deliverer` for an endpoint that "
            "sGate disabled.",
            "key ak_6b042a0877de68daecd823ba",
        ),
    ]
    action: Annotated[str, doc("What was done: a kind of object and a verb.", "merchant.updated")]
    object_id: Annotated[
        str | None,
        doc("Id of the object that was affected; null for the merchant itself.", "ak_6b042a0877de68daecd823ba"),
    ]
    address: Annotated[
        str | None, doc("IP address that the request came from; null if it was not a request.", "203.0.113.7")
    ]
    request_id: Annotated[RequestId | None, doc("Id of the request; null if it was not a request.")]
    detail: Annotated[
        dict[str, Any],
        doc(
            "Details, which depend on the action. They never contain secrets.",
            {"before": {"tolerance_bp": 0}, "after": {"tolerance_bp": 10}},
        ),
    ]
    created_at: CreatedAt


class AuditLogList(msgspec.Struct):
    """A page of the audit log, newest first."""

    object: Annotated[Literal["list"], LIST]
    data: Annotated[list[AuditLogEntry], doc("The entries of this page.")]
    has_more: HasMore
    limit: Limit


def audit_log_entry(entry: Entry) -> AuditLogEntry:
    """Return an entry as merchants see it."""
    return AuditLogEntry(
        id=f"al_{entry.number:024x}",
        livemode=entry.livemode,
        actor=entry.actor,
        action=entry.action,
        object_id=entry.object_id,
        address=entry.address,
        request_id=entry.request_id,
        detail=entry.detail,
        created_at=iso_ms(entry.created_at),
    )
