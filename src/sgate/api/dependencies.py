"""The dependencies of the request handlers, assembled by the runtime."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from sgate.api.authentication import Authenticator
from sgate.api.live_intents import LiveIntents
from sgate.chain.simulator import SimulatorControl
from sgate.core.egress import Egress
from sgate.core.mode import Mode
from sgate.db.encryption import Cipher
from sgate.db.notifications import Listener
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.http.client_address import Addresses
from sgate.http.rate_limits import RateLimits
from sgate.http.sse import Streams
from sgate.services.database_writes import DatabaseWrites
from sgate.services.events import Events
from sgate.services.maintenance_mode import MaintenanceMode
from sgate.services.payment_intents import PaymentIntents
from sgate.services.payments import Payments
from sgate.services.public_intent_cache import PublicIntentCache
from sgate.services.replica_reads import ReplicaReads
from sgate.services.webhook_deliveries import WebhookDeliveries
from sgate.services.webhook_endpoints import WebhookEndpoints
from sgate.telemetry.metrics import Metrics
from sgate.telemetry.tracing import Traces


class Dependencies(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that handlers may need.

    Attributes:
        simulators: the controls of the simulated chain for each mode that runs on it.
        steerable: whether callers may also mine and fork the simulated chain, in addition to paying on it.
        leaving: an event that is set when the process has been asked to stop.
    """

    pool: Pool
    writes: DatabaseWrites
    reads: ReplicaReads
    modes: Mapping[bool, Mode]
    payment_intents: PaymentIntents
    payments: Payments
    webhook_endpoints: WebhookEndpoints
    webhook_deliveries: WebhookDeliveries
    events: Events
    authenticator: Authenticator
    rate_limits: RateLimits
    public_views: PublicIntentCache
    cipher: Cipher
    environment: Environment
    metrics: Metrics
    traces: Traces | None
    streams: Streams
    max_streams_per_intent: int
    listener: Listener
    live_intents: LiveIntents
    egress: Egress
    simulators: Mapping[bool, SimulatorControl]
    steerable: bool
    started_monotonic_s: float
    addresses: Addresses
    now_monotonic_s: Callable[[], float]
    leaving: asyncio.Event
    maintenance: MaintenanceMode
