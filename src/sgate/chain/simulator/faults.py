"""How badly the servers in front of the simulated chain behave."""

from collections import deque
from collections.abc import Callable

import msgspec

OUTAGE_STATUS = 503


class Fault(msgspec.Struct, frozen=True):
    """A request that fails: the HTTP status, and the pause the server asks for."""

    status: int
    retry_after_s: int | None = None


class Faults:
    """Switches that every answer obeys. They are not persisted: a restarted server is healthy.

    Attributes:
        outage: answer nothing but 503.
        lag_blocks: answer as a replica that is so many blocks behind.
        stuck: answer as the replica that stays where `SimulatedChain.leave_replica` left it, whatever branch that is.
    """

    def __init__(self) -> None:
        self.outage = False
        self.lag_blocks = 0
        self.stuck = False
        self._next: deque[Fault] = deque()
        self._before_answer: Callable[[str], None] | None = None

    def fail_next(self, count: int, status: int, retry_after_s: int | None = None) -> None:
        """Let the next `count` requests fail with `status` (for example 429 or 500)."""
        self._next += [Fault(status, retry_after_s)] * count

    def before_answer(self, callback: Callable[[str], None] | None) -> None:
        """Call `callback` with the endpoint before each answer, so that the chain can move between two of them."""
        self._before_answer = callback

    def arise(self, endpoint: str) -> Fault | None:
        """The fault that the request now arriving meets, or None. To be asked once per request."""
        if self._before_answer is not None:
            self._before_answer(endpoint)
        if self._next:
            return self._next.popleft()
        return Fault(OUTAGE_STATUS) if self.outage else None
