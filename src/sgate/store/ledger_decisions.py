"""The decisions that changed each intent, with the view of the chain that each was based on. Append-only.

All decisions about an intent, in order, are its path.
"""

import msgspec

from sgate.core.event import EventType
from sgate.core.finality import View
from sgate.core.intent import Anomaly, Status
from sgate.core.lifecycle import State
from sgate.db.pool import Connection
from sgate.store.rows import view_of, view_text


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One decision: a change from one state to another and the events that announced the change.

    The time and the height of the intent's next check are not part of the path.

    Attributes:
        sequence: the number of the intent's last event after the decision.
        view: the view of the chain that the decision was based on.
    """

    before: State
    after: State
    events: tuple[EventType, ...]
    sequence: int
    view: View


class _StoredState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A state as it is stored. The exceptions are sorted, because sets have no order."""

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
    """Append a decision, in the same transaction as the changes that it makes."""
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
