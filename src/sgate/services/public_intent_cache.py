"""The public view from memory: what a payer sees of an intent, read again only when it may have changed.

What is kept are rows. A row is dropped when PostgreSQL tells that its intent changed, when its merchant's profile
changed, after MAX_AGE_S whatever happens, and all of them when the connection that tells us misses a heartbeat.
Confirmations are counted when a row is rendered, in the newest view of the chain that any read brought along.

What it promises: a row is never older than MAX_AGE_S, never replaced by an older one, and while we are told of changes
only as old as a notification is under way (milliseconds). It does not promise that every process shows a change in the
instant after its commit, not even to the merchant who was just told of it: whoever must be sure reads with an API key,
which never passes through here.
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
"""Some 10 kB each at most; the oldest goes first."""


class _Row:
    """A row that was read. `began`: the number of its read, `began_s`: when that began (monotonic)."""

    __slots__ = ("began", "began_s", "body", "found")

    def __init__(self, found: IntentView, began: int, began_s: float) -> None:
        self.found = found
        self.began = began
        self.began_s = began_s
        self.body: PublicBody | None = None


class _Fill:
    """A read under way. `valid` until something happens that its statement may have missed."""

    __slots__ = ("began", "began_s", "valid")

    def __init__(self, began: int, began_s: float) -> None:
        self.began = began
        self.began_s = began_s
        self.valid = True


class _Scanned(NamedTuple):
    """A view of the chain, and the number at which the read that brought it had ended."""

    ended: int
    view: View | None


class PublicIntentCache:
    """Shows intents to payers."""

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
        """`find` reads an intent; its statement must start after the call. Nothing is kept before `listening(True)`."""
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

    # --- what a payer sees

    def hit(self, intent_id: str) -> bytes | None:
        """What the bare id shows, JSON, if it is in memory."""
        row = self._live(intent_id)
        if row is None:
            return None
        self._count_hit()
        return self._rendered(row)

    async def show(self, intent_id: str, client_secret: str | None = None) -> bytes:
        """What a payer sees, JSON; with the client secret also what is private.

        Raises:
            PaymentIntentNotFound: if there is no such intent, or the client secret is not its.
            Unavailable: if the database is away or too busy.
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
                "The client secret is not that of this payment intent.", param="client_secret"
            )
        livemode = row.found.intent.livemode
        body = public_body(row.found, self._modes[livemode], self._scanned[livemode].view, private=True)
        return body.at(self._environment.now())

    # --- what changed

    def forget(self, intent_id: str) -> None:
        """An intent changed: its row goes, and reads of it that are under way are not kept."""
        self._rows.pop(intent_id, None)
        for fill in self._fills.get(intent_id, ()):
            fill.valid = False

    def clear(self) -> None:
        """Anything may have changed."""
        self._rows.clear()
        for fills in self._fills.values():
            for fill in fills:
                fill.valid = False

    def listening(self, connected: bool) -> None:
        """We are told of changes from now on, or no longer. Either way we may have missed some."""
        self._listening = connected
        self.clear()

    # --- how

    def _live(self, intent_id: str) -> _Row | None:
        row = self._rows.get(intent_id)
        if row is None or self._monotonic_s() - row.began_s < MAX_AGE_S:
            return row
        del self._rows[intent_id]
        return None

    async def _read(self, intent_id: str) -> _Row | None:
        """Read anew. Callers do not share reads here: one that began earlier may be older than what a caller knows."""
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
        """Of two reads that overlapped nobody knows which is newer: then the higher view stays, as no confirmation is
        ever taken back for less than a reorganisation.
        """
        known = self._scanned.get(found.intent.livemode)
        if known is not None and known.ended > fill.began and _height(known.view) >= _height(found.scanned):
            return
        view = known.view if known is not None and known.view == found.scanned else found.scanned  # the same object
        self._scanned[found.intent.livemode] = _Scanned(next(self._numbers), view)

    def _keep(self, row: _Row, *, valid: bool) -> _Row:
        """Keep a row if it may be kept. Returns the newest that is known."""
        intent = row.found.intent
        kept = self._rows.get(intent.id)
        if kept is not None and (kept.found.intent.sequence, kept.began) > (intent.sequence, row.began):
            return kept
        if valid:
            self._rows.pop(intent.id, None)  # so that the newest row is the last to go
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
