"""Types of enumerated fields. Type checkers see the known values; at run time, any text is valid.

A newer server may send values that this version does not know. They can be decoded, because at run time the fields are
plain text.
"""

from typing import TYPE_CHECKING, Annotated, Literal

StatusText = Literal["requires_payment", "processing", "confirmed", "expired", "failed", "canceled"]
AnomalyText = Literal[
    "partially_paid",
    "overpaid",
    "duplicate_payment",
    "paid_late",
    "paid_after_cancel",
    "canceled_with_payment",
    "reorged",
]
FailureReasonText = Literal["underpaid", "payment_undone"]
HeldReasonText = Literal["late", "after_cancel", "canceled", "duplicate", "overpaid"]
FinalityText = Literal["seen", "included", "anchored", "bitcoin_final"]
InclusionText = Literal["included", "orphaned"]
LatePolicyText = Literal["hold", "accept"]
NetworkText = Literal["mainnet", "testnet", "simulated"]
ScopeText = Literal["read", "write", "admin"]
HealthText = Literal["healthy", "degraded", "unhealthy"]
DeliveryStatusText = Literal["pending", "held", "delivered", "failed"]
WarningCodeText = Literal["gateway_address"]
EventTypeText = Literal[
    "payment_intent.created",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "payment_intent.reconfirmed",
    "payment_intent.reorged",
    "payment_intent.expired",
    "payment_intent.failed",
    "payment_intent.canceled",
    "payment_intent.partially_paid",
    "payment_intent.overpaid",
    "payment_intent.duplicate_payment",
    "payment_intent.paid_late",
    "payment_intent.paid_after_cancel",
    "payment_intent.canceled_with_payment",
    "payment.held",
    "payment.unmatched",
    "webhook_endpoint.disabled",
    "webhook_endpoint.test",
]

if not TYPE_CHECKING:
    globals().update({name: Annotated[str, known] for name, known in globals().items() if name.endswith("Text")})
