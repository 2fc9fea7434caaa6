"""The reference of events: what each tells, and one that really happened."""

import json
from collections.abc import Iterator

from event_samples import event_samples

from sgate.core.event import EventType

HEAD = """# Events

<!-- Made by `make generate`, which lets each event happen on the simulated chain. -->

What sGate tells your server, as the body of a [webhook](../webhooks.md), in `GET /v1/events`, and in the stream. The
samples were really sent: a merchant asked, customers paid (or did not), and sGate announced what came of it. Only ids,
hashes, heights and moments are replaced.

Each event has the same form. `type` says what happened (`event` repeats it), `created` when, in Unix seconds; `sequence` counts the events of one
payment intent, so a lower one is older; `data.object` is the object as it was then.
`livemode` tells real money from tests.

Act on the object's `status` rather than on the name of the event, and nothing depends on which came first.
"""


def event_page() -> str:
    """docs/reference/events.md."""
    return "\n".join([HEAD, *_summary(), *_sections()]).rstrip() + "\n"


def _summary() -> Iterator[str]:
    yield from ("| event | what it tells |", "|---|---|")
    for event_type in EventType:
        yield f"| [`{event_type}`](#{_anchor(event_type)}) | {event_type.meaning} |"
    yield ""


def _sections() -> Iterator[str]:
    for event_type, sample in event_samples().items():
        yield from (f"## {event_type}", "", EventType(event_type).meaning, "")
        yield from ("```json", json.dumps(sample, indent=2, ensure_ascii=False), "```", "")


def _anchor(event_type: str) -> str:
    return event_type.replace(".", "")
