"""The calls under /v1/api_keys. They need the scope `admin`, and see only keys of their own mode."""

from datetime import timedelta

from litestar import Response, Router, delete, get, post
from litestar.params import FromPath

from sgate.api import request_bodies
from sgate.api.decoding import decode
from sgate.api.dependencies import Dependencies
from sgate.api.query import part_of
from sgate.api.requests import AnyRequest, actor_of, is_id, json_body, json_response, key_of, principal_of, respond
from sgate.core import errors
from sgate.core.scope import Scope
from sgate.http.rate_limits import LimitClass
from sgate.objects.encoding import encode
from sgate.services import api_keys


def routes(deps: Dependencies) -> Router:
    """The calls about API keys."""

    @post("/")
    async def create_api_key(request: AnyRequest) -> Response[bytes]:
        """Make a key; the answer shows it, once."""
        principal = await principal_of(request, deps, Scope.ADMIN, LimitClass.OTHER)
        body = await json_body(request)
        wanted = request_bodies.key_request(decode(body, request_bodies.CreateApiKey))
        answer = await api_keys.create(
            deps.pool,
            deps.environment,
            deps.cipher,
            principal.merchant,
            wanted,
            key_of(request, principal, body),
            actor_of(request, deps, principal),
        )
        return respond(answer)

    @get("/")
    async def list_api_keys(request: AnyRequest) -> Response[bytes]:
        """All keys that can be used, newest first."""
        principal = await principal_of(request, deps, Scope.ADMIN, LimitClass.OTHER)
        found = await api_keys.list_of(deps.pool, principal.merchant)
        return json_response(encode(part_of(request, found)))

    @get("/{key_id:str}")
    async def retrieve_api_key(request: AnyRequest, key_id: FromPath[str]) -> Response[bytes]:
        """One key, also one that has ended."""
        principal = await principal_of(request, deps, Scope.ADMIN, LimitClass.OTHER)
        return json_response(encode(await api_keys.get(deps.pool, principal.merchant, _checked(key_id))))

    @post("/{key_id:str}/roll")
    async def roll_api_key(request: AnyRequest, key_id: FromPath[str]) -> Response[bytes]:
        """Make the successor of a key; the answer shows it, once."""
        principal = await principal_of(request, deps, Scope.ADMIN, LimitClass.OTHER)
        body = await json_body(request)
        shape = decode(body, request_bodies.RollApiKey)
        answer = await api_keys.roll(
            deps.pool,
            deps.environment,
            deps.cipher,
            principal.merchant,
            _checked(key_id),
            timedelta(seconds=shape.overlap_s),
            key_of(request, principal, body),
            actor_of(request, deps, principal),
        )
        return respond(answer)

    @delete("/{key_id:str}", status_code=200)
    async def revoke_api_key(request: AnyRequest, key_id: FromPath[str]) -> Response[bytes]:
        """Make a key useless."""
        principal = await principal_of(request, deps, Scope.ADMIN, LimitClass.OTHER)
        actor = actor_of(request, deps, principal)
        return json_response(encode(await api_keys.revoke(deps.pool, principal.merchant, _checked(key_id), actor)))

    return Router(
        "/v1/api_keys",
        route_handlers=[create_api_key, list_api_keys, retrieve_api_key, roll_api_key, revoke_api_key],
    )


def _checked(key_id: str) -> str:
    if not is_id(key_id):
        raise errors.ApiKeyNotFound
    return key_id
