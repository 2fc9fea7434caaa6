"""Calls under /v1/webhook_deliveries."""

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.api import query, request_bodies
from sgate.api.calls import IDEMPOTENCY, VALIDATION, Call
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
from sgate.objects.encoding import encode
from sgate.objects.webhook_delivery import DeliveryList, DeliveryObject, DeliveryWithAttempts
from sgate.store.webhook_deliveries import Filter

STATUSES = ("pending", "held", "delivered", "failed")


LIST_WEBHOOK_DELIVERIES = Call(
    method="get",
    path="/v1/webhook_deliveries",
    name="listWebhookDeliveries",
    summary="List webhook deliveries",
    tag="Webhook deliveries",
    description="Returns webhook deliveries, newest first.",
    answer=DeliveryList,
    scope=Scope.READ,
    query=(
        query.parameter("endpoint", "Returns only deliveries to this endpoint.", query.ID),
        query.parameter("event", "Returns only deliveries of this event.", query.ID),
        query.parameter(
            "status",
            "Returns only deliveries with this status.",
            {"type": "string", "enum": ["pending", "held", "delivered", "failed"]},
        ),
        query.AFTER,
        query.LIMIT,
    ),
    failures=(errors.InvalidCursor, errors.ValidationFailed),
)
RETRIEVE_WEBHOOK_DELIVERY = Call(
    method="get",
    path="/v1/webhook_deliveries/{delivery_id}",
    name="retrieveWebhookDelivery",
    summary="Retrieve a webhook delivery with its attempts",
    tag="Webhook deliveries",
    description="Retrieves a webhook delivery with its payload and all of its attempts.",
    answer=DeliveryWithAttempts,
    scope=Scope.READ,
    failures=(errors.WebhookDeliveryNotFound,),
)
REDELIVER_WEBHOOK = Call(
    method="post",
    path="/v1/webhook_deliveries/{delivery_id}/redeliver",
    name="redeliverWebhook",
    summary="Redeliver a webhook",
    tag="Webhook deliveries",
    description="Sends a webhook again immediately. If that fails, it is retried on the usual schedule.",
    answer=DeliveryObject,
    scope=Scope.WRITE,
    idempotent=True,
    failures=(*VALIDATION, *IDEMPOTENCY, errors.WebhookDeliveryNotFound, errors.WebhookEndpointDisabled),
)
CALLS = (LIST_WEBHOOK_DELIVERIES, RETRIEVE_WEBHOOK_DELIVERY, REDELIVER_WEBHOOK)


def routes(deps: Dependencies) -> list[HTTPRouteHandler]:
    """Return the routes of the delivery calls."""
    deliveries = deps.webhook_deliveries

    @LIST_WEBHOOK_DELIVERIES.route
    async def list_webhook_deliveries(request: AnyRequest) -> Response[bytes]:
        """List deliveries, newest first."""
        principal = await principal_of(request, deps, LIST_WEBHOOK_DELIVERIES)
        refuse_unknown_parameters(request, *LIST_WEBHOOK_DELIVERIES.parameters)
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

    @RETRIEVE_WEBHOOK_DELIVERY.route
    async def retrieve_webhook_delivery(request: AnyRequest, delivery_id: FromPath[str]) -> Response[bytes]:
        """Retrieve a delivery with its payload and all attempts."""
        principal = await principal_of(request, deps, RETRIEVE_WEBHOOK_DELIVERY)
        return json_response(encode(await deliveries.get(principal.merchant, _checked(delivery_id))))

    @REDELIVER_WEBHOOK.route
    async def redeliver_webhook(request: AnyRequest, delivery_id: FromPath[str]) -> Response[bytes]:
        """Send a webhook again."""
        principal = await principal_of(request, deps, REDELIVER_WEBHOOK)
        body = await json_body(request)
        decode(body, request_bodies.Nothing)
        answer = await deliveries.redeliver(
            principal.merchant,
            _checked(delivery_id),
            key_of(request, principal, body),
            actor_of(request, deps, principal),
        )
        return respond(answer)

    return [list_webhook_deliveries, retrieve_webhook_delivery, redeliver_webhook]


def _checked(delivery_id: str) -> str:
    if not is_id(delivery_id):
        raise errors.WebhookDeliveryNotFound
    return delivery_id
