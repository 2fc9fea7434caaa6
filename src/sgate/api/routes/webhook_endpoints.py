"""The calls under /v1/webhook_endpoints and /v1/webhook_recoveries."""

from collections.abc import Awaitable, Callable

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.api import query, request_bodies
from sgate.api.authentication import Principal
from sgate.api.calls import IDEMPOTENCY, VALIDATION, Call
from sgate.api.decoding import decode
from sgate.api.dependencies import Dependencies
from sgate.api.query import part_of
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
    summary="Rotate the secret; the one before signs too for 24 hours",
    tag="Webhook endpoints",
    answer=EndpointObject,
    scope=Scope.ADMIN,
    idempotent=True,
    failures=(*VALIDATION, *IDEMPOTENCY, errors.WebhookEndpointNotFound),
)
ENABLE_WEBHOOK_ENDPOINT = Call(
    method="post",
    path="/v1/webhook_endpoints/{endpoint_id}/enable",
    name="enableWebhookEndpoint",
    summary="Enable a webhook endpoint and send what was held",
    tag="Webhook endpoints",
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
    summary="Send the events of some time once more",
    tag="Webhook endpoints",
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
    """The calls about webhook endpoints."""
    return [*_kept(deps, deps.webhook_endpoints), *_acted_on(deps, deps.webhook_endpoints, deps.webhook_deliveries)]


def _kept(deps: Dependencies, endpoints: WebhookEndpoints) -> list[HTTPRouteHandler]:
    """Make, look, change, delete."""

    @CREATE_WEBHOOK_ENDPOINT.route
    async def create_webhook_endpoint(request: AnyRequest) -> Response[bytes]:
        """Make an endpoint; the answer shows its secret, once."""
        principal, body, key, actor = await _change(request, deps, CREATE_WEBHOOK_ENDPOINT)
        shape = decode(body, request_bodies.CreateWebhookEndpoint)
        wanted = request_bodies.endpoint_request(shape, deps.egress, livemode=principal.merchant.livemode)
        return respond(await endpoints.create(principal.merchant, wanted, key, actor))

    @LIST_WEBHOOK_ENDPOINTS.route
    async def list_webhook_endpoints(request: AnyRequest) -> Response[bytes]:
        """All endpoints, newest first."""
        principal = await principal_of(request, deps, LIST_WEBHOOK_ENDPOINTS)
        found = await endpoints.list_of(principal.merchant)
        return json_response(encode(part_of(request, found)))

    @RETRIEVE_WEBHOOK_ENDPOINT.route
    async def retrieve_webhook_endpoint(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """One endpoint."""
        principal = await principal_of(request, deps, RETRIEVE_WEBHOOK_ENDPOINT)
        return json_response(encode(await endpoints.get(principal.merchant, _checked(endpoint_id))))

    @UPDATE_WEBHOOK_ENDPOINT.route
    async def update_webhook_endpoint(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Change an endpoint; what is not given stays."""
        principal, body, key, actor = await _change(request, deps, UPDATE_WEBHOOK_ENDPOINT)
        shape = decode(body, request_bodies.UpdateWebhookEndpoint)
        change = request_bodies.endpoint_change(shape, deps.egress, livemode=principal.merchant.livemode)
        return respond(await endpoints.update(principal.merchant, _checked(endpoint_id), change, key, actor))

    @DELETE_WEBHOOK_ENDPOINT.route
    async def delete_webhook_endpoint(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Take an endpoint out of use."""
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


def _acted_on(deps: Dependencies, endpoints: WebhookEndpoints, deliveries: WebhookDeliveries) -> list[HTTPRouteHandler]:
    """Rotate, enable, test, recover."""

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
        """A new secret, shown once; the old one signs too for a day."""
        return await without_body(request, ROTATE_WEBHOOK_SECRET, endpoint_id, endpoints.rotate_secret)

    @ENABLE_WEBHOOK_ENDPOINT.route
    async def enable_webhook_endpoint(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Send again, also what was held."""
        return await without_body(request, ENABLE_WEBHOOK_ENDPOINT, endpoint_id, endpoints.enable)

    @SEND_TEST_WEBHOOK.route
    async def send_test_webhook(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Send a test event; the answer is its delivery."""
        return await without_body(request, SEND_TEST_WEBHOOK, endpoint_id, deliveries.test)

    @RECOVER_WEBHOOKS.route
    async def recover_webhooks(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Send the events of some time once more."""
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
    """Who changes something, the request's body, its idempotency key, and who is written down for it."""
    principal = await principal_of(request, deps, call)
    body = await json_body(request)
    return principal, body, key_of(request, principal, body), actor_of(request, deps, principal)


def _checked(endpoint_id: str) -> str:
    if not is_id(endpoint_id):
        raise errors.WebhookEndpointNotFound
    return endpoint_id
