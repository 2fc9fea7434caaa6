"""The calls under /public: what the checkout page asks for. No key, any origin, no credentials; limited by address."""

from urllib.parse import parse_qs

from litestar import Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.api import schemas
from sgate.api.decoding import decode
from sgate.api.requests import JSON, AnyRequest, address_of, count, json_body, json_response
from sgate.api.services import Services
from sgate.http.client_address import caller_of
from sgate.http.rate_limits import LimitClass
from sgate.objects.encoding import encode
from sgate.services import payment_hints

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
VIEW_PATH = "/public/payment_intents/{intent_id}"
HINT_PREFLIGHT = PREFLIGHT | {"Access-Control-Allow-Methods": "POST, OPTIONS"}


def routes(services: Services) -> list[HTTPRouteHandler]:
    """The public calls."""

    # What is in memory is answered by `public_hits`, before this.
    @route(VIEW_PATH.replace("}", ":str}"), http_method=["GET", "HEAD", "OPTIONS"], status_code=200)
    async def retrieve_public_intent(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """What a payer may see of a payment intent."""
        request.scope["extra_headers"] = CORS  # type: ignore[typeddict-unknown-key] - read by the edge
        if request.method == "OPTIONS":
            return Response(b"", status_code=204, headers=PREFLIGHT)
        await count(request, services, LimitClass.PUBLIC, caller_of(address_of(request, services)), CORS)
        body = await services.public_views.show(intent_id, _client_secret(request.scope["query_string"]))
        return Response(body, media_type=JSON, headers={"Cache-Control": "no-store"})

    @route("/public/payment_intents/{intent_id:str}/hint", http_method=["POST", "OPTIONS"], status_code=202)
    async def give_hint(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Which transaction the wallet sent: looked up soon, never believed."""
        request.scope["extra_headers"] = CORS  # type: ignore[typeddict-unknown-key] - read by the edge
        if request.method == "OPTIONS":
            return Response(b"", status_code=204, headers=HINT_PREFLIGHT)
        await count(request, services, LimitClass.PUBLIC, caller_of(address_of(request, services)), CORS)
        services.maintenance.check(request.method)
        shape = decode(await json_body(request), schemas.GiveHint)
        tx_id = schemas.tx_id_of(shape.tx_id)
        taken = await payment_hints.give(
            services.pool, services.intents, services.environment, intent_id, shape.client_secret, tx_id
        )
        return json_response(encode(taken), 202)

    return [retrieve_public_intent, give_hint]


def _client_secret(query: bytes) -> str | None:
    return parse_qs(query.decode("latin-1")).get("client_secret", [None])[0] if query else None
