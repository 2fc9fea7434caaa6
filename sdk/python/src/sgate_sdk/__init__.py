"""Ask for sBTC payments through an sGate server, and verify its webhooks.

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
    BadRequest,
    Conflict,
    ConnectionFailed,
    Forbidden,
    InvalidSignature,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    RateLimited,
    ServerError,
    SGateError,
    TimedOut,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    UnsupportedMediaType,
    ValidationFailed,
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
    ApiKey,
    AuditLogEntry,
    HealthReport,
    Merchant,
    MerchantStats,
    Payment,
    PaymentIntent,
    PublicPaymentIntent,
    Quote,
    Receipt,
    Tier,
)
from sgate_sdk.paging import AsyncPage, AsyncPaging, Page
from sgate_sdk.webhooks import verify_signature, verify_webhook
from sgate_sdk.words import EventType, Finality, Health, Inclusion, LatePolicy, Scope, Status

__all__ = [
    "UNSET",
    "ApiKey",
    "AsyncPage",
    "AsyncPaging",
    "AsyncSGate",
    "AuditLogEntry",
    "BadRequest",
    "Conflict",
    "ConnectionFailed",
    "Event",
    "EventType",
    "Finality",
    "Forbidden",
    "Health",
    "HealthReport",
    "Inclusion",
    "InvalidSignature",
    "LatePolicy",
    "Merchant",
    "MerchantStats",
    "MethodNotAllowed",
    "NotFound",
    "Page",
    "PayloadTooLarge",
    "Payment",
    "PaymentEvent",
    "PaymentIntent",
    "PaymentIntentEvent",
    "PublicPaymentIntent",
    "Quote",
    "RateLimited",
    "Receipt",
    "SGate",
    "SGateError",
    "Scope",
    "ServerError",
    "Status",
    "Tier",
    "TimedOut",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "UnsetType",
    "UnsupportedMediaType",
    "ValidationFailed",
    "WebhookDelivery",
    "WebhookDeliveryWithAttempts",
    "WebhookEndpoint",
    "WebhookEndpointEvent",
    "WebhookRecovery",
    "__version__",
    "verify_signature",
    "verify_webhook",
]
