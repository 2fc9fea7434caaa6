"""Calls under /v1/payments: payments, unmatched deposits, and the merchant's decisions about them."""

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.api import query, request_bodies
from sgate.api.calls import IDEMPOTENCY, VALIDATION, Call
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
from sgate.objects.payment import DepositObject, PaymentList
from sgate.objects.payment_intent import IntentWithPayments
from sgate.services import validation

ACCEPT_PAYMENT_INTENT = Call(
    method="post",
    path="/v1/payment_intents/{intent_id}/accept",
    name="acceptPaymentIntent",
    summary="Accept held payments",
    tag="Payment intents",
    description="Counts the payments that are held because they arrived late or after the payment intent was canceled.",
    answer=IntentWithPayments,
    scope=Scope.WRITE,
    idempotent=True,
    failures=(*VALIDATION, *IDEMPOTENCY, errors.PaymentIntentNotFound, errors.NothingToAccept),
)
LIST_PAYMENTS = Call(
    method="get",
    path="/v1/payments",
    name="listPayments",
    summary="List payments and unmatched deposits",
    tag="Payments",
    description="Returns payments and unmatched deposits, newest first.",
    answer=PaymentList,
    scope=Scope.READ,
    query=(
        query.parameter(
            "unmatched", "If `true`, returns only deposits that belong to no payment intent.", {"type": "boolean"}
        ),
        query.parameter("payment_intent", "Returns only payments of this payment intent.", query.ID),
        query.AFTER,
        query.BEFORE,
        query.LIMIT,
    ),
    failures=(errors.InvalidCursor, errors.MixedPaging, errors.ValidationFailed),
)
RETRIEVE_PAYMENT = Call(
    method="get",
    path="/v1/payments/{payment_id}",
    name="retrievePayment",
    summary="Retrieve a payment",
    tag="Payments",
    description="Retrieves a payment or an unmatched deposit.",
    answer=DepositObject,
    scope=Scope.READ,
    failures=(errors.PaymentNotFound,),
    limit=LimitClass.RETRIEVE,
)
ASSIGN_PAYMENT = Call(
    method="post",
    path="/v1/payments/{payment_id}/assign",
    name="assignPayment",
    summary="Assign a deposit to a payment intent",
    tag="Payments",
    description="Assigns an unmatched deposit to a payment intent with the same pay address.",
    body=request_bodies.AssignPayment,
    answer=DepositObject,
    scope=Scope.WRITE,
    idempotent=True,
    failures=(
        *VALIDATION,
        *IDEMPOTENCY,
        errors.PaymentNotFound,
        errors.PaymentIntentNotFound,
        errors.PaymentNotAssignable,
    ),
)
MARK_PAYMENT_REFUNDED = Call(
    method="post",
    path="/v1/payments/{payment_id}/mark_refunded",
    name="markPaymentRefunded",
    summary="Mark a payment as refunded",
    tag="Payments",
    description=(
        "Records that you sent a payment back, and in which transaction. The payment will never count toward a "
        "payment intent."
    ),
    body=request_bodies.MarkRefunded,
    answer=DepositObject,
    scope=Scope.WRITE,
    idempotent=True,
    failures=(
        *VALIDATION,
        *IDEMPOTENCY,
        errors.InvalidTxId,
        errors.PaymentNotFound,
        errors.PaymentNotRefundable,
    ),
)
CALLS = (ACCEPT_PAYMENT_INTENT, LIST_PAYMENTS, RETRIEVE_PAYMENT, ASSIGN_PAYMENT, MARK_PAYMENT_REFUNDED)


def routes(deps: Dependencies) -> list[HTTPRouteHandler]:
    """Return the routes of the payment calls."""

    @LIST_PAYMENTS.route
    async def list_payments(request: AnyRequest) -> Response[bytes]:
        """List payments, newest first. With `unmatched=true`, list only unmatched deposits."""
        principal = await principal_of(request, deps, LIST_PAYMENTS)
        refuse_unknown_parameters(request, *LIST_PAYMENTS.parameters)
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

    @RETRIEVE_PAYMENT.route
    async def retrieve_payment(request: AnyRequest, payment_id: FromPath[str]) -> Response[bytes]:
        """Retrieve a payment or deposit."""
        principal = await principal_of(request, deps, RETRIEVE_PAYMENT)
        return json_response(encode(await deps.payments.get(_checked(payment_id), principal.merchant)))

    @ASSIGN_PAYMENT.route
    async def assign_payment(request: AnyRequest, payment_id: FromPath[str]) -> Response[bytes]:
        """Assign an unmatched deposit to a payment intent."""
        principal = await principal_of(request, deps, ASSIGN_PAYMENT)
        body = await json_body(request)
        shape = decode(body, request_bodies.AssignPayment)
        key, actor = key_of(request, principal, body), actor_of(request, deps, principal)
        answer = await deps.payments.assign(_checked(payment_id), shape.payment_intent, principal.merchant, key, actor)
        return respond(answer)

    @MARK_PAYMENT_REFUNDED.route
    async def mark_payment_refunded(request: AnyRequest, payment_id: FromPath[str]) -> Response[bytes]:
        """Record that the merchant has sent a payment back."""
        principal = await principal_of(request, deps, MARK_PAYMENT_REFUNDED)
        body = await json_body(request)
        tx_id = validation.tx_id(decode(body, request_bodies.MarkRefunded).tx_id)
        key, actor = key_of(request, principal, body), actor_of(request, deps, principal)
        answer = await deps.payments.mark_refunded(_checked(payment_id), tx_id, principal.merchant, key, actor)
        return respond(answer)

    @ACCEPT_PAYMENT_INTENT.route
    async def accept_payment_intent(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Count the held payments of a payment intent."""
        principal = await principal_of(request, deps, ACCEPT_PAYMENT_INTENT)
        body = await json_body(request)
        decode(body, request_bodies.Nothing)
        key, actor = key_of(request, principal, body), actor_of(request, deps, principal)
        return respond(await deps.payments.accept(intent_id, principal.merchant, key, actor))

    return [accept_payment_intent, list_payments, retrieve_payment, assign_payment, mark_payment_refunded]


def _checked(payment_id: str) -> str:
    if not is_id(payment_id):
        raise errors.PaymentNotFound
    return payment_id


def _unmatched(request: AnyRequest) -> bool:
    text = request.query_params.get("unmatched", "false")
    if text not in {"true", "false"}:
        raise errors.ValidationFailed("unmatched must be `true` or `false`.", param="unmatched")
    return text == "true"


def _intent_id(request: AnyRequest) -> str | None:
    text = request.query_params.get("payment_intent")
    if text is not None and not is_intent_id(text):
        raise errors.ValidationFailed("payment_intent must be the id of a payment intent.", param="payment_intent")
    return text
