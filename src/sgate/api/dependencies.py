"""What the handlers work with, put together by the runtime."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from sgate.api.authentication import Authenticator
from sgate.api.live_intents import Rooms
from sgate.chain.simulator import SimulatorControl
from sgate.core.mode import Mode
from sgate.db.encryption import Cipher
from sgate.db.notifications import Feed
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.http.client_address import Addresses
from sgate.http.rate_limits import RateLimits
from sgate.http.sse import Streams
from sgate.services.maintenance_mode import MaintenanceMode
from sgate.services.payment_intents import Intents
from sgate.services.payments import Payments
from sgate.services.public_intent_cache import PublicViews
from sgate.services.replica_reads import Reads
from sgate.telemetry.metrics import Metrics
from sgate.telemetry.tracing import Traces


class Dependencies(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a request may need.

    `leaving` is set when the process was asked to stop. `simulators`: who can pay on the simulated chain, for the modes
    that run on it; `steerable`: and mine and fork it.
    """

    pool: Pool
    reads: Reads
    modes: Mapping[bool, Mode]
    intents: Intents
    payments: Payments
    authenticator: Authenticator
    rate_limits: RateLimits
    public_views: PublicViews
    cipher: Cipher
    environment: Environment
    metrics: Metrics
    traces: Traces | None
    streams: Streams
    feed: Feed
    rooms: Rooms
    allow_private_webhooks: bool
    simulators: Mapping[bool, SimulatorControl]
    steerable: bool
    started_monotonic_s: float
    addresses: Addresses
    now_monotonic_s: Callable[[], float]
    leaving: asyncio.Event
    maintenance: MaintenanceMode
