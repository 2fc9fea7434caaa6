"""One table says what each call takes and gives; a test compares it with the routes that are really served.

`document` makes the OpenAPI document of it. The file is long because it is one table.
"""

from typing import Any

import msgspec

from sgate.api import request_bodies
from sgate.api.query import MAX_LIMIT, MAX_PAGE
from sgate.api.routes.simulator import MineBlocks, Reorganise, ShortIntent, SimulatedPayment
from sgate.core import errors
from sgate.core.errors import GatewayError
from sgate.core.event import Envelope, EventType
from sgate.core.intent import Status
from sgate.objects.api_key import ApiKeyObject
from sgate.objects.audit_log_entry import AuditLogEntry
from sgate.objects.health import Alive, HealthReport
from sgate.objects.merchant import MerchantObject
from sgate.objects.payment import DepositObject
from sgate.objects.payment_hint import HintObject
from sgate.objects.payment_intent import IntentWithPayments
from sgate.objects.public_intent import PublicIntent
from sgate.objects.receipt import Receipt
from sgate.objects.simulator import SimulatedPaymentObject, SimulatorObject
from sgate.objects.stats import StatsObject
from sgate.objects.webhook_delivery import DeliveryObject, DeliveryWithAttempts
from sgate.objects.webhook_endpoint import EndpointObject
from sgate.objects.webhook_recovery import RecoveryObject

Schema = dict[str, Any]


class IntentList(msgspec.Struct):
    """A part of the list of payment intents, newest first. The last four fields are there if `page` was given.

    `total` is counted up to 10,000; if there are more, `total_is_exact` is false.
    """

    object: str
    data: list[IntentWithPayments]
    has_more: bool
    limit: int
    total: int | msgspec.UnsetType = msgspec.UNSET
    total_is_exact: bool | msgspec.UnsetType = msgspec.UNSET
    page: int | msgspec.UnsetType = msgspec.UNSET
    pages: int | msgspec.UnsetType = msgspec.UNSET


class PaymentList(msgspec.Struct):
    """A page of payments, newest first."""

    object: str
    data: list[DepositObject]
    has_more: bool
    limit: int


class EndpointList(msgspec.Struct):
    """A page of webhook endpoints, newest first."""

    object: str
    data: list[EndpointObject]
    has_more: bool
    limit: int


class EventList(msgspec.Struct):
    """A page of events, newest first."""

    object: str
    data: list[Envelope]
    has_more: bool
    limit: int


class ApiKeyList(msgspec.Struct):
    """A page of the API keys that can be used, newest first."""

    object: str
    data: list[ApiKeyObject]
    has_more: bool
    limit: int


class AuditLogList(msgspec.Struct):
    """A page of the audit log, newest first."""

    object: str
    data: list[AuditLogEntry]
    has_more: bool
    limit: int


class DeliveryList(msgspec.Struct):
    """A page of webhook deliveries, newest first."""

    object: str
    data: list[DeliveryObject]
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
    `upload`: the media types of a body that is no JSON. `stream`: the answer is a stream of server-sent events, each of
    which has `answer` as its data.
    `streams`: the answer may also be a stream of these, as server-sent events.
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
    upload: tuple[str, ...] = ()
    stream: bool = False
    streams: type | None = None


def _query(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


_LIMIT = _query("limit", "How many to return.", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 10})
_LIMIT_ALL = _query(
    "limit", "How many to return.", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": MAX_LIMIT}
)
_ID: Schema = {"type": "string", "pattern": "^[a-z]{2,4}_[0-9a-f]{24}$"}
_AFTER = _query("starting_after", "Id of the last object of the page before.", _ID)
_BEFORE = _query("ending_before", "Id of the first object of the page after.", _ID)
_PAGE: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}
_MOMENT: Schema = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
_PERIOD = (
    _query("from_date", "Made at this moment or later; a date is its beginning, UTC.", _MOMENT),
    _query("to_date", "Made at this moment or before; a date is its end, UTC.", _MOMENT),
)
_DAYS = (
    _query("from_date", "The first day, UTC. Default: 29 days before the last.", {"type": "string", "format": "date"}),
    _query(
        "to_date", "The last day, UTC, at most 366 days in all. Default: today.", {"type": "string", "format": "date"}
    ),
)
_METADATA: Schema = {
    "name": "metadata",
    "in": "query",
    "required": False,
    "style": "deepObject",
    "explode": True,
    "description": "Only those with these pairs in their metadata: `metadata[order]=17`.",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}
_VALIDATION = (errors.ValidationFailed, errors.InvalidJson, errors.UnsupportedMediaType, errors.PayloadTooLarge)
_IDEMPOTENCY = (errors.IdempotencyKeyReused, errors.IdempotencyInProgress, errors.InvalidIdempotencyKey)

CALLS: tuple[Call, ...] = (
    Call(
        method="post", path="/v1/payment_intents", name="createPaymentIntent", summary="Create a payment intent",
        tag="Payment intents", body=request_bodies.CreatePaymentIntent, answer=IntentWithPayments, status=201,
        scope="write", idempotent=True,
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
            _query("status", "Only those with this status.", {"type": "string", "enum": list(Status)}),
            *_PERIOD, _METADATA, _AFTER, _BEFORE,
            _query("page", "A page by its number, up to 10,000 objects; not together with a cursor.", _PAGE), _LIMIT,
        ),
        failures=(errors.InvalidCursor, errors.MixedPaging, errors.PageOutOfReach, errors.ValidationFailed),
    ),
    Call(
        method="get", path="/v1/payment_intents/{intent_id}", name="retrievePaymentIntent",
        summary="Retrieve a payment intent", tag="Payment intents", answer=IntentWithPayments, scope="read",
        failures=(errors.PaymentIntentNotFound,),
    ),
    Call(
        method="post", path="/v1/payment_intents/{intent_id}", name="updatePaymentIntent",
        summary="Update a payment intent", tag="Payment intents", body=request_bodies.UpdatePaymentIntent,
        answer=IntentWithPayments, scope="write", idempotent=True,
        failures=(
            *_VALIDATION, *_IDEMPOTENCY, errors.PaymentIntentNotFound, errors.DescriptionTooLong,
            errors.MetadataTooLarge,
        ),
    ),
    Call(
        method="post", path="/v1/payment_intents/{intent_id}/cancel", name="cancelPaymentIntent",
        summary="Cancel a payment intent", tag="Payment intents", answer=IntentWithPayments, scope="write",
        idempotent=True,
        failures=(*_VALIDATION, *_IDEMPOTENCY, errors.PaymentIntentNotFound, errors.PaymentIntentNotCancelable),
    ),
    Call(
        method="post", path="/v1/payment_intents/{intent_id}/accept", name="acceptPaymentIntent",
        summary="Count money that came late or after a cancel", tag="Payment intents", answer=IntentWithPayments,
        scope="write", idempotent=True,
        failures=(*_VALIDATION, *_IDEMPOTENCY, errors.PaymentIntentNotFound, errors.NothingToAccept),
    ),
    Call(
        method="get", path="/v1/payments", name="listPayments", summary="List payments and unmatched deposits",
        tag="Payments", answer=PaymentList, scope="read",
        query=(
            _query("unmatched", "Only deposits that pay for no payment intent.", {"type": "boolean"}),
            _query("payment_intent", "Only payments of this payment intent.", _ID),
            _AFTER, _BEFORE, _LIMIT,
        ),
        failures=(errors.InvalidCursor, errors.MixedPaging, errors.ValidationFailed),
    ),
    Call(
        method="get", path="/v1/payments/{payment_id}", name="retrievePayment", summary="Retrieve a payment",
        tag="Payments", answer=DepositObject, scope="read", failures=(errors.PaymentNotFound,),
    ),
    Call(
        method="post", path="/v1/payments/{payment_id}/assign", name="assignPayment",
        summary="Say which payment intent an unmatched deposit is for", tag="Payments",
        body=request_bodies.AssignPayment,
        answer=DepositObject, scope="write", idempotent=True,
        failures=(
            *_VALIDATION, *_IDEMPOTENCY, errors.PaymentNotFound, errors.PaymentIntentNotFound,
            errors.PaymentNotAssignable,
        ),
    ),
    Call(
        method="post", path="/v1/payments/{payment_id}/mark_refunded", name="markPaymentRefunded",
        summary="Record that a payment was sent back by hand", tag="Payments", body=request_bodies.MarkRefunded,
        answer=DepositObject, scope="write", idempotent=True,
        failures=(
            *_VALIDATION, *_IDEMPOTENCY, errors.InvalidTxId, errors.PaymentNotFound, errors.PaymentNotRefundable,
        ),
    ),
    Call(
        method="get", path="/v1/merchants/me", name="retrieveMerchant", summary="Retrieve the merchant", tag="Merchant",
        answer=MerchantObject, scope="read",
    ),
    Call(
        method="patch", path="/v1/merchants/me", name="updateMerchant", summary="Update the merchant", tag="Merchant",
        body=request_bodies.UpdateMerchant, answer=MerchantObject, scope="admin",
        failures=(
            *_VALIDATION, errors.InvalidUrl, errors.InvalidPayAddress, errors.InvalidConfirmationPolicy,
            errors.PayAddressTaken,
        ),
    ),
    Call(
        method="get", path="/v1/merchants/me/stats", name="retrieveMerchantStats", summary="Retrieve daily numbers",
        tag="Merchant", answer=StatsObject, scope="read", query=_DAYS, failures=(errors.ValidationFailed,),
    ),
    Call(
        method="post", path="/v1/api_keys", name="createApiKey", summary="Create an API key", tag="API keys",
        body=request_bodies.CreateApiKey, answer=ApiKeyObject, status=201, scope="admin", idempotent=True,
        failures=(*_VALIDATION, *_IDEMPOTENCY, errors.TooManyApiKeys),
    ),
    Call(
        method="get", path="/v1/api_keys", name="listApiKeys", summary="List API keys", tag="API keys",
        answer=ApiKeyList, scope="admin", query=(_AFTER, _BEFORE, _LIMIT_ALL),
        failures=(errors.InvalidCursor, errors.MixedPaging, errors.ValidationFailed),
    ),
    Call(
        method="get", path="/v1/api_keys/{key_id}", name="retrieveApiKey", summary="Retrieve an API key",
        tag="API keys", answer=ApiKeyObject, scope="admin", failures=(errors.ApiKeyNotFound,),
    ),
    Call(
        method="post", path="/v1/api_keys/{key_id}/roll", name="rollApiKey", summary="Replace an API key",
        tag="API keys", body=request_bodies.RollApiKey, answer=ApiKeyObject, status=201, scope="admin", idempotent=True,
        failures=(
            *_VALIDATION, *_IDEMPOTENCY, errors.ApiKeyNotFound, errors.ApiKeyEnded, errors.TooManyApiKeys,
        ),
    ),
    Call(
        method="delete", path="/v1/api_keys/{key_id}", name="revokeApiKey", summary="Revoke an API key",
        tag="API keys", answer=ApiKeyObject, scope="admin", failures=(errors.ApiKeyNotFound, errors.ApiKeyEnded),
    ),
    Call(
        method="get", path="/v1/audit_log", name="listAuditLog", summary="List the audit log", tag="Audit log",
        answer=AuditLogList, scope="admin",
        query=(
            _query("action", "Only lines of this action, such as `api_key.revoked`.", {"type": "string"}),
            _query("object_id", "Only lines about this object.", {"type": "string"}), _AFTER, _LIMIT,
        ),
        failures=(errors.InvalidCursor, errors.ValidationFailed),
    ),
    Call(
        method="put", path="/v1/merchants/me/logo", name="setLogo", summary="Set the logo", tag="Merchant",
        answer=MerchantObject, scope="admin", upload=("image/png", "image/jpeg", "image/webp"),
        failures=(errors.InvalidLogo, errors.PayloadTooLarge),
    ),
    Call(
        method="delete", path="/v1/merchants/me/logo", name="deleteLogo", summary="Remove the logo", tag="Merchant",
        answer=MerchantObject, scope="admin",
    ),
    Call(
        method="post", path="/v1/webhook_endpoints", name="createWebhookEndpoint", summary="Create a webhook endpoint",
        tag="Webhook endpoints", body=request_bodies.CreateWebhookEndpoint, answer=EndpointObject, status=201,
        scope="admin",
        idempotent=True,
        failures=(
            *_VALIDATION, *_IDEMPOTENCY, errors.InvalidUrl, errors.DescriptionTooLong, errors.TooManyWebhookEndpoints,
        ),
    ),
    Call(
        method="get", path="/v1/webhook_endpoints", name="listWebhookEndpoints", summary="List webhook endpoints",
        tag="Webhook endpoints", answer=EndpointList, scope="read", query=(_AFTER, _BEFORE, _LIMIT_ALL),
        failures=(errors.InvalidCursor, errors.MixedPaging, errors.ValidationFailed),
    ),
    Call(
        method="get", path="/v1/webhook_endpoints/{endpoint_id}", name="retrieveWebhookEndpoint",
        summary="Retrieve a webhook endpoint", tag="Webhook endpoints", answer=EndpointObject, scope="read",
        failures=(errors.WebhookEndpointNotFound,),
    ),
    Call(
        method="post", path="/v1/webhook_endpoints/{endpoint_id}", name="updateWebhookEndpoint",
        summary="Update a webhook endpoint", tag="Webhook endpoints", body=request_bodies.UpdateWebhookEndpoint,
        answer=EndpointObject, scope="admin", idempotent=True,
        failures=(
            *_VALIDATION, *_IDEMPOTENCY, errors.InvalidUrl, errors.DescriptionTooLong, errors.WebhookEndpointNotFound,
        ),
    ),
    Call(
        method="post", path="/v1/webhook_endpoints/{endpoint_id}/rotate_secret", name="rotateWebhookSecret",
        summary="Rotate the secret; the one before signs too for 24 hours", tag="Webhook endpoints",
        answer=EndpointObject, scope="admin", idempotent=True,
        failures=(*_VALIDATION, *_IDEMPOTENCY, errors.WebhookEndpointNotFound),
    ),
    Call(
        method="post", path="/v1/webhook_endpoints/{endpoint_id}/enable", name="enableWebhookEndpoint",
        summary="Enable a webhook endpoint and send what was held", tag="Webhook endpoints", answer=EndpointObject,
        scope="admin", idempotent=True, failures=(*_VALIDATION, *_IDEMPOTENCY, errors.WebhookEndpointNotFound),
    ),
    Call(
        method="post", path="/v1/webhook_endpoints/{endpoint_id}/test", name="sendTestWebhook",
        summary="Send a test event", tag="Webhook endpoints", answer=DeliveryObject, status=201, scope="admin",
        idempotent=True,
        failures=(*_VALIDATION, *_IDEMPOTENCY, errors.WebhookEndpointNotFound, errors.WebhookEndpointDisabled),
    ),
    Call(
        method="post", path="/v1/webhook_endpoints/{endpoint_id}/recover", name="recoverWebhooks",
        summary="Send the events of some time once more", tag="Webhook endpoints", body=request_bodies.RecoverWebhooks,
        answer=RecoveryObject, status=202, scope="admin", idempotent=True,
        failures=(
            *_VALIDATION, *_IDEMPOTENCY, errors.WebhookEndpointNotFound, errors.InvalidRecoveryRange,
            errors.RecoveryInProgress,
        ),
    ),
    Call(
        method="get", path="/v1/webhook_recoveries/{recovery_id}", name="retrieveWebhookRecovery",
        summary="Retrieve a recovery: how far it is", tag="Webhook endpoints", answer=RecoveryObject, scope="read",
        failures=(errors.WebhookRecoveryNotFound,),
    ),
    Call(
        method="delete", path="/v1/webhook_endpoints/{endpoint_id}", name="deleteWebhookEndpoint",
        summary="Delete a webhook endpoint", tag="Webhook endpoints", answer=Deleted, scope="admin",
        failures=(errors.WebhookEndpointNotFound,),
    ),
    Call(
        method="get", path="/v1/webhook_deliveries", name="listWebhookDeliveries", summary="List webhook deliveries",
        tag="Webhook deliveries", answer=DeliveryList, scope="read",
        query=(
            _query("endpoint", "Only deliveries to this endpoint.", _ID),
            _query("event", "Only deliveries of this event.", _ID),
            _query(
                "status", "Only those in this state.",
                {"type": "string", "enum": ["pending", "held", "delivered", "failed"]},
            ),
            _AFTER, _LIMIT,
        ),
        failures=(errors.InvalidCursor, errors.ValidationFailed),
    ),
    Call(
        method="get", path="/v1/webhook_deliveries/{delivery_id}", name="retrieveWebhookDelivery",
        summary="Retrieve a webhook delivery with its attempts", tag="Webhook deliveries", answer=DeliveryWithAttempts,
        scope="read", failures=(errors.WebhookDeliveryNotFound,),
    ),
    Call(
        method="post", path="/v1/webhook_deliveries/{delivery_id}/redeliver", name="redeliverWebhook",
        summary="Send a webhook once more", tag="Webhook deliveries", answer=DeliveryObject, scope="write",
        idempotent=True,
        failures=(*_VALIDATION, *_IDEMPOTENCY, errors.WebhookDeliveryNotFound, errors.WebhookEndpointDisabled),
    ),
    Call(
        method="get", path="/v1/events", name="listEvents", summary="List events, or stream those to come",
        tag="Events", answer=EventList, scope="read", streams=Envelope,
        query=(
            _query("type", "Only events of this type.", {"type": "string", "enum": list(EventType)}),
            _query("object", "Only events about the object with this id.", _ID),
            _query("payment_intent", "The same, for a payment intent.", _ID),
            *_PERIOD,
            _query(
                "stream", "`true`: the answer is a stream of server-sent events and does not end.",
                {"type": "string", "enum": ["true", "false"]},
            ),
            _query(
                "last_event_id", "Stream from after this event on; as the header `Last-Event-ID`.", _ID
            ),
            _AFTER, _BEFORE, _LIMIT,
        ),
        failures=(errors.InvalidCursor, errors.MixedPaging, errors.ValidationFailed),
    ),
    Call(
        method="get", path="/v1/events/{event_id}", name="retrieveEvent", summary="Retrieve an event", tag="Events",
        answer=Envelope, scope="read", failures=(errors.EventNotFound,),
    ),
    Call(
        method="get", path="/v1/simulator", name="retrieveSimulator", summary="Where the simulated chain stands",
        tag="Simulated chain", answer=SimulatorObject, scope="read",
        failures=(errors.NotSimulated, errors.ValidationFailed),
    ),
    Call(
        method="post", path="/v1/simulator/payments", name="simulatePayment", summary="Pay on the simulated chain",
        tag="Simulated chain", body=SimulatedPayment, answer=SimulatedPaymentObject, status=201, scope="write",
        failures=(*_VALIDATION, errors.InvalidAmount, errors.NotSimulated, errors.SimulationRefused),
    ),
    Call(
        method="post", path="/v1/simulator/payment_intents", name="createShortPaymentIntent",
        summary="Create a payment intent that expires soon", tag="Simulated chain", body=ShortIntent,
        answer=IntentWithPayments, status=201, scope="write", idempotent=True,
        failures=(
            *_VALIDATION, *_IDEMPOTENCY, errors.InvalidAmount, errors.NotSimulated,
        ),
    ),
    Call(
        method="post", path="/v1/simulator/blocks", name="mineBlocks", summary="Mine blocks of the simulated chain",
        tag="Simulated chain", body=MineBlocks, answer=SimulatorObject, scope="write",
        failures=(*_VALIDATION, errors.NotSimulated, errors.SimulatorShared),
    ),
    Call(
        method="post", path="/v1/simulator/reorg", name="reorganise", summary="Let another branch win",
        tag="Simulated chain", body=Reorganise, answer=SimulatorObject, scope="write",
        failures=(*_VALIDATION, errors.NotSimulated, errors.SimulatorShared, errors.SimulationRefused),
    ),
    Call(
        method="get", path="/public/payment_intents/{intent_id}", name="retrievePublicPaymentIntent",
        summary="Retrieve what a payer may see", tag="Public", answer=PublicIntent,
        query=(_query("client_secret", "Opens description and return links.", {"type": "string"}),),
        failures=(errors.PaymentIntentNotFound,),
    ),
    Call(
        method="post", path="/public/payment_intents/{intent_id}/hint", name="giveHint",
        summary="Tell which transaction the wallet sent", tag="Public", body=request_bodies.GiveHint, answer=HintObject,
        status=202, failures=(*_VALIDATION, errors.InvalidTxId, errors.PaymentIntentNotFound, errors.TooManyHints),
    ),
    Call(
        method="get", path="/public/payment_intents/{intent_id}/events", name="streamPublicPaymentIntent",
        summary="Be told what changes", tag="Public", answer=PublicIntent, stream=True,
        query=(_query("client_secret", "Opens description and return links.", {"type": "string"}),),
        failures=(errors.PaymentIntentNotFound,),
    ),
    Call(
        method="get", path="/public/payment_intents/{intent_id}/receipt", name="retrieveReceipt",
        summary="Retrieve the receipt", tag="Public", answer=Receipt,
        query=(_query("client_secret", "Opens the description.", {"type": "string"}),),
        failures=(errors.PaymentIntentNotFound, errors.ReceiptNotFound),
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
