"""The calls under /v1/audit_log: who did what to keys, settings and endpoints."""

from litestar import Response, Router, get

from sgate.api.dependencies import Dependencies
from sgate.api.query import limit_of, refuse_unknown_parameters
from sgate.api.requests import AnyRequest, json_response, principal_of
from sgate.core import errors
from sgate.core.scope import Scope
from sgate.http.rate_limits import LimitClass
from sgate.objects.encoding import encode
from sgate.services import audit_log

MAX_NAME_CHARACTERS = 64


def routes(deps: Dependencies) -> Router:
    """The calls about the audit log."""

    @get("/")
    async def list_audit_log(request: AnyRequest) -> Response[bytes]:
        """What was done, newest first."""
        principal = await principal_of(request, deps, Scope.ADMIN, LimitClass.OTHER)
        refuse_unknown_parameters(request, "action", "object_id", "starting_after", "limit")
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

    return Router("/v1/audit_log", route_handlers=[list_audit_log])


def _name(request: AnyRequest, param: str) -> str | None:
    text = request.query_params.get(param)
    if text is not None and not (text.isascii() and text.isprintable() and len(text) <= MAX_NAME_CHARACTERS):
        raise errors.ValidationFailed(
            f"{param} has at most {MAX_NAME_CHARACTERS} printable ASCII characters.", param=param
        )
    return text
