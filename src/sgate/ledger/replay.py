"""Ledger verification: each intent's state must follow from its facts, and each of its decisions must be legal.

Two things are checked:

* The fixed point: reducing the current facts yields the stored state.
* The path, which is the sequence of stored decisions. Each decision begins where the previous one ended, is a legal
  transition, and announced exactly the events that its change requires. The stored events are exactly the announced
  events, without a gap.
"""

from collections.abc import AsyncGenerator, Sequence

import msgspec

from sgate.core.event import EventType
from sgate.core.intent import Anomaly, PaymentIntent, Status
from sgate.core.lifecycle import History, State, announce, is_legal, reduce
from sgate.db.pool import Connection, Pool
from sgate.ledger.decide import state_of
from sgate.store import events, ledger_decisions, ledger_queue, payment_intents, payment_intents_facts
from sgate.store.ledger_decisions import Step
from sgate.store.payment_intents_facts import Facts

BATCH = 200
MAX_STORED_SATS = 2**63 - 1
"""The largest amount that the database stores: four thousand times the sats that will ever exist. Only on the simulated
chain can payments add up to more.
"""

_INITIAL_STATE = State(status=Status.REQUIRES_PAYMENT, anomalies=frozenset(), amount_received_sats=0)


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The result of checking one intent.

    Attributes:
        waiting: whether a decision about the intent is still due. If so, its state is not compared with its facts. A
            decision that failed is a difference.
        differences: the disagreements found, as sentences; empty if there are none.
    """

    intent_id: str
    waiting: bool
    differences: tuple[str, ...]


async def count(pool: Pool) -> int:
    """Return the number of intents to check."""
    async with pool.acquire() as connection:
        return await payment_intents.count_all(connection)


async def check(pool: Pool) -> AsyncGenerator[Checked]:
    """Check every intent of both modes, with one snapshot per batch. Nothing is changed."""
    last_id = ""
    while True:
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            ids = await payment_intents.ids_after(connection, last_id, BATCH)
            checked = await _check_batch(connection, ids)
        for item in checked:
            yield item
        if len(ids) < BATCH:
            return
        last_id = ids[-1]


async def _check_batch(connection: Connection, ids: Sequence[str]) -> list[Checked]:
    found = await payment_intents.read(connection, ids)
    paths = await ledger_decisions.paths_of(connection, list(ids))
    announced = await events.types_of(connection, ids)
    queued = await ledger_queue.queued(connection, ids)
    undecided = await ledger_queue.undecided(connection, ids)
    checked: list[Checked] = []
    for intent_id in ids:
        intent = found[intent_id].intent
        facts = await payment_intents_facts.get(connection, intent_id, livemode=intent.livemode)
        waiting = intent_id in queued or _is_due(intent, facts)
        differences = path_differences(intent, paths[intent_id], announced.get(intent_id, ()))
        if intent_id in undecided:
            differences.append(_why_undecided(intent, facts))
        elif not waiting:
            differences += fixed_point_differences(intent, facts)
        checked.append(Checked(intent_id=intent_id, waiting=waiting, differences=tuple(differences)))
    return checked


def _why_undecided(intent: PaymentIntent, facts: Facts) -> str:
    """Return why the ledger could not decide an intent, as far as the facts show, as a sentence."""
    received = reduce(intent.terms, facts.payments, facts.sightings, facts.commands, facts.view).amount_received_sats
    if received > MAX_STORED_SATS:
        return f"it cannot be decided: its payments sum to {received} sats, more than can be stored"
    return "it cannot be decided: the log line intent_undecided says why"


def fixed_point_differences(intent: PaymentIntent, facts: Facts) -> list[str]:
    """Return the differences between the stored state and the state that the facts imply, as sentences."""
    state = reduce(intent.terms, facts.payments, facts.sightings, facts.commands, facts.view)
    pairs = (
        ("status", intent.status, state.status),
        ("exceptions", sorted(intent.anomalies - {Anomaly.REORGED}), sorted(state.anomalies)),
        ("amount_received_sats", intent.amount_received_sats, state.amount_received_sats),
        ("amount_counted_sats", intent.amount_counted_sats, state.amount_counted_sats),
    )
    return [f"{name} is {stored}, but its facts say {true}" for name, stored, true in pairs if stored != true]


def path_differences(intent: PaymentIntent, path: Sequence[Step], announced: Sequence[EventType]) -> list[str]:
    """Return each way in which the stored path breaks a rule or does not lead to the stored state."""
    differences: list[str] = []
    before, history = _INITIAL_STATE, History(sequence=1, ever_confirmed=False, ever_reorged=False)
    decided: list[EventType] = [EventType.CREATED]
    for place, step in enumerate(path, start=1):
        differences += [f"decision {place}: {problem}" for problem in _step_problems(step, before, history)]
        decided += step.events
        before = step.after
        history = History(
            sequence=step.sequence,
            ever_confirmed=history.ever_confirmed or step.after.status is Status.CONFIRMED,
            ever_reorged=history.ever_reorged or EventType.REORGED in step.events,
        )
    if before != state_of(intent):
        differences.append(f"the path ends at {before.status}, but the intent is {intent.status}")
    if tuple(decided) != tuple(announced):
        differences.append(f"the decided events are {_names(decided)}, but the stored ones are {_names(announced)}")
    if intent.sequence != history.sequence:
        differences.append(f"the sequence is {intent.sequence}, but the path leads to {history.sequence}")
    return differences


def _step_problems(step: Step, before: State, history: History) -> list[str]:
    problems: list[str] = []
    if step.before != before:
        problems.append(f"it begins at {step.before.status}, but the previous one ended at {before.status}")
    if not is_legal(step.before.status, step.after.status):
        problems.append(f"{step.before.status} must not become {step.after.status}")
    due = announce(step.before, step.after, history)
    if due != step.events:
        problems.append(f"the due events are {_names(due)}, but it announced {_names(step.events)}")
    if step.sequence != history.sequence + len(step.events):
        problems.append(f"its sequence is {step.sequence}, but its {len(step.events)} events follow {history.sequence}")
    return problems


def _is_due(intent: PaymentIntent, facts: Facts) -> bool:
    height, time = intent.next_check_height, intent.next_check_time
    return (height is not None and height <= facts.view.height) or (time is not None and time < facts.view.time)


def _names(types: Sequence[EventType]) -> str:
    return ", ".join(types) or "none"
