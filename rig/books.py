"""What the outside knows for sure, written down by those who were told: merchants, payers, receivers, readers.

Nothing here asks sGate or its database. At the end these books are held against sGate's (`rig/audit.py`).
"""

import time
from collections import Counter
from dataclasses import dataclass, field

DUE_SATS = 3_000


@dataclass(slots=True)
class Request:
    """One request as its client saw it. `failure`: None, or what went wrong, after the one retry that is allowed."""

    kind: str
    started_s: float
    ended_s: float
    failure: str | None
    retried: bool


@dataclass(slots=True)
class Books:
    """Times are seconds since the load began."""

    began_s: float = field(default_factory=time.monotonic)
    requests: list[Request] = field(default_factory=list)
    acknowledged: dict[str, str] = field(default_factory=dict)  # intent id -> idempotency key, "" without one
    keys: dict[str, str] = field(default_factory=dict)  # idempotency key -> intent id
    paid: dict[str, tuple[str, int]] = field(default_factory=dict)  # transaction id -> (intent id, sats)
    received: dict[str, dict] = field(default_factory=dict)  # event id -> event, as webhooks brought it
    deliveries: Counter = field(default_factory=Counter)  # event id -> how often it came
    arrivals: list[float] = field(default_factory=list)  # of webhooks
    successes: list[float] = field(default_factory=list)  # arrivals that told of a payment
    streamed: dict[str, set[str]] = field(default_factory=dict)  # merchant -> ids of events its stream told
    contradictions: list[str] = field(default_factory=list)  # what must never be seen from outside

    def begin(self):
        """From now on times count."""
        self.began_s = time.monotonic()

    def now_s(self):
        return time.monotonic() - self.began_s

    def note(self, request):
        self.requests.append(request)

    def acknowledge(self, intent_id, key):
        """A create was answered."""
        if key and self.keys.setdefault(key, intent_id) != intent_id:
            self.contradictions.append(f"key {key} was answered with {self.keys[key]} and with {intent_id}")
        self.acknowledged[intent_id] = key

    def receive(self, event):
        """A webhook with a good signature came."""
        self.arrivals.append(self.now_s())
        if event["type"] == "payment_intent.succeeded":
            self.successes.append(self.now_s())
        self.deliveries[event["id"]] += 1
        if self.received.setdefault(event["id"], event) != event:
            self.contradictions.append(f"event {event['id']} came twice with different bodies")

    def failed(self, from_s, to_s):
        """Requests begun within these times that failed."""
        return [each for each in self.requests if each.failure and from_s <= each.started_s <= to_s]
