"""/public: what the checkout page asks for. No key, any origin, no credentials; limited by address.

Served as plain ASGI: open checkout pages ask every three seconds, and there are many more of them than merchants.
"""

from urllib.parse import parse_qs

from litestar import asgi
from litestar.handlers import ASGIRouteHandler

from sgate.api.edge import Receive, Scope, Send
from sgate.api.rate_limits import LimitClass
from sgate.api.requests import caller_address
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
PREFLIGHT = (
    *CORS,
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
    (b"access-control-allow-headers", b"Content-Type, X-Request-Id"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
)


def routes(services: Services) -> list[ASGIRouteHandler]:
    """The public calls."""

    @asgi("/public/payment_intents/{intent_id:str}", copy_scope=False)
    async def retrieve_public_intent(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        method = scope["method"]
        scope["extra_headers"] = CORS
        if method == "OPTIONS":
            scope["extra_headers"] = ()
            await _send(send, 204, PREFLIGHT, b"")
            return
        if method not in {"GET", "HEAD"}:
            raise errors.MethodNotAllowed
        standing = services.rate_limits.hit(LimitClass.PUBLIC, caller_address(scope, services.trusted_proxies))
        scope["extra_headers"] = (*CORS, *standing.headers)
        if standing.refusal is not None:
            raise standing.refusal
        body = await _public_intent(services, scope["path_params"]["intent_id"], scope["query_string"])
        headers = (
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
        )
        await _send(send, 200, headers, b"" if method == "HEAD" else body)

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


async def _send(send: Send, status: int, headers: tuple[tuple[bytes, bytes], ...], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})
