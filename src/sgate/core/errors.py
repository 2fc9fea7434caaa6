"""Everything that can go wrong in a way a caller can act on: one tree, one class per error code.

The class says the HTTP status, the `type` (the family) and the `code`; its docstring is what the documentation says
about the code, and the default message. An instance adds what is known about this case. The file is long because the
tree is one, and a code is looked up in one place.
"""

from typing import ClassVar


class GatewayError(Exception):
    """Something went wrong on our side. Try again; if it stays, tell the operator the request id."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "internal_error"
    code: ClassVar[str] = "internal_error"

    def __init__(
        self,
        message: str | None = None,
        *,
        param: str | None = None,
        details: dict[str, object] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.message = message or " ".join((type(self).__doc__ or "").split())
        super().__init__(self.message)
        self.param = param
        self.details = details or {}
        self.retry_after_s = retry_after_s


# --- 400: the request cannot be read --------------------------------------------------------------------------------


class BadRequest(GatewayError):
    """The request cannot be understood. The message says what is wrong with it."""

    status = 400
    type = "bad_request"
    code = "bad_request"


class InvalidJson(BadRequest):
    """The request body is not valid JSON."""

    code = "invalid_json"


class InvalidIdempotencyKey(BadRequest):
    """An Idempotency-Key has 1 to 255 printable ASCII characters."""

    code = "invalid_idempotency_key"


class InvalidCursor(BadRequest):
    """The cursor of the list does not name an object of this list."""

    code = "invalid_cursor"


class MixedPaging(BadRequest):
    """A list is walked in one way at a time: give `starting_after`, `ending_before` or `page`, not two of them."""

    code = "mixed_paging"


class PageOutOfReach(BadRequest):
    """Page numbers reach the first 10,000 objects. Go on with `starting_after`, or narrow the list."""

    code = "page_out_of_reach"


# --- 401, 403: who asks ---------------------------------------------------------------------------------------------


class Unauthorized(GatewayError):
    """Send a valid API key as `Authorization: Bearer sk_...`."""

    status = 401
    type = "unauthorized"
    code = "invalid_api_key"


class Forbidden(GatewayError):
    """The API key is valid but lacks the scope that this call needs."""

    status = 403
    type = "forbidden"
    code = "insufficient_scope"


class MerchantSuspended(Forbidden):
    """The operator of this server has suspended this merchant: its keys do nothing until it is resumed. Payments that
    were begun are still recorded and announced.
    """

    code = "merchant_suspended"


class HttpsRequired(Forbidden):
    """Use https://. A key that was sent over http:// may have been read by others: roll it."""

    code = "https_required"  # answered by the proxy: see deploy/nginx


class SimulatorShared(Forbidden):
    """In production the simulated chain is shared by all merchants: pay on it, but do not mine or fork."""

    code = "simulator_shared"


# --- 404, 405: what is asked for ------------------------------------------------------------------------------------


class NotFound(GatewayError):
    """There is nothing at this address. All calls are listed under /docs."""

    status = 404
    type = "not_found"
    code = "not_found"


class PaymentIntentNotFound(NotFound):
    """There is no payment intent with this id among those that this key may see."""

    code = "payment_intent_not_found"


class ReceiptNotFound(NotFound):
    """There is a receipt as soon as a payment is in a block."""

    code = "receipt_not_found"


class LogoNotFound(NotFound):
    """There is no such logo. A merchant's present one is named by `logo_url`."""

    code = "logo_not_found"


class PaymentNotFound(NotFound):
    """There is no payment with this id among those that this key may see."""

    code = "payment_not_found"


class WebhookEndpointNotFound(NotFound):
    """There is no webhook endpoint with this id among those that this key may see."""

    code = "webhook_endpoint_not_found"


class WebhookDeliveryNotFound(NotFound):
    """There is no webhook delivery with this id among those that this key may see."""

    code = "webhook_delivery_not_found"


class WebhookRecoveryNotFound(NotFound):
    """There is no recovery of webhooks with this id among those that this key may see."""

    code = "webhook_recovery_not_found"


class EventNotFound(NotFound):
    """There is no event with this id among those that this key may see."""

    code = "event_not_found"


class ApiKeyNotFound(NotFound):
    """There is no API key with this id among those that this key may see. The id is not the key itself: `ak_...`."""

    code = "api_key_not_found"


class NotSimulated(NotFound):
    """The mode of this key does not run on the simulated chain, so nothing can be made to happen there."""

    code = "not_simulated"


class MethodNotAllowed(GatewayError):
    """This address exists, but not with this HTTP method."""

    status = 405
    type = "method_not_allowed"
    code = "method_not_allowed"


# --- 409: the state of things does not allow it ---------------------------------------------------------------------


class Conflict(GatewayError):
    """The state of the object does not allow this."""

    status = 409
    type = "conflict"
    code = "conflict"


class PaymentIntentNotCancelable(Conflict):
    """A payment intent can be canceled only while it waits for payment and no payment is known on the chain."""

    code = "payment_intent_not_cancelable"


class PayAddressTaken(Conflict):
    """Another merchant of this server receives payments at this address. Use an address of your own."""

    code = "pay_address_taken"


class TooManyWebhookEndpoints(Conflict):
    """The merchant has as many webhook endpoints as this server allows. Delete one first."""

    code = "too_many_webhook_endpoints"


class TooManyApiKeys(Conflict):
    """The merchant has as many API keys as this server allows, 100 in each mode. Revoke one first."""

    code = "too_many_api_keys"


class ApiKeyEnded(Conflict):
    """The API key does not work any more: it was revoked before, or came to its end after it was rolled."""

    code = "api_key_ended"


class WebhookEndpointDisabled(Conflict):
    """The webhook endpoint is disabled or deleted. Enable it first."""

    code = "webhook_endpoint_disabled"


class RecoveryInProgress(Conflict):
    """A range of events is already being sent to this endpoint once more. Wait until it is done."""

    code = "recovery_in_progress"


class PayAddressMissing(Conflict):
    """No address to be paid at: set `pay_address` with PATCH /v1/merchants/me first."""

    code = "pay_address_missing"


class TooManyHints(Conflict):
    """This payment intent has as many transaction hints as the server looks up. The payment itself will be found."""

    code = "too_many_hints"


class NothingToAccept(Conflict):
    """The payment intent holds no money that waits for a decision: nothing came late or after a cancel."""

    code = "nothing_to_accept"


class PaymentNotAssignable(Conflict):
    """Only an unmatched deposit that is on the chain can be assigned, to an intent with the same pay address."""

    code = "payment_not_assignable"


class PaymentNotRefundable(Conflict):
    """This payment counts towards its payment intent, or was marked as sent back before. The message says which."""

    code = "payment_not_refundable"


class IdempotencyInProgress(Conflict):
    """A request with the same Idempotency-Key is still running. Try again in a moment."""

    code = "idempotency_in_progress"


# --- 413, 415, 422: what was sent -----------------------------------------------------------------------------------


class RequestTimeout(GatewayError):
    """The request took longer to arrive than 10 seconds. Send it again."""

    status = 408
    type = "request_timeout"
    code = "request_timeout"


class HeadersTooLarge(GatewayError):
    """The head of the request is larger than 64 KiB, or has more than 100 headers."""

    status = 431
    type = "headers_too_large"
    code = "headers_too_large"


class PayloadTooLarge(GatewayError):
    """The request body is larger than 1 MB."""

    status = 413
    type = "payload_too_large"
    code = "payload_too_large"


class UnsupportedMediaType(GatewayError):
    """Send the body as `Content-Type: application/json`, in UTF-8 and not compressed."""

    status = 415
    type = "unsupported_media_type"
    code = "unsupported_media_type"


class ValidationFailed(GatewayError):
    """A field has a value that is not allowed. `param` names the field, the message says what is allowed."""

    status = 422
    type = "validation_error"
    code = "validation_error"


class InvalidAmount(ValidationFailed):
    """`amount_sats` is a whole number of sats from 1 to 2,100,000,000,000,000: an integer, or a string of digits."""

    code = "invalid_amount"


class InvalidCurrency(ValidationFailed):
    """The only currency is `sbtc`."""

    code = "invalid_currency"


class InvalidExpiresIn(ValidationFailed):
    """`expires_in` is a number of seconds from 60 to 86400."""

    code = "invalid_expires_in"


class DescriptionTooLong(ValidationFailed):
    """`description` has at most 500 characters."""

    code = "description_too_long"


class MetadataTooLarge(ValidationFailed):
    """`metadata` has at most 20 keys of at most 40 characters, with text values of at most 500 bytes."""

    code = "metadata_too_large"


class InvalidUrl(ValidationFailed):
    """A URL must be absolute, start with http:// or https://, and have at most 512 characters."""

    code = "invalid_url"


class InvalidLogo(ValidationFailed):
    """A logo is a PNG, JPEG or WebP picture of at most 64 kB; send its bytes as the body."""

    code = "invalid_logo"


class InvalidPayAddress(ValidationFailed):
    """`pay_address` must be a Stacks address of the right network with a correct checksum."""

    code = "invalid_pay_address"


class SimulationRefused(ValidationFailed):
    """The simulated chain cannot do that. The message says why."""

    code = "simulation_refused"


class InvalidConfirmationPolicy(ValidationFailed):
    """The confirmation policy cannot be used. The message says why."""

    code = "invalid_confirmation_policy"


class InvalidTxId(ValidationFailed):
    """A transaction id is `0x` followed by 64 hexadecimal digits."""

    code = "invalid_tx_id"


class InvalidRecoveryRange(ValidationFailed):
    """`since` must be before `until` and in the past, and the range at most 30 days long. What is more than 31 days old
    can be sent again only with `include_delivered`, because its deliveries may be forgotten.
    """

    code = "invalid_recovery_range"


class IdempotencyKeyReused(ValidationFailed):
    """This Idempotency-Key was used before with a different request body. Use a new key for a new request."""

    code = "idempotency_key_reused"


# --- 429, 503: not now ----------------------------------------------------------------------------------------------


class RateLimitExceeded(GatewayError):
    """Too many requests. Wait as long as `Retry-After` says."""

    status = 429
    type = "rate_limit_exceeded"
    code = "rate_limit_exceeded"


class Unavailable(GatewayError):
    """The server cannot answer right now, most likely because its database is away. Try again in a moment."""

    status = 503
    type = "unavailable"
    code = "unavailable"


class UnderMaintenance(Unavailable):
    """The server is under maintenance: it takes no calls that write. Reads go on. Come back after `Retry-After`."""

    code = "under_maintenance"


class RateUnavailable(Unavailable):
    """There is no exchange rate to price in dollars with: the price sources are away, too old, or do not agree. Use
    `amount_sats`, or try again later.
    """

    code = "rate_unavailable"
