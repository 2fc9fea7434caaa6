"""Steps common to all handlers: authentication, rate limits, body checks, idempotency keys, responses."""

import re
from collections.abc import Mapping
from typing import Any

import structlog
from litestar import Request, Response

from sgate.api.authentication import Principal
from sgate.api.calls import Call
from sgate.api.dependencies import Dependencies
from sgate.core import errors
from sgate.db.notifications import topic_of
from sgate.http.client_address import caller_of
from sgate.http.rate_limits import Headers, LimitClass, Standing
from sgate.http.request_state import state_of
from sgate.http.sse import EVENT_STREAM, HEADERS, Join
from sgate.services import idempotency
from sgate.services.idempotency import Answer, Key
from sgate.store.audit_log import Actor

AnyRequest = Request[Any, Any, Any]
_ID = re.compile(r"[a-z]{2,4}_[0-9a-f]{24}")
JSON = "application/json"
NO_STORE = {"Cache-Control": "no-store"}
"""Authenticated responses must not be cached."""


async def principal_of(request: AnyRequest, deps: Dependencies, call: Call) -> Principal:
    """Authenticate the caller, and count the call against the limits of the key and its merchant.

    A failed authentication counts against the limit of the client's address. After an address has exceeded its limit,
    only cached keys are accepted from it. Other keys are refused without a lookup.

    Raises:
        Unauthorized: if there is no valid key.
        Forbidden: if the key does not have the scope, or if its merchant is suspended.
        RateLimitExceeded: if the key, the merchant or the address has exceeded its limit.
        Unavailable: if the key's mode is disabled, or if this is a write call and the server is in maintenance mode.
    """
    authorization = request.headers.get("authorization")
    if not deps.authenticator.is_cached(authorization):
        _raise_refusal(request, await deps.rate_limits.check(LimitClass.FAILED, caller_of(address_of(request, deps))))
    try:
        principal = await deps.authenticator.identify(authorization)
    except errors.Unauthorized as error:
        address = address_of(request, deps)
        deps.metrics.failed_authentications.inc()
        structlog.get_logger("sgate.api").warning("authentication_failed", address=address, reason=error.message)
        await count(request, deps, LimitClass.FAILED, caller_of(address))
        raise
    state, merchant = state_of(request.scope), principal.merchant
    state.key_id = principal.key_id
    state.topic = topic_of(merchant.id, livemode=merchant.livemode)
    standing = await deps.rate_limits.hit(call.limit, principal.key_id, merchant=state.topic)
    state.extra_headers = standing.headers
    _raise_refusal(request, standing)
    deps.authenticator.require(principal, call.scope)
    deps.maintenance.check(request.method)
    if merchant.livemode not in deps.modes:
        raise errors.Unavailable("The mode of this API key is disabled on this server.")
    return principal


async def count(request: AnyRequest, deps: Dependencies, limit: LimitClass, caller: str, also: Headers = ()) -> None:
    """Count a call that has no API key. The rate-limit headers and `also` are sent with the response.

    `caller` is the key under which the client's address is counted (see `caller_of`).

    Raises:
        RateLimitExceeded: if the caller has exceeded the limit.
    """
    standing = await deps.rate_limits.hit(limit, caller)
    state_of(request.scope).extra_headers = (*also, *standing.headers)
    if standing.refusal is not None:
        raise standing.refusal


def _raise_refusal(request: AnyRequest, standing: Standing) -> None:
    if standing.refusal is not None:
        state_of(request.scope).extra_headers = standing.headers
        raise standing.refusal


def address_of(request: AnyRequest, deps: Dependencies) -> str:
    """Return the client's address: the address of the connection, or the address that a trusted proxy reports."""
    address = deps.addresses.of(request.scope)
    state_of(request.scope).address = address  # for the log
    return address


def actor_of(request: AnyRequest, deps: Dependencies, principal: Principal) -> Actor:
    """Return the actor that the audit log records for this request."""
    return Actor(
        name=f"key {principal.key_id}",
        address=address_of(request, deps),
        request_id=state_of(request.scope).request_id,
    )


async def json_body(request: AnyRequest) -> bytes:
    """Return the body of a request. The body must be JSON.

    Raises:
        UnsupportedMediaType: if the headers declare another media type, another character encoding, or compression.
    """
    body = await request.body()
    if body and not (_is_json(request.headers.get("content-type")) and _is_uncompressed(request)):
        raise errors.UnsupportedMediaType
    return body


def _is_json(content_type: str | None) -> bool:
    """Return whether a `Content-Type` header declares JSON in UTF-8. A missing header counts as JSON."""
    if content_type is None:
        return True
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [
        value.strip('"') for name, _, value in (text.partition("=") for text in parameters) if name == "charset"
    ]
    return kind == JSON and all(charset in {"utf-8", "utf8"} for charset in charsets)


def _is_uncompressed(request: AnyRequest) -> bool:
    return request.headers.get("content-encoding", "identity").strip().lower() in {"identity", ""}


def key_of(request: AnyRequest, principal: Principal, body: bytes) -> Key | None:
    """Return the request's idempotency key, or None if the request has no key.

    Raises:
        InvalidIdempotencyKey: if the header does not consist of 1 to 255 printable ASCII characters.
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
    """Convert the result of a use case to a response."""
    headers = NO_STORE | ({"Idempotent-Replayed": "true"} if answer.replayed else {})
    return Response(answer.body, status_code=answer.status, media_type=JSON, headers=headers)


def stream_response(
    request: AnyRequest,
    deps: Dependencies,
    join: Join,
    *,
    limits: Mapping[str, int | None],
    poll_s: float,
    reserved: bool,
) -> Response[Any]:
    """Return a stream (see `Streams.response`). For a HEAD request, return only the headers of the stream."""
    state = state_of(request.scope)
    state.streamed = True
    if state.head:
        return Response(b"", media_type=EVENT_STREAM, headers=HEADERS)
    return deps.streams.response(join, limits=limits, poll_s=poll_s, reserved=reserved)


def json_response(content: bytes, status: int = 200) -> Response[bytes]:
    """Return a response with an encoded JSON body."""
    return Response(content, status_code=status, media_type=JSON, headers=NO_STORE)


def is_id(text: str) -> bool:
    """Return whether the text has the form of an id.

    Callers pass only such text to the database, because PostgreSQL rejects NUL characters.
    """
    return _ID.fullmatch(text) is not None
