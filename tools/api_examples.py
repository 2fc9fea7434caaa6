"""Record the examples of the OpenAPI document: every call and every event type, on a real gateway.

The gateway runs on an embedded PostgreSQL and the simulated chain. The clocks and the random source are injected, so
that every run records the same bytes; durations, uptime and memory, which cannot be injected, are replaced. Needs
`tests` in PYTHONPATH, for the database with a simulated clock. With `--check` nothing is written, and the exit status is
1 if the file is out of date.
"""

import asyncio
import base64
import contextlib
import json
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from sgate.api.openapi.calls import CALLS
from sgate.api.openapi.examples import RECORDED
from sgate.chain.simulator import SimulatedChain, serve, simulated_address
from sgate.chain.simulator.transactions import SimulatedTransfer
from sgate.core.event import EventType
from sgate.core.memo import memo_of
from sgate.core.retry import Outcome
from sgate.db.embedded import EmbeddedPostgres
from sgate.environment import Environment
from sgate.http.server import listen
from sgate.runtime import build
from sgate.runtime.roles import Gateway, Role
from sgate.runtime.run import run_roles
from sgate.services import merchants
from sgate.settings.settings import ModeSettings, Settings, Source
from sgate.store.audit_log import OPERATOR
from sgate.telemetry import logging
from sgate.workers.loops import Stop
from sgate.workers.watcher.watcher import Watcher
from sgate.workers.webhooks.backlog import Backlog
from sgate.workers.webhooks.client import Reply, WebhookClient
from sgate.workers.webhooks.deliverer import Deliverer
from simulation.database import Database, disable_durability, fresh_database

Json = dict[str, Any]

BEGAN = datetime(2026, 11, 23, 12, tzinfo=UTC)
BLOCKS = 1_200
"""Blocks that exist by then, one per second."""

PUBLIC_URL = "https://pay.example.com"
SHOP_URL = "https://shop.example/webhooks"
NEW_URL = "https://shop.example/webhooks/sgate"
OLD_URL = "https://old.shop.example/webhooks"
"""The endpoint that responds with 410, which disables it."""

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGPgiQoBAAEwALtYLbblAAAAAElFTkSuQmCC")
AMOUNT_SATS = 100_000
DAY_S = 86_400
LONG_AFTER_S = 10_000
"""Seconds that outlast the deadline, grace period and hold of an intent with default settings."""

WAITING = [
    {"from_sats": 0, "stacks_blocks": 3},
    {"from_sats": 1_000_000, "stacks_blocks": 6},
    {"from_sats": 100_000_000, "stacks_blocks": 6, "tenure_changes": 2},
]
"""A policy that leaves a payment unconfirmed after one block."""

PATTERN = bytes.fromhex("0123456789abcdef")
"""What secrets begin with, so that they are recognizable as examples."""

MEASURED: Mapping[str, object] = {"duration_ms": 84, "uptime": 3600.5, "memory": {"max_rss": 134_217_728}}
"""What replaces values that are measured."""

_CALLS = {call.name: call for call in CALLS}


def main() -> None:
    text = recorded()
    if "--check" in sys.argv[1:]:
        if not RECORDED.exists() or RECORDED.read_text("utf-8") != text:
            sys.exit(f"Out of date: {RECORDED.name}. Run `make generate`.")
    else:
        RECORDED.write_text(text, "utf-8")


def recorded() -> str:
    """Return the content of the file: all calls and events, as JSON."""
    logging.configure("error")
    with tempfile.TemporaryDirectory(prefix="sgate-examples-") as name:
        server = EmbeddedPostgres(Path(name) / "postgres", keep=False)
        try:
            return asyncio.run(_perform(server.url, Path(name)))
        finally:
            server.close()


async def _perform(server_url: str, directory: Path) -> str:
    await disable_durability(server_url)
    async with fresh_database(server_url) as database, _stage(database, directory) as stage:
        await _tell(stage)
        await _cause_remaining_events(stage)
        missing = [name for name in _CALLS if name not in stage.calls]
        assert not missing, f"not called: {', '.join(missing)}"
        shown = {"calls": {name: stage.calls[name] for name in _CALLS}, "events": await stage.events()}
        return json.dumps(shown, indent=1, ensure_ascii=False) + "\n"


class Clock:
    """The clock of the gateway, the database and the chain."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.now_s = BEGAN.timestamp() - BLOCKS

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_s, UTC)

    async def advance(self, seconds: float) -> None:
        self.now_s += seconds
        await self._database.set_clock(self.now_s)


def _random_source() -> Callable[[int], bytes]:
    rng = random.Random("sgate examples")  # noqa: S311 - nothing is secret

    def random_bytes(count: int) -> bytes:
        """Return random bytes; those of secrets, which are longer than those of ids, begin with the pattern."""
        pattern = PATTERN * max(0, count // len(PATTERN) - (count % len(PATTERN) == 0))
        return pattern + rng.randbytes(count - len(pattern))

    return random_bytes


class Shop(WebhookClient):
    """The merchant's server, in place of the client that sends webhooks."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, merchant_id: str) -> Reply:
        """Return the response of the shop."""
        del body, headers, merchant_id
        gone = url == OLD_URL
        status, text, error = (410, "gone", "answered 410") if gone else (200, "ok", None)
        shown = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(text))}
        return Reply(outcome=Outcome(status=status, error=error), headers=shown, body=text)


class Stage:
    """A merchant who calls the API, its customers, and a chain and workers that advance on request.

    Attributes:
        calls: the recorded calls by name.
    """

    def __init__(self, gateway: Gateway, chain: SimulatedChain, clock: Clock, http: aiohttp.ClientSession) -> None:
        self._gateway, self._chain, self._clock, self._http = gateway, chain, clock, http
        self._requests = 0
        self.calls: dict[str, Json] = {}
        mode = gateway.chains[False]
        self._watcher = Watcher(
            pool=gateway.pool,
            source=mode.source,
            mode=gateway.modes[False],
            environment=gateway.environment,
            allowance=mode.allowance,
            read_intervals=mode.read_intervals,
        )
        self._deliverer = Deliverer(
            pool=gateway.pool,
            cipher=gateway.cipher,
            client=Shop(egress=gateway.deps.egress),
            schedule=gateway.settings.webhook_retry_schedule,
            environment=gateway.environment,
        )

    @property
    def now(self) -> str:
        return self._clock.now().isoformat().replace("+00:00", "Z")

    async def call(self, name: str, body: Any = None, *, query: Json | None = None, key: str = "", **ids: str) -> Json:
        """Make a call a few seconds after the last one."""
        await self._clock.advance(2)
        self._requests += 1
        call, headers = _CALLS[name], {"X-Request-Id": f"req_{int(self._clock.now_s):08x}{self._requests:016x}"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        sent = {"data": body} if isinstance(body, bytes) else {"json": body}
        path = call.path.format(**ids)
        async with self._http.request(call.method, path, params=query, headers=headers, **sent) as response:
            assert response.status == call.status, f"{name}: {await response.text()}"
            if not call.stream:
                return _fixed(await response.json())
            async for line in response.content:
                if line.startswith(b"data: {"):
                    return _fixed(json.loads(line.removeprefix(b"data: ")))
        raise AssertionError(f"{name}: the stream has ended")

    async def show(self, name: str, body: Any = None, *, query: Json | None = None, **ids: str) -> Json:
        """Make a call and record it."""
        response = await self.call(name, body, query=query, **ids)
        request = {} if body is None or isinstance(body, bytes) else {"request": body}
        self.calls[name] = {**request, "response": response}
        return response

    async def intent(self, **terms: Any) -> Json:
        await self.watch()
        order = {"amount_sats": AMOUNT_SATS, "description": "Order 18", "metadata": {"order_id": "18"}}
        return await self.call("createPaymentIntent", order | terms)

    async def pay(self, intent: Json, amount_sats: int = AMOUNT_SATS) -> None:
        await self.send(intent["pay_address"], amount_sats, memo_of(intent["id"]))

    async def send(self, address: str, amount_sats: int, memo: bytes | None) -> None:
        self._chain.submit(SimulatedTransfer(recipient=address, amount_sats=amount_sats, memo=memo))
        await self.mine()

    async def send_back(self, payment: Json) -> str:
        """Return the id of a transaction that refunds a payment."""
        refund = SimulatedTransfer(
            sender=payment["recipient"], recipient=payment["sender"], amount_sats=payment["amount_sats"], memo=None
        )
        tx_id = self._chain.submit(refund)
        await self.mine()
        return tx_id

    async def mine(self, after_s: int = 5) -> None:
        """Mine a block after so many seconds."""
        await self._clock.advance(after_s)
        self._chain.mine()
        await self.watch()

    async def fork(self) -> None:
        """Replace the last block. Its transactions return to the mempool."""
        self._chain.reorg(1, "none")
        await self.watch()

    async def watch(self) -> None:
        """Run the watcher twice, because one run stops where the sources' answers agree."""
        await self._watcher.run_once()
        await self._watcher.run_once()

    async def deliver(self) -> None:
        """Send everything that is due."""
        await Backlog(self._gateway.pool).run_once()
        while (await self._deliverer.run_once()).claimed:
            pass

    async def store_use_of_keys(self) -> None:
        await self._gateway.deps.authenticator.store_use()

    async def events(self) -> dict[str, Json]:
        """Return the first event of each type."""
        found: dict[str, Json] = {}
        for event_type in EventType:
            page = await self.call("listEvents", query={"type": event_type, "limit": 100})
            found[event_type] = page["data"][-1]
        return found


@contextlib.asynccontextmanager
async def _stage(database: Database, directory: Path) -> AsyncIterator[Stage]:
    clock = Clock(database)
    await clock.advance(0)
    asset = Settings(test=ModeSettings(source=Source.SIMULATOR), _env_file=None).asset_of(False)
    chain = SimulatedChain.open(None, asset=asset, seed="examples", clock=lambda: clock.now_s)
    chain.mine(BLOCKS)
    await clock.advance(BLOCKS)
    chain_api = await serve(chain, "127.0.0.1", 0)
    settings = Settings(
        data_dir=directory,
        port=0,
        public_url=PUBLIC_URL,
        trusted_proxies=("127.0.0.1", "::1"),
        test=ModeSettings(source=Source.SIMULATOR, stacks_api_url=chain_api.url),
        exchange_rate_sources=(),
        _env_file=None,
    )
    listening = listen(settings.host, 0)
    url = f"http://localhost:{listening.getsockname()[1]}"
    environment = Environment(now=clock.now, random_bytes=_random_source())
    async with build.open_gateway(settings, database.url, port=0, environment=environment) as gateway:
        stop = Stop()
        running = asyncio.create_task(run_roles(gateway, (Role.API,), stop, listening))
        _, key = await merchants.create(gateway.pool, environment, "Corner Coffee", livemode=False, actor=OPERATOR)
        headers = {"Authorization": f"Bearer {key.secret}", "X-Forwarded-For": "203.0.113.7"}
        try:
            async with aiohttp.ClientSession(url, headers=headers) as http:
                stage = Stage(gateway, chain, clock, http)
                await stage.watch()
                yield stage
        finally:
            stop.request()
            await running
    await chain_api.close()
    chain.close()


async def _tell(stage: Stage) -> None:
    """Make every call once, in the order in which a shop would."""
    await _set_up(stage)
    endpoint = await stage.show(
        "createWebhookEndpoint",
        {"url": SHOP_URL, "description": "web shop", "event_types": ["payment_intent.succeeded", "payment.unmatched"]},
    )
    intent = await _sell(stage)
    await _read_webhooks(stage, endpoint["id"])
    await _decide(stage)
    await _manage_keys(stage)
    await _manage_endpoint(stage, endpoint["id"])
    await _simulate(stage)
    await stage.show("listPaymentIntents", query={"limit": 2})
    await stage.show("listEvents", query={"limit": 2})
    page = await stage.call("listEvents", query={"payment_intent": intent["id"], "type": EventType.SUCCEEDED})
    await stage.show("retrieveEvent", event_id=page["data"][0]["id"])
    await stage.show("retrieveMerchantStats", query={"from_date": "2026-11-22", "to_date": "2026-11-23"})
    await stage.show("listAuditLog", query={"limit": 3})
    await stage.show("deleteLogo")
    for check in ("health", "healthLive", "healthReady"):
        await stage.show(check)


async def _set_up(stage: Stage) -> None:
    await stage.show("setLogo", PNG)
    profile = {
        "support_url": "https://shop.example/help",
        "accent_color": "#0c5a54",
        "frame_origins": ["https://shop.example"],
        "pay_address": simulated_address("corner coffee"),
        "tolerance_bp": 10,
    }
    await stage.show("updateMerchant", profile)
    await stage.show("retrieveMerchant")


async def _sell(stage: Stage) -> Json:
    """Sell something: a customer pays on the checkout page. Returns the payment intent."""
    order = {
        "amount_sats": AMOUNT_SATS,
        "description": "Order 17",
        "metadata": {"order_id": "17"},
        "success_url": "https://shop.example/thanks?payment={id}",
        "cancel_url": "https://shop.example/cart",
    }
    intent = await stage.show("createPaymentIntent", order)
    intent_id, secret = intent["id"], intent["client_secret"]
    await stage.show("updatePaymentIntent", {"metadata": {"table": "4"}}, intent_id=intent_id)
    await stage.show("retrievePublicPaymentIntent", intent_id=intent_id, query={"client_secret": secret})
    transfer = {"recipient": intent["pay_address"], "amount_sats": AMOUNT_SATS, "memo": intent_id}
    payment = await stage.show("simulatePayment", transfer)
    await stage.show("giveHint", {"tx_id": payment["tx_id"], "client_secret": secret}, intent_id=intent_id)
    await stage.watch()
    await stage.show("streamPublicPaymentIntent", intent_id=intent_id, query={"client_secret": secret})
    await stage.show("mineBlocks", {"blocks": 1})
    await stage.watch()
    await stage.show("retrieveReceipt", intent_id=intent_id, query={"client_secret": secret})
    paid = await stage.show("retrievePaymentIntent", intent_id=intent_id)
    await stage.show("retrievePayment", payment_id=paid["payments"][0]["id"])
    return intent


async def _read_webhooks(stage: Stage, endpoint_id: str) -> None:
    await stage.deliver()
    deliveries = await stage.show("listWebhookDeliveries", query={"endpoint": endpoint_id})
    delivery_id = deliveries["data"][0]["id"]
    await stage.show("retrieveWebhookDelivery", delivery_id=delivery_id)
    await stage.show("redeliverWebhook", delivery_id=delivery_id)
    await stage.show("sendTestWebhook", endpoint_id=endpoint_id)
    await stage.deliver()


async def _decide(stage: Stage) -> None:
    """Decide about payments that pay for nothing by themselves."""
    canceled = await stage.intent()
    await stage.show("cancelPaymentIntent", {"reason": "the item is sold out"}, intent_id=canceled["id"])
    await stage.pay(canceled)
    await stage.show("acceptPaymentIntent", intent_id=canceled["id"])
    waiting = await stage.intent()
    await stage.send(waiting["pay_address"], AMOUNT_SATS, None)
    await stage.send(waiting["pay_address"], 5_000, b"thank you")
    deposits = await stage.show("listPayments", query={"unmatched": "true"})
    tip, deposit = deposits["data"]
    await stage.show("assignPayment", {"payment_intent": waiting["id"]}, payment_id=deposit["id"])
    await stage.show("markPaymentRefunded", {"tx_id": await stage.send_back(tip)}, payment_id=tip["id"])


async def _manage_keys(stage: Stage) -> None:
    key = await stage.show("createApiKey", {"name": "web shop", "scopes": ["read", "write"]})
    await stage.call("retrieveMerchant", key=key["secret"])
    await stage.store_use_of_keys()
    await stage.show("listApiKeys")
    await stage.show("rollApiKey", {"overlap_s": 3_600}, key_id=key["id"])
    await stage.show("retrieveApiKey", key_id=key["id"])
    await stage.show("revokeApiKey", key_id=key["id"])


async def _manage_endpoint(stage: Stage, endpoint_id: str) -> None:
    await stage.show("rotateWebhookSecret", endpoint_id=endpoint_id)
    await stage.show("updateWebhookEndpoint", {"url": NEW_URL, "enabled": False}, endpoint_id=endpoint_id)
    await stage.show("enableWebhookEndpoint", endpoint_id=endpoint_id)
    await stage.show("retrieveWebhookEndpoint", endpoint_id=endpoint_id)
    period = {"since": "2026-11-23T12:00:00Z", "until": stage.now, "include_delivered": True}
    recovery = await stage.show("recoverWebhooks", period, endpoint_id=endpoint_id)
    await stage.deliver()
    await stage.show("retrieveWebhookRecovery", recovery_id=recovery["id"])
    await stage.show("listWebhookEndpoints")
    await stage.show("deleteWebhookEndpoint", endpoint_id=endpoint_id)


async def _simulate(stage: Stage) -> None:
    await stage.show("createShortPaymentIntent", {"amount_sats": 5_000, "expires_in_s": 5})
    await stage.show("reorganise", {"depth": 1, "remine": "same"})
    await stage.show("retrieveSimulator")
    await stage.watch()


async def _cause_remaining_events(stage: Stage) -> None:
    """Cause the events that the calls did not."""
    waiting = await stage.intent(confirmation_policy=WAITING)
    await stage.pay(waiting)

    reorganized = await stage.intent()
    await stage.pay(reorganized)
    await stage.fork()
    await stage.mine()

    await stage.pay(await stage.intent(expires_in=DAY_S), AMOUNT_SATS // 2)
    await stage.pay(await stage.intent(), AMOUNT_SATS * 2 - AMOUNT_SATS // 2)
    twice = await stage.intent()
    await stage.pay(twice)
    await stage.pay(twice)

    sold_out = await stage.intent()
    await stage.pay(sold_out, AMOUNT_SATS // 2)
    await stage.call("cancelPaymentIntent", {"force": True}, intent_id=sold_out["id"])

    old = await stage.call("createWebhookEndpoint", {"url": OLD_URL})
    await stage.call("sendTestWebhook", endpoint_id=old["id"])
    await stage.deliver()

    late, partly = await stage.intent(), await stage.intent()
    await stage.pay(partly, AMOUNT_SATS // 2)
    await stage.mine(LONG_AFTER_S)
    await stage.mine()
    await stage.pay(late)


def _fixed(value: Any) -> Any:
    """Replace measured values."""
    match value:
        case dict():
            return {name: MEASURED.get(name, _fixed(each)) for name, each in value.items()}
        case list():
            return [_fixed(each) for each in value]
        case _:
            return value


if __name__ == "__main__":
    main()
