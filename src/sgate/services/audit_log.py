"""The audit log, as merchants read it."""

import re
from collections.abc import Sequence

import msgspec

from sgate.core import errors
from sgate.db.pool import Connection, Pool
from sgate.objects.audit_log_entry import AuditLogEntry, audit_log_entry
from sgate.store import audit_log
from sgate.store.merchants import Merchant

AFTER_ALL = 2**63 - 1
_ID = re.compile(r"al_([0-9a-f]{24})")


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of entries, newest first. `has_more` is true if there are older entries."""

    entries: Sequence[AuditLogEntry]
    has_more: bool


async def page(
    pool: Pool,
    merchant: Merchant,
    *,
    starting_after: str | None,
    action: str | None,
    object_id: str | None,
    limit: int,
) -> Page:
    """Return a page of the actions that were recorded in the merchant's mode, newest first.

    Raises:
        InvalidCursor: if `starting_after` is not the id of an entry of this merchant.
    """
    async with pool.acquire() as connection:
        found = await audit_log.list_before(
            connection,
            merchant.id,
            livemode=merchant.livemode,
            before=await _position(connection, starting_after, merchant),
            action=action,
            object_id=object_id,
            limit=limit + 1,
        )
    return Page(entries=[audit_log_entry(entry) for entry in found[:limit]], has_more=len(found) > limit)


async def _position(connection: Connection, cursor: str | None, merchant: Merchant) -> int:
    """Return the number of the merchant's entry whose id is `cursor`."""
    if cursor is None:
        return AFTER_ALL
    match = _ID.fullmatch(cursor)
    number = AFTER_ALL if match is None else int(match[1], 16)
    if number >= AFTER_ALL or not await audit_log.holds(connection, number, merchant.id, livemode=merchant.livemode):
        raise errors.InvalidCursor(param="starting_after")
    return number
