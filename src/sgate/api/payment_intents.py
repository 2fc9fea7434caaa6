"""The calls under /v1/payment_intents."""

from litestar import Response, Router, get, post
from litestar.params import FromPath

from sgate.api import schemas
from sgate.api.auth import Principal, Scope
from sgate.api.rate_limits import LimitClass
from sgate.api.requests import (
    AnyRequest,
    json_body,
    json_response,
    key_of,
    limit_of,
    principal_of,
    refuse_unknown_parameters,
    respond,
)
from sgate.api.services import Services
from sgate.core.intent import Status
from sgate.gateway import errors
from sgate.gateway.idempotency import Answer
from sgate.gateway.intents import SettingsOutdated
from sgate.gateway.rendering import encode
from sgate.telemetry.metrics import mode_name

SETTINGS_RETRIES = 3


def routes(services: Services) -> Router:
    """The calls about payment intents."""

    @post("/")
    async def create_payment_intent(request: AnyRequest) -> Response[bytes]:
        """Make a payment intent."""
        principal = await principal_of(request, services, Scope.WRITE, LimitClass.CREATE)
        body = await json_body(request)
        return respond(await _create(services, request, principal, body))

    @get("/")
    async def list_payment_intents(request: AnyRequest) -> Response[bytes]:
        """List payment intents, newest first."""
        principal = await principal_of(request, services, Scope.READ, LimitClass.OTHER)
        refuse_unknown_parameters(request, "status", "starting_after", "limit")
        limit = limit_of(request)
        page = await services.intents.list_page(
            principal.merchant,
            status=_status(request.query_params.get("status")),
            starting_after=request.query_params.get("starting_after"),
            limit=limit,
        )
        listed = {"object": "list", "data": page.items, "has_more": page.has_more, "limit": limit}
        return json_response(encode(listed))

    @get("/{intent_id:str}")
    async def retrieve_payment_intent(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """One payment intent with its payments."""
        principal = await principal_of(request, services, Scope.READ, LimitClass.RETRIEVE)
        return json_response(encode(await services.intents.get(intent_id, principal.merchant)))

    @post("/{intent_id:str}/cancel")
    async def cancel_payment_intent(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Cancel a payment intent that waits."""
        principal = await principal_of(request, services, Scope.WRITE, LimitClass.OTHER)
        body = await json_body(request)
        schemas.decode(body, schemas.Nothing)
        return respond(await services.intents.cancel(intent_id, principal.merchant, key_of(request, principal, body)))

    return Router(
        "/v1/payment_intents",
        route_handlers=[create_payment_intent, list_payment_intents, retrieve_payment_intent, cancel_payment_intent],
    )


async def _create(services: Services, request: AnyRequest, principal: Principal, body: bytes) -> Answer:
    wanted = schemas.intent_request(schemas.decode(body, schemas.CreatePaymentIntent))
    key = key_of(request, principal, body)
    for _ in range(SETTINGS_RETRIES):
        merchant = principal.merchant
        try:
            answer = await services.intents.create(merchant, wanted, key)
        except SettingsOutdated:
            principal = await services.authenticator.refresh(principal)
            continue
        if not answer.replayed:
            services.metrics.intents_created.labels(mode_name(merchant.livemode)).inc()
        return answer
    raise errors.Conflict("The merchant's settings are changing right now. Try again in a moment.", retry_after_s=1)


def _status(text: str | None) -> Status | None:
    if text is None:
        return None
    try:
        return Status(text)
    except ValueError:
        allowed = ", ".join(Status)
        raise errors.ValidationFailed(f"status is one of {allowed}.", param="status") from None
