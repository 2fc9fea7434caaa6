"""The calls under /v1/payments: what came, the inbox of unmatched deposits, and decisions about them."""

from litestar import Response, Router, get, post
from litestar.params import FromPath

from sgate.api import request_bodies
from sgate.api.decoding import decode
from sgate.api.dependencies import Dependencies
from sgate.api.query import cursors_of, limit_of, refuse_unknown_parameters
from sgate.api.requests import (
    AnyRequest,
    actor_of,
    is_id,
    json_body,
    json_response,
    key_of,
    principal_of,
    respond,
)
from sgate.core import errors
from sgate.core.memo import is_intent_id
from sgate.core.scope import Scope
from sgate.http.rate_limits import LimitClass
from sgate.objects.encoding import encode
from sgate.services import validation


def routes(deps: Dependencies) -> Router:
    """The calls about payments."""

    @get("/")
    async def list_payments(request: AnyRequest) -> Response[bytes]:
        """List payments, newest first; `unmatched=true` is the inbox."""
        principal = await principal_of(request, deps, Scope.READ, LimitClass.OTHER)
        refuse_unknown_parameters(request, "unmatched", "payment_intent", "starting_after", "ending_before", "limit")
        limit = limit_of(request)
        after, before = cursors_of(request)
        page = await deps.payments.list_page(
            principal.merchant.id,
            livemode=principal.merchant.livemode,
            unmatched=_unmatched(request),
            intent_id=_intent_id(request),
            starting_after=after,
            ending_before=before,
            limit=limit,
        )
        listed = {"object": "list", "data": page.items, "has_more": page.has_more, "limit": limit}
        return json_response(encode(listed))

    @get("/{payment_id:str}")
    async def retrieve_payment(request: AnyRequest, payment_id: FromPath[str]) -> Response[bytes]:
        """One payment."""
        principal = await principal_of(request, deps, Scope.READ, LimitClass.RETRIEVE)
        return json_response(encode(await deps.payments.get(_checked(payment_id), principal.merchant)))

    @post("/{payment_id:str}/assign")
    async def assign_payment(request: AnyRequest, payment_id: FromPath[str]) -> Response[bytes]:
        """Say which payment intent an unmatched deposit is for."""
        principal = await principal_of(request, deps, Scope.WRITE, LimitClass.OTHER)
        body = await json_body(request)
        shape = decode(body, request_bodies.AssignPayment)
        key, actor = key_of(request, principal, body), actor_of(request, deps, principal)
        answer = await deps.payments.assign(_checked(payment_id), shape.payment_intent, principal.merchant, key, actor)
        return respond(answer)

    @post("/{payment_id:str}/mark_refunded")
    async def mark_payment_refunded(request: AnyRequest, payment_id: FromPath[str]) -> Response[bytes]:
        """Record that a payment was sent back by hand."""
        principal = await principal_of(request, deps, Scope.WRITE, LimitClass.OTHER)
        body = await json_body(request)
        tx_id = validation.tx_id(decode(body, request_bodies.MarkRefunded).tx_id)
        key, actor = key_of(request, principal, body), actor_of(request, deps, principal)
        answer = await deps.payments.mark_refunded(_checked(payment_id), tx_id, principal.merchant, key, actor)
        return respond(answer)

    @post("/v1/payment_intents/{intent_id:str}/accept")
    async def accept_payment_intent(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Count the money that is held."""
        principal = await principal_of(request, deps, Scope.WRITE, LimitClass.OTHER)
        body = await json_body(request)
        decode(body, request_bodies.Nothing)
        key, actor = key_of(request, principal, body), actor_of(request, deps, principal)
        return respond(await deps.payments.accept(intent_id, principal.merchant, key, actor))

    payments = Router(
        "/v1/payments", route_handlers=[list_payments, retrieve_payment, assign_payment, mark_payment_refunded]
    )
    return Router("/", route_handlers=[payments, accept_payment_intent])


def _checked(payment_id: str) -> str:
    if not is_id(payment_id):
        raise errors.PaymentNotFound
    return payment_id


def _unmatched(request: AnyRequest) -> bool:
    text = request.query_params.get("unmatched", "false")
    if text not in {"true", "false"}:
        raise errors.ValidationFailed("unmatched is `true` or `false`.", param="unmatched")
    return text == "true"


def _intent_id(request: AnyRequest) -> str | None:
    text = request.query_params.get("payment_intent")
    if text is not None and not is_intent_id(text):
        raise errors.ValidationFailed("payment_intent is the id of a payment intent.", param="payment_intent")
    return text
