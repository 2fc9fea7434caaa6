"""The lifecycle of a payment intent: its state as a function of the facts, and the events that a change causes.

`reduce` derives the state from the facts. It is pure, idempotent and independent of the order in which the facts were
learned. Any sequence of crashes, repetitions and reorganizations therefore ends in the same state. `announce` compares
two states and returns the events for the change. Unlike `reduce`, it depends on what was announced before.

Three rules are not obvious:

* A deadline is compared with the view's block time, not with a clock, so an outage of sGate expires no intent.
* The confirmation tier of a payment depends on the amount due or on the payment's own amount, whichever is larger. A
  further payment therefore never undoes the confirmation of an earlier one; only a reorganization can.
* The closing of an intent is itself a fact (`Close`). After a reorganization, a payment that was in time may move the
  closed intent to processing or confirmed. The intent never awaits payment again, so its deadline is announced only
  once.
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
    """The merchant canceled the intent. All its payments are held until the merchant accepts them or sends them back.

    Attributes:
        payment_ids: the payments that were on the chain when the merchant canceled the intent. Any other payment came
            after the cancel.
        reason: why the merchant did so, in the merchant's words, or None.
    """

    at: datetime
    payment_ids: tuple[str, ...] = ()
    reason: str | None = None


class Accept(msgspec.Struct, frozen=True, tag="accept"):
    """The merchant accepted the held payments with these ids. They count from now on; other held payments do not."""

    at: datetime
    payment_ids: tuple[str, ...]


class Refund(msgspec.Struct, frozen=True, tag="refund"):
    """The merchant sent a held payment back outside of sGate, in transaction `tx_id`. The payment will never count.

    Recorded only for held payments; refunds of counted payments are between the merchant and the customer.
    """

    at: datetime
    payment_id: str
    tx_id: str


class Close(msgspec.Struct, frozen=True, tag="close"):
    """The ledger found that the deadline had passed, and recorded this itself. `at` is the block time of its view."""

    at: datetime


Command = Cancel | Accept | Refund | Close


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an intent, derived from its facts.

    Attributes:
        amount_received_sats: the sum of all payments on the canonical chain, whether they count or not.
        amount_counted_sats: the sum of the payments that count toward the amount due.
        next_check_height: the scanned height at which to decide again if nothing else happens, or None.
        next_check_time: the scanned block time after which to decide again if nothing else happens, or None.
    """

    status: Status
    anomalies: frozenset[Anomaly]
    amount_received_sats: int
    amount_counted_sats: int = 0
    next_check_height: int | None = None
    next_check_time: datetime | None = None


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The events announced so far, in summary. Unlike the state, the history is never undone.

    Attributes:
        sequence: the number of the last event of the intent.
        ever_confirmed: whether `payment_intent.succeeded` was announced.
        ever_reorged: whether `payment_intent.reorged` was announced.
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
        # From expired to failed, if a partial payment that was in time becomes known later (an assigned deposit, a
        # reorganization).
        Status.EXPIRED: frozenset({Status.PROCESSING, Status.CONFIRMED, Status.FAILED}),
        Status.FAILED: frozenset({Status.PROCESSING, Status.CONFIRMED}),
        Status.CANCELED: frozenset({Status.PROCESSING, Status.CONFIRMED}),
    }
)
"""The allowed status transitions. Only a reorganization or a cancel causes a transition backward."""

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


class HeldReason(StrEnum):
    """Why a payment waits for the merchant's decision."""

    LATE = "late"  # it arrived after the deadline and is held
    AFTER_CANCEL = "after_cancel"  # it arrived after the merchant had canceled the intent, and is held
    CANCELED = "canceled"  # the merchant canceled the intent although the payment had arrived, and it is held
    DUPLICATE = "duplicate"  # it counts, but pays the intent in full a second time
    OVERPAID = "overpaid"  # it counts, but with it more than the amount due has arrived


class Verdict(StrEnum):
    """Whether a payment counts toward the amount due, and if not, why."""

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
    """Derive the state of an intent from its facts as of `view`.

    Args:
        terms: the terms fixed at creation.
        payments: all payments for the intent, including assigned deposits and orphaned payments.
        sightings: transactions now in the mempool that would pay the intent.
        commands: the merchant's decisions, and the ledger's `Close`.
        view: the chain as far as it has been scanned.
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
    not_sent_back = [payment for payment in known if judge(payment, terms, commands) is not Verdict.SENT_BACK]
    return _uncovered(state, terms, not_sent_back, list(sightings), view, closed=closed)


def judge(payment: Payment, terms: Terms, commands: Iterable[Command]) -> Verdict:
    """Return whether a payment counts toward the amount due, and if not, why."""
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


def held_reasons(terms: Terms, payments: Iterable[Payment], commands: Iterable[Command]) -> Mapping[str, HeldReason]:
    """Return the payments on the chain that wait for the merchant's decision, by id, each with the reason."""
    commands = list(commands)
    canonical = sorted(
        (payment for payment in payments if payment.inclusion is Inclusion.INCLUDED),
        key=lambda payment: payment.chain_order,
    )
    known_at_cancel = _known_at_cancel(commands)
    found: dict[str, HeldReason] = {}
    for payment in canonical:
        match judge(payment, terms, commands):
            case Verdict.HELD_LATE:
                found[payment.id] = HeldReason.LATE
            case Verdict.HELD_AFTER_CANCEL:
                canceled = payment.id in known_at_cancel
                found[payment.id] = HeldReason.CANCELED if canceled else HeldReason.AFTER_CANCEL
            case Verdict.COUNTS | Verdict.SENT_BACK:
                pass
    counted = [payment for payment in canonical if judge(payment, terms, commands) is Verdict.COUNTS]
    excess = _excess(terms, counted)
    for payment in counted:
        if payment.tx_id in excess:
            duplicate = excess[payment.tx_id] is Anomaly.DUPLICATE_PAYMENT
            found[payment.id] = HeldReason.DUPLICATE if duplicate else HeldReason.OVERPAID
    return found


def is_legal(before: Status, after: Status) -> bool:
    """Return whether an intent may change from one status to the other. Keeping a status is always legal."""
    return before is after or after in LEGAL_MOVES[before]


def announce(before: State, after: State, history: History) -> tuple[EventType, ...]:
    """Return the events for a change of state, in order.

    A change of status always causes at least one event. An unchanged state causes none.
    """
    events: list[EventType] = []
    entered = after.anomalies - before.anomalies
    # Only a reorganization or a cancel moves a status backward.
    if _RANK[after.status] < _RANK[before.status] and Anomaly.CANCELED_WITH_PAYMENT not in entered:
        events.append(EventType.REORGED)
    if after.status is not before.status:
        events.extend(_status_events(before.status, after.status, history))
    events.extend(EventType(f"payment_intent.{anomaly}") for anomaly in Anomaly if anomaly in entered)
    return tuple(events)


def _status_events(before: Status, after: Status, history: History) -> list[EventType]:
    match after:
        case Status.REQUIRES_PAYMENT:
            return []  # happens only in a reorganization, which has its own event
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
    """Return the state of an intent for which enough has been paid.

    It is confirmed if enough is final. Otherwise, it is processing, and is decided again when more can be final.
    """
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
    """Return the state of an intent for which too little has been paid: awaiting payment, or past the deadline.

    A transaction in the mempool is likely to be mined, and a payment that was in time but lost its block is likely to
    be mined again. Either one extends the deadline by `seen_hold_s`.
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
    if _is_canceled(commands):
        known_at_cancel = _known_at_cancel(commands)
        found |= {
            Anomaly.CANCELED_WITH_PAYMENT if payment.id in known_at_cancel else Anomaly.PAID_AFTER_CANCEL
            for payment in canonical
        }
    elif any(payment.arrived_at(terms.seen_hold) > terms.in_time_until for payment in canonical):
        found.add(Anomaly.PAID_LATE)
    found |= set(_excess(terms, counted).values())
    return frozenset(found)


def _excess(terms: Terms, counted: Sequence[Payment]) -> dict[str, Anomaly]:
    """Return the transactions that exceed the amount due, by id, each with its anomaly.

    A further full payment is DUPLICATE_PAYMENT; any other excess is OVERPAID. `counted` must be in chain order.
    """
    found: dict[str, Anomaly] = {}
    so_far_sats = 0
    for tx_id, tx_sats in _sats_by_transaction(counted).items():
        settled = so_far_sats >= terms.minimum_sats
        so_far_sats += tx_sats
        if settled and tx_sats >= terms.amount_sats:
            found[tx_id] = Anomaly.DUPLICATE_PAYMENT
        elif so_far_sats > terms.amount_sats:
            found[tx_id] = Anomaly.OVERPAID
    return found


def _sats_by_transaction(payments: Sequence[Payment]) -> dict[str, int]:
    """Return the total amount of each transaction, keyed by transaction id in the order of `payments`."""
    sats: dict[str, int] = {}
    for payment in payments:
        sats[payment.tx_id] = sats.get(payment.tx_id, 0) + payment.amount_sats
    return sats


def _sum(payments: Iterable[Payment]) -> int:
    return sum(payment.amount_sats for payment in payments)


def _known_at_cancel(commands: Iterable[Command]) -> frozenset[str]:
    """Return the ids of the payments that were on the chain when the merchant canceled the intent."""
    return frozenset(id_ for command in commands if isinstance(command, Cancel) for id_ in command.payment_ids)


def _is_canceled(commands: Iterable[Command]) -> bool:
    return any(isinstance(command, Cancel) for command in commands)
