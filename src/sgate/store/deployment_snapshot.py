"""A snapshot of the whole deployment for the metrics: queues, endpoints, chains, merchants. Taken every few seconds.

Each statement counts a limited number of a queue's rows, so that the snapshot does not add to an overload.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from sgate.db.pool import Connection
from sgate.store import webhook_endpoints

MAX_COUNTED = 100_000
"""The rows of a queue are counted up to this number. The exact length of a longer queue does not matter."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """The length of a queue, and the age of its oldest item in seconds."""

    count: int = 0
    oldest_s: float = 0.0


class ModeSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """How one mode follows its chain.

    Attributes:
        scanned_at: block time of the scanned tip, or None before the first scan.
        checked_at: when the chain source was last polled, or None.
        failing: whether the watcher cannot continue.
        disagreeing: whether the configured API servers disagreed when they were last compared.
    """

    scanned_at: datetime | None
    checked_at: datetime | None
    failing: bool
    disagreeing: bool = False


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers at one moment. The mappings are keyed by livemode, except `endpoints`, whose keys are states."""

    due: Waiting
    held: int
    endpoints: Mapping[str, int]
    endpoints_disabled_last_hour: int
    endpoints_without_key: int
    ledger: Mapping[bool, Waiting]
    chains: Mapping[bool, ModeSnapshot]
    database_bytes: int
    merchants: Mapping[bool, int]
    merchants_active: Mapping[bool, int]


_DUE = """
SELECT count(*) AS count,
    coalesce(extract(epoch FROM now() - min(next_attempt_at)), 0)::float8 AS oldest_s
FROM (
    SELECT d.next_attempt_at FROM webhook_deliveries AS d
    JOIN webhook_endpoints AS e ON e.id = d.endpoint_id AND e.disabled_at IS NULL AND e.deleted_at IS NULL
    WHERE d.status = 'pending' AND d.next_attempt_at <= now()
    ORDER BY d.next_attempt_at
    LIMIT $1
) AS due
"""

_HELD = "SELECT count(*) FROM (SELECT 1 FROM webhook_deliveries WHERE status = 'held' LIMIT $1) AS held"

_ENDPOINTS = """
SELECT count(*) FILTER (WHERE disabled_at IS NULL AND failing_since IS NULL) AS well,
    count(*) FILTER (WHERE disabled_at IS NULL AND failing_since IS NOT NULL) AS failing,
    count(*) FILTER (WHERE disabled_at IS NOT NULL) AS disabled,
    count(*) FILTER (WHERE disabled_at > now() - interval '1 hour') AS disabled_last_hour
FROM webhook_endpoints WHERE deleted_at IS NULL
"""

_LEDGER = """
SELECT m.livemode, (SELECT count(*) FROM (
        SELECT 1 FROM ledger_queue WHERE livemode = m.livemode AND queued_at <= now() LIMIT $1
    ) AS counted) AS count,
    coalesce((SELECT extract(epoch FROM now() - min(queued_at)) FROM ledger_queue
        WHERE livemode = m.livemode AND queued_at <= now()), 0)::float8 AS oldest_s
FROM (VALUES (false), (true)) AS m (livemode)
"""

_CHAINS = """
SELECT livemode, CASE WHEN scanned_height > 0 THEN scanned_time END AS scanned_at, checked_at,
    trouble IS NOT NULL AS failing, disagreement IS NOT NULL AS disagreeing
FROM chain_cursors
"""

_SIZE = "SELECT pg_database_size(current_database())"

# One index probe per merchant, however many intents there are.
_MERCHANTS = """
SELECT m.livemode, count(*) AS count, count(*) FILTER (WHERE EXISTS (
        SELECT 1 FROM payment_intents AS i
        WHERE i.merchant_id = m.merchant_id AND i.livemode = m.livemode AND i.created_at > now() - interval '24 hours'
    )) AS active
FROM merchant_modes AS m
GROUP BY m.livemode
"""


async def take(connection: Connection, key_ids: Sequence[bytes]) -> Snapshot:
    """Take a snapshot.

    Args:
        key_ids: ids of the keys that can decrypt webhook secrets.
    """
    [due] = await connection.fetch(_DUE, MAX_COUNTED)
    held = await connection.fetchval(_HELD, MAX_COUNTED)
    [counts] = await connection.fetch(_ENDPOINTS)
    ledger = await connection.fetch(_LEDGER, MAX_COUNTED)
    chains = await connection.fetch(_CHAINS)
    merchants = await connection.fetch(_MERCHANTS)
    size = await connection.fetchval(_SIZE)
    return Snapshot(
        due=Waiting(count=due["count"], oldest_s=due["oldest_s"]),
        held=int(held or 0),
        endpoints={state: counts[state] for state in ("well", "failing", "disabled")},
        endpoints_disabled_last_hour=counts["disabled_last_hour"],
        endpoints_without_key=await webhook_endpoints.count_undecryptable_secrets(connection, key_ids),
        ledger={row["livemode"]: Waiting(count=row["count"], oldest_s=row["oldest_s"]) for row in ledger},
        chains={
            row["livemode"]: ModeSnapshot(
                scanned_at=row["scanned_at"],
                checked_at=row["checked_at"],
                failing=row["failing"],
                disagreeing=row["disagreeing"],
            )
            for row in chains
        },
        database_bytes=int(size or 0),
        merchants={row["livemode"]: row["count"] for row in merchants},
        merchants_active={row["livemode"]: row["active"] for row in merchants},
    )
