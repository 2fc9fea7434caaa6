"""The calls under /v1/webhook_deliveries."""

from litestar import Response, Router, get, post
from litestar.params import FromPath

from sgate.api import request_bodies
from sgate.api.decoding import decode
from sgate.api.dependencies import Dependencies
from sgate.api.query import cursor_of, limit_of, object_id_of, one_of, refuse_unknown_parameters
from sgate.api.requests import (
    AnyRequest,
    actor_of,
    is_id,
    json_body,
    json_response,
    key_of,
    principal_of,
    respond,
)
from sgate.core import errors
from sgate.core.scope import Scope
from sgate.http.rate_limits import LimitClass
from sgate.objects.encoding import encode
from sgate.store.webhook_deliveries import Filter

STATUSES = ("pending", "held", "delivered", "failed")


def routes(deps: Dependencies) -> Router:
    """The calls about deliveries."""
    deliveries = deps.webhook_deliveries

    @get("/")
    async def list_webhook_deliveries(request: AnyRequest) -> Response[bytes]:
        """Deliveries, newest first."""
        principal = await principal_of(request, deps, Scope.READ, LimitClass.OTHER)
        refuse_unknown_parameters(request, "endpoint", "event", "status", "starting_after", "limit")
        limit = limit_of(request)
        wanted = Filter(
            endpoint_id=object_id_of(request, "endpoint", such_as="we"),
            event_id=object_id_of(request, "event", such_as="evt"),
            status=one_of(request, "status", STATUSES),
        )
        page = await deliveries.page(
            principal.merchant, wanted, starting_after=cursor_of(request, "starting_after"), limit=limit
        )
        return json_response(
            encode({"object": "list", "data": page.deliveries, "has_more": page.has_more, "limit": limit})
        )

    @get("/{delivery_id:str}")
    async def retrieve_webhook_delivery(request: AnyRequest, delivery_id: FromPath[str]) -> Response[bytes]:
        """One delivery with what was sent and each attempt."""
        principal = await principal_of(request, deps, Scope.READ, LimitClass.OTHER)
        return json_response(encode(await deliveries.get(principal.merchant, _checked(delivery_id))))

    @post("/{delivery_id:str}/redeliver", status_code=200)
    async def redeliver_webhook(request: AnyRequest, delivery_id: FromPath[str]) -> Response[bytes]:
        """Send it once more."""
        principal = await principal_of(request, deps, Scope.WRITE, LimitClass.OTHER)
        body = await json_body(request)
        decode(body, request_bodies.Nothing)
        answer = await deliveries.redeliver(
            principal.merchant,
            _checked(delivery_id),
            key_of(request, principal, body),
            actor_of(request, deps, principal),
        )
        return respond(answer)

    return Router(
        "/v1/webhook_deliveries",
        route_handlers=[list_webhook_deliveries, retrieve_webhook_delivery, redeliver_webhook],
    )


def _checked(delivery_id: str) -> str:
    if not is_id(delivery_id):
        raise errors.WebhookDeliveryNotFound
    return delivery_id
