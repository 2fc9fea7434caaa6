"""The call under /v1/webhook_recoveries."""

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.api.calls import Call
from sgate.api.dependencies import Dependencies
from sgate.api.requests import AnyRequest, is_id, json_response, principal_of
from sgate.core import errors
from sgate.core.scope import Scope
from sgate.objects.encoding import encode
from sgate.objects.webhook_recovery import RecoveryObject

RETRIEVE_WEBHOOK_RECOVERY = Call(
    method="get",
    path="/v1/webhook_recoveries/{recovery_id}",
    name="retrieveWebhookRecovery",
    summary="Retrieve a webhook recovery",
    tag="Webhook endpoints",
    description="Retrieves a webhook recovery and its progress.",
    answer=RecoveryObject,
    scope=Scope.READ,
    failures=(errors.WebhookRecoveryNotFound,),
)
CALLS = (RETRIEVE_WEBHOOK_RECOVERY,)


def routes(deps: Dependencies) -> list[HTTPRouteHandler]:
    """Return the routes of the recovery calls."""

    @RETRIEVE_WEBHOOK_RECOVERY.route
    async def retrieve_webhook_recovery(request: AnyRequest, recovery_id: FromPath[str]) -> Response[bytes]:
        """Retrieve a recovery and its progress."""
        principal = await principal_of(request, deps, RETRIEVE_WEBHOOK_RECOVERY)
        if not is_id(recovery_id):
            raise errors.WebhookRecoveryNotFound
        return json_response(encode(await deps.webhook_deliveries.recovery(principal.merchant, recovery_id)))

    return [retrieve_webhook_recovery]
