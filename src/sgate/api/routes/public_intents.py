"""Calls under /public, which the checkout page makes.

They need no API key, are allowed from any origin, and are rate-limited by address.
"""

import math
from typing import Any
from urllib.parse import parse_qs

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.api import query, request_bodies
from sgate.api.calls import VALIDATION, Call
from sgate.api.decoding import decode
from sgate.api.dependencies import Dependencies
from sgate.api.requests import JSON, AnyRequest, address_of, count, json_body, json_response, stream_response
from sgate.core import errors
from sgate.core.memo import is_intent_id
from sgate.core.mode import Mode
from sgate.http.client_address import caller_of, networks_around
from sgate.http.rate_limits import LimitClass
from sgate.http.request_state import state_of
from sgate.objects.encoding import encode
from sgate.objects.payment_hint import HintObject
from sgate.objects.public_intent import PublicIntent, opens
from sgate.objects.receipt import Receipt, receipt_of
from sgate.services import payment_hints, validation
from sgate.store.payment_intents import IntentView

CORS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Retry-After, X-Request-Id, X-RateLimit-Remaining, X-RateLimit-Reset"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, X-Request-Id",
    "Access-Control-Max-Age": "86400",
}
HINT_PREFLIGHT = PREFLIGHT | {"Access-Control-Allow-Methods": "POST, OPTIONS"}

MAX_STREAMS = (50, 100, 200)
"""Maximum number of streams per address (an IPv4 address or an IPv6 /64), per /56 and per /48.

Many customers may share one address, and one subscriber may have up to a /48.
"""


RETRIEVE_PUBLIC_PAYMENT_INTENT = Call(
    method="get",
    path="/public/payment_intents/{intent_id}",
    name="retrievePublicPaymentIntent",
    summary="Retrieve a payment intent as its customer",
    tag="Public",
    description=(
        "Retrieves the part of a payment intent that its customer may see. Requires no API key and can be called from "
        "any origin."
    ),
    answer=PublicIntent,
    query=(query.parameter("client_secret", "Reveals the description and the return URLs.", {"type": "string"}),),
    failures=(errors.PaymentIntentNotFound,),
    limit=LimitClass.PUBLIC,
    preflight=True,
)
GIVE_HINT = Call(
    method="post",
    path="/public/payment_intents/{intent_id}/hint",
    name="giveHint",
    summary="Report the customer's transaction",
    tag="Public",
    description=(
        "Reports which transaction the customer's wallet has sent, so that it is noticed before it is in a block. The "
        "transaction is verified on the chain; the report itself is not trusted."
    ),
    body=request_bodies.GiveHint,
    answer=HintObject,
    status=202,
    failures=(*VALIDATION, errors.InvalidTxId, errors.PaymentIntentNotFound, errors.TooManyHints),
    limit=LimitClass.PUBLIC,
    preflight=True,
)
STREAM_PUBLIC_PAYMENT_INTENT = Call(
    method="get",
    path="/public/payment_intents/{intent_id}/events",
    name="streamPublicPaymentIntent",
    summary="Stream a payment intent to its customer",
    tag="Public",
    description=(
        "Streams the part of a payment intent that its customer may see as server-sent events: the current state "
        "first, then each change."
    ),
    answer=PublicIntent,
    stream=True,
    query=(query.parameter("client_secret", "Reveals the description and the return URLs.", {"type": "string"}),),
    failures=(errors.PaymentIntentNotFound,),
    limit=LimitClass.PUBLIC,
)
RETRIEVE_RECEIPT = Call(
    method="get",
    path="/public/payment_intents/{intent_id}/receipt",
    name="retrieveReceipt",
    summary="Retrieve the receipt",
    tag="Public",
    description="Retrieves the receipt of a payment intent. It becomes available once a payment is in a block.",
    answer=Receipt,
    query=(query.parameter("client_secret", "Reveals the description.", {"type": "string"}),),
    failures=(errors.PaymentIntentNotFound, errors.ReceiptNotFound),
    limit=LimitClass.PUBLIC,
)
CALLS = (RETRIEVE_PUBLIC_PAYMENT_INTENT, GIVE_HINT, STREAM_PUBLIC_PAYMENT_INTENT, RETRIEVE_RECEIPT)


def routes(deps: Dependencies) -> list[HTTPRouteHandler]:
    """Return the routes of the public calls."""

    @RETRIEVE_PUBLIC_PAYMENT_INTENT.route
    async def retrieve_public_intent(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Retrieve the part of a payment intent that its customer may see."""
        state_of(request.scope).extra_headers = CORS
        if request.method == "OPTIONS":
            return Response(b"", status_code=204, headers=PREFLIGHT)
        await count(request, deps, RETRIEVE_PUBLIC_PAYMENT_INTENT.limit, caller_of(address_of(request, deps)), CORS)
        body = await deps.public_views.show(intent_id, _secret_of(request))
        return Response(body, media_type=JSON, headers={"Cache-Control": "no-store"})

    @GIVE_HINT.route
    async def give_hint(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Store a hint about the transaction that the wallet has sent. The watcher verifies every hint."""
        state_of(request.scope).extra_headers = CORS
        if request.method == "OPTIONS":
            return Response(b"", status_code=204, headers=HINT_PREFLIGHT)
        await count(request, deps, GIVE_HINT.limit, caller_of(address_of(request, deps)), CORS)
        deps.maintenance.check(request.method)
        shape = decode(await json_body(request), request_bodies.GiveHint)
        tx_id = validation.tx_id(shape.tx_id)
        taken = await payment_hints.give(
            deps.pool, deps.payment_intents, deps.environment, intent_id, shape.client_secret, tx_id
        )
        return json_response(encode(taken), 202)

    @STREAM_PUBLIC_PAYMENT_INTENT.route
    async def stream_public_intent(request: AnyRequest, intent_id: FromPath[str]) -> Response[Any]:
        """Stream the changes of a payment intent to an open page, as server-sent events."""
        state_of(request.scope).extra_headers = CORS
        caller = caller_of(address_of(request, deps))
        await count(request, deps, STREAM_PUBLIC_PAYMENT_INTENT.limit, caller, CORS)
        _, _, private = await _find(deps, intent_id, _secret_of(request))
        seen = request.headers.get("last-event-id")
        return stream_response(
            request,
            deps,
            lambda subscription: deps.live_intents.follow(subscription, intent_id, seen, private=private),
            limits={**_stream_limits(address_of(request, deps)), intent_id: deps.max_streams_per_intent},
            poll_s=math.inf,  # the stream is woken when there is something to send
            reserved=private,
        )

    @RETRIEVE_RECEIPT.route
    async def retrieve_receipt(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Retrieve the receipt as JSON."""
        state_of(request.scope).extra_headers = CORS
        await count(request, deps, RETRIEVE_RECEIPT.limit, caller_of(address_of(request, deps)), CORS)
        found, mode, private = await _find(deps, intent_id, _secret_of(request))
        receipt = receipt_of(found, mode, private=private)
        if receipt is None:
            raise errors.ReceiptNotFound
        return json_response(encode(receipt))

    return [retrieve_public_intent, give_hint, stream_public_intent, retrieve_receipt]


async def _find(deps: Dependencies, intent_id: str, secret: str | None) -> tuple[IntentView, Mode, bool]:
    """Return the intent, its mode, and whether the client secret was given.

    Raises:
        PaymentIntentNotFound: if there is no such intent, its mode is disabled, or the secret is wrong.
    """
    found, mode = await _known(deps, intent_id)
    if secret is not None and not opens(found, secret):
        raise errors.PaymentIntentNotFound(
            "The client secret does not belong to this payment intent.", param="client_secret"
        )
    return found, mode, secret is not None


async def _known(deps: Dependencies, intent_id: str) -> tuple[IntentView, Mode]:
    found = await deps.payment_intents.find(intent_id) if is_intent_id(intent_id) else None
    mode = None if found is None else deps.modes.get(found.intent.livemode)
    if found is None or mode is None:
        raise errors.PaymentIntentNotFound
    return found, mode


def _stream_limits(address: str) -> dict[str, int]:
    return dict(zip(networks_around(address), MAX_STREAMS, strict=False))


def _secret_of(request: AnyRequest) -> str | None:
    query = request.scope["query_string"]
    return parse_qs(query.decode("latin-1")).get("client_secret", [None])[0] if query else None
