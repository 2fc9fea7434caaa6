"""Merchants' servers, which verify and record webhooks, and often fail."""

import json

from sgate.core.retry import Outcome
from sgate.core.signature import verify_sgate, verify_standard
from sgate.workers.webhooks.client import Reply
from simulation.invariants import require

MAX_FAILURES = 3
"""Failures per event and endpoint: fewer than the attempts of the schedule, so that everything is delivered."""


class Receivers:
    """The deliverer's client and all receivers behind it.

    Attributes:
        failing: the probability that an attempt fails.
        seen: url -> event id -> body, for every request that reached the receiver.
    """

    def __init__(self, world):
        self._world = world
        self._random = world.random_for("receivers")
        self._failures = {}
        self._tried = {}
        self.failing = 0.0
        self.seen = {}
        self.secrets = {}

    async def post(self, url, body, headers, *, merchant_id):
        """Post a webhook, as `WebhookClient` does."""
        event = json.loads(body)
        self._check_order(url, event)
        if self._fails(url, event["id"]):
            return self._failure(url, event, body, headers)
        self._receive(url, event, body, headers)
        return Reply(outcome=Outcome(status=200), headers={}, body="thanks")

    async def close(self):
        """Nothing to close."""

    def _fails(self, url, event_id):
        failures = self._failures.get((url, event_id), 0)
        if failures >= MAX_FAILURES or self._random.random() >= self.failing:
            return False
        self._failures[url, event_id] = failures + 1
        return True

    def _failure(self, url, event, body, headers):
        """Fail: unreachable, too slow or broken. Only an unreachable receiver did not get the request."""
        kind = self._random.choice(("unreachable", "slow", "broken"))
        self._world.story.tell(f"    {url} is {kind} for {event['type']}")
        if kind == "unreachable":
            return Reply(outcome=Outcome(status=None, error="connection refused"), headers={}, body=None)
        self._receive(url, event, body, headers)
        if kind == "slow":
            return Reply(outcome=Outcome(status=None, error="no response within the time limit"), headers={}, body=None)
        return Reply(outcome=Outcome(status=500), headers={}, body="oops")

    def _check_order(self, url, event):
        """Check that event n+1 of an intent is first attempted only after event n was."""
        about = event["data"]["object"]["id"]
        tried = self._tried.setdefault((url, about), [])
        if event["sequence"] not in tried:
            require(not tried or max(tried) < event["sequence"], f"{url}: {event['sequence']} of {about} after {tried}")
            tried.append(event["sequence"])

    def _receive(self, url, event, body, headers):
        names = {name.lower(): value for name, value in headers.items()}
        now_s = int(self._world.environment.now().timestamp())
        verify_standard(self.secrets[url], names, body, now_s)
        verify_sgate(self.secrets[url], names, body, now_s)
        require(names["webhook-id"] == event["id"], "the id in the headers is not the event's")
        seen = self.seen.setdefault(url, {})
        before = seen.setdefault(event["id"], body)
        require(before == body, f"{event['id']} was received with two bodies")
