"""The real gateway on a loopback port, with a simulated chain that advances on request and an adjustable clock."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import aiohttp

from sgate.chain.simulator import SimulatedChain, serve
from sgate.chain.simulator.transactions import SimulatedTransfer, simulated_address
from sgate.core.address import SBTC_ASSETS, Network, encode, parse_principal
from sgate.core.memo import memo_of
from sgate.environment import Environment
from sgate.http.server import listen
from sgate.runtime import build
from sgate.runtime.roles import Gateway, Role
from sgate.runtime.run import run_roles
from sgate.services import merchants
from sgate.settings.modes import ModeSettings, Source
from sgate.settings.settings import Settings
from sgate.store.audit_log import OPERATOR
from sgate.workers.loops import Stop
from sgate.workers.watcher.watcher import Watcher

VOID = {"meta", "link", "input", "br", "img", "wbr"}


class Site:
    """A running gateway and what tests do with it. `base_url` has no trailing slash."""

    def __init__(
        self, gateway: Gateway, base_url: str, clock: "Clock", chain: SimulatedChain, *, livemode: bool = False
    ) -> None:
        self.gateway = gateway
        self.chain = chain
        self.livemode = livemode
        self.base_url = base_url
        self.clock = clock
        self.http = aiohttp.ClientSession()
        self._watcher = Watcher(
            pool=gateway.pool,
            source=gateway.chains[livemode].source,
            mode=gateway.modes[livemode],
            environment=gateway.environment,
        )

    async def merchant(self, name: str = "Corner Coffee", **settings: Any) -> str:
        """Create a merchant with its own pay address. Returns its API key."""
        _, key = await merchants.create(self.gateway.pool, Environment(), name, livemode=self.livemode, actor=OPERATOR)
        hash160 = parse_principal(simulated_address(key.secret)).hash160
        settings.setdefault("pay_address", encode(22 if self.livemode else 26, hash160))
        await self.api(key.secret, "PATCH", "/v1/merchants/me", settings)
        return key.secret

    async def intent(self, key: str | None = None, *, scan_first: bool = True, **request: Any) -> dict[str, Any]:
        """Create a payment intent, of 25,000 sats by default, after a scan of the chain, so that it counts as available."""
        if scan_first:
            await self.watch()
        request.setdefault("amount_sats", 25_000)
        return await self.api(key or await self.merchant(), "POST", "/v1/payment_intents", request)

    async def api(self, key: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {key}"}
        async with self.http.request(method, self.base_url + path, json=body, headers=headers) as response:
            assert response.status < 300, await response.text()
            return await response.json()

    async def put_logo(self, key: str, content: bytes) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        async with self.http.put(f"{self.base_url}/v1/merchants/me/logo", data=content, headers=headers) as response:
            assert response.status == 200, await response.text()

    async def get(self, path: str) -> "Page":
        async with self.http.get(self.base_url + path) as response:
            return Page(response.status, response.headers, await response.text())

    def path_of(self, intent: dict[str, Any]) -> str:
        """Return the path of the checkout page, with the client secret."""
        return f"/pi/{intent['id']}?client_secret={intent['client_secret']}"

    async def page(self, intent: dict[str, Any]) -> "Page":
        return await self.get(self.path_of(intent))

    def send(self, intent: dict[str, Any], amount_sats: int | None = None) -> str:
        """Submit a customer's transfer to the mempool of the simulated chain. Returns its transaction id."""
        amount_sats = intent["amount_sats"] if amount_sats is None else amount_sats
        memo = memo_of(intent["id"])
        return self.chain.submit(SimulatedTransfer(recipient=intent["pay_address"], amount_sats=amount_sats, memo=memo))

    async def watch(self) -> None:
        """Let the watcher read the whole chain. One run stops where the sources' answers agree, so it runs twice."""
        await self._watcher.run_once()
        await self._watcher.run_once()

    async def mine(self, blocks: int = 1, *, seconds_between: int = 1) -> None:
        self.chain.mine(blocks, seconds_between=seconds_between)
        await self.watch()

    async def pay(self, intent: dict[str, Any], *amounts_sats: int) -> list[str]:
        """Pay in one transaction per amount (by default one of the full amount) and mine them. Returns the ids."""
        sent = [self.send(intent, amount_sats) for amount_sats in amounts_sats or (intent["amount_sats"],)]
        await self.mine()
        return sent

    async def reorg(self, depth: int = 1, remine: Any = "none") -> None:
        self.chain.reorg(depth, remine)
        await self.watch()

    async def pass_deadline(self) -> None:
        """Mine until long after the deadline, grace period and hold of any intent with default settings."""
        await self.mine(2, seconds_between=10_000)

    @contextlib.asynccontextmanager
    async def broken(self) -> AsyncIterator[None]:
        """Make reading an intent fail with an internal error inside the `with` block."""
        async with self.gateway.pool.acquire() as connection:
            await connection.execute("ALTER TABLE payment_intents RENAME TO payment_intents_away")
            yield
            await connection.execute("ALTER TABLE payment_intents_away RENAME TO payment_intents")

    async def see_in_mempool(self, intent: dict[str, Any]) -> None:
        """Record a mempool sighting, as the watcher does."""
        async with self.gateway.pool.acquire() as connection:
            await connection.execute(
                "INSERT INTO mempool_sightings (tx_id, payment_intent_id, amount_sats, first_seen_at) "
                "VALUES ($1, $2, $3, now())",
                "0x" + "ab" * 32,
                intent["id"],
                intent["amount_sats"],
            )


class Clock:
    """A clock that a test can advance."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


class Page(HTMLParser):
    """A parsed HTML page.

    Attributes:
        text: the text of the body, single-spaced, without scripts and styles.
        tags: every element as (name, attributes).
        by_id: the text of each element that has an id.
    """

    def __init__(self, status: int, headers: Mapping[str, str], html: str) -> None:
        super().__init__()
        self.status, self.headers, self.html = status, headers, html
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.by_id: dict[str, str] = {}
        self._open: list[tuple[str, str | None]] = []
        self.feed(html)
        self.text = _spaced("".join(self.words))
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self._open.append((tag, attributes.get("id")))
        if attributes.get("id") is not None:
            assert attributes["id"] not in self.by_id, f"two elements with the id {attributes['id']}"
            self.by_id[attributes["id"]] = ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._open.pop()
        assert opened == tag, f"<{opened}> ends as </{tag}>"

    def handle_data(self, data: str) -> None:
        if any(tag in {"script", "style", "title"} for tag, _ in self._open):
            return
        self.words.append(data)
        for _, name in self._open:
            if name is not None:
                self.by_id[name] = _spaced(self.by_id[name] + data, strip=False)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def main(self) -> dict[str, str | None]:
        return self.of("main")[0]

    @property
    def picture(self) -> str | None:
        return self.main.get("data-picture")

    def shown(self, name: str) -> str:
        """Return the text of the element with this id."""
        return self.by_id[name].strip()


def _spaced(text: str, *, strip: bool = True) -> str:
    joined = re.sub(r"[ \n\t]+", " ", text)
    return joined.strip() if strip else joined


@contextlib.asynccontextmanager
async def open_site(
    database_url: str,
    data_dir: Path,
    *,
    roles: tuple[Role, ...] = (Role.API,),
    block_interval_s: float = 0,
    port: int = 0,
) -> AsyncIterator[Site]:
    """Serve the gateway. By default no background role runs and no block is mined automatically."""
    clock = Clock()
    settings = Settings(
        data_dir=data_dir,
        port=port,
        test=ModeSettings(source=Source.SIMULATOR, block_interval_s=block_interval_s),
        _env_file=None,
    )
    listening = listen(settings.host, settings.port)
    port = listening.getsockname()[1]
    environment = Environment(now=clock.now)
    async with build.open_gateway(settings, database_url, port=port, environment=environment) as gateway:
        chain = gateway.chains[False].simulated
        chain.mine(2)
        stop = Stop()
        running = asyncio.create_task(run_roles(gateway, roles, stop, listening))
        site = Site(gateway, f"http://localhost:{port}", clock, chain)
        try:
            yield site
        finally:
            await site.http.close()
            stop.request()
            await running


@contextlib.asynccontextmanager
async def open_real_site(database_url: str, data_dir: Path, network: Network) -> AsyncIterator[Site]:
    """Serve the gateway for a real network, whose Stacks API is served by a simulated chain."""
    livemode, clock = network is Network.MAINNET, Clock()
    chain = SimulatedChain.open(data_dir / "chain", asset=SBTC_ASSETS[network], seed="wallets")
    chain.mine(2)
    api = await serve(chain, "127.0.0.1", 0)
    mode = ModeSettings(source=Source.HIRO, stacks_api_url=api.url)
    modes = {"live": mode, "test": ModeSettings(source=Source.OFF)} if livemode else {"test": mode}
    settings = Settings(data_dir=data_dir, port=0, _env_file=None, **modes)
    listening = listen(settings.host, settings.port)
    port = listening.getsockname()[1]
    async with build.open_gateway(settings, database_url, port=port, environment=Environment(now=clock.now)) as gateway:
        stop = Stop()
        running = asyncio.create_task(run_roles(gateway, (Role.API,), stop, listening))
        site = Site(gateway, f"http://localhost:{port}", clock, chain, livemode=livemode)
        try:
            yield site
        finally:
            await site.http.close()
            stop.request()
            await running
    await api.close()
    chain.close()
