"""How the deployment stands, for load balancers and for people."""

from enum import StrEnum

import msgspec

import sgate


class Health(StrEnum):
    """How well a part works."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class ChainHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How one mode follows its chain."""

    status: Health
    network: str
    scanned_height: int
    checked_at: str | None
    trouble: str | None


class HealthReport(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the system as this process sees it. `uptime` in seconds, `memory` in bytes."""

    status: Health
    timestamp: str
    services: dict[str, Health]
    chains: dict[str, ChainHealth]
    uptime: float
    memory: dict[str, int]
    version: str = sgate.__version__


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """Whether to send requests here."""

    status: Health
