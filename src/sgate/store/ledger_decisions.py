"""The path of each intent: every decision that changed it, with the view of the chain it was based on. Append-only."""

import msgspec

from sgate.core.event import EventType
from sgate.core.finality import View
from sgate.core.intent import Anomaly, Status
from sgate.core.lifecycle import State
from sgate.db.pool import Connection
from sgate.store.rows import view_of, view_text


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One decision: a change from one state to another and the events announced about it.

    The time and height of the intent's next check are not part of the path.

    Attributes:
        sequence: number of the last event.
        view: the view of the chain that the decision was based on.
    """

    before: State
    after: State
    events: tuple[EventType, ...]
    sequence: int
    view: View


class _StoredState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A state as stored. The exceptions are a sorted list, because sets have no order."""

    status: Status
    exceptions: tuple[Anomaly, ...] = ()
    received_sats: int = 0
    counted_sats: int = 0


_decoder = msgspec.json.Decoder(_StoredState)

_APPEND = """
INSERT INTO ledger_decisions (payment_intent_id, before, after, events, sequence, view)
VALUES ($1, $2::text::json, $3::text::json, $4, $5, $6::text::json)
"""

_PATHS_OF = """
SELECT payment_intent_id, before::text, after::text, events, sequence, view::text
FROM ledger_decisions
WHERE payment_intent_id = ANY ($1::text[])
ORDER BY payment_intent_id, id
"""


async def append(connection: Connection, intent_id: str, step: Step) -> None:
    """Append a decision, in the decision's own transaction."""
    await connection.execute(
        _APPEND, intent_id, _text(step.before), _text(step.after), step.events, step.sequence, view_text(step.view)
    )


async def paths_of(connection: Connection, intent_ids: list[str]) -> dict[str, list[Step]]:
    """Return all decisions about each of these intents, in order."""
    paths: dict[str, list[Step]] = {intent_id: [] for intent_id in intent_ids}
    for row in await connection.fetch(_PATHS_OF, intent_ids):
        step = Step(
            before=_state(row["before"]),
            after=_state(row["after"]),
            events=tuple(map(EventType, row["events"])),
            sequence=row["sequence"],
            view=view_of(row["view"]),
        )
        paths[row["payment_intent_id"]].append(step)
    return paths


def _text(state: State) -> str:
    stored = _StoredState(
        status=state.status,
        exceptions=tuple(sorted(state.anomalies)),
        received_sats=state.amount_received_sats,
        counted_sats=state.amount_counted_sats,
    )
    return msgspec.json.encode(stored).decode()


def _state(text: str) -> State:
    stored = _decoder.decode(text)
    return State(
        status=stored.status,
        anomalies=frozenset(stored.exceptions),
        amount_received_sats=stored.received_sats,
        amount_counted_sats=stored.counted_sats,
    )
