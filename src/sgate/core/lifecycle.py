"""The life of an intent: what its facts amount to, and what there is to say about a change.

`reduce` turns facts into a state. It is pure, idempotent and does not care in which order the facts were learned, so
any number of crashes, repeats and reorganisations end in the same state. `announce` compares two states and says which
events the change deserves; it knows the path (what was announced before), which `reduce` must not.

Three rules need a word:

* A deadline is judged by block times against the view's time, never by a clock: an outage of ours expires nobody.
* A payment is judged by the confirmation tier of the larger of the due amount and its own worth. So a further
  payment can never take the confirmation of an earlier one back; only a reorganisation can.
* That an intent was closed is itself a fact (`Close`). A reorganisation may bring money that was in time and open it
  again, but it never goes back to waiting: nobody is told twice that time is up.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

import msgspec

from sgate.core.event import EventType
from sgate.core.finality import View, is_final, next_check_height, tier_for
from sgate.core.intent import Anomaly, LatePolicy, Status, Terms
from sgate.core.payment import Inclusion, Payment, Sighting


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """The merchant canceled the intent while no payment was known. What comes later comes after the cancel."""

    at: datetime


class Accept(msgspec.Struct, frozen=True, tag="accept"):
    """The merchant accepted held money: exactly these payments count from now on."""

    at: datetime
    payment_ids: tuple[str, ...]


class Refund(msgspec.Struct, frozen=True, tag="refund"):
    """The merchant sent held money back by hand, in transaction `tx_id`. That payment will never count.

    Recorded only for a payment that is held; sending counted money back is between merchant and customer.
    """

    at: datetime
    payment_id: str
    tx_id: str


class Close(msgspec.Struct, frozen=True, tag="close"):
    """The deadline was judged to have passed, in a view of this time. Recorded by the ledger itself."""

    at: datetime


Command = Cancel | Accept | Refund | Close


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What the facts amount to.

    Attributes:
        amount_received_sats: the sum of all payments on the chain we follow, whether they count or not.
        amount_counted_sats: the sum of those that count towards the due amount.
        next_check_height: the scanned height at which to look again, if nothing else happens.
        next_check_time: look again once the scanned block time is past this moment.
    """

    status: Status
    anomalies: frozenset[Anomaly]
    amount_received_sats: int
    amount_counted_sats: int = 0
    next_check_height: int | None = None
    next_check_time: datetime | None = None


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What was reached and said before; unlike the state it is never undone.

    Attributes:
        sequence: number of the last event.
        ever_confirmed: `payment_intent.succeeded` was announced.
        ever_reorged: `payment_intent.reorged` was announced.
    """

    sequence: int
    ever_confirmed: bool
    ever_reorged: bool


LEGAL_MOVES: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        Status.REQUIRES_PAYMENT: frozenset(
            {Status.PROCESSING, Status.CONFIRMED, Status.EXPIRED, Status.FAILED, Status.CANCELED}
        ),
        Status.PROCESSING: frozenset(
            {Status.CONFIRMED, Status.REQUIRES_PAYMENT, Status.EXPIRED, Status.FAILED, Status.CANCELED}
        ),
        Status.CONFIRMED: frozenset(
            {Status.PROCESSING, Status.REQUIRES_PAYMENT, Status.EXPIRED, Status.FAILED, Status.CANCELED}
        ),
        # From expired to failed: a part that was in time becomes known later (an assigned deposit, a reorganisation).
        Status.EXPIRED: frozenset({Status.PROCESSING, Status.CONFIRMED, Status.FAILED}),
        Status.FAILED: frozenset({Status.PROCESSING, Status.CONFIRMED}),
        Status.CANCELED: frozenset({Status.PROCESSING, Status.CONFIRMED}),
    }
)
"""From where to where an intent may go. Moves backward happen by reorganisation only."""

_RANK = MappingProxyType(
    {
        Status.REQUIRES_PAYMENT: 0,
        Status.EXPIRED: 0,
        Status.FAILED: 0,
        Status.CANCELED: 0,
        Status.PROCESSING: 1,
        Status.CONFIRMED: 2,
    }
)


class Verdict(StrEnum):
    """How one included payment counts."""

    COUNTS = "counts"
    HELD_LATE = "held_late"
    HELD_AFTER_CANCEL = "held_after_cancel"
    SENT_BACK = "sent_back"


def reduce(
    terms: Terms,
    payments: Iterable[Payment],
    sightings: Iterable[Sighting],
    commands: Iterable[Command],
    view: View,
) -> State:
    """The state that these facts amount to, seen from `view`.

    Args:
        terms: fixed when the intent was made.
        payments: every payment that names the intent, orphaned ones included.
        sightings: transactions now in the mempool that say they will pay it.
        commands: what the merchant decided.
        view: how far the chain is scanned.
    """
    known, commands = list(payments), list(commands)
    canonical = sorted(
        (payment for payment in known if payment.inclusion is Inclusion.INCLUDED),
        key=lambda payment: payment.chain_order,
    )
    counted = [payment for payment in canonical if judge(payment, terms, commands) is Verdict.COUNTS]
    received_sats = sum(payment.amount_sats for payment in canonical)
    anomalies = _anomalies(terms, counted, canonical, commands)

    counted_sats = _sum(counted)
    state = State(
        status=Status.REQUIRES_PAYMENT,
        anomalies=anomalies,
        amount_received_sats=received_sats,
        amount_counted_sats=counted_sats,
    )
    if counted_sats >= terms.minimum_sats:
        return _covered(state, terms, counted, view)
    if _is_canceled(commands):
        return msgspec.structs.replace(state, status=Status.CANCELED)
    closed = any(isinstance(command, Close) for command in commands)
    hoped_for = [payment for payment in known if judge(payment, terms, commands) is not Verdict.SENT_BACK]
    return _uncovered(state, terms, hoped_for, list(sightings), view, closed=closed)


def judge(payment: Payment, terms: Terms, commands: Iterable[Command]) -> Verdict:
    """Whether an included payment counts towards the due amount, and if not, why not."""
    commands = list(commands)
    accepted = min((c.at for c in commands if isinstance(c, Accept) and payment.id in c.payment_ids), default=None)
    sent_back = min((c.at for c in commands if isinstance(c, Refund) and c.payment_id == payment.id), default=None)
    if accepted is not None and (sent_back is None or accepted <= sent_back):
        return Verdict.COUNTS
    if sent_back is not None:
        return Verdict.SENT_BACK
    if _is_canceled(commands):
        return Verdict.HELD_AFTER_CANCEL
    in_time = payment.arrived_at(terms.seen_hold) <= terms.in_time_until
    if in_time or terms.late_payments is LatePolicy.ACCEPT:
        return Verdict.COUNTS
    return Verdict.HELD_LATE


def is_legal(before: Status, after: Status) -> bool:
    """Whether an intent may go from one status to the other. Staying is always legal."""
    return before is after or after in LEGAL_MOVES[before]


def announce(before: State, after: State, history: History) -> tuple[EventType, ...]:
    """The events that a change of state deserves, in order. No change, no event; no change of status without one."""
    events: list[EventType] = []
    if _RANK[after.status] < _RANK[before.status]:
        events.append(EventType.REORGED)
    if after.status is not before.status:
        events.extend(_status_events(before.status, after.status, history))
    entered = after.anomalies - before.anomalies
    events.extend(EventType(f"payment_intent.{anomaly}") for anomaly in Anomaly if anomaly in entered)
    return tuple(events)


def _status_events(before: Status, after: Status, history: History) -> list[EventType]:
    match after:
        case Status.REQUIRES_PAYMENT:
            return []  # only ever by a reorganisation, which has its own event
        case Status.PROCESSING:
            return [] if before is Status.CONFIRMED else [EventType.PROCESSING]
        case Status.CONFIRMED:
            return [EventType.RECONFIRMED if history.ever_confirmed else EventType.SUCCEEDED]
        case Status.EXPIRED:
            return [EventType.EXPIRED]
        case Status.FAILED:
            return [EventType.FAILED]
        case Status.CANCELED:
            return [EventType.CANCELED]


def _covered(state: State, terms: Terms, counted: Sequence[Payment], view: View) -> State:
    """Enough is on the chain: confirmed if enough of it is final, else look again when more can be."""
    judged = [(payment, tier_for(terms.policy, max(terms.amount_sats, payment.amount_sats))) for payment in counted]
    final_sats = sum(payment.amount_sats for payment, tier in judged if is_final(payment, tier, view))
    if final_sats >= terms.minimum_sats:
        return msgspec.structs.replace(state, status=Status.CONFIRMED)
    return msgspec.structs.replace(state, status=Status.PROCESSING, next_check_height=next_check_height(judged, view))


def _uncovered(
    state: State,
    terms: Terms,
    known: Sequence[Payment],
    sightings: Sequence[Sighting],
    view: View,
    *,
    closed: bool,
) -> State:
    """Too little is on the chain: still waiting, or past the deadline.

    Money that was in time and lost its block is likely to be mined again, as a transaction in the mempool is likely to
    be mined: both hold the deadline open, for `seen_hold_s` at most.
    """
    in_time = [payment for payment in known if payment.arrived_at(terms.seen_hold) <= terms.in_time_until]
    may_come = any(sighting.first_seen_at <= terms.in_time_until for sighting in sightings) or any(
        payment.inclusion is Inclusion.ORPHANED for payment in in_time
    )
    open_until = terms.in_time_until + (terms.seen_hold if may_come else timedelta())
    if view.time <= open_until and not closed:
        return msgspec.structs.replace(state, next_check_time=open_until)
    return msgspec.structs.replace(state, status=Status.FAILED if in_time else Status.EXPIRED)


def _anomalies(
    terms: Terms,
    counted: Sequence[Payment],
    canonical: Sequence[Payment],
    commands: Sequence[Command],
) -> frozenset[Anomaly]:
    found: set[Anomaly] = set()
    if 0 < _sum(counted) < terms.minimum_sats:
        found.add(Anomaly.PARTIALLY_PAID)
    if _is_canceled(commands) and canonical:
        found.add(Anomaly.PAID_AFTER_CANCEL)
    elif any(payment.arrived_at(terms.seen_hold) > terms.in_time_until for payment in canonical):
        found.add(Anomaly.PAID_LATE)
    found |= _excess(terms, counted)
    return frozenset(found)


def _excess(terms: Terms, counted: Sequence[Payment]) -> set[Anomaly]:
    """What came beyond the due amount, in chain order: a second payment in full, or simply too much."""
    found: set[Anomaly] = set()
    so_far_sats = 0
    for worth_sats in _worth_by_transaction(counted).values():
        settled = so_far_sats >= terms.minimum_sats
        so_far_sats += worth_sats
        if settled and worth_sats >= terms.amount_sats:
            found.add(Anomaly.DUPLICATE_PAYMENT)
        elif so_far_sats > terms.amount_sats:
            found.add(Anomaly.OVERPAID)
    return found


def _worth_by_transaction(payments: Sequence[Payment]) -> dict[str, int]:
    """What each transaction pays in all its events; keys in the order of `payments`."""
    worth_sats: dict[str, int] = {}
    for payment in payments:
        worth_sats[payment.tx_id] = worth_sats.get(payment.tx_id, 0) + payment.amount_sats
    return worth_sats


def _sum(payments: Iterable[Payment]) -> int:
    return sum(payment.amount_sats for payment in payments)


def _is_canceled(commands: Iterable[Command]) -> bool:
    return any(isinstance(command, Cancel) for command in commands)
