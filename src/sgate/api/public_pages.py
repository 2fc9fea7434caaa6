"""What open checkout pages live on: the stream of changes of an intent, its receipt as data, merchants' logos."""

import math
from urllib.parse import parse_qs

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.api.public import CORS
from sgate.api.requests import AnyRequest, address_of, count, json_response
from sgate.api.services import Services
from sgate.core import errors
from sgate.core.memo import is_intent_id
from sgate.core.mode import Mode
from sgate.http.client_address import caller_of
from sgate.http.rate_limits import LimitClass
from sgate.objects.encoding import encode
from sgate.objects.public_intent import opens
from sgate.objects.receipt import receipt_of
from sgate.services import branding
from sgate.store.payment_intents import IntentView

MAX_STREAMS_PER_ADDRESS = 50
"""Many customers may stand behind one address; a page holds one stream."""

FOREVER = "public, max-age=31536000, immutable"


def routes(services: Services) -> list[HTTPRouteHandler]:
    """The calls of open pages."""

    @get("/public/payment_intents/{intent_id:str}/events")
    async def stream_public_intent(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Tell an open page what changes, as server-sent events."""
        request.scope["extra_headers"] = CORS  # type: ignore[typeddict-unknown-key] - read by the edge
        caller = caller_of(address_of(request, services))
        await count(request, services, LimitClass.PUBLIC, caller, CORS)
        _, _, private = await _find(services, intent_id, _secret_of(request))
        visit = services.rooms.visit(intent_id, request.headers.get("last-event-id"), private=private)
        return services.streams.answer(
            visit.look,
            visit.join,
            caller=f"public {caller}",
            most_of_caller=MAX_STREAMS_PER_ADDRESS,
            poll_s=math.inf,  # its room looks for it
        )

    @get("/public/payment_intents/{intent_id:str}/receipt")
    async def retrieve_receipt(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """The receipt, as data."""
        request.scope["extra_headers"] = CORS  # type: ignore[typeddict-unknown-key] - read by the edge
        await count(request, services, LimitClass.PUBLIC, caller_of(address_of(request, services)), CORS)
        found, mode, private = await _find(services, intent_id, _secret_of(request))
        receipt = receipt_of(found, mode, private=private)
        if receipt is None:
            raise errors.ReceiptNotFound
        return json_response(encode(receipt))

    @get("/logos/{digest:str}")
    async def retrieve_logo(request: AnyRequest, digest: FromPath[str]) -> Response[bytes]:
        """A merchant's logo. A changed logo has another address."""
        await count(request, services, LimitClass.PUBLIC, caller_of(address_of(request, services)))
        logo = await branding.logo(services.pool, digest)
        headers = {"Cache-Control": FOREVER, "Content-Security-Policy": "default-src 'none'; sandbox"}
        return Response(logo.content, media_type=logo.media_type, headers=headers)

    return [stream_public_intent, retrieve_receipt, retrieve_logo]


async def _find(services: Services, intent_id: str, secret: str | None) -> tuple[IntentView, Mode, bool]:
    """The intent, its mode, and whether the client secret was shown.

    Raises:
        PaymentIntentNotFound: also if the secret is wrong.
    """
    found, mode = await _known(services, intent_id)
    if secret is not None and not opens(found, secret):
        raise errors.PaymentIntentNotFound(
            "The client secret is not that of this payment intent.", param="client_secret"
        )
    return found, mode, secret is not None


async def _known(services: Services, intent_id: str) -> tuple[IntentView, Mode]:
    found = await services.intents.find(intent_id) if is_intent_id(intent_id) else None
    mode = None if found is None else services.modes.get(found.intent.livemode)
    if found is None or mode is None:
        raise errors.PaymentIntentNotFound
    return found, mode


def _secret_of(request: AnyRequest) -> str | None:
    return parse_qs(request.scope["query_string"].decode("latin-1")).get("client_secret", [None])[0]
