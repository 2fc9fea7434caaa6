"""The calls under /v1/webhook_recoveries."""

from litestar import Response, Router, get
from litestar.params import FromPath

from sgate.api.dependencies import Dependencies
from sgate.api.requests import AnyRequest, is_id, json_response, principal_of
from sgate.core import errors
from sgate.core.scope import Scope
from sgate.http.rate_limits import LimitClass
from sgate.objects.encoding import encode


def routes(deps: Dependencies) -> Router:
    """The calls about recoveries, which the endpoints begin."""

    @get("/{recovery_id:str}")
    async def retrieve_webhook_recovery(request: AnyRequest, recovery_id: FromPath[str]) -> Response[bytes]:
        """How far a recovery is."""
        principal = await principal_of(request, deps, Scope.READ, LimitClass.OTHER)
        if not is_id(recovery_id):
            raise errors.WebhookRecoveryNotFound
        return json_response(encode(await deps.webhook_deliveries.recovery(principal.merchant, recovery_id)))

    return Router("/v1/webhook_recoveries", route_handlers=[retrieve_webhook_recovery])
