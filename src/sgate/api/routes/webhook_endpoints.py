"""Calls under /v1/webhook_endpoints."""

from collections.abc import Awaitable, Callable

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.api import query, request_bodies
from sgate.api.authentication import Principal
from sgate.api.calls import IDEMPOTENCY, VALIDATION, Call
from sgate.api.decoding import decode
from sgate.api.dependencies import Dependencies
from sgate.api.query import page_of
from sgate.api.requests import AnyRequest, actor_of, is_id, json_body, json_response, key_of, principal_of, respond
from sgate.core import errors
from sgate.core.scope import Scope
from sgate.objects.encoding import encode
from sgate.objects.webhook_delivery import DeliveryObject
from sgate.objects.webhook_endpoint import Deleted, EndpointList, EndpointObject
from sgate.objects.webhook_recovery import RecoveryObject
from sgate.services.idempotency import Answer, Key
from sgate.services.webhook_deliveries import WebhookDeliveries
from sgate.services.webhook_endpoints import WebhookEndpoints
from sgate.store.audit_log import Actor
from sgate.store.merchants import Merchant

CREATE_WEBHOOK_ENDPOINT = Call(
    method="post",
    path="/v1/webhook_endpoints",
    name="createWebhookEndpoint",
    summary="Create a webhook endpoint",
    tag="Webhook endpoints",
    description=(
        "Creates a webhook endpoint. The response contains its signing secret, which cannot be retrieved later."
    ),
    body=request_bodies.CreateWebhookEndpoint,
    answer=EndpointObject,
    status=201,
    scope=Scope.ADMIN,
    idempotent=True,
    failures=(
        *VALIDATION,
        *IDEMPOTENCY,
        errors.InvalidUrl,
        errors.DescriptionTooLong,
        errors.TooManyWebhookEndpoints,
    ),
)
LIST_WEBHOOK_ENDPOINTS = Call(
    method="get",
    path="/v1/webhook_endpoints",
    name="listWebhookEndpoints",
    summary="List webhook endpoints",
    tag="Webhook endpoints",
    description="Returns the webhook endpoints of this mode, newest first.",
    answer=EndpointList,
    scope=Scope.READ,
    query=(query.AFTER, query.BEFORE, query.LIMIT_ALL),
    failures=(errors.InvalidCursor, errors.MixedPaging, errors.ValidationFailed),
)
RETRIEVE_WEBHOOK_ENDPOINT = Call(
    method="get",
    path="/v1/webhook_endpoints/{endpoint_id}",
    name="retrieveWebhookEndpoint",
    summary="Retrieve a webhook endpoint",
    tag="Webhook endpoints",
    description="Retrieves a webhook endpoint.",
    answer=EndpointObject,
    scope=Scope.READ,
    failures=(errors.WebhookEndpointNotFound,),
)
UPDATE_WEBHOOK_ENDPOINT = Call(
    method="post",
    path="/v1/webhook_endpoints/{endpoint_id}",
    name="updateWebhookEndpoint",
    summary="Update a webhook endpoint",
    tag="Webhook endpoints",
    description=(
        "Updates a webhook endpoint. Omitted fields stay unchanged. Pending deliveries are sent to the new "
        "URL; changed event types apply only to new events."
    ),
    body=request_bodies.UpdateWebhookEndpoint,
    answer=EndpointObject,
    scope=Scope.ADMIN,
    idempotent=True,
    failures=(
        *VALIDATION,
        *IDEMPOTENCY,
        errors.InvalidUrl,
        errors.DescriptionTooLong,
        errors.WebhookEndpointNotFound,
    ),
)
ROTATE_WEBHOOK_SECRET = Call(
    method="post",
    path="/v1/webhook_endpoints/{endpoint_id}/rotate_secret",
    name="rotateWebhookSecret",
    summary="Rotate the signing secret",
    tag="Webhook endpoints",
    description=(
        "Replaces the signing secret. For 24 hours, webhooks are signed with the previous secret as well. The "
        "response contains the new secret, which cannot be retrieved later."
    ),
    answer=EndpointObject,
    scope=Scope.ADMIN,
    idempotent=True,
    failures=(*VALIDATION, *IDEMPOTENCY, errors.WebhookEndpointNotFound),
)
ENABLE_WEBHOOK_ENDPOINT = Call(
    method="post",
    path="/v1/webhook_endpoints/{endpoint_id}/enable",
    name="enableWebhookEndpoint",
    summary="Enable a webhook endpoint",
    tag="Webhook endpoints",
    description="Enables a webhook endpoint and sends the deliveries that were held for it, oldest first.",
    answer=EndpointObject,
    scope=Scope.ADMIN,
    idempotent=True,
    failures=(*VALIDATION, *IDEMPOTENCY, errors.WebhookEndpointNotFound),
)
SEND_TEST_WEBHOOK = Call(
    method="post",
    path="/v1/webhook_endpoints/{endpoint_id}/test",
    name="sendTestWebhook",
    summary="Send a test event",
    tag="Webhook endpoints",
    description="Sends a test event to a webhook endpoint. The response is its delivery.",
    answer=DeliveryObject,
    status=201,
    scope=Scope.ADMIN,
    idempotent=True,
    failures=(*VALIDATION, *IDEMPOTENCY, errors.WebhookEndpointNotFound, errors.WebhookEndpointDisabled),
)
RECOVER_WEBHOOKS = Call(
    method="post",
    path="/v1/webhook_endpoints/{endpoint_id}/recover",
    name="recoverWebhooks",
    summary="Recover events",
    tag="Webhook endpoints",
    description=(
        "Sends the events of a period to a webhook endpoint again: those that it has not received, or all of them "
        "with `include_delivered`. Retrieve the recovery to follow its progress."
    ),
    body=request_bodies.RecoverWebhooks,
    answer=RecoveryObject,
    status=202,
    scope=Scope.ADMIN,
    idempotent=True,
    failures=(
        *VALIDATION,
        *IDEMPOTENCY,
        errors.WebhookEndpointNotFound,
        errors.InvalidRecoveryRange,
        errors.RecoveryInProgress,
    ),
)
DELETE_WEBHOOK_ENDPOINT = Call(
    method="delete",
    path="/v1/webhook_endpoints/{endpoint_id}",
    name="deleteWebhookEndpoint",
    summary="Delete a webhook endpoint",
    tag="Webhook endpoints",
    description="Deletes a webhook endpoint. Its pending deliveries are not sent.",
    answer=Deleted,
    scope=Scope.ADMIN,
    failures=(errors.WebhookEndpointNotFound,),
)
CALLS = (
    CREATE_WEBHOOK_ENDPOINT,
    LIST_WEBHOOK_ENDPOINTS,
    RETRIEVE_WEBHOOK_ENDPOINT,
    UPDATE_WEBHOOK_ENDPOINT,
    ROTATE_WEBHOOK_SECRET,
    ENABLE_WEBHOOK_ENDPOINT,
    SEND_TEST_WEBHOOK,
    RECOVER_WEBHOOKS,
    DELETE_WEBHOOK_ENDPOINT,
)


def routes(deps: Dependencies) -> list[HTTPRouteHandler]:
    """Return the routes of the endpoint calls."""
    endpoints, deliveries = deps.webhook_endpoints, deps.webhook_deliveries
    return [*_crud_routes(deps, endpoints), *_action_routes(deps, endpoints, deliveries)]


def _crud_routes(deps: Dependencies, endpoints: WebhookEndpoints) -> list[HTTPRouteHandler]:
    """Return the routes that create, list, retrieve, update and delete endpoints."""

    @CREATE_WEBHOOK_ENDPOINT.route
    async def create_webhook_endpoint(request: AnyRequest) -> Response[bytes]:
        """Create an endpoint."""
        principal, body, key, actor = await _change(request, deps, CREATE_WEBHOOK_ENDPOINT)
        shape = decode(body, request_bodies.CreateWebhookEndpoint)
        wanted = request_bodies.endpoint_request(shape, deps.egress, livemode=principal.merchant.livemode)
        return respond(await endpoints.create(principal.merchant, wanted, key, actor))

    @LIST_WEBHOOK_ENDPOINTS.route
    async def list_webhook_endpoints(request: AnyRequest) -> Response[bytes]:
        """List all endpoints, newest first."""
        principal = await principal_of(request, deps, LIST_WEBHOOK_ENDPOINTS)
        found = await endpoints.list_of(principal.merchant)
        return json_response(encode(page_of(request, found)))

    @RETRIEVE_WEBHOOK_ENDPOINT.route
    async def retrieve_webhook_endpoint(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Retrieve an endpoint."""
        principal = await principal_of(request, deps, RETRIEVE_WEBHOOK_ENDPOINT)
        return json_response(encode(await endpoints.get(principal.merchant, _checked(endpoint_id))))

    @UPDATE_WEBHOOK_ENDPOINT.route
    async def update_webhook_endpoint(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Update an endpoint."""
        principal, body, key, actor = await _change(request, deps, UPDATE_WEBHOOK_ENDPOINT)
        shape = decode(body, request_bodies.UpdateWebhookEndpoint)
        change = request_bodies.endpoint_change(shape, deps.egress, livemode=principal.merchant.livemode)
        return respond(await endpoints.update(principal.merchant, _checked(endpoint_id), change, key, actor))

    @DELETE_WEBHOOK_ENDPOINT.route
    async def delete_webhook_endpoint(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Delete an endpoint."""
        principal = await principal_of(request, deps, DELETE_WEBHOOK_ENDPOINT)
        actor = actor_of(request, deps, principal)
        await endpoints.delete(principal.merchant, _checked(endpoint_id), actor)
        return json_response(encode({"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}))

    return [
        create_webhook_endpoint,
        list_webhook_endpoints,
        retrieve_webhook_endpoint,
        update_webhook_endpoint,
        delete_webhook_endpoint,
    ]


def _action_routes(
    deps: Dependencies, endpoints: WebhookEndpoints, deliveries: WebhookDeliveries
) -> list[HTTPRouteHandler]:
    """Return the routes that rotate secrets, enable and test endpoints, and recover events."""

    async def without_body(
        request: AnyRequest,
        call: Call,
        endpoint_id: str,
        act: Callable[[Merchant, str, Key | None, Actor], Awaitable[Answer]],
    ) -> Response[bytes]:
        principal, body, key, actor = await _change(request, deps, call)
        decode(body, request_bodies.Nothing)
        return respond(await act(principal.merchant, _checked(endpoint_id), key, actor))

    @ROTATE_WEBHOOK_SECRET.route
    async def rotate_webhook_secret(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Replace the signing secret. The previous secret stays in use for a day."""
        return await without_body(request, ROTATE_WEBHOOK_SECRET, endpoint_id, endpoints.rotate_secret)

    @ENABLE_WEBHOOK_ENDPOINT.route
    async def enable_webhook_endpoint(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Enable an endpoint, and send the deliveries that were held for it."""
        return await without_body(request, ENABLE_WEBHOOK_ENDPOINT, endpoint_id, endpoints.enable)

    @SEND_TEST_WEBHOOK.route
    async def send_test_webhook(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Send a test event, and return its delivery."""
        return await without_body(request, SEND_TEST_WEBHOOK, endpoint_id, deliveries.test)

    @RECOVER_WEBHOOKS.route
    async def recover_webhooks(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Send the events of a period again."""
        principal, body, key, actor = await _change(request, deps, RECOVER_WEBHOOKS)
        shape = decode(body, request_bodies.RecoverWebhooks)
        answer = await deliveries.recover(
            principal.merchant,
            _checked(endpoint_id),
            shape.since,
            shape.until,
            include_delivered=shape.include_delivered,
            key=key,
            actor=actor,
        )
        return respond(answer)

    return [rotate_webhook_secret, enable_webhook_endpoint, send_test_webhook, recover_webhooks]


async def _change(request: AnyRequest, deps: Dependencies, call: Call) -> tuple[Principal, bytes, Key | None, Actor]:
    """Return the principal, body, idempotency key and actor of a request that changes something."""
    principal = await principal_of(request, deps, call)
    body = await json_body(request)
    return principal, body, key_of(request, principal, body), actor_of(request, deps, principal)


def _checked(endpoint_id: str) -> str:
    if not is_id(endpoint_id):
        raise errors.WebhookEndpointNotFound
    return endpoint_id
