"""The calls under /public: what the checkout page asks for. No key, any origin, no credentials; limited by address."""

from urllib.parse import parse_qs

from litestar import Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.api.rate_limits import LimitClass
from sgate.api.requests import JSON, AnyRequest, address_of, count
from sgate.api.services import Services
from sgate.core.memo import is_intent_id
from sgate.gateway import errors
from sgate.gateway.public_view import opens, public_intent
from sgate.gateway.rendering import encode

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


def routes(services: Services) -> list[HTTPRouteHandler]:
    """The public calls."""

    # Not a plain ASGI route: Litestar 2.25 answers 500 to those with a path parameter.
    @route("/public/payment_intents/{intent_id:str}", http_method=["GET", "HEAD", "OPTIONS"], status_code=200)
    async def retrieve_public_intent(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """What a payer may see of a payment intent."""
        request.scope["extra_headers"] = CORS  # type: ignore[typeddict-unknown-key] - read by the edge
        if request.method == "OPTIONS":
            return Response(b"", status_code=204, headers=PREFLIGHT)
        count(request, services, LimitClass.PUBLIC, address_of(request, services), CORS)
        body = await _public_intent(services, intent_id, request.scope["query_string"])
        return Response(body, media_type=JSON, headers={"Cache-Control": "no-store"})

    return [retrieve_public_intent]


async def _public_intent(services: Services, intent_id: str, query: bytes) -> bytes:
    found = await services.intents.find(intent_id) if is_intent_id(intent_id) else None
    mode = None if found is None else services.modes.get(found.intent.livemode)
    if found is None or mode is None:
        raise errors.PaymentIntentNotFound
    secret = parse_qs(query.decode("latin-1")).get("client_secret", [None])[0] if query else None
    if secret is not None and not opens(found, secret):
        raise errors.PaymentIntentNotFound(
            "The client secret is not that of this payment intent.", param="client_secret"
        )
    return encode(public_intent(found, mode, services.environment.now(), private=secret is not None))
