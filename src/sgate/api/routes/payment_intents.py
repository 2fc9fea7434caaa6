"""Calls under /v1/payment_intents."""

import time

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.api import query, request_bodies
from sgate.api.authentication import Principal
from sgate.api.calls import IDEMPOTENCY, VALIDATION, Call
from sgate.api.decoding import decode
from sgate.api.dependencies import Dependencies
from sgate.api.query import limit_of, metadata_of, paging_of, period_of, refuse_unknown_parameters
from sgate.api.requests import AnyRequest, json_body, json_response, key_of, principal_of, respond
from sgate.core import errors
from sgate.core.intent import Status
from sgate.core.scope import Scope
from sgate.http.rate_limits import LimitClass
from sgate.objects.encoding import encode
from sgate.objects.payment_intent import CreatedIntent, IntentList, IntentWithPayments
from sgate.services import payment_intent_lists, validation
from sgate.services.idempotency import Answer
from sgate.services.payment_intent_lists import Page
from sgate.services.payment_intents import SettingsOutdated
from sgate.store.merchants import Merchant
from sgate.store.payment_intents_lists import IntentFilter
from sgate.telemetry.metrics import mode_name
from sgate.telemetry.tracing import Traces, intent_in

SETTINGS_RETRIES = 3


CREATE_PAYMENT_INTENT = Call(
    method="post",
    path="/v1/payment_intents",
    name="createPaymentIntent",
    summary="Create a payment intent",
    tag="Payment intents",
    description=(
        "Creates a payment intent. Its terms, such as the amount, the pay address and the deadline, cannot be changed "
        "later; its description and metadata can."
    ),
    body=request_bodies.CreatePaymentIntent,
    answer=CreatedIntent,
    status=201,
    scope=Scope.WRITE,
    idempotent=True,
    failures=(
        *VALIDATION,
        *IDEMPOTENCY,
        errors.InvalidAmount,
        errors.InvalidCurrency,
        errors.InvalidExpiresIn,
        errors.DescriptionTooLong,
        errors.MetadataTooLarge,
        errors.InvalidUrl,
        errors.InvalidConfirmationPolicy,
        errors.PayAddressMissing,
        errors.ClockBehind,
        errors.RateUnavailable,
    ),
    limit=LimitClass.CREATE,
)
LIST_PAYMENT_INTENTS = Call(
    method="get",
    path="/v1/payment_intents",
    name="listPaymentIntents",
    summary="List payment intents",
    tag="Payment intents",
    description="Returns payment intents, newest first.",
    answer=IntentList,
    scope=Scope.READ,
    query=(
        query.parameter(
            "status", "Returns only payment intents with this status.", {"type": "string", "enum": list(Status)}
        ),
        *query.PERIOD,
        query.METADATA_FILTER,
        query.AFTER,
        query.BEFORE,
        query.parameter(
            "page",
            "A page number, as an alternative to a cursor; the response then includes totals. Page numbers cover only "
            "the first 10,000 objects. Lists with page numbers or metadata filters are costly: read them one after "
            "another, because a few at once are enough to get 429.",
            query.PAGE_NUMBER,
        ),
        query.LIMIT,
    ),
    failures=(errors.InvalidCursor, errors.MixedPaging, errors.PageOutOfReach, errors.ValidationFailed),
)
RETRIEVE_PAYMENT_INTENT = Call(
    method="get",
    path="/v1/payment_intents/{intent_id}",
    name="retrievePaymentIntent",
    summary="Retrieve a payment intent",
    tag="Payment intents",
    description="Retrieves a payment intent with its payments.",
    answer=IntentWithPayments,
    scope=Scope.READ,
    failures=(errors.PaymentIntentNotFound,),
    limit=LimitClass.RETRIEVE,
)
UPDATE_PAYMENT_INTENT = Call(
    method="post",
    path="/v1/payment_intents/{intent_id}",
    name="updatePaymentIntent",
    summary="Update a payment intent",
    tag="Payment intents",
    description=(
        "Updates the description or the metadata of a payment intent, whatever its status. Omitted fields "
        "stay unchanged."
    ),
    body=request_bodies.UpdatePaymentIntent,
    answer=IntentWithPayments,
    scope=Scope.WRITE,
    idempotent=True,
    failures=(
        *VALIDATION,
        *IDEMPOTENCY,
        errors.PaymentIntentNotFound,
        errors.DescriptionTooLong,
        errors.MetadataTooLarge,
    ),
)
CANCEL_PAYMENT_INTENT = Call(
    method="post",
    path="/v1/payment_intents/{intent_id}/cancel",
    name="cancelPaymentIntent",
    summary="Cancel a payment intent",
    tag="Payment intents",
    description="Cancels a payment intent that is awaiting payment. If a payment for it is on the chain, but the "
    "intent is not confirmed yet, `force` cancels it anyway. Payments of a canceled payment intent are held "
    "until you accept them or send them back.",
    body=request_bodies.CancelPaymentIntent,
    answer=IntentWithPayments,
    scope=Scope.WRITE,
    idempotent=True,
    failures=(*VALIDATION, *IDEMPOTENCY, errors.PaymentIntentNotFound, errors.PaymentIntentNotCancelable),
)
CALLS = (
    CREATE_PAYMENT_INTENT,
    LIST_PAYMENT_INTENTS,
    RETRIEVE_PAYMENT_INTENT,
    UPDATE_PAYMENT_INTENT,
    CANCEL_PAYMENT_INTENT,
)


def routes(deps: Dependencies) -> list[HTTPRouteHandler]:
    """Return the routes of the payment-intent calls."""

    @CREATE_PAYMENT_INTENT.route
    async def create_payment_intent(request: AnyRequest) -> Response[bytes]:
        """Create a payment intent."""
        principal = await principal_of(request, deps, CREATE_PAYMENT_INTENT)
        body = await json_body(request)
        return respond(await _create(deps, request, principal, body))

    @LIST_PAYMENT_INTENTS.route
    async def list_payment_intents(request: AnyRequest) -> Response[bytes]:
        """List payment intents, newest first."""
        principal = await principal_of(request, deps, LIST_PAYMENT_INTENTS)
        refuse_unknown_parameters(request, *LIST_PAYMENT_INTENTS.parameters)
        return json_response(encode(await _list(deps, request, principal.merchant)))

    @RETRIEVE_PAYMENT_INTENT.route
    async def retrieve_payment_intent(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Retrieve a payment intent with its payments."""
        principal = await principal_of(request, deps, RETRIEVE_PAYMENT_INTENT)
        return json_response(encode(await deps.payment_intents.get(intent_id, principal.merchant)))

    @UPDATE_PAYMENT_INTENT.route
    async def update_payment_intent(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Update the description or the metadata."""
        principal = await principal_of(request, deps, UPDATE_PAYMENT_INTENT)
        body = await json_body(request)
        change = request_bodies.description_change(decode(body, request_bodies.UpdatePaymentIntent))
        key = key_of(request, principal, body)
        return respond(await deps.payment_intents.update(intent_id, principal.merchant, change, key))

    @CANCEL_PAYMENT_INTENT.route
    async def cancel_payment_intent(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Cancel a payment intent that is awaiting payment."""
        principal = await principal_of(request, deps, CANCEL_PAYMENT_INTENT)
        body = await json_body(request)
        wanted = decode(body, request_bodies.CancelPaymentIntent)
        return respond(
            await deps.payment_intents.cancel(
                intent_id,
                principal.merchant,
                key_of(request, principal, body),
                force=wanted.force,
                reason=validation.cancellation_reason(wanted.reason),
            )
        )

    return [
        create_payment_intent,
        list_payment_intents,
        retrieve_payment_intent,
        update_payment_intent,
        cancel_payment_intent,
    ]


async def _create(deps: Dependencies, request: AnyRequest, principal: Principal, body: bytes) -> Answer:
    started = time.perf_counter()
    wanted = request_bodies.intent_request(decode(body, request_bodies.CreatePaymentIntent))
    key = key_of(request, principal, body)
    for _ in range(SETTINGS_RETRIES):
        merchant = principal.merchant
        try:
            answer = await deps.payment_intents.create(merchant, wanted, key)
        except SettingsOutdated:
            principal = await deps.authenticator.refresh(principal)
            continue
        if not answer.replayed:
            deps.metrics.intents_created.labels(mode_name(merchant.livemode)).inc()
            if deps.traces is not None:
                _trace(deps.traces, request, answer, time.perf_counter() - started)
        return answer
    raise errors.Conflict("The merchant's settings are being changed. Try again in a moment.", retry_after_s=1)


def _trace(traces: Traces, request: AnyRequest, answer: Answer, seconds: float) -> None:
    """Record the root span of the payment's trace, linked to the trace of the request."""
    intent_id = intent_in(answer.body)
    if intent_id is not None:
        attributes = {"http.request.method": "POST", "http.response.status_code": answer.status}
        traces.record_create(intent_id, seconds, attributes, request.headers.get("traceparent", ""))


async def _list(deps: Dependencies, request: AnyRequest, merchant: Merchant) -> dict[str, object]:
    limit = limit_of(request)
    starting_after, ending_before, page = paging_of(request)
    since, until = period_of(request)
    narrowed = IntentFilter(
        merchant_id=merchant.id,
        livemode=merchant.livemode,
        since=since,
        until=until,
        status=_status(request.query_params.get("status")),
        metadata=metadata_of(request),
    )
    reads, public_url = deps.reads, deps.modes[merchant.livemode].public_url
    if page is not None:
        numbered = await payment_intent_lists.numbered(reads, narrowed, public_url, page=page, limit=limit)
        totals = {
            "total": numbered.total,
            "total_is_exact": numbered.total_is_exact,
            "page": page,
            "pages": numbered.pages,
        }
        return _listed(numbered, limit) | totals
    if starting_after is not None:
        found = await payment_intent_lists.older(
            reads, narrowed, public_url, starting_after=starting_after, limit=limit
        )
    elif ending_before is not None:
        found = await payment_intent_lists.newer(reads, narrowed, public_url, ending_before=ending_before, limit=limit)
    else:
        found = await payment_intent_lists.latest(reads, narrowed, public_url, limit=limit)
    return _listed(found, limit)


def _listed(page: Page, limit: int) -> dict[str, object]:
    return {"object": "list", "data": page.items, "has_more": page.has_more, "limit": limit}


def _status(text: str | None) -> Status | None:
    if text is None:
        return None
    try:
        return Status(text)
    except ValueError:
        allowed = ", ".join(Status)
        raise errors.ValidationFailed(f"status must be one of {allowed}.", param="status") from None
