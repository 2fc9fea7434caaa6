"""All calls of the API, in the order of the documentation. Each call is declared next to its handler."""

from sgate.api.calls import Call
from sgate.api.routes import (
    api_keys,
    audit_log,
    events,
    health,
    merchants,
    payment_intents,
    payments,
    public_intents,
    simulator,
    webhook_deliveries,
    webhook_endpoints,
    webhook_recoveries,
)

CALLS: tuple[Call, ...] = (
    *payment_intents.CALLS,
    *payments.CALLS,
    *merchants.CALLS,
    *api_keys.CALLS,
    *audit_log.CALLS,
    *webhook_endpoints.CALLS,
    *webhook_recoveries.CALLS,
    *webhook_deliveries.CALLS,
    *events.CALLS,
    *simulator.CALLS,
    *public_intents.CALLS,
    *health.CALLS,
)
