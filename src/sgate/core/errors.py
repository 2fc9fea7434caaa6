"""The errors of the API: one class hierarchy, one class per error code.

A class defines the HTTP status, the `type` (the family) and the `code`. Its docstring is both the documentation of the
code and the default message; an instance may carry a more specific message and details. The module is long because it
lists all errors, so that each code is found in one place.
"""

from typing import ClassVar


class GatewayError(Exception):
    """An internal error occurred. Try again; if it persists, report the request id to the operator of the server."""

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


# --- 400: malformed request -----------------------------------------------------------------------------------------


class BadRequest(GatewayError):
    """The request is malformed. The message says what is wrong with it."""

    status = 400
    type = "bad_request"
    code = "bad_request"


class InvalidJson(BadRequest):
    """The request body is not valid JSON."""

    code = "invalid_json"


class InvalidIdempotencyKey(BadRequest):
    """`Idempotency-Key` must consist of 1 to 255 printable ASCII characters."""

    code = "invalid_idempotency_key"


class InvalidCursor(BadRequest):
    """The cursor does not name an object of this list. Use the id of an object that the list returned."""

    code = "invalid_cursor"


class MixedPaging(BadRequest):
    """Use only one of `starting_after`, `ending_before` and `page`."""

    code = "mixed_paging"


class PageOutOfReach(BadRequest):
    """Page numbers cover only the first 10,000 objects. Use `starting_after` with the id of the last object of a page,
    or narrow the filters.
    """

    code = "page_out_of_reach"


# --- 401, 403: authentication and authorization ---------------------------------------------------------------------


class Unauthorized(GatewayError):
    """The API key is missing or not valid. Send a valid key as `Authorization: Bearer sk_...`."""

    status = 401
    type = "unauthorized"
    code = "invalid_api_key"


class Forbidden(GatewayError):
    """The API key is valid, but lacks the scope that this call requires."""

    status = 403
    type = "forbidden"
    code = "insufficient_scope"


class MerchantSuspended(Forbidden):
    """The operator of this server has suspended this merchant: its API keys are refused until it is resumed. Payments
    already under way are still recorded, and their events are still sent.
    """

    code = "merchant_suspended"


class HttpsRequired(Forbidden):
    """Use https://. An API key that was sent over http:// may have been read by others: roll it."""

    code = "https_required"  # returned by the proxy: see deploy/nginx


class SimulatorShared(Forbidden):
    """In production all merchants share the simulated chain: you can pay on it, but not mine or fork it."""

    code = "simulator_shared"


# --- 404, 405: no such object or method -----------------------------------------------------------------------------


class NotFound(GatewayError):
    """There is nothing at this URL. All calls are listed under /docs."""

    status = 404
    type = "not_found"
    code = "not_found"


class PaymentIntentNotFound(NotFound):
    """There is no payment intent with this id, or this API key cannot access it."""

    code = "payment_intent_not_found"


class ReceiptNotFound(NotFound):
    """There is no receipt yet. It becomes available once a payment is in a block."""

    code = "receipt_not_found"


class LogoNotFound(NotFound):
    """There is no such logo. `logo_url` is the URL of the merchant's current logo, if there is one."""

    code = "logo_not_found"


class PaymentNotFound(NotFound):
    """There is no payment with this id, or this API key cannot access it."""

    code = "payment_not_found"


class WebhookEndpointNotFound(NotFound):
    """There is no webhook endpoint with this id, or this API key cannot access it."""

    code = "webhook_endpoint_not_found"


class WebhookDeliveryNotFound(NotFound):
    """There is no webhook delivery with this id, or this API key cannot access it."""

    code = "webhook_delivery_not_found"


class WebhookRecoveryNotFound(NotFound):
    """There is no webhook recovery with this id, or this API key cannot access it."""

    code = "webhook_recovery_not_found"


class EventNotFound(NotFound):
    """There is no event with this id, or this API key cannot access it."""

    code = "event_not_found"


class ApiKeyNotFound(NotFound):
    """There is no API key with this id, or your key cannot access it. Use the id (`ak_...`), not the key itself."""

    code = "api_key_not_found"


class NotSimulated(NotFound):
    """The mode of this API key does not use the simulated chain, so simulator calls are not available in it."""

    code = "not_simulated"


class MethodNotAllowed(GatewayError):
    """This URL does not support this HTTP method."""

    status = 405
    type = "method_not_allowed"
    code = "method_not_allowed"


# --- 409: conflict with the current state ---------------------------------------------------------------------------


class Conflict(GatewayError):
    """The current state of the object does not allow this."""

    status = 409
    type = "conflict"
    code = "conflict"


class PaymentIntentNotCancelable(Conflict):
    """A payment intent can be canceled until it is confirmed or closed. If a payment for it is already on the chain,
    `force` must be true.
    """

    code = "payment_intent_not_cancelable"


class PayAddressTaken(Conflict):
    """Another merchant on this server already receives payments at this address. Use a different address."""

    code = "pay_address_taken"


class TooManyWebhookEndpoints(Conflict):
    """The merchant has reached this server's limit of webhook endpoints. Delete one first."""

    code = "too_many_webhook_endpoints"


class TooManyApiKeys(Conflict):
    """The merchant has reached this server's limit of 100 API keys per mode. Revoke one first."""

    code = "too_many_api_keys"


class ApiKeyEnded(Conflict):
    """The API key is no longer valid: it was revoked, or expired after it was rolled."""

    code = "api_key_ended"


class WebhookEndpointDisabled(Conflict):
    """The webhook endpoint is disabled or deleted. A disabled endpoint must be enabled first."""

    code = "webhook_endpoint_disabled"


class RecoveryInProgress(Conflict):
    """A recovery is already resending events to this endpoint. Wait until it has finished."""

    code = "recovery_in_progress"


class PayAddressMissing(Conflict):
    """The merchant has no pay address. Set `pay_address` with PATCH /v1/merchants/me first."""

    code = "pay_address_missing"


class TooManyHints(Conflict):
    """This payment intent has reached its limit of transaction hints. The payment will be found without one."""

    code = "too_many_hints"


class NothingToAccept(Conflict):
    """The payment intent has no held payment to accept: none arrived late or after it was canceled."""

    code = "nothing_to_accept"


class PaymentNotAssignable(Conflict):
    """Only an unmatched deposit that is on the chain can be assigned, and only to a payment intent whose pay address
    received it.
    """

    code = "payment_not_assignable"


class PaymentNotRefundable(Conflict):
    """This payment counts toward its payment intent, or is already marked as refunded."""

    code = "payment_not_refundable"


class IdempotencyInProgress(Conflict):
    """A request with the same `Idempotency-Key` is still in progress. Try again in a moment."""

    code = "idempotency_in_progress"


# --- 408, 413, 415, 422, 431: invalid request -----------------------------------------------------------------------


class RequestTimeout(GatewayError):
    """The request took longer than 10 seconds to arrive. Send it again."""

    status = 408
    type = "request_timeout"
    code = "request_timeout"


class HeadersTooLarge(GatewayError):
    """The request headers are larger than 64 KiB in total, or there are more than 100 of them."""

    status = 431
    type = "headers_too_large"
    code = "headers_too_large"


class PayloadTooLarge(GatewayError):
    """The request body is larger than 1 MB."""

    status = 413
    type = "payload_too_large"
    code = "payload_too_large"


class UnsupportedMediaType(GatewayError):
    """The request body must be JSON in UTF-8, uncompressed, with `Content-Type: application/json`."""

    status = 415
    type = "unsupported_media_type"
    code = "unsupported_media_type"


class ValidationFailed(GatewayError):
    """A field has a value that is not allowed. `param` names the field; the message says what is allowed."""

    status = 422
    type = "validation_error"
    code = "validation_error"


class InvalidAmount(ValidationFailed):
    """`amount_sats` must be an integer, or a string of digits, from 1 to 2,100,000,000,000,000."""

    code = "invalid_amount"


class InvalidCurrency(ValidationFailed):
    """`currency` must be `sbtc`."""

    code = "invalid_currency"


class InvalidExpiresIn(ValidationFailed):
    """`expires_in` must be a number of seconds from 60 to 86400."""

    code = "invalid_expires_in"


class DescriptionTooLong(ValidationFailed):
    """`description` must have at most 500 characters."""

    code = "description_too_long"


class MetadataTooLarge(ValidationFailed):
    """`metadata` must have at most 20 keys of at most 40 characters, with string values of at most 500 bytes."""

    code = "metadata_too_large"


class InvalidUrl(ValidationFailed):
    """A URL must be absolute, start with http:// or https://, and have at most 512 characters."""

    code = "invalid_url"


class InvalidLogo(ValidationFailed):
    """A logo must be a PNG, JPEG or WebP image of at most 64 KiB and 2048 x 2048 pixels, and not animated. Send its
    bytes as the request body.
    """

    code = "invalid_logo"


class InvalidPayAddress(ValidationFailed):
    """`pay_address` must be a Stacks address on the right network with a correct checksum."""

    code = "invalid_pay_address"


class SimulationRefused(ValidationFailed):
    """The simulated chain cannot perform this operation. The message says why."""

    code = "simulation_refused"


class InvalidConfirmationPolicy(ValidationFailed):
    """The confirmation policy is not valid. The message says why."""

    code = "invalid_confirmation_policy"


class InvalidTxId(ValidationFailed):
    """A transaction id must be `0x` followed by 64 hexadecimal digits."""

    code = "invalid_tx_id"


class InvalidRecoveryRange(ValidationFailed):
    """`since` must be in the past and before `until`, and the range must be at most 30 days long. Events more than 31
    days old can be resent only with `include_delivered`, because their deliveries may have been deleted.
    """

    code = "invalid_recovery_range"


class IdempotencyKeyReused(ValidationFailed):
    """This `Idempotency-Key` was already used with a different request body. Use a new key for a new request."""

    code = "idempotency_key_reused"


# --- 429, 503: try again later --------------------------------------------------------------------------------------


class RateLimitExceeded(GatewayError):
    """Too many requests. Wait for the number of seconds in `Retry-After`."""

    status = 429
    type = "rate_limit_exceeded"
    code = "rate_limit_exceeded"


class Unavailable(GatewayError):
    """The server is temporarily unavailable, most likely because its database is unreachable. Try again in a moment."""

    status = 503
    type = "unavailable"
    code = "unavailable"


class UnderMaintenance(Unavailable):
    """The server is under maintenance and rejects writes; reads still work. Wait for the number of seconds in
    `Retry-After`, then try again.
    """

    code = "under_maintenance"


class ClockBehind(Unavailable):
    """The server's clock is behind the blocks of the chain, so a deadline would pass too early. Try again later; the
    operator must synchronize the clock of the server.
    """

    code = "clock_behind"


class RateUnavailable(Unavailable):
    """There is no exchange rate for prices in dollars: the price sources are unreachable, out of date, or disagree. Use
    `amount_sats`, or try again later.
    """

    code = "rate_unavailable"
