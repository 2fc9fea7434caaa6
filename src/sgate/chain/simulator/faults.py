"""Faults of the servers in front of the simulated chain."""

from collections import deque
from collections.abc import Callable

import msgspec

OUTAGE_STATUS = 503


class Fault(msgspec.Struct, frozen=True):
    """The failure of a request: the HTTP status and `Retry-After`."""

    status: int
    retry_after_s: int | None = None


class Faults:
    """Switches that apply to every response. They are not persisted: a restarted server is healthy.

    Attributes:
        outage: answer every request with 503.
        lag_blocks: answer like a replica that is this many blocks behind.
        stuck: answer like the replica frozen by `SimulatedChain.leave_replica`, even if its branch is orphaned.
    """

    def __init__(self) -> None:
        self.outage = False
        self.lag_blocks = 0
        self.stuck = False
        self._next: deque[Fault] = deque()
        self._before_answer: Callable[[str], None] | None = None

    def fail_next(self, count: int, status: int, retry_after_s: int | None = None) -> None:
        """Make the next `count` requests fail with `status` (for example 429 or 500)."""
        self._next += [Fault(status, retry_after_s)] * count

    def before_answer(self, callback: Callable[[str], None] | None) -> None:
        """Call `callback` with the endpoint before each response.

        This allows the chain to change between two responses.
        """
        self._before_answer = callback

    def arise(self, endpoint: str) -> Fault | None:
        """Return the fault for the current request, or None. Call it exactly once per request."""
        if self._before_answer is not None:
            self._before_answer(endpoint)
        if self._next:
            return self._next.popleft()
        return Fault(OUTAGE_STATUS) if self.outage else None
