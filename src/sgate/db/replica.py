"""How far a streaming replica is behind, measured so that silence never looks like freshness.

PostgreSQL's own `now() - pg_last_xact_replay_timestamp()` grows on an idle server, and a replica that lost its primary
believes to be up to date. So both are asked: what the primary had written at a known moment is compared with what the
replica has replayed.
"""

import math
from collections import deque

from sgate.db.pool import Connection

MAX_SAMPLES = 600
"""Positions of the primary that are remembered: with one a second, ten minutes."""

_WRITTEN = "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_insert_lsn()::text END"

# A server that is no replica (any more) shows all that it has written itself.
_REPLAYED = """
SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text
"""


async def written(primary: Connection) -> int | None:
    """How far the primary has written; None if it is no primary."""
    return _position(await primary.fetchval(_WRITTEN))


async def replayed(replica: Connection) -> int | None:
    """How far a replica shows what was written."""
    return _position(await replica.fetchval(_REPLAYED))


class Freshness:
    """Up to which moment a replica shows everything. Moments are monotonic seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=MAX_SAMPLES)
        self.shows_until_s = -math.inf
        """All that was committed before this moment is shown."""

    def note(self, asked_at_s: float, written_to: int | None, replayed_to: int | None) -> None:
        """One look at both: the primary was asked at `asked_at_s`, and the replica after it."""
        if written_to is None or replayed_to is None:
            return
        self._samples.append((asked_at_s, written_to))
        while self._samples and self._samples[0][1] <= replayed_to:
            self.shows_until_s = self._samples.popleft()[0]

    def forget(self) -> None:
        """The replica failed: nothing is known of it until the next look."""
        self._samples.clear()
        self.shows_until_s = -math.inf


def _position(text: object) -> int | None:
    if text is None:
        return None
    high, low = str(text).split("/")
    return (int(high, 16) << 32) + int(low, 16)
