"""The calls under /v1/webhook_endpoints and /v1/webhook_recoveries."""

from collections.abc import Awaitable, Callable

from litestar import Response, Router, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.api import request_bodies
from sgate.api.authentication import Principal
from sgate.api.decoding import decode
from sgate.api.dependencies import Dependencies
from sgate.api.query import part_of
from sgate.api.requests import AnyRequest, actor_of, is_id, json_body, json_response, key_of, principal_of, respond
from sgate.core import errors
from sgate.core.scope import Scope
from sgate.http.rate_limits import LimitClass
from sgate.objects.encoding import encode
from sgate.services.idempotency import Answer, Key
from sgate.services.webhook_deliveries import WebhookDeliveries
from sgate.services.webhook_endpoints import WebhookEndpoints
from sgate.store.audit_log import Actor
from sgate.store.merchants import Merchant


def routes(deps: Dependencies) -> Router:
    """The calls about webhook endpoints."""
    handlers = [*_kept(deps, deps.webhook_endpoints), *_acted_on(deps, deps.webhook_endpoints, deps.webhook_deliveries)]
    return Router("/v1/webhook_endpoints", route_handlers=handlers)


def _kept(deps: Dependencies, endpoints: WebhookEndpoints) -> list[HTTPRouteHandler]:
    """Make, look, change, delete."""

    @post("/")
    async def create_webhook_endpoint(request: AnyRequest) -> Response[bytes]:
        """Make an endpoint; the answer shows its secret, once."""
        principal, body, key, actor = await _change(request, deps)
        shape = decode(body, request_bodies.CreateWebhookEndpoint)
        wanted = request_bodies.endpoint_request(shape, deps.egress, livemode=principal.merchant.livemode)
        return respond(await endpoints.create(principal.merchant, wanted, key, actor))

    @get("/")
    async def list_webhook_endpoints(request: AnyRequest) -> Response[bytes]:
        """All endpoints, newest first."""
        principal = await principal_of(request, deps, Scope.READ, LimitClass.OTHER)
        found = await endpoints.list_of(principal.merchant)
        return json_response(encode(part_of(request, found)))

    @get("/{endpoint_id:str}")
    async def retrieve_webhook_endpoint(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """One endpoint."""
        principal = await principal_of(request, deps, Scope.READ, LimitClass.OTHER)
        return json_response(encode(await endpoints.get(principal.merchant, _checked(endpoint_id))))

    @post("/{endpoint_id:str}", status_code=200)
    async def update_webhook_endpoint(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Change an endpoint; what is not given stays."""
        principal, body, key, actor = await _change(request, deps)
        shape = decode(body, request_bodies.UpdateWebhookEndpoint)
        change = request_bodies.endpoint_change(shape, deps.egress, livemode=principal.merchant.livemode)
        return respond(await endpoints.update(principal.merchant, _checked(endpoint_id), change, key, actor))

    @delete("/{endpoint_id:str}", status_code=200)
    async def delete_webhook_endpoint(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Take an endpoint out of use."""
        principal = await principal_of(request, deps, Scope.ADMIN, LimitClass.OTHER)
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
        endpoint_id: str,
        act: Callable[[Merchant, str, Key | None, Actor], Awaitable[Answer]],
    ) -> Response[bytes]:
        principal, body, key, actor = await _change(request, deps)
        decode(body, request_bodies.Nothing)
        return respond(await act(principal.merchant, _checked(endpoint_id), key, actor))

    @post("/{endpoint_id:str}/rotate_secret", status_code=200)
    async def rotate_webhook_secret(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """A new secret, shown once; the old one signs too for a day."""
        return await without_body(request, endpoint_id, endpoints.rotate_secret)

    @post("/{endpoint_id:str}/enable", status_code=200)
    async def enable_webhook_endpoint(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Send again, also what was held."""
        return await without_body(request, endpoint_id, endpoints.enable)

    @post("/{endpoint_id:str}/test")
    async def send_test_webhook(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Send a test event; the answer is its delivery."""
        return await without_body(request, endpoint_id, deliveries.test)

    @post("/{endpoint_id:str}/recover", status_code=202)
    async def recover_webhooks(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Send the events of some time once more."""
        principal, body, key, actor = await _change(request, deps)
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


async def _change(request: AnyRequest, deps: Dependencies) -> tuple[Principal, bytes, Key | None, Actor]:
    """Who changes something, the request's body, its idempotency key, and who is written down for it."""
    principal = await principal_of(request, deps, Scope.ADMIN, LimitClass.OTHER)
    body = await json_body(request)
    return principal, body, key_of(request, principal, body), actor_of(request, deps, principal)


def _checked(endpoint_id: str) -> str:
    if not is_id(endpoint_id):
        raise errors.WebhookEndpointNotFound
    return endpoint_id
