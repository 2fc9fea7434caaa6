"""Scenarios that cause each event on the simulated chain.

No event is faked: a simulated customer pays or does not pay, and the server processes the outcome as usual.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from sgate.cli.developer import streams
from sgate.cli.developer.client import Client, Refused
from sgate.cli.developer.streams import Event
from sgate.cli.printing import sats
from sgate.cli.problems import Failure
from sgate.core.clock import BEHIND_WARNED
from sgate.core.event import EventType

INTENTS, SIMULATOR, ENDPOINTS = "/v1/payment_intents", "/v1/simulator", "/v1/webhook_endpoints"
IDLE_S = 1.1
"""Seconds without an event after which the chain is checked, and a block mined if the chain is idle. More than one
second, because block times are whole seconds.
"""

SHORT_S = 2
"""Seconds until the deadline of an intent that should expire."""

PART_S = 10
"""Seconds until the deadline of an intent that is first partially paid. This is enough time to mine a block."""

BLOCKS_TO_WAIT = 3
"""The number of blocks that a payment needs in scenarios in which its intent should be observed in `processing`."""


class Stage:
    """One run of a scenario: its client, its steps, and the events that arrived during it.

    Attributes:
        events: the events in the order of their arrival.
        say: called with one sentence for each step.
    """

    def __init__(self, client: Client, amount_sats: int, timeout_s: float, say: Callable[[str], None]) -> None:
        self.client = client
        self.amount_sats = amount_sats
        self.say = say
        self.events: list[Event] = []
        self._timeout_s = timeout_s
        self._arrived = asyncio.Event()
        self._collecting: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncGenerator[None]:
        """Collect events during the block."""
        position = await streams.newest_id(self.client)
        self._collecting = asyncio.create_task(self._collect(position))
        try:
            yield
        finally:
            self._collecting.cancel()
            await asyncio.wait([self._collecting])

    async def until(self, kind: EventType, subject: Callable[[dict[str, Any]], bool]) -> Event:
        """Wait for an event of a type about a matching object. Mine a block whenever the chain is idle.

        Raises:
            Failure: if the event does not arrive in time.
        """
        deadline, height = time.monotonic() + self._timeout_s, 0
        while True:
            self._arrived.clear()
            for event in self.events:
                if event.type == kind.value and subject(event.subject):
                    return event
            if self._collecting is not None and self._collecting.done():
                self._collecting.result()  # raises the error that ended the collecting
            if time.monotonic() > deadline:
                raise Failure(
                    f"{kind} did not arrive within {self._timeout_s:.0f} s. Check that a watcher is running and "
                    "follows the chain: see /health of the server, or run `sgate doctor` there"
                )
            try:
                await asyncio.wait_for(self._arrived.wait(), IDLE_S)
            except TimeoutError:
                standing = await self.client.get(SIMULATOR)
                if standing["height"] == height:
                    await self.mine()
                height = standing["height"]

    async def intent(self, **terms: object) -> dict[str, Any]:
        """Create a payment intent."""
        made = await self.client.post(
            INTENTS, {"amount_sats": self.amount_sats, "description": "sgate trigger"} | terms
        )
        self.say(f"created payment intent {made['id']} of {sats(self.amount_sats)}")
        return made

    async def short_intent(self, seconds: int) -> dict[str, Any]:
        """Create a payment intent that expires after `seconds` of block time, without a grace period.

        The server counts from its clock, unless the chain is far ahead.
        """
        standing = await self.client.get(SIMULATOR)
        ahead = datetime.fromisoformat(standing["block_time"]) - datetime.fromisoformat(standing["server_time"])
        expires_in = seconds + (max(0, round(ahead.total_seconds())) if ahead <= BEHIND_WARNED else 0)
        body = {"amount_sats": self.amount_sats, "expires_in_s": expires_in, "grace_s": 0}
        made = await self.client.post(f"{SIMULATOR}/payment_intents", body)
        self.say(f"created payment intent {made['id']} of {sats(self.amount_sats)} that expires in {expires_in} s")
        return made

    async def pay(self, intent: dict[str, Any], amount_sats: int, *, memo: bool = True) -> str:
        """Pay as a customer. Returns the transaction's id."""
        order = {"recipient": intent["pay_address"], "amount_sats": amount_sats, "memo": intent["id"] if memo else None}
        tx_id = (await self.client.post(f"{SIMULATOR}/payments", order))["tx_id"]
        self.say(f"a customer pays {sats(amount_sats)}{'' if memo else ' without a memo'}: transaction {tx_id[:18]}…")
        await self.mine()
        return str(tx_id)

    async def mine(self) -> None:
        """Mine a block, unless the chain is shared with other servers. A shared chain mines its blocks by itself."""
        try:
            await self.client.post(f"{SIMULATOR}/blocks", {"blocks": 1})
        except Refused as error:
            if error.code != "simulator_shared":
                raise

    async def reorg(self, intent: dict[str, Any]) -> None:
        """Reorganize the chain onto a branch in which the intent was never paid."""
        found = await self.client.get(f"{INTENTS}/{intent['id']}")
        height = min(payment["block_height"] for payment in found["payments"])
        await self.client.post(f"{SIMULATOR}/reorg", {"from_height": height, "remine": "drop"})
        self.say(f"the chain forks: block {height} and all above it are replaced, and the payment is gone")

    async def _collect(self, position: str | None) -> None:
        async with contextlib.aclosing(streams.follow(self.client, position, self.say)) as following:
            async for event in following:
                self.events.append(event)
                self._arrived.set()


Scenario = Callable[[Stage], Awaitable[Event]]


def about(intent: dict[str, Any]) -> Callable[[dict[str, Any]], bool]:
    """Return a predicate for events about this object."""
    return lambda subject: subject.get("id") == intent["id"]


async def created(stage: Stage) -> Event:
    intent = await stage.intent()
    return await stage.until(EventType.CREATED, about(intent))


async def processing(stage: Stage) -> Event:
    merchant = await stage.client.get("/v1/merchants/me")
    intent = await stage.intent(confirmation_policy=_stricter(merchant["effective_confirmation_policy"]))
    await stage.pay(intent, stage.amount_sats)
    return await stage.until(EventType.PROCESSING, about(intent))


async def _succeed(stage: Stage) -> tuple[dict[str, Any], Event]:
    intent = await stage.intent()
    await stage.pay(intent, stage.amount_sats)
    return intent, await stage.until(EventType.SUCCEEDED, about(intent))


async def succeeded(stage: Stage) -> Event:
    return (await _succeed(stage))[1]


async def partially_paid(stage: Stage) -> Event:
    intent = await stage.intent()
    await stage.pay(intent, _half(stage))
    return await stage.until(EventType.PARTIALLY_PAID, about(intent))


async def overpaid(stage: Stage) -> Event:
    intent = await stage.intent()
    await stage.pay(intent, stage.amount_sats + _half(stage))
    return await stage.until(EventType.OVERPAID, about(intent))


async def duplicate_payment(stage: Stage) -> Event:
    intent, _ = await _succeed(stage)
    await stage.pay(intent, stage.amount_sats)
    return await stage.until(EventType.DUPLICATE_PAYMENT, about(intent))


async def expired(stage: Stage) -> Event:
    intent = await stage.short_intent(SHORT_S)
    return await stage.until(EventType.EXPIRED, about(intent))


async def failed(stage: Stage) -> Event:
    intent = await stage.short_intent(PART_S)
    await stage.pay(intent, _half(stage))
    return await stage.until(EventType.FAILED, about(intent))


async def paid_late(stage: Stage) -> Event:
    intent = await stage.short_intent(SHORT_S)
    await stage.until(EventType.EXPIRED, about(intent))
    stage.say("the deadline has passed")
    await stage.pay(intent, stage.amount_sats)
    return await stage.until(EventType.PAID_LATE, about(intent))


async def _cancel(stage: Stage) -> tuple[dict[str, Any], Event]:
    intent = await stage.intent()
    await stage.client.post(f"{INTENTS}/{intent['id']}/cancel")
    stage.say("the merchant cancels it")
    return intent, await stage.until(EventType.CANCELED, about(intent))


async def canceled(stage: Stage) -> Event:
    return (await _cancel(stage))[1]


async def paid_after_cancel(stage: Stage) -> Event:
    intent, _ = await _cancel(stage)
    await stage.pay(intent, stage.amount_sats)
    return await stage.until(EventType.PAID_AFTER_CANCEL, about(intent))


async def canceled_with_payment(stage: Stage) -> Event:
    intent = await stage.intent()
    await stage.pay(intent, _half(stage))
    await stage.until(EventType.PARTIALLY_PAID, about(intent))
    await stage.client.post(f"{INTENTS}/{intent['id']}/cancel", {"force": True})
    stage.say("the merchant cancels it anyway")
    return await stage.until(EventType.CANCELED_WITH_PAYMENT, about(intent))


async def held(stage: Stage) -> Event:
    intent, _ = await _cancel(stage)
    tx_id = await stage.pay(intent, stage.amount_sats)
    return await stage.until(EventType.HELD, lambda subject: subject.get("tx_id") == tx_id)


async def reorged(stage: Stage) -> Event:
    return (await _reorg(stage))[1]


async def reconfirmed(stage: Stage) -> Event:
    intent, _ = await _reorg(stage)
    await stage.pay(intent, stage.amount_sats)
    return await stage.until(EventType.RECONFIRMED, about(intent))


async def _reorg(stage: Stage) -> tuple[dict[str, Any], Event]:
    intent, _ = await _succeed(stage)
    await stage.reorg(intent)
    return intent, await stage.until(EventType.REORGED, about(intent))


async def unmatched(stage: Stage) -> Event:
    merchant = await stage.client.get("/v1/merchants/me")
    if merchant["pay_address"] is None:
        raise Failure(
            "deposits at the gateway address belong to no merchant, so no event would be sent. Give the merchant its "
            "own pay address first: PATCH /v1/merchants/me with pay_address"
        )
    tx_id = await stage.pay({"id": "", "pay_address": merchant["pay_address"]}, stage.amount_sats, memo=False)
    return await stage.until(EventType.UNMATCHED, lambda subject: subject.get("tx_id") == tx_id)


async def endpoint_test(stage: Stage) -> Event:
    async with _endpoint(stage, answering=200) as endpoint:
        await stage.client.post(f"{ENDPOINTS}/{endpoint['id']}/test")
        return await stage.until(EventType.ENDPOINT_TEST, about(endpoint))


async def endpoint_disabled(stage: Stage) -> Event:
    async with _endpoint(stage, answering=410) as endpoint:
        await stage.client.post(f"{ENDPOINTS}/{endpoint['id']}/test")
        stage.say("the endpoint answers 410 Gone")
        return await stage.until(EventType.ENDPOINT_DISABLED, about(endpoint))


@contextlib.asynccontextmanager
async def _endpoint(stage: Stage, *, answering: int) -> AsyncGenerator[dict[str, Any]]:
    """Yield a webhook endpoint on this machine, and delete it at the end of the block."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=answering)

    application = web.Application()
    application.router.add_post("/", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        try:
            made = await stage.client.post(ENDPOINTS, {"url": url, "description": "sgate trigger"})
        except Refused as error:
            if error.code != "invalid_url":
                raise
            raise Failure(
                "this event needs an endpoint on this machine, but the server does not send webhooks to private "
                "addresses. Use a server in development, or set SGATE_WEBHOOK_ALLOW_PRIVATE there"
            ) from None
        stage.say(f"created webhook endpoint {made['id']} at {url}")
        try:
            yield made
        finally:
            await stage.client.delete(f"{ENDPOINTS}/{made['id']}")
    finally:
        await runner.cleanup()


def _half(stage: Stage) -> int:
    return max(1, stage.amount_sats // 2)


def _stricter(policy: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the policy with at least BLOCKS_TO_WAIT Stacks blocks in each tier."""
    return [
        {name: value for name, value in tier.items() if value}
        | {"from_sats": tier["from_sats"], "stacks_blocks": max(BLOCKS_TO_WAIT, tier.get("stacks_blocks") or 0)}
        for tier in policy
    ]


SCENARIOS: Mapping[EventType, Scenario] = {
    EventType.CREATED: created,
    EventType.PROCESSING: processing,
    EventType.SUCCEEDED: succeeded,
    EventType.PARTIALLY_PAID: partially_paid,
    EventType.OVERPAID: overpaid,
    EventType.DUPLICATE_PAYMENT: duplicate_payment,
    EventType.EXPIRED: expired,
    EventType.FAILED: failed,
    EventType.PAID_LATE: paid_late,
    EventType.CANCELED: canceled,
    EventType.PAID_AFTER_CANCEL: paid_after_cancel,
    EventType.CANCELED_WITH_PAYMENT: canceled_with_payment,
    EventType.HELD: held,
    EventType.REORGED: reorged,
    EventType.RECONFIRMED: reconfirmed,
    EventType.UNMATCHED: unmatched,
    EventType.ENDPOINT_TEST: endpoint_test,
    EventType.ENDPOINT_DISABLED: endpoint_disabled,
}
"""The scenario of each event type. A test checks that none is missing."""
