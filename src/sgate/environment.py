"""The clock and the random source of a run. They are injected, so that runs are reproducible."""

import os
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from sgate.core.credential import ID_RANDOM_BYTES, new_id

ENTROPY_PAGE_BYTES = 4096


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _Entropy:
    """Random bytes from the operating system. They are read a page at a time, because each read is a system call."""

    def __init__(self) -> None:
        self._page = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return `count` bytes that were never returned before."""
        if self._at + count > len(self._page):
            self._page, self._at = os.urandom(max(ENTROPY_PAGE_BYTES, count)), 0
        taken = self._page[self._at : self._at + count]
        self._at += count
        return taken


_entropy = _Entropy()
os.register_at_fork(after_in_child=_entropy.__init__)  # a forked process must never repeat its parent's bytes


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """The clock and the random source of a run.

    Attributes:
        now: returns the current time in UTC.
        random_bytes: returns the given number of unpredictable bytes.
    """

    now: Callable[[], datetime] = _utc_now
    random_bytes: Callable[[int], bytes] = _entropy.take

    def new_id(self, prefix: str) -> str:
        """Return a new id: `prefix`, an underscore and 24 hex digits, such as `evt_3f2b8c1d4e5f60718293a4b5`."""
        return new_id(prefix, int(self.now().timestamp()), self.random_bytes(ID_RANDOM_BYTES))

    def now_ms(self) -> datetime:
        """Return the current time, truncated to milliseconds. Times are stored and shown with this precision."""
        now = self.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)
