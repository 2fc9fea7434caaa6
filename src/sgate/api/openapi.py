"""The OpenAPI 3.1 document, made from the structs that requests and answers are made of.

One table says what each call takes and gives; a test compares it with the routes that are really served.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

import sgate
from sgate.api import schemas
from sgate.api.errors import ErrorEnvelope
from sgate.api.health import Alive, HealthReport
from sgate.api.merchants import MerchantObject
from sgate.api.requests import JSON
from sgate.core.event import Envelope, EventType
from sgate.core.intent import Status
from sgate.gateway import errors
from sgate.gateway.endpoints import EndpointObject
from sgate.gateway.errors import GatewayError
from sgate.gateway.public_view import PublicIntent
from sgate.gateway.rendering import IntentWithPayments

Schema = dict[str, Any]


class IntentList(msgspec.Struct):
    """A page of payment intents, newest first."""

    object: str
    data: list[IntentWithPayments]
    has_more: bool
    limit: int


class EndpointList(msgspec.Struct):
    """All webhook endpoints."""

    object: str
    data: list[EndpointObject]
    has_more: bool


class EventList(msgspec.Struct):
    """A page of events, newest first."""

    object: str
    data: list[Envelope]
    has_more: bool
    limit: int


class Deleted(msgspec.Struct):
    """Says what was deleted."""

    id: str
    object: str
    deleted: bool


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call: what it takes and gives.

    `failures` are the errors of its own; common ones are added. `unhealthy`: it has none, but may answer with 503.
    """

    method: str
    path: str
    name: str
    summary: str
    tag: str
    answer: type
    status: int = 200
    body: type | None = None
    query: tuple[Schema, ...] = ()
    scope: str | None = None
    idempotent: bool = False
    failures: tuple[type[GatewayError], ...] = ()
    unhealthy: bool = False


def _query(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


_LIMIT = _query("limit", "How many to return.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 10})
_AFTER = _query("starting_after", "Id of the last object of the page before.", {"type": "string"})
_VALIDATION = (errors.ValidationFailed, errors.InvalidJson, errors.UnsupportedMediaType, errors.PayloadTooLarge)
_IDEMPOTENCY = (errors.IdempotencyKeyReused, errors.IdempotencyInProgress, errors.InvalidIdempotencyKey)

CALLS: tuple[Call, ...] = (
    Call(
        method="post", path="/v1/payment_intents", name="createPaymentIntent", summary="Create a payment intent",
        tag="Payment intents", body=schemas.CreatePaymentIntent, answer=IntentWithPayments, status=201, scope="write",
        idempotent=True,
        failures=(
            *_VALIDATION, *_IDEMPOTENCY, errors.InvalidAmount, errors.InvalidCurrency, errors.InvalidExpiresIn,
            errors.DescriptionTooLong, errors.MetadataTooLarge, errors.InvalidUrl, errors.InvalidConfirmationPolicy,
            errors.PayAddressMissing, errors.RateUnavailable,
        ),
    ),
    Call(
        method="get", path="/v1/payment_intents", name="listPaymentIntents", summary="List payment intents",
        tag="Payment intents", answer=IntentList, scope="read",
        query=(
            _query("status", "Only those with this status.", {"type": "string", "enum": list(Status)}), _AFTER, _LIMIT,
        ),
        failures=(errors.InvalidCursor, errors.ValidationFailed),
    ),
    Call(
        method="get", path="/v1/payment_intents/{intent_id}", name="retrievePaymentIntent",
        summary="Retrieve a payment intent", tag="Payment intents", answer=IntentWithPayments, scope="read",
        failures=(errors.PaymentIntentNotFound,),
    ),
    Call(
        method="post", path="/v1/payment_intents/{intent_id}/cancel", name="cancelPaymentIntent",
        summary="Cancel a payment intent", tag="Payment intents", answer=IntentWithPayments, scope="write",
        idempotent=True,
        failures=(*_VALIDATION, *_IDEMPOTENCY, errors.PaymentIntentNotFound, errors.PaymentIntentNotCancelable),
    ),
    Call(
        method="get", path="/v1/merchants/me", name="retrieveMerchant", summary="Retrieve the merchant", tag="Merchant",
        answer=MerchantObject, scope="read",
    ),
    Call(
        method="patch", path="/v1/merchants/me", name="updateMerchant", summary="Update the merchant", tag="Merchant",
        body=schemas.UpdateMerchant, answer=MerchantObject, scope="admin",
        failures=(
            *_VALIDATION, errors.InvalidUrl, errors.InvalidPayAddress, errors.InvalidConfirmationPolicy,
            errors.PayAddressTaken,
        ),
    ),
    Call(
        method="post", path="/v1/webhook_endpoints", name="createWebhookEndpoint", summary="Create a webhook endpoint",
        tag="Webhook endpoints", body=schemas.CreateWebhookEndpoint, answer=EndpointObject, status=201, scope="admin",
        idempotent=True,
        failures=(
            *_VALIDATION, *_IDEMPOTENCY, errors.InvalidUrl, errors.DescriptionTooLong, errors.TooManyWebhookEndpoints,
        ),
    ),
    Call(
        method="get", path="/v1/webhook_endpoints", name="listWebhookEndpoints", summary="List webhook endpoints",
        tag="Webhook endpoints", answer=EndpointList, scope="read",
    ),
    Call(
        method="delete", path="/v1/webhook_endpoints/{endpoint_id}", name="deleteWebhookEndpoint",
        summary="Delete a webhook endpoint", tag="Webhook endpoints", answer=Deleted, scope="admin",
        failures=(errors.WebhookEndpointNotFound,),
    ),
    Call(
        method="get", path="/v1/events", name="listEvents", summary="List events", tag="Events", answer=EventList,
        scope="read",
        query=(
            _query("type", "Only events of this type.", {"type": "string", "enum": list(EventType)}),
            _query("payment_intent", "Only events of this payment intent.", {"type": "string"}), _AFTER, _LIMIT,
        ),
        failures=(errors.InvalidCursor, errors.ValidationFailed),
    ),
    Call(
        method="get", path="/v1/events/{event_id}", name="retrieveEvent", summary="Retrieve an event", tag="Events",
        answer=Envelope, scope="read", failures=(errors.EventNotFound,),
    ),
    Call(
        method="get", path="/public/payment_intents/{intent_id}", name="retrievePublicPaymentIntent",
        summary="Retrieve what a payer may see", tag="Public", answer=PublicIntent,
        query=(_query("client_secret", "Opens description and return links.", {"type": "string"}),),
        failures=(errors.PaymentIntentNotFound,),
    ),
    Call(
        method="get", path="/health", name="health", summary="How well every part works", tag="Operations",
        answer=HealthReport, unhealthy=True,
    ),
    Call(
        method="get", path="/health/live", name="healthLive", summary="Whether the process runs", tag="Operations",
        answer=Alive, unhealthy=True,
    ),
    Call(
        method="get", path="/health/ready", name="healthReady", summary="Whether the process can serve requests",
        tag="Operations", answer=Alive, unhealthy=True,
    ),
)  # fmt: skip


def route() -> HTTPRouteHandler:
    """Serves the document."""

    @get("/openapi.json")
    async def openapi_document() -> Response[bytes]:
        """The OpenAPI document."""
        return Response(msgspec.json.format(msgspec.json.encode(document()), indent=2), media_type=JSON)

    return openapi_document


@cache
def document() -> Mapping[str, Any]:
    """The OpenAPI document."""
    types = [kind for call in CALLS for kind in (call.answer, call.body) if kind is not None]
    references, components = _components([*types, ErrorEnvelope])
    paths: dict[str, Any] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method] = _operation(call, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sGate",
            "version": sgate.__version__,
            "description": "A payment gateway for sBTC: payment intents, hosted checkout, signed webhooks.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(call.tag for call in CALLS)],
        "paths": paths,
        "webhooks": {event_type: _webhook(event_type, references) for event_type in EventType},
        "components": {
            "schemas": components,
            "securitySchemes": {
                "apiKey": {"type": "http", "scheme": "bearer", "bearerFormat": "sk_test_... or sk_live_..."}
            },
        },
    }


def _components(types: Sequence[type]) -> tuple[dict[type, Schema], Schema]:
    unique = list(dict.fromkeys(types))
    found, components = msgspec.json.schema_components(
        unique, ref_template="#/components/schemas/{name}", schema_hook=_any
    )
    return dict(zip(unique, found, strict=True)), components


def _any(kind: type) -> Schema:
    """Values of no fixed shape: the object inside an event, the details of an error."""
    del kind
    return {"description": "Any JSON value."}  # an empty schema would count as none


def _operation(call: Call, references: Mapping[type, Schema]) -> Schema:
    operation: Schema = {
        "operationId": call.name,
        "summary": call.summary,
        "tags": [call.tag],
        "parameters": [*_path_parameters(call.path), *call.query, *([_IDEMPOTENCY_KEY] if call.idempotent else [])],
        "responses": {
            str(call.status): {"description": "Done.", "content": {JSON: {"schema": references[call.answer]}}},
            **_failures(call, references),
        },
        "security": [] if call.scope is None else [{"apiKey": []}],
    }
    if call.scope is not None:
        operation["description"] = f"Needs a key with the scope `{call.scope}`."
    if call.body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": references[call.body]}}}
    return operation


_IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Up to 255 printable characters. The same request with the same key has its effect once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


def _path_parameters(path: str) -> list[Schema]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _failures(call: Call, references: Mapping[type, Schema]) -> Schema:
    if call.unhealthy:
        return {"503": {"description": "Not well.", "content": {JSON: {"schema": references[call.answer]}}}}
    kinds: list[type[GatewayError]] = [*call.failures, errors.RateLimitExceeded, errors.Unavailable]
    if call.scope is not None:
        kinds += [errors.Unauthorized, errors.Forbidden]
    by_status: dict[int, list[str]] = {}
    for kind in dict.fromkeys(kinds):
        by_status.setdefault(kind.status, []).append(kind.code)
    content = {JSON: {"schema": references[ErrorEnvelope]}}
    return {
        str(status): {"description": "Codes: " + ", ".join(f"`{code}`" for code in codes), "content": content}
        for status, codes in sorted(by_status.items())
    }


def _webhook(event_type: str, references: Mapping[type, Schema]) -> Schema:
    return {
        "post": {
            "operationId": event_type,
            "summary": f"Sent on {event_type}",
            "requestBody": {"content": {JSON: {"schema": references[Envelope]}}},
            "responses": {"2XX": {"description": "Received. Anything else is tried again."}},
        }
    }
