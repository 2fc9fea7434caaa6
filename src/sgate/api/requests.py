"""What all handlers do first: who asks, how often, under which idempotency key; and how an answer leaves."""

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
"""What is asked with a key is read each time, and nobody on the way may keep it."""


async def principal_of(request: AnyRequest, deps: Dependencies, call: Call) -> Principal:
    """Authenticate, and count the call against the limits of the key and of its merchant, before anything is done.

    A failure counts against the address. Beyond its limit a key that is not remembered is refused without a lookup.

    Raises:
        Unauthorized, Forbidden, RateLimitExceeded: see there.
        Unavailable: if the key's mode is off, or the server under maintenance and the call one that writes.
    """
    authorization = request.headers.get("authorization")
    if not deps.authenticator.remembers(authorization):
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
        raise errors.Unavailable("This mode is switched off on this server.")
    return principal


async def count(request: AnyRequest, deps: Dependencies, limit: LimitClass, caller: str, also: Headers = ()) -> None:
    """Count a call of `caller_of` an address. The headers that say where it stands, and `also`, go out with the answer.

    Raises:
        RateLimitExceeded: see there.
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
    """The caller's address: of the connection, or what a trusted proxy says it is."""
    address = deps.addresses.of(request.scope)
    state_of(request.scope).address = address  # for the log
    return address


def actor_of(request: AnyRequest, deps: Dependencies, principal: Principal) -> Actor:
    """Who acts, for the audit log."""
    return Actor(
        name=f"key {principal.key_id}",
        address=address_of(request, deps),
        request_id=state_of(request.scope).request_id,
    )


async def json_body(request: AnyRequest) -> bytes:
    """The body of a request that must be JSON.

    Raises:
        UnsupportedMediaType: if it says that it is something else, in another encoding, or compressed.
    """
    body = await request.body()
    if body and not (_is_json(request.headers.get("content-type")) and _is_plain(request)):
        raise errors.UnsupportedMediaType
    return body


def _is_json(content_type: str | None) -> bool:
    """Whether a body of this type is JSON in UTF-8. Without a type it may be."""
    if content_type is None:
        return True
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [
        value.strip('"') for name, _, value in (text.partition("=") for text in parameters) if name == "charset"
    ]
    return kind == JSON and all(charset in {"utf-8", "utf8"} for charset in charsets)


def _is_plain(request: AnyRequest) -> bool:
    """Whether the body is sent as it is, not compressed."""
    return request.headers.get("content-encoding", "identity").strip().lower() in {"identity", ""}


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
    """A stream (see `Streams.response`), or for HEAD only its head."""
    state = state_of(request.scope)
    state.streamed = True
    if state.head:
        return Response(b"", media_type=EVENT_STREAM, headers=HEADERS)
    return deps.streams.response(join, limits=limits, poll_s=poll_s, reserved=reserved)


def json_response(content: bytes, status: int = 200) -> Response[bytes]:
    """JSON bytes."""
    return Response(content, status_code=status, media_type=JSON, headers=NO_STORE)


def is_id(text: str) -> bool:
    """Whether the text has the form of an id. Nothing else reaches the database: a NUL byte there is an error."""
    return _ID.fullmatch(text) is not None
