"""A line of the audit log: who did what to keys, settings and endpoints."""

from typing import Any

import msgspec

from sgate.objects.encoding import iso_ms
from sgate.store.audit_log import Entry


class AuditLogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done. `actor` is `key ak_...` or `operator`; `detail` depends on the action.

    `address` is where the request came from, `request_id` is that of its answer and of its log lines.
    """

    id: str
    object: str = "audit_log_entry"
    livemode: bool
    actor: str
    action: str
    object_id: str | None
    address: str | None
    request_id: str | None
    detail: dict[str, Any]
    created_at: str


class AuditLogList(msgspec.Struct):
    """A page of the audit log, newest first."""

    object: str
    data: list[AuditLogEntry]
    has_more: bool
    limit: int


def audit_log_entry(entry: Entry) -> AuditLogEntry:
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
