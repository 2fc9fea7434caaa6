"""Merchants' servers: they verify what they get, remember it, and often fail."""

import json

from sgate.core.retry import Outcome
from sgate.core.signature import verify_sgate, verify_standard
from sgate.workers.webhooks.client import Reply
from simulation.invariants import require

MAX_FAILURES = 3
"""Of one event at one endpoint; fewer than the schedule has attempts, so in the end everything is delivered."""


class Receivers:
    """The deliverer's client and all receivers behind it.

    Attributes:
        failing: how likely an attempt fails.
        seen: url -> event id -> body, of every request that reached the receiver.
    """

    def __init__(self, world):
        self._world = world
        self._dice = world.dice_for("receivers")
        self._failures = {}
        self._tried = {}
        self.failing = 0.0
        self.seen = {}
        self.secrets = {}

    async def post(self, url, body, headers, *, merchant_id):
        """What WebhookClient does."""
        event = json.loads(body)
        self._check_order(url, event)
        if self._fails(url, event["id"]):
            return self._failure(url, event, body, headers)
        self._take(url, event, body, headers)
        return Reply(outcome=Outcome(status=200), headers={}, body="thanks")

    async def close(self):
        """Nothing to close."""

    def _fails(self, url, event_id):
        failures = self._failures.get((url, event_id), 0)
        if failures >= MAX_FAILURES or self._dice.random() >= self.failing:
            return False
        self._failures[url, event_id] = failures + 1
        return True

    def _failure(self, url, event, body, headers):
        """Away, too slow, or broken: only the first kind did not get the request."""
        kind = self._dice.choice(("away", "slow", "broken"))
        self._world.story.tell(f"    {url} is {kind} for {event['type']}")
        if kind == "away":
            return Reply(outcome=Outcome(status=None, error="connection refused"), headers={}, body=None)
        self._take(url, event, body, headers)
        if kind == "slow":
            return Reply(outcome=Outcome(status=None, error="no answer within the time limit"), headers={}, body=None)
        return Reply(outcome=Outcome(status=500), headers={}, body="oops")

    def _check_order(self, url, event):
        """Event n+1 of an intent is tried here for the first time only after event n was."""
        about = event["data"]["object"]["id"]
        tried = self._tried.setdefault((url, about), [])
        if event["sequence"] not in tried:
            require(not tried or max(tried) < event["sequence"], f"{url}: {event['sequence']} of {about} after {tried}")
            tried.append(event["sequence"])

    def _take(self, url, event, body, headers):
        names = {name.lower(): value for name, value in headers.items()}
        now_s = int(self._world.environment.now().timestamp())
        verify_standard(self.secrets[url], names, body, now_s)
        verify_sgate(self.secrets[url], names, body, now_s)
        require(names["webhook-id"] == event["id"], "the id in the headers is not the event's")
        seen = self.seen.setdefault(url, {})
        before = seen.setdefault(event["id"], body)
        require(before == body, f"{event['id']} came with two bodies")
