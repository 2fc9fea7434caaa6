"""The calls under /v1/webhook_endpoints."""

from litestar import Response, Router, delete, get, post
from litestar.params import FromPath

from sgate.api import schemas
from sgate.api.auth import Scope
from sgate.api.rate_limits import LimitClass
from sgate.api.requests import AnyRequest, actor_of, is_id, json_body, json_response, key_of, principal_of, respond
from sgate.api.services import Services
from sgate.gateway import endpoints, errors
from sgate.gateway.rendering import encode


def routes(services: Services) -> Router:
    """The calls about webhook endpoints."""

    @post("/")
    async def create_webhook_endpoint(request: AnyRequest) -> Response[bytes]:
        """Make an endpoint; the answer shows its secret, once."""
        principal = await principal_of(request, services, Scope.ADMIN, LimitClass.OTHER)
        body = await json_body(request)
        shape = schemas.decode(body, schemas.CreateWebhookEndpoint)
        wanted = schemas.endpoint_request(
            shape, livemode=principal.merchant.livemode, allow_private=services.allow_private_webhooks
        )
        answer = await endpoints.create(
            services.pool,
            services.environment,
            services.cipher,
            principal.merchant,
            wanted,
            key_of(request, principal, body),
            actor_of(request, services, principal),
        )
        return respond(answer)

    @get("/")
    async def list_webhook_endpoints(request: AnyRequest) -> Response[bytes]:
        """All endpoints, newest first."""
        principal = await principal_of(request, services, Scope.READ, LimitClass.OTHER)
        found = await endpoints.list_of(services.pool, principal.merchant)
        return json_response(encode({"object": "list", "data": found, "has_more": False}))

    @delete("/{endpoint_id:str}", status_code=200)
    async def delete_webhook_endpoint(request: AnyRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
        """Take an endpoint out of use."""
        principal = await principal_of(request, services, Scope.ADMIN, LimitClass.OTHER)
        if not is_id(endpoint_id):
            raise errors.WebhookEndpointNotFound
        actor = actor_of(request, services, principal)
        await endpoints.delete(services.pool, principal.merchant, endpoint_id, actor)
        return json_response(encode({"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}))

    return Router(
        "/v1/webhook_endpoints",
        route_handlers=[create_webhook_endpoint, list_webhook_endpoints, delete_webhook_endpoint],
    )
