"""The calls under /v1/audit_log: who did what to keys, settings and endpoints."""

import re
from typing import Any

import msgspec
from litestar import Response, Router, get

from sgate.api.auth import Scope
from sgate.api.listing import limit_of, refuse_unknown_parameters
from sgate.api.rate_limits import LimitClass
from sgate.api.requests import AnyRequest, json_response, principal_of
from sgate.api.services import Services
from sgate.core import errors
from sgate.db.pool import Connection
from sgate.objects.payment_intent import encode, iso_ms
from sgate.store import audit_log
from sgate.store.audit_log import Entry
from sgate.store.merchants import Merchant

AFTER_ALL = 2**63 - 1
MAX_NAME_CHARACTERS = 64
_ID = re.compile(r"al_([0-9a-f]{24})")


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


def routes(services: Services) -> Router:
    """The calls about the audit log."""

    @get("/")
    async def list_audit_log(request: AnyRequest) -> Response[bytes]:
        """What was done, newest first."""
        principal = await principal_of(request, services, Scope.ADMIN, LimitClass.OTHER)
        refuse_unknown_parameters(request, "action", "object_id", "starting_after", "limit")
        limit, merchant = limit_of(request), principal.merchant
        async with services.pool.acquire() as connection:
            found = await audit_log.list_before(
                connection,
                merchant.id,
                livemode=merchant.livemode,
                before=await _position(connection, request.query_params.get("starting_after"), merchant),
                action=_name(request, "action"),
                object_id=_name(request, "object_id"),
                limit=limit + 1,
            )
        shown = [_shown(entry) for entry in found[:limit]]
        return json_response(encode({"object": "list", "data": shown, "has_more": len(found) > limit, "limit": limit}))

    return Router("/v1/audit_log", route_handlers=[list_audit_log])


def _shown(entry: Entry) -> AuditLogEntry:
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


async def _position(connection: Connection, cursor: str | None, merchant: Merchant) -> int:
    """The number of the merchant's line that a cursor names."""
    if cursor is None:
        return AFTER_ALL
    match = _ID.fullmatch(cursor)
    number = AFTER_ALL if match is None else int(match[1], 16)
    if number >= AFTER_ALL or not await audit_log.holds(connection, number, merchant.id, livemode=merchant.livemode):
        raise errors.InvalidCursor(param="starting_after")
    return number


def _name(request: AnyRequest, param: str) -> str | None:
    text = request.query_params.get(param)
    if text is not None and not (text.isascii() and text.isprintable() and len(text) <= MAX_NAME_CHARACTERS):
        raise errors.ValidationFailed(
            f"{param} has at most {MAX_NAME_CHARACTERS} printable ASCII characters.", param=param
        )
    return text
