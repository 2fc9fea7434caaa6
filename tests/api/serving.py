"""The real application on a loopback port, and merchants who call it."""

import asyncio
import contextlib
import io
from datetime import UTC, datetime

import aiohttp
import msgspec

from sgate.chain.simulator import SimulatedTransfer, simulated_address
from sgate.core.memo import memo_of
from sgate.environment import Environment
from sgate.http.server import listen, make_server
from sgate.runtime import build
from sgate.services import api_keys, merchants
from sgate.settings.modes import ModeSettings, Source
from sgate.settings.settings import load
from sgate.store.audit_log import OPERATOR
from sgate.workers.watcher.watcher import Watcher

AMOUNT_SATS = 50_000
SHOP = simulated_address("shop")
LIVE_SHOP = "SM2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKQVX8X0G"
ON_DEMAND = ModeSettings(source=Source.SIMULATOR, block_interval_s=0)
UNREACHABLE = ModeSettings(source=Source.HIRO, stacks_api_url=("http://127.0.0.1:1",), gateway_address=LIVE_SHOP)
WAIT_S = 10.0


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: object
    body: bytes

    @property
    def json(self):
        return msgspec.json.decode(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]

    @property
    def param(self):
        return self.json["error"]["param"]


class Logged:
    """A stream for `telemetry.logging` that records the log."""

    def __init__(self):
        self.stream = io.TextIOWrapper(io.BytesIO())

    @property
    def text(self):
        return self.stream.buffer.getvalue().decode()

    @property
    def lines(self):
        return [msgspec.json.decode(line) for line in self.text.splitlines()]


class Caller:
    """A client, with or without an API key."""

    def __init__(self, app, key=None, merchant_id=None, key_id=None):
        self.app, self.key, self.merchant_id, self.key_id = app, key, merchant_id, key_id

    async def call(self, method, path, json=None, *, body=None, headers=None, params=None):
        sent = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        if json is not None:
            body, sent["Content-Type"] = msgspec.json.encode(json), "application/json"
        sent |= headers or {}
        skipped = ["Content-Type"]
        async with self.app.session.request(
            method, path, data=body, headers=sent, params=params, skip_auto_headers=skipped, allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path, **options):
        return await self.call("GET", path, **options)

    async def post(self, path, json=None, **options):
        return await self.call("POST", path, json, **options)

    async def patch(self, path, json=None, **options):
        return await self.call("PATCH", path, json, **options)

    async def delete(self, path, **options):
        return await self.call("DELETE", path, **options)

    async def create(self, json=None, **options):
        """Create an intent, and return it as a retrieve does: without the warnings of its creation."""
        answer = await self.post("/v1/payment_intents", json or {"amount_sats": AMOUNT_SATS}, **options)
        assert answer.status == 201, answer.body
        return {name: value for name, value in answer.json.items() if name != "warnings"}

    async def at(self, app):
        """Return the same caller for another instance."""
        return Caller(app, self.key, self.merchant_id, self.key_id)


class Running:
    """One instance of the application."""

    def __init__(self, gateway, url, session):
        self.gateway, self.url, self.session = gateway, url, session
        self.anyone = Caller(self)

    @property
    def chain(self):
        return self.gateway.chains[False].simulated

    @property
    def port(self):
        return int(self.url.rpartition(":")[2])

    async def merchant(self, name="Shop", *, livemode=False):
        pool, environment = self.gateway.pool, self.gateway.environment
        merchant_id, made = await merchants.create(pool, environment, name, livemode=livemode, actor=OPERATOR)
        return Caller(self, made.secret, merchant_id, made.key.id)

    async def key(self, merchant_id, *scopes, livemode=False):
        made = await api_keys.create_for(
            self.gateway.pool,
            self.gateway.environment,
            merchant_id,
            "another key",
            livemode=livemode,
            scopes=scopes,
            actor=OPERATOR,
        )
        return Caller(self, made.secret, merchant_id, made.key.id)

    async def watch(self, **options):
        """Poll once with a new watcher."""
        watcher = Watcher(
            pool=self.gateway.pool,
            source=self.gateway.chains[False].source,
            mode=self.gateway.modes[False],
            environment=self.gateway.environment,
            **options,
        )
        report = await watcher.run_once()
        assert report.error is None
        return report

    async def pay(self, intent, amount_sats=None):
        """Pay an intent on the simulated chain and mine a block, which no watcher has read yet."""
        self.chain.submit(
            SimulatedTransfer(
                recipient=intent["pay_address"],
                amount_sats=amount_sats or intent["amount_sats"],
                memo=memo_of(intent["id"]),
            )
        )
        self.chain.mine()


def one_window():
    """Return an environment in which the rate-limit window never ends."""
    began = datetime.now(UTC).replace(second=1, microsecond=0)
    return Environment(now=lambda: began)


@contextlib.asynccontextmanager
async def serving(database_url, directory, /, *, listener=False, traces=None, environment=None, **settings):
    """Run one instance on its own port. `listener`: whether it receives notifications; otherwise it only polls."""
    chosen = load(
        _env_file=None,
        **{"port": 0, "data_dir": directory, "test": ON_DEMAND, "database_min_connections": 1}
        | {"exchange_rate_sources": ()}
        | settings,
    )
    listening = listen(chosen.host, chosen.port)
    port = listening.getsockname()[1]
    async with build.open_gateway(chosen, database_url, port=port, traces=traces, environment=environment) as gateway:
        server = make_server(gateway.app, on_shutdown=gateway.deps.streams.end)
        tasks = [asyncio.create_task(server.serve(sockets=[listening]))]
        if listener:
            tasks.append(asyncio.create_task(gateway.listener.run()))
            await until(lambda: gateway.listener.connected)
        await until(lambda: server.started)
        url = f"http://127.0.0.1:{port}"
        try:
            async with aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=60)) as session:
                yield Running(gateway, url, session)
        finally:
            server.should_exit = True
            await tasks[0]
            for task in tasks[1:]:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


async def until(condition):
    """Wait until something holds; fail if it takes too long."""
    async with asyncio.timeout(WAIT_S):
        while not (await result if asyncio.iscoroutine(result := condition()) else result):
            await asyncio.sleep(0.005)


async def raw(app, request):
    """Send bytes, and return everything received until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
    try:
        writer.write(request)
        await writer.drain()
        async with asyncio.timeout(WAIT_S):
            return await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
