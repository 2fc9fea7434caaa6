"""The call under /v1/audit_log, which lists the recorded actions and who performed them."""

from litestar import Response
from litestar.handlers import HTTPRouteHandler

from sgate.api import query
from sgate.api.calls import Call
from sgate.api.dependencies import Dependencies
from sgate.api.query import limit_of, refuse_unknown_parameters
from sgate.api.requests import AnyRequest, json_response, principal_of
from sgate.core import errors
from sgate.core.scope import Scope
from sgate.objects.audit_log_entry import AuditLogList
from sgate.objects.encoding import encode
from sgate.services import audit_log

MAX_NAME_CHARACTERS = 64


LIST_AUDIT_LOG = Call(
    method="get",
    path="/v1/audit_log",
    name="listAuditLog",
    summary="List audit log entries",
    tag="Audit log",
    description=(
        "Returns the recorded actions, such as changes of API keys, settings and webhook endpoints, and who performed "
        "them, newest first."
    ),
    answer=AuditLogList,
    scope=Scope.ADMIN,
    query=(
        query.parameter(
            "action", "Returns only entries with this action, such as `api_key.revoked`.", {"type": "string"}
        ),
        query.parameter("object_id", "Returns only entries about the object with this id.", {"type": "string"}),
        query.AFTER,
        query.LIMIT,
    ),
    failures=(errors.InvalidCursor, errors.ValidationFailed),
)
CALLS = (LIST_AUDIT_LOG,)


def routes(deps: Dependencies) -> list[HTTPRouteHandler]:
    """Return the route of the audit-log call."""

    @LIST_AUDIT_LOG.route
    async def list_audit_log(request: AnyRequest) -> Response[bytes]:
        """List audit log entries, newest first."""
        principal = await principal_of(request, deps, LIST_AUDIT_LOG)
        refuse_unknown_parameters(request, *LIST_AUDIT_LOG.parameters)
        limit = limit_of(request)
        page = await audit_log.page(
            deps.pool,
            principal.merchant,
            starting_after=request.query_params.get("starting_after"),
            action=_name(request, "action"),
            object_id=_name(request, "object_id"),
            limit=limit,
        )
        return json_response(
            encode({"object": "list", "data": page.entries, "has_more": page.has_more, "limit": limit})
        )

    return [list_audit_log]


def _name(request: AnyRequest, param: str) -> str | None:
    text = request.query_params.get(param)
    if text is not None and not (text.isascii() and text.isprintable() and len(text) <= MAX_NAME_CHARACTERS):
        raise errors.ValidationFailed(
            f"{param} must have at most {MAX_NAME_CHARACTERS} characters, all printable ASCII.", param=param
        )
    return text
