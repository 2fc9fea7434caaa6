"""Calls under /v1/api_keys. They require the scope `admin`, and give access only to keys of the caller's mode."""

from datetime import timedelta

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.api import query, request_bodies
from sgate.api.calls import IDEMPOTENCY, VALIDATION, Call
from sgate.api.decoding import decode
from sgate.api.dependencies import Dependencies
from sgate.api.query import page_of
from sgate.api.requests import AnyRequest, actor_of, is_id, json_body, json_response, key_of, principal_of, respond
from sgate.core import errors
from sgate.core.scope import Scope
from sgate.objects.api_key import ApiKeyList, ApiKeyObject
from sgate.objects.encoding import encode
from sgate.services import api_keys

CREATE_API_KEY = Call(
    method="post",
    path="/v1/api_keys",
    name="createApiKey",
    summary="Create an API key",
    tag="API keys",
    description=(
        "Creates an API key in the mode of the key that makes the call. The response contains the key itself, which "
        "cannot be retrieved later."
    ),
    body=request_bodies.CreateApiKey,
    answer=ApiKeyObject,
    status=201,
    scope=Scope.ADMIN,
    idempotent=True,
    failures=(*VALIDATION, *IDEMPOTENCY, errors.TooManyApiKeys),
)
LIST_API_KEYS = Call(
    method="get",
    path="/v1/api_keys",
    name="listApiKeys",
    summary="List API keys",
    tag="API keys",
    description="Returns the valid API keys of this mode, newest first.",
    answer=ApiKeyList,
    scope=Scope.ADMIN,
    query=(query.AFTER, query.BEFORE, query.LIMIT_ALL),
    failures=(errors.InvalidCursor, errors.MixedPaging, errors.ValidationFailed),
)
RETRIEVE_API_KEY = Call(
    method="get",
    path="/v1/api_keys/{key_id}",
    name="retrieveApiKey",
    summary="Retrieve an API key",
    tag="API keys",
    description="Retrieves an API key by its id, even if it has been revoked or has expired.",
    answer=ApiKeyObject,
    scope=Scope.ADMIN,
    failures=(errors.ApiKeyNotFound,),
)
ROLL_API_KEY = Call(
    method="post",
    path="/v1/api_keys/{key_id}/roll",
    name="rollApiKey",
    summary="Roll an API key",
    tag="API keys",
    description=(
        "Creates a successor with the same name and scopes. The old key continues to work for `overlap_s` seconds, 24 "
        "hours by default. The response contains the new key itself, which cannot be retrieved later."
    ),
    body=request_bodies.RollApiKey,
    answer=ApiKeyObject,
    status=201,
    scope=Scope.ADMIN,
    idempotent=True,
    failures=(
        *VALIDATION,
        *IDEMPOTENCY,
        errors.ApiKeyNotFound,
        errors.ApiKeyEnded,
        errors.TooManyApiKeys,
    ),
)
REVOKE_API_KEY = Call(
    method="delete",
    path="/v1/api_keys/{key_id}",
    name="revokeApiKey",
    summary="Revoke an API key",
    tag="API keys",
    description="Revokes an API key. It stops working within a second. A key can revoke itself.",
    answer=ApiKeyObject,
    scope=Scope.ADMIN,
    failures=(errors.ApiKeyNotFound, errors.ApiKeyEnded),
)
CALLS = (CREATE_API_KEY, LIST_API_KEYS, RETRIEVE_API_KEY, ROLL_API_KEY, REVOKE_API_KEY)


def routes(deps: Dependencies) -> list[HTTPRouteHandler]:
    """Return the routes of the API-key calls."""

    @CREATE_API_KEY.route
    async def create_api_key(request: AnyRequest) -> Response[bytes]:
        """Create an API key."""
        principal = await principal_of(request, deps, CREATE_API_KEY)
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

    @LIST_API_KEYS.route
    async def list_api_keys(request: AnyRequest) -> Response[bytes]:
        """List the valid API keys, newest first."""
        principal = await principal_of(request, deps, LIST_API_KEYS)
        found = await api_keys.list_of(deps.pool, principal.merchant)
        return json_response(encode(page_of(request, found)))

    @RETRIEVE_API_KEY.route
    async def retrieve_api_key(request: AnyRequest, key_id: FromPath[str]) -> Response[bytes]:
        """Retrieve an API key, even if it is revoked or has expired."""
        principal = await principal_of(request, deps, RETRIEVE_API_KEY)
        return json_response(encode(await api_keys.get(deps.pool, principal.merchant, _checked(key_id))))

    @ROLL_API_KEY.route
    async def roll_api_key(request: AnyRequest, key_id: FromPath[str]) -> Response[bytes]:
        """Create the successor of an API key."""
        principal = await principal_of(request, deps, ROLL_API_KEY)
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

    @REVOKE_API_KEY.route
    async def revoke_api_key(request: AnyRequest, key_id: FromPath[str]) -> Response[bytes]:
        """Revoke an API key."""
        principal = await principal_of(request, deps, REVOKE_API_KEY)
        actor = actor_of(request, deps, principal)
        return json_response(encode(await api_keys.revoke(deps.pool, principal.merchant, _checked(key_id), actor)))

    return [create_api_key, list_api_keys, retrieve_api_key, roll_api_key, revoke_api_key]


def _checked(key_id: str) -> str:
    if not is_id(key_id):
        raise errors.ApiKeyNotFound
    return key_id
