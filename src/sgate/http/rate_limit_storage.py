"""Where `limits` counts in this process.

Its own memory storage clears up with a timer thread that it starts again and again, which costs the loop more than
the counting. Fixed windows need no timer: a counter past its time starts anew, and sometimes the old ones are swept.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from limits.storage import Storage

SWEEP_ABOVE = 10_000
"""Counters held before those past their time are swept."""


class Counted(NamedTuple):
    """A call that was counted: how many that makes in its window, and when the window ends (Unix time)."""

    calls: int
    ends_at: float


class WindowCounters(Storage):
    """Counters with an end, by key. For one thread."""

    STORAGE_SCHEME = None

    def __init__(self, now_s: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._now_s = now_s
        self._counters: dict[str, Counted] = {}
        self._sweep_above = SWEEP_ABOVE

    @property
    def base_exceptions(self) -> type[Exception]:
        """What can go wrong here: nothing of its own."""
        return ValueError

    def hit(self, key: str, expiry: float, amount: int = 1) -> Counted:
        """Count, and say where that leaves the caller."""
        counted = self._live(key)
        if not counted.calls:
            self._sweep()
            counted = Counted(0, counted.ends_at + expiry)
        counted = self._counters[key] = Counted(counted.calls + amount, counted.ends_at)
        return counted

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, and say how much that makes in this window."""
        return self.hit(key, expiry, amount).calls

    def get(self, key: str) -> int:
        """What is counted in this window."""
        return self._live(key)[0]

    def get_expiry(self, key: str) -> float:
        """When this window ends, Unix time."""
        return self._live(key)[1]

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything."""
        forgotten = len(self._counters)
        self._counters.clear()
        return forgotten

    def clear(self, key: str) -> None:
        """Forget one counter."""
        self._counters.pop(key, None)

    def _live(self, key: str) -> Counted:
        now_s = self._now_s()
        counted = self._counters.get(key)
        return counted if counted is not None and counted.ends_at > now_s else Counted(0, now_s)

    def _sweep(self) -> None:
        if len(self._counters) < self._sweep_above:
            return
        now_s = self._now_s()
        self._counters = {key: counter for key, counter in self._counters.items() if counter.ends_at > now_s}
        self._sweep_above = max(SWEEP_ABOVE, 2 * len(self._counters))
