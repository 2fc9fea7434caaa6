"""In-memory cache of the customer's views of payment intents. An intent is read again only if it may have changed.

The cache holds rows. A row is dropped when a PostgreSQL notification reports a change of its intent or of its
merchant's profile, and after MAX_AGE_S in any case. All rows are dropped when the connection that receives the
notifications misses a heartbeat. When a row is rendered, its confirmations are computed from the newest chain view that
any read has returned.

The cache guarantees that a row is never older than MAX_AGE_S and is never replaced by an older row. While notifications
arrive, a row is outdated only for the milliseconds that a notification takes. The cache does not guarantee that every
process shows a change immediately after the commit, even to a merchant who has already been notified of the change.
Reads with an API key bypass the cache and are always current.
"""

import itertools
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from sgate.core import errors
from sgate.core.finality import View
from sgate.core.memo import is_intent_id
from sgate.core.mode import Mode
from sgate.environment import Environment
from sgate.objects.public_intent import PublicBody, opens, public_body
from sgate.store.payment_intents import IntentView

MAX_AGE_S = 5.0
MAX_ROWS = 10_000
"""A row takes at most about 10 kB. The oldest row is evicted first."""


class _Row:
    """A cached row. Its read began at the sequence number `began` and at the monotonic time `began_s`."""

    __slots__ = ("began", "began_s", "body", "found")

    def __init__(self, found: IntentView, began: int, began_s: float) -> None:
        self.found = found
        self.began = began
        self.began_s = began_s
        self.body: PublicBody | None = None


class _Fill:
    """A read in progress. `valid` becomes false when a change occurs that the read may have missed."""

    __slots__ = ("began", "began_s", "valid")

    def __init__(self, began: int, began_s: float) -> None:
        self.began = began
        self.began_s = began_s
        self.valid = True


class _Scanned(NamedTuple):
    """A view of the chain. `ended` is the sequence number when the read that returned the view finished."""

    ended: int
    view: View | None


class PublicIntentCache:
    """Renders intents for customers."""

    def __init__(
        self,
        find: Callable[[str], Awaitable[IntentView | None]],
        modes: Mapping[bool, Mode],
        environment: Environment,
        monotonic_s: Callable[[], float],
        *,
        on_hit: Callable[[], None] = lambda: None,
        on_miss: Callable[[], None] = lambda: None,
    ) -> None:
        """Create an empty cache, which stores nothing until `listening(True)` is called.

        Args:
            find: reads an intent with a statement that starts after the call.
            on_hit: called for each read that is answered from the cache.
            on_miss: called for each read that is not answered from the cache.
        """
        self._find = find
        self._modes = modes
        self._environment = environment
        self._monotonic_s = monotonic_s
        self._listening = False
        self._rows: dict[str, _Row] = {}
        self._fills: dict[str, list[_Fill]] = {}
        self._numbers = itertools.count(1)
        self._scanned: dict[bool, _Scanned] = {}
        self._count_hit, self._count_miss = on_hit, on_miss

    # --- reading

    def hit(self, intent_id: str) -> bytes | None:
        """Return the view without the private fields as JSON if the intent is cached, otherwise None."""
        row = self._live(intent_id)
        if row is None:
            return None
        self._count_hit()
        return self._rendered(row)

    async def show(self, intent_id: str, client_secret: str | None = None) -> bytes:
        """Return the customer's view as JSON. It includes the private fields if the client secret is given.

        Raises:
            PaymentIntentNotFound: if the intent does not exist, or the client secret does not belong to it.
            Unavailable: if the database is unreachable or overloaded.
        """
        row = self._live(intent_id)
        if row is None:
            self._count_miss()
            row = await self._read(intent_id)
        else:
            self._count_hit()
        if row is None:
            raise errors.PaymentIntentNotFound
        if client_secret is None:
            return self._rendered(row)
        if not opens(row.found, client_secret):
            raise errors.PaymentIntentNotFound(
                "The client secret does not belong to this payment intent.", param="client_secret"
            )
        livemode = row.found.intent.livemode
        body = public_body(row.found, self._modes[livemode], self._scanned[livemode].view, private=True)
        return body.at(self._environment.now())

    # --- invalidation

    def forget(self, intent_id: str) -> None:
        """Drop the row of a changed intent, and do not cache the results of its reads that are in progress."""
        self._rows.pop(intent_id, None)
        for fill in self._fills.get(intent_id, ()):
            fill.valid = False

    def clear(self) -> None:
        """Drop all rows, and do not cache the results of reads that are in progress."""
        self._rows.clear()
        for fills in self._fills.values():
            for fill in fills:
                fill.valid = False

    def listening(self, connected: bool) -> None:
        """Note whether notifications arrive from now on, and drop all rows, because changes may have been missed."""
        self._listening = connected
        self.clear()

    # --- internals

    def _live(self, intent_id: str) -> _Row | None:
        row = self._rows.get(intent_id)
        if row is None or self._monotonic_s() - row.began_s < MAX_AGE_S:
            return row
        del self._rows[intent_id]
        return None

    async def _read(self, intent_id: str) -> _Row | None:
        """Read an intent.

        Callers do not share reads: a read that began earlier may return an older state than the caller already knows.
        """
        if not is_intent_id(intent_id):
            return None
        fill = _Fill(next(self._numbers), self._monotonic_s())
        fills = self._fills.setdefault(intent_id, [])
        fills.append(fill)
        try:
            found = await self._find(intent_id)
        finally:
            fills.remove(fill)
            if not fills:
                self._fills.pop(intent_id, None)
        if found is None or found.intent.livemode not in self._modes:
            return None
        self._learn_view(found, fill)
        return self._keep(_Row(found, fill.began, fill.began_s), valid=fill.valid and self._listening)

    def _learn_view(self, found: IntentView, fill: _Fill) -> None:
        """Store the chain view of a read as the newest view.

        If two reads overlapped, it is unknown which of them returned the newer view. In this case, the higher view is
        kept, so that confirmations decrease only in a reorganization.
        """
        known = self._scanned.get(found.intent.livemode)
        if known is not None and known.ended > fill.began and _height(known.view) >= _height(found.scanned):
            return
        # If the views are equal, the known object is kept, so that rendered bodies remain valid.
        view = known.view if known is not None and known.view == found.scanned else found.scanned
        self._scanned[found.intent.livemode] = _Scanned(next(self._numbers), view)

    def _keep(self, row: _Row, *, valid: bool) -> _Row:
        """Cache a row if it is valid. Return the newest known row of its intent."""
        intent = row.found.intent
        kept = self._rows.get(intent.id)
        if kept is not None and (kept.found.intent.sequence, kept.began) > (intent.sequence, row.began):
            return kept
        if valid:
            self._rows.pop(intent.id, None)  # inserted again below, so that the newest row is evicted last
            if len(self._rows) >= MAX_ROWS:
                del self._rows[next(iter(self._rows))]
            self._rows[intent.id] = row
        return row

    def _rendered(self, row: _Row) -> bytes:
        livemode = row.found.intent.livemode
        view = self._scanned[livemode].view
        if row.body is None or row.body.view is not view:
            row.body = public_body(row.found, self._modes[livemode], view, private=False)
        return row.body.at(self._environment.now())


def _height(view: View | None) -> int:
    return 0 if view is None else view.height
