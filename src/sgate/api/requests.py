"""What all handlers do first: who asks, how often, under which idempotency key; and how an answer leaves."""

import re
from typing import Any

import structlog
from litestar import Request, Response

from sgate.api.auth import Principal, Scope
from sgate.api.rate_limits import Headers, LimitClass
from sgate.api.services import Services
from sgate.gateway import errors, idempotency
from sgate.gateway.idempotency import Answer, Key
from sgate.store.audit import Actor

AnyRequest = Request[Any, Any, Any]
_ID = re.compile(r"[a-z]{2,4}_[0-9a-f]{24}")
JSON = "application/json"


async def principal_of(request: AnyRequest, services: Services, scope: Scope, limit: LimitClass) -> Principal:
    """Authenticate, then count against the key's limit. A failure counts against the address's.

    Raises:
        Unauthorized, Forbidden, RateLimitExceeded: see there.
        Unavailable: if the key's mode is off.
    """
    try:
        principal = await services.authenticator.authenticate(request.headers.get("authorization"), scope)
    except errors.Unauthorized as error:
        address = address_of(request, services)
        structlog.get_logger("sgate.api").warning("authentication_failed", address=address, reason=error.message)
        count(request, services, LimitClass.FAILED, address)
        raise
    request.scope["key_id"] = principal.key_id  # type: ignore[typeddict-unknown-key] - read by the edge
    if principal.merchant.livemode not in services.modes:
        raise errors.Unavailable("This mode is switched off on this server.")
    count(request, services, limit, principal.key_id)
    return principal


def count(request: AnyRequest, services: Services, limit: LimitClass, caller: str, also: Headers = ()) -> None:
    """Count a call; the headers that tell where the caller stands go out with the answer, and those of `also`.

    Raises:
        RateLimitExceeded: see there.
    """
    standing = services.rate_limits.hit(limit, caller)
    request.scope["extra_headers"] = (*also, *standing.headers)  # type: ignore[typeddict-unknown-key] - read by the edge
    if standing.refusal is not None:
        raise standing.refusal


def address_of(request: AnyRequest, services: Services) -> str:
    """The caller's address: of the connection, or what a trusted proxy says it is.

    Only the last entry of X-Forwarded-For was written by the proxy itself.
    """
    client = request.scope["client"]
    address = client[0] if client else "unknown"
    forwarded = request.headers.get("x-forwarded-for") if address in services.trusted_proxies else None
    return forwarded.rsplit(",", 1)[-1].strip() or address if forwarded else address


def actor_of(request: AnyRequest, services: Services, principal: Principal) -> Actor:
    """Who acts, for the audit log."""
    return Actor(
        name=f"key {principal.key_id}",
        address=address_of(request, services),
        request_id=str(request.scope.get("request_id", "")),
    )


async def json_body(request: AnyRequest) -> bytes:
    """The body of a request that must be JSON.

    Raises:
        UnsupportedMediaType: if it says that it is something else.
    """
    content_type = request.headers.get("content-type")
    if content_type is not None and content_type.partition(";")[0].strip().lower() != JSON:
        body = await request.body()
        if body:
            raise errors.UnsupportedMediaType
        return body
    return await request.body()


def key_of(request: AnyRequest, principal: Principal, body: bytes) -> Key | None:
    """The request's idempotency key, if it has one.

    Raises:
        InvalidIdempotencyKey: see there.
    """
    header = request.headers.get("idempotency-key")
    if header is None:
        return None
    return idempotency.key_of(
        header,
        merchant_id=principal.merchant.id,
        livemode=principal.merchant.livemode,
        method=request.method,
        path=request.scope["path"].rstrip("/"),
        body=body,
    )


def respond(answer: Answer) -> Response[bytes]:
    """An answer of a use case."""
    headers = {"Idempotent-Replayed": "true"} if answer.replayed else {}
    return Response(answer.body, status_code=answer.status, media_type=JSON, headers=headers)


def json_response(content: bytes, status: int = 200) -> Response[bytes]:
    """JSON bytes."""
    return Response(content, status_code=status, media_type=JSON)


def limit_of(request: AnyRequest, default: int = 10, maximum: int = 100) -> int:
    """The page size.

    Raises:
        ValidationFailed: unless it is a number from 1 to `maximum`.
    """
    text = request.query_params.get("limit")
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= maximum):
        raise errors.ValidationFailed(f"limit is a number from 1 to {maximum}.", param="limit")
    return int(text)


def is_id(text: str) -> bool:
    """Whether the text has the form of an id. Nothing else reaches the database: a NUL byte there is an error."""
    return _ID.fullmatch(text) is not None


def refuse_unknown_parameters(request: AnyRequest, *known: str) -> None:
    """Refuse query parameters that mean nothing here: a misspelt filter must not return everything.

    Raises:
        ValidationFailed: naming the parameter.
    """
    for name in request.query_params:
        if name not in known:
            raise errors.ValidationFailed(f"There is no parameter `{name}` here.", param=name)
