"""Decisions about intents. Each decision is stored with all its consequences in one transaction.

The transaction locks the intent, reads all its facts in one snapshot, reduces them, saves the state, and appends the
events and their deliveries. If the process crashes before the commit, the intent stays in the queue. If it crashes
after the commit, nothing is left to do.
"""

import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from datetime import datetime, timedelta

import msgspec

from sgate.core.event import EventType
from sgate.core.finality import View
from sgate.core.intent import Anomaly, PaymentIntent, Status
from sgate.core.lifecycle import Close, History, State, announce, held_reasons, is_legal, reduce
from sgate.core.payment import Inclusion
from sgate.db.pool import Connection, DatabaseErrors, Pool
from sgate.environment import Environment
from sgate.ledger import outbox
from sgate.store import ledger_commands, ledger_decisions, ledger_queue, payment_intents, payment_intents_facts
from sgate.store.ledger_decisions import Step

UNDECIDED_WAIT = timedelta(minutes=1)
"""How long an intent that cannot be decided is postponed."""

CLOSED = frozenset({Status.EXPIRED, Status.FAILED})

MAX_DUE_PER_STEP = 500
"""The maximum number of intents queued in one step for each kind of threshold (deadline and height). The rest follow in
the next step.
"""


class IllegalMove(Exception):
    """The facts lead to a status that may not follow the present one. This is a bug in sGate; nothing was changed."""


class Undecided(Exception):
    """An intent could not be decided. It was postponed and nothing else was changed; `__cause__` says why.

    Attributes:
        intent_id: the id of the intent.
    """

    def __init__(self, intent_id: str) -> None:
        super().__init__(f"{intent_id} could not be decided")
        self.intent_id = intent_id


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision about an intent.

    Attributes:
        intent: the intent with its new state.
        events: the announced events; empty if nothing changed.
        mined_at: the block time of the latest payment on the chain, or None.
        seconds: how long the decision took.
    """

    intent: PaymentIntent
    events: tuple[EventType, ...]
    mined_at: datetime | None
    seconds: float


Observe = Callable[[Decision], None]
"""Called with each decision after its commit."""


def ignore_decision(_decision: Decision) -> None:
    """Do nothing: the default observer."""


@contextlib.asynccontextmanager
async def transaction(pool: Pool, observe: Observe) -> AsyncGenerator[tuple[Connection, list[Decision]]]:
    """Open a transaction. After the commit, `observe` is called with each decision appended to the yielded list."""
    decisions: list[Decision] = []
    async with pool.acquire() as connection, connection.transaction():
        yield connection, decisions
    for decision in decisions:
        observe(decision)


async def settle_next(
    pool: Pool, environment: Environment, public_url: str, *, livemode: bool, observe: Observe = ignore_decision
) -> str | None:
    """Decide the next queued intent in one transaction. Return its id, or None if the queue is empty.

    Args:
        observe: called with the decision after the commit.

    Raises:
        Undecided: if a bug in sGate prevents the decision. The intent is postponed, so it does not block other intents.
    """
    intent_id: str | None = None
    try:
        async with transaction(pool, observe) as (connection, decisions):
            intent_id = await ledger_queue.take(connection, livemode=livemode)
            if intent_id is None:
                return None
            intent = await payment_intents.lock(connection, intent_id)
            if intent is not None:
                decisions.append(await decide(connection, environment, intent, public_url))
            await ledger_queue.done(connection, intent_id)
    except DatabaseErrors:
        raise
    except Exception as error:
        if intent_id is None:
            raise
        async with pool.acquire() as connection:
            await ledger_queue.postpone(connection, intent_id, UNDECIDED_WAIT)
        raise Undecided(intent_id) from error
    return intent_id


async def queue_due(pool: Pool, view: View, *, livemode: bool, deadlines: bool = True) -> int:
    """Queue the intents whose deadline or height threshold the scanned chain has passed. Return their number.

    Args:
        deadlines: if False, skip the deadlines and queue by height alone.
    """
    async with pool.acquire() as connection:
        return await ledger_queue.queue_due(connection, view, MAX_DUE_PER_STEP, livemode=livemode, deadlines=deadlines)


async def decide(connection: Connection, environment: Environment, intent: PaymentIntent, public_url: str) -> Decision:
    """Decide a locked intent from all its facts and store the outcome, inside the caller's transaction.

    Raises:
        IllegalMove: if the facts lead to a status that may not follow the present one.
    """
    started = time.perf_counter()
    facts = await payment_intents_facts.get(connection, intent.id, livemode=intent.livemode)
    state = reduce(intent.terms, facts.payments, facts.sightings, facts.commands, facts.view)
    if not is_legal(intent.status, state.status):
        raise IllegalMove(f"{intent.id}: from {intent.status} to {state.status}")
    types = announce(state_of(intent), state, history_of(intent))
    after = _after(intent, state, types, environment)
    if after.status in CLOSED and intent.status not in CLOSED:
        await ledger_commands.add(connection, intent.id, Close(at=facts.view.time))
    if after != intent:
        await payment_intents.save(connection, after, facts.view)
    step = Step(before=state_of(intent), after=state_of(after), events=types, sequence=after.sequence, view=facts.view)
    if step.before != step.after or types:
        await ledger_decisions.append(connection, intent.id, step)
    await outbox.announce(
        connection, environment, after, types, facts=facts.payments, view=facts.view, public_url=public_url
    )
    held = held_reasons(intent.terms, facts.payments, facts.commands)
    await outbox.announce_held(connection, environment, held, livemode=intent.livemode)
    mined = [payment.block_time for payment in facts.payments if payment.inclusion is Inclusion.INCLUDED]
    return Decision(
        intent=after, events=types, mined_at=max(mined, default=None), seconds=time.perf_counter() - started
    )


def _after(
    intent: PaymentIntent, state: State, types: tuple[EventType, ...], environment: Environment
) -> PaymentIntent:
    """Return the intent with its new state. Its history is only extended."""
    reorged = Anomaly.REORGED in intent.anomalies or EventType.REORGED in types
    confirmed_at, canceled_at = intent.confirmed_at, intent.canceled_at
    if state.status is Status.CONFIRMED and confirmed_at is None:
        confirmed_at = environment.now_ms()
    if state.status is Status.CANCELED and canceled_at is None:
        canceled_at = environment.now_ms()
    return msgspec.structs.replace(
        intent,
        status=state.status,
        anomalies=state.anomalies | ({Anomaly.REORGED} if reorged else frozenset[Anomaly]()),
        amount_received_sats=state.amount_received_sats,
        amount_counted_sats=state.amount_counted_sats,
        sequence=intent.sequence + len(types),
        next_check_height=state.next_check_height,
        next_check_time=state.next_check_time,
        confirmed_at=confirmed_at,
        canceled_at=canceled_at,
    )


def state_of(intent: PaymentIntent) -> State:
    """Return the stored state of an intent. A past reorganization belongs to its history, not to its state."""
    return State(
        status=intent.status,
        anomalies=intent.anomalies - {Anomaly.REORGED},
        amount_received_sats=intent.amount_received_sats,
        amount_counted_sats=intent.amount_counted_sats,
    )


def history_of(intent: PaymentIntent) -> History:
    """Return the history of an intent so far."""
    return History(
        sequence=intent.sequence,
        ever_confirmed=intent.confirmed_at is not None,
        ever_reorged=Anomaly.REORGED in intent.anomalies,
    )
