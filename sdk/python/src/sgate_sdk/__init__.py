"""Accept sBTC payments through an sGate server, and verify its webhooks.

```python
from sgate_sdk import SGate

sgate = SGate("sk_test_...", base_url="https://pay.example.com")
intent = sgate.payment_intents.create(amount_sats=25_000, description="Order 17", idempotency_key="order-17")
print(intent.checkout_url)
```
"""

from msgspec import UNSET, UnsetType

from sgate_sdk._version import __version__
from sgate_sdk.client import AsyncSGate, SGate
from sgate_sdk.errors import (
    SGateAuthenticationError,
    SGateBadRequestError,
    SGateConflictError,
    SGateConnectionError,
    SGateError,
    SGateMethodNotAllowedError,
    SGateNotFoundError,
    SGatePayloadTooLargeError,
    SGatePermissionError,
    SGateRateLimitError,
    SGateServerError,
    SGateSignatureError,
    SGateTimeoutError,
    SGateUnavailableError,
    SGateUnexpectedResponseError,
    SGateUnsupportedMediaTypeError,
    SGateUsageError,
    SGateValidationError,
)
from sgate_sdk.events import (
    Event,
    PaymentEvent,
    PaymentIntentEvent,
    WebhookDelivery,
    WebhookDeliveryWithAttempts,
    WebhookEndpoint,
    WebhookEndpointEvent,
    WebhookRecovery,
)
from sgate_sdk.models import (
    Alive,
    ApiKey,
    AuditLogEntry,
    Deleted,
    HealthReport,
    Hint,
    IntentPayment,
    Merchant,
    MerchantStats,
    Payment,
    PaymentIntent,
    PublicPaymentIntent,
    Quote,
    Receipt,
    SimulatedPayment,
    Simulator,
    Tier,
)
from sgate_sdk.paging import AsyncListing, AsyncPage, Page
from sgate_sdk.webhooks import verify_signature, verify_webhook
from sgate_sdk.words import Anomaly, EventType, Finality, Health, Inclusion, LatePolicy, Network, Scope, Status

# Deprecated aliases.
from sgate_sdk.errors import (  # isort: skip
    BadRequest as BadRequest,
    Conflict as Conflict,
    ConnectionFailed as ConnectionFailed,
    Forbidden as Forbidden,
    InvalidSignature as InvalidSignature,
    MethodNotAllowed as MethodNotAllowed,
    NotFound as NotFound,
    PayloadTooLarge as PayloadTooLarge,
    RateLimited as RateLimited,
    ServerError as ServerError,
    TimedOut as TimedOut,
    Unauthorized as Unauthorized,
    Unavailable as Unavailable,
    UnexpectedAnswer as UnexpectedAnswer,
    UnsupportedMediaType as UnsupportedMediaType,
    ValidationFailed as ValidationFailed,
)
from sgate_sdk.paging import AsyncPaging as AsyncPaging  # isort: skip

__all__ = [
    "UNSET",
    "Alive",
    "Anomaly",
    "ApiKey",
    "AsyncListing",
    "AsyncPage",
    "AsyncSGate",
    "AuditLogEntry",
    "Deleted",
    "Event",
    "EventType",
    "Finality",
    "Health",
    "HealthReport",
    "Hint",
    "Inclusion",
    "IntentPayment",
    "LatePolicy",
    "Merchant",
    "MerchantStats",
    "Network",
    "Page",
    "Payment",
    "PaymentEvent",
    "PaymentIntent",
    "PaymentIntentEvent",
    "PublicPaymentIntent",
    "Quote",
    "Receipt",
    "SGate",
    "SGateAuthenticationError",
    "SGateBadRequestError",
    "SGateConflictError",
    "SGateConnectionError",
    "SGateError",
    "SGateMethodNotAllowedError",
    "SGateNotFoundError",
    "SGatePayloadTooLargeError",
    "SGatePermissionError",
    "SGateRateLimitError",
    "SGateServerError",
    "SGateSignatureError",
    "SGateTimeoutError",
    "SGateUnavailableError",
    "SGateUnexpectedResponseError",
    "SGateUnsupportedMediaTypeError",
    "SGateUsageError",
    "SGateValidationError",
    "Scope",
    "SimulatedPayment",
    "Simulator",
    "Status",
    "Tier",
    "UnsetType",
    "WebhookDelivery",
    "WebhookDeliveryWithAttempts",
    "WebhookEndpoint",
    "WebhookEndpointEvent",
    "WebhookRecovery",
    "__version__",
    "verify_signature",
    "verify_webhook",
]
