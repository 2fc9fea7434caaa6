"""Measurement of a streaming replica's lag. A replica that receives no data is never taken for an up-to-date one.

PostgreSQL's own `now() - pg_last_xact_replay_timestamp()` is unsuitable: it grows while the primary is idle. A replica
that lost its primary does not notice its lag either. Therefore both servers are queried: the WAL position that the
primary had written at a known moment is compared with the position that the replica has replayed.
"""

import math
from collections import deque

from sgate.db.pool import Connection

MAX_SAMPLES = 600
"""The number of remembered positions of the primary. This is ten minutes at one position per second."""

_WRITTEN = "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_insert_lsn()::text END"

# A server that is not a replica, or no longer one, shows everything that it has written itself.
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
    """Determines the moment up to which a replica shows every commit. Moments are in monotonic seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=MAX_SAMPLES)
        self.shows_until_s = -math.inf
        """Every commit before this moment is visible on the replica."""

    def note(self, asked_at_s: float, written_to: int | None, replayed_to: int | None) -> None:
        """Record one reading of both servers. The primary was queried at `asked_at_s`, and the replica after that."""
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
