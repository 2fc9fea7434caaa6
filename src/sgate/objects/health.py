"""The health of the deployment, for load balancers and for people."""

from enum import StrEnum
from typing import Annotated

import msgspec

import sgate
from sgate.core.address import Network
from sgate.objects.fields import Timestamp, doc


class Health(StrEnum):
    """The health of a component."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class ChainHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The health of the connection to the chain, in one mode."""

    status: Annotated[Health, doc("`healthy`, or `degraded` while the chain cannot be read.", "healthy")]
    network: Annotated[str, doc("Network of the mode.", "testnet", enum=[*Network])]
    scanned_height: Annotated[int, doc("Height of the last Stacks block that was scanned.", 1204)]
    checked_at: Annotated[
        Timestamp | None, doc("Time at which the chain was last read, ISO 8601 in UTC; null before the first time.")
    ]
    trouble: Annotated[
        str | None,
        doc("Why the chain cannot be read; null if it can.", "no watcher has polled the chain recently"),
    ]


class HealthReport(msgspec.Struct, frozen=True, kw_only=True):
    """The health of the deployment, as this process sees it."""

    status: Annotated[
        Health,
        doc(
            "The worst health of any component; `unhealthy` if the database is unavailable or refuses writes.",
            "healthy",
        ),
    ]
    timestamp: Annotated[Timestamp, doc("Time of the report, ISO 8601 in UTC.")]
    services: Annotated[
        dict[str, Health],
        doc(
            "Health by component: `database`, `blockchain`, `cache`, `replica` (if there is one), `webhooks`, and "
            "`ledger` (`degraded`, while there is a payment intent that cannot be decided).",
            {"database": "healthy", "blockchain": "healthy", "cache": "healthy", "webhooks": "healthy"},
        ),
    ]
    chains: Annotated[
        dict[str, ChainHealth],
        doc(
            "Health of the connection to the chain by mode, `test` and `live`.",
            {
                "test": {
                    "status": "healthy",
                    "network": "testnet",
                    "scanned_height": 1204,
                    "checked_at": "2026-11-23T12:00:00.000Z",
                    "trouble": None,
                }
            },
        ),
    ]
    uptime: Annotated[float, doc("Seconds since this process started.", 86_400.5)]
    memory: Annotated[
        dict[str, int],
        doc("Memory of this process, in bytes. `max_rss`: the most used so far.", {"max_rss": 134_217_728}),
    ]
    version: Annotated[str, doc("Version of sGate.", "0.2.0")] = sgate.__version__


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """Whether requests can be sent to this process."""

    status: Annotated[Health, doc("`healthy` with status code 200, `unhealthy` with 503.", "healthy")]
