"""Samples of events that really happened: a gateway, a simulated chain and customers who do everything there is to do.

Ids, hashes and moments differ from run to run, so they are replaced by fixed ones of the same form; all else is as sent.
"""

import asyncio
import contextlib
import hashlib
import json
import re
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from sgate.chain.quota import RESTS
from sgate.chain.simulator import SimulatedChain, simulated_address
from sgate.chain.simulator.transactions import SimulatedTransfer
from sgate.core.event import EventType
from sgate.core.memo import memo_hex_of, memo_of
from sgate.db.embedded import EmbeddedPostgres
from sgate.environment import Environment
from sgate.http.server import listen
from sgate.runtime import build
from sgate.runtime.roles import Gateway, Role
from sgate.runtime.run import run_roles
from sgate.services import merchants
from sgate.settings.settings import ModeSettings, Settings, Source
from sgate.store import migrate
from sgate.store.audit_log import OPERATOR
from sgate.telemetry import logging
from sgate.workers.loops import Stop
from sgate.workers.watcher.watcher import Watcher

AMOUNT_SATS = 25_000
HALF_SATS = 12_500
WAITING = [
    {"from_sats": 0, "stacks_blocks": 3},
    {"from_sats": 1_000_000, "stacks_blocks": 6},
    {"from_sats": 100_000_000, "stacks_blocks": 6, "tenure_changes": 2},
]
LONG_AFTER_S = 10_000
"""Between two blocks: after the deadline of any intent made with the defaults, its grace time and its hold."""

WAIT_S = 30
POLL_S = 0.05

BASE = datetime.fromisoformat("2026-11-25T12:00:00.000+00:00")
MINUTES = {
    "expires_at": 15,
    "block_time": 2,
    "first_in_time_at": 2,
    "first_seen_at": 1,
    "confirmed_at": 3,
    "canceled_at": 4,
}
"""Minutes after `BASE` at which a field's moment is shown; fields that are not named here are at BASE."""

ID = re.compile(r"\b(pi|pay|evt|we|whd|ak)_[0-9a-f]{24}(?![0-9a-f])")
SECRET = re.compile(r"_secret_[0-9a-f]{29}")
MEMO = re.compile(memo_hex_of("pi_")[:6] + "[0-9a-f]{48}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
HASH = re.compile(r"\b0x[0-9a-f]{64}\b")
HEIGHT = 1204


def event_samples() -> dict[str, dict[str, Any]]:
    """An event of each type as its receiver gets it, by type."""
    logging.configure("error")
    with tempfile.TemporaryDirectory(prefix="sgate-events-") as name:
        server = EmbeddedPostgres(Path(name) / "postgres", keep=False)
        try:
            asyncio.run(migrate.migrate(server.url))
            events = asyncio.run(_perform(server.url, Path(name)))
        finally:
            server.close()
    return {event_type: _fixed(events[event_type]) for event_type in EventType}


async def _perform(database_url: str, directory: Path) -> dict[str, dict[str, Any]]:
    settings = Settings(
        data_dir=directory,
        port=0,
        test=ModeSettings(source=Source.SIMULATOR, block_interval_s=0),
        exchange_rate_sources=(),
        _env_file=None,
    )
    listening = listen(settings.host, 0)
    port = listening.getsockname()[1]
    clock = Clock()
    environment = Environment(now=clock.now)
    async with build.open_gateway(settings, database_url, port=port, environment=environment) as gateway:
        stop = Stop()
        running = asyncio.create_task(run_roles(gateway, (Role.API, Role.DELIVERER), stop, listening))
        try:
            async with _stage(gateway, clock, f"http://localhost:{port}") as stage:
                await _everything(stage)
                return await stage.announced()
        finally:
            stop.request()
            await running


class Clock:
    """The time of day, which may be turned forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Stage:
    """A merchant, and customers on a chain that moves when told to."""

    def __init__(self, gateway: Gateway, chain: SimulatedChain, clock: Clock, http: aiohttp.ClientSession) -> None:
        self._chain, self._clock, self._http = chain, clock, http
        self._watcher = Watcher(
            pool=gateway.pool,
            source=gateway.chains[False].source,
            mode=gateway.modes[False],
            environment=gateway.environment,
        )

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        async with self._http.request(method, path, json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def intent(self, **terms: Any) -> dict[str, Any]:
        await self.watch()
        order = {"amount_sats": AMOUNT_SATS, "description": "Order 17", "metadata": {"order_id": "17"}}
        return await self.call("POST", "/v1/payment_intents", order | terms)

    async def pay(self, intent: dict[str, Any], amount_sats: int = AMOUNT_SATS) -> None:
        await self.send(intent["pay_address"], amount_sats, memo_of(intent["id"]))

    async def send(self, address: str, amount_sats: int, memo: bytes | None) -> None:
        self._chain.submit(SimulatedTransfer(recipient=address, amount_sats=amount_sats, memo=memo))
        await self.mine()

    async def mine(self, blocks: int = 1, seconds_between: int = 1) -> None:
        self._chain.mine(blocks, seconds_between=seconds_between)
        await self.watch()

    async def fork(self) -> None:
        """The last block is replaced; what was in it waits to be mined again."""
        self._chain.reorg(1, "none")
        await self.watch()

    def turn_clock(self, forward: timedelta) -> None:
        self._clock.ahead += forward

    async def watch(self) -> None:
        """Twice, because one round stops where the answers agree."""
        await self._watcher.run_once()
        await self._watcher.run_once()

    async def announced(self) -> dict[str, dict[str, Any]]:
        """The last event of each type."""
        found: dict[str, dict[str, Any]] = {}
        for event_type in EventType:
            events = await self.call("GET", f"/v1/events?type={event_type}&limit=1")
            found |= {event["type"]: event for event in events["data"]}
        return found


@contextlib.asynccontextmanager
async def _stage(gateway: Gateway, clock: "Clock", url: str) -> AsyncIterator[Stage]:
    chain = gateway.chains[False].simulated
    assert chain is not None
    chain.mine(2)
    merchant_id, made = await merchants.create(
        gateway.pool, Environment(), "Corner Coffee", livemode=False, actor=OPERATOR
    )
    headers = {"Authorization": f"Bearer {made.secret}"}
    async with aiohttp.ClientSession(url, headers=headers) as http:
        stage = Stage(gateway, chain, clock, http)
        await stage.call("PATCH", "/v1/merchants/me", {"pay_address": simulated_address(f"merchant {merchant_id}")})
        yield stage


async def _everything(stage: Stage) -> None:
    """What leads to each type of event, once. What needs deadlines to pass comes last."""
    waiting = await stage.intent(confirmation_policy=WAITING)
    await stage.pay(waiting)

    reorganised = await stage.intent()
    await stage.pay(reorganised)
    await stage.fork()
    await stage.mine()

    await stage.pay(await stage.intent(expires_in=86_400), HALF_SATS)
    await stage.pay(await stage.intent(), AMOUNT_SATS + HALF_SATS)
    twice = await stage.intent()
    await stage.pay(twice)
    await stage.pay(twice)

    canceled = await stage.intent()
    await stage.call("POST", f"/v1/payment_intents/{canceled['id']}/cancel")
    await stage.pay(canceled)

    await _disabled_endpoint(stage)

    late, partly = await stage.intent(), await stage.intent()
    await stage.pay(partly, HALF_SATS)
    await stage.mine(2, LONG_AFTER_S)
    await _until(stage, f"/v1/payment_intents/{partly['id']}", lambda found: found["status"] == "failed")
    await stage.pay(late)
    await stage.intent()
    await stage.pay(await stage.intent(expires_in=86_400))

    await stage.send(canceled["pay_address"], AMOUNT_SATS, None)
    stage.turn_clock(RESTS.any)
    await stage.watch()


async def _disabled_endpoint(stage: Stage) -> None:
    """An endpoint is tested, and answers that it wants no more."""
    asked = asyncio.Event()

    async def gone(_: web.Request) -> web.Response:
        asked.set()
        return web.Response(status=410)

    application = web.Application()
    application.router.add_post("/webhooks", gone)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks"
    endpoint = await stage.call("POST", "/v1/webhook_endpoints", {"url": url})
    await stage.call("POST", f"/v1/webhook_endpoints/{endpoint['id']}/test")
    await asyncio.wait_for(asked.wait(), WAIT_S)
    await _until(stage, f"/v1/webhook_endpoints/{endpoint['id']}", lambda found: not found["enabled"])
    await runner.cleanup()


async def _until(stage: Stage, path: str, reached: Callable[[dict[str, Any]], bool]) -> None:
    """Look at an object until it is as expected."""
    async with asyncio.timeout(WAIT_S):
        while True:
            if reached(await stage.call("GET", path)):
                return
            await stage.watch()
            await asyncio.sleep(POLL_S)


def _fixed(event: dict[str, Any]) -> dict[str, Any]:
    """The event with ids, hashes, heights and moments that stay the same."""
    names: dict[str, str] = {}

    def same(found: str, length: int) -> str:
        return names.setdefault(found, hashlib.sha256(f"{len(names)}".encode()).hexdigest()[:length])

    def fix(value: Any, field: str = "") -> Any:
        match value:
            case dict():
                return {name: fix(each, name) for name, each in value.items()}
            case list():
                return [fix(each, field) for each in value]
            case str():
                return _fixed_text(value, field, same)
            case int() if field == "block_height":
                return HEIGHT
            case int() if field == "created":
                return int(BASE.timestamp())
            case _:
                return value

    return json.loads(json.dumps(fix(event)))


def _fixed_text(value: str, field: str, same: Any) -> str:
    if MOMENT.fullmatch(value):
        moment = BASE + timedelta(minutes=MINUTES.get(field, 0))
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    value = re.sub(r"127\.0\.0\.1:\d+|localhost:\d+", "localhost:4000", value)
    if field in {"pay_address", "recipient"}:
        return simulated_address("merchant")
    if MEMO.fullmatch(value):
        return memo_hex_of(_fixed_text(bytes.fromhex(value).decode(), field, same))
    value = SECRET.sub("_secret_" + "0a" * 14 + "0", value)
    value = ID.sub(lambda found: f"{found[1]}_{same(found[0], 24)}", value)
    return HASH.sub(lambda found: "0x" + same(found[0], 64), value)
