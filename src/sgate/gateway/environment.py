"""Time and dice, handed in, so that a test or a simulation can replay any moment."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from sgate.core.credential import ID_RANDOM_BYTES, new_id


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What varies from run to run: `now` gives UTC, `random_bytes(n)` gives n unguessable bytes."""

    now: Callable[[], datetime] = _utc_now
    random_bytes: Callable[[int], bytes] = secrets.token_bytes

    def new_id(self, prefix: str) -> str:
        """A fresh id such as `evt_` + 24 hex."""
        return new_id(prefix, self.random_bytes(ID_RANDOM_BYTES))

    def now_ms(self) -> datetime:
        """Now, cut to milliseconds: what is stored is what is shown."""
        now = self.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)
