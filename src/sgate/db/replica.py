"""Replication lag of a streaming replica, measured so that silence never looks like freshness.

PostgreSQL's own `now() - pg_last_xact_replay_timestamp()` grows on an idle server, and a replica that lost its primary
thinks it is up to date. So both servers are queried: the WAL position that the primary had written at a known moment is
compared with the position that the replica has replayed.
"""

import math
from collections import deque

from sgate.db.pool import Connection

MAX_SAMPLES = 600
"""Remembered positions of the primary: ten minutes at one per second."""

_WRITTEN = "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_insert_lsn()::text END"

# A server that is not (or no longer) a replica shows everything it has written itself.
_REPLAYED = """
SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text
"""


async def written(primary: Connection) -> int | None:
    """Return the WAL position that the primary has written to, or None if the server is not a primary."""
    return _position(await primary.fetchval(_WRITTEN))


async def replayed(replica: Connection) -> int | None:
    """Return the WAL position that the replica has replayed."""
    return _position(await replica.fetchval(_REPLAYED))


class Freshness:
    """The moment up to which a replica shows every commit. Moments are in monotonic seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=MAX_SAMPLES)
        self.shows_until_s = -math.inf
        """Every commit before this moment is visible on the replica."""

    def note(self, asked_at_s: float, written_to: int | None, replayed_to: int | None) -> None:
        """Record one reading of both servers: the primary was queried at `asked_at_s`, the replica after it."""
        if written_to is None or replayed_to is None:
            return
        self._samples.append((asked_at_s, written_to))
        while self._samples and self._samples[0][1] <= replayed_to:
            self.shows_until_s = self._samples.popleft()[0]

    def forget(self) -> None:
        """Forget all readings, because the replica failed."""
        self._samples.clear()
        self.shows_until_s = -math.inf


def _position(text: object) -> int | None:
    if text is None:
        return None
    high, low = str(text).split("/")
    return (int(high, 16) << 32) + int(low, 16)
