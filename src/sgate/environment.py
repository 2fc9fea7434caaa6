"""Time and dice, handed in, so that a test or a simulation can replay any moment."""

import os
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from sgate.core.credential import ID_RANDOM_BYTES, new_id

ENTROPY_PAGE_BYTES = 4096


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _Entropy:
    """The system's random bytes, fetched a page at a time: each call to the system costs more than the bytes."""

    def __init__(self) -> None:
        self._page = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        """`count` bytes that nobody was given before."""
        if self._at + count > len(self._page):
            self._page, self._at = os.urandom(max(ENTROPY_PAGE_BYTES, count)), 0
        taken = self._page[self._at : self._at + count]
        self._at += count
        return taken


_entropy = _Entropy()
os.register_at_fork(after_in_child=_entropy.__init__)  # a forked process must never repeat its parent's bytes


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What varies from run to run: `now` gives UTC, `random_bytes(n)` gives n unguessable bytes."""

    now: Callable[[], datetime] = _utc_now
    random_bytes: Callable[[int], bytes] = _entropy.take

    def new_id(self, prefix: str) -> str:
        """A fresh id such as `evt_` + 24 hex."""
        return new_id(prefix, int(self.now().timestamp()), self.random_bytes(ID_RANDOM_BYTES))

    def now_ms(self) -> datetime:
        """Now, cut to milliseconds: what is stored is what is shown."""
        now = self.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)
