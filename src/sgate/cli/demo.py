"""`sgate demo`: the whole product in one process, step by step.

The demo runs an embedded database, the simulated chain, the API, the checkout pages and all workers. In addition, a
small shop acts as a merchant's server: it creates a payment intent, and receives and verifies webhooks. The shop is not
a fake: it uses the HTTP API like any other client.
"""

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import msgspec
import typer
from aiohttp import web
from rich.console import Console

from sgate.chain.simulator import simulated_address
from sgate.cli.operator.processes import database_errors, load_settings, run_loop
from sgate.cli.printing import examples
from sgate.cli.problems import OperatorError
from sgate.core.memo import memo_of
from sgate.core.signature import InvalidSignature, verify_sgate, verify_standard
from sgate.environment import Environment
from sgate.http.server import listen
from sgate.runtime import build, factories
from sgate.runtime.factories import DatabaseUrls
from sgate.runtime.roles import ALL_ROLES, Gateway
from sgate.runtime.run import run_roles, stop_on_signals
from sgate.services import merchants
from sgate.settings.settings import Settings
from sgate.store.audit_log import OPERATOR
from sgate.telemetry import logging
from sgate.workers.loops import Stop

AMOUNT_SATS = 100_000
STEP_TIMEOUT_S = 60.0
POLL_S = 0.2
BLOCK_INTERVAL_S = 1.0
EXPIRES_IN_S = 3600

console = Console(highlight=False)


class DemoFailed(Exception):
    """A step of the demo failed."""


class Shop:
    """A merchant's server with one API key and one webhook receiver."""

    def __init__(self, base_url: str, api_key: str) -> None:
        self._base_url = base_url
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {api_key}"})
        self._received: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()
        self._runner: web.AppRunner | None = None
        self.secret = ""

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None, key: str | None = None) -> Any:
        """Call the API and return the decoded response. `key` is the idempotency key.

        Raises:
            DemoFailed: if the response is an error.
        """
        headers = {"Idempotency-Key": key} if key else {}
        async with self._session.request(method, self._base_url + path, json=body, headers=headers) as response:
            answer = await response.json()
            if response.status >= 400:  # noqa: PLR2004 - any failure
                raise DemoFailed(f"{method} {path} answered {response.status}: {answer['error']['message']}")
            return answer

    async def receive_webhooks(self) -> str:
        """Start the webhook receiver and return its URL."""

        async def receive(request: web.Request) -> web.Response:
            headers = {name.lower(): value for name, value in request.headers.items()}
            await self._received.put((headers, await request.read()))
            return web.Response(text="ok")

        application = web.Application()
        application.router.add_post("/webhooks", receive)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/webhooks"

    async def verified_webhook(self) -> dict[str, Any]:
        """Wait for the next webhook, verify both of its signatures, and return its event.

        Raises:
            DemoFailed: if no webhook arrives in time, or a signature is invalid.
        """
        try:
            headers, body = await asyncio.wait_for(self._received.get(), STEP_TIMEOUT_S)
        except TimeoutError:
            raise DemoFailed("no webhook arrived") from None
        try:
            verify_standard(self.secret, headers, body, int(time.time()))
            verify_sgate(self.secret, headers, body, int(time.time()))
        except InvalidSignature as error:
            raise DemoFailed(f"a webhook's signature is invalid: {error}") from None
        return msgspec.json.decode(body)

    async def close(self) -> None:
        """Stop the receiver and close the connections."""
        await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()


app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command("demo", epilog=examples("sgate demo", "sgate demo --once", "SGATE_PORT=4001 sgate demo"))
def demo(
    once: Annotated[bool, typer.Option("--once", help="Exit after the payment, with status 0 or 1.")] = False,
) -> None:
    """Watch a payment from intent to signed webhook, on an embedded database and a simulated chain."""
    console.print(
        "\n[bold]sGate demo[/]  [dim]a payment from intent to signed webhook; nothing here is real money[/]\n"
    )
    with _directory(once) as directory:
        chosen = _settings(once, directory)
        logging.configure("error")
        started = time.perf_counter()
        try:
            with database_errors(), factories.database(chosen) as urls:
                _step("Database", "embedded PostgreSQL is running", time.perf_counter() - started)
                run_loop(_serve(chosen, urls, once=once))
        except DemoFailed as error:
            console.print(f"\n[bold red]The demo failed:[/] {error}")
            raise typer.Exit(1) from None


@contextlib.contextmanager
def _directory(once: bool) -> Generator[Path]:
    """Yield the data directory. With `once` it is temporary and removed at the end, otherwise it is permanent."""
    if not once:
        yield factories.default_directory() / "demo"
        return
    directory = Path(tempfile.mkdtemp(prefix="sgate-demo-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _settings(once: bool, directory: Path) -> Settings:
    return load_settings(
        env="development",
        database_url=None,
        database_direct_url=None,
        database_owner_url=None,
        data_dir=directory,
        live={"source": "off"},
        test={"source": "simulator", "block_interval_s": BLOCK_INTERVAL_S, "poll_interval_s": POLL_S},
        **({"port": 0, "public_url": None} if once else {}),
    )


async def _serve(chosen: Settings, urls: DatabaseUrls, *, once: bool) -> None:
    try:
        listening = listen(chosen.host, chosen.port)
    except OSError:
        raise OperatorError(f"port {chosen.port} is in use. Choose another: SGATE_PORT=4001 sgate demo") from None
    stop = Stop()
    stop_on_signals(stop)
    await factories.prepare(urls, chosen)
    async with build.open_gateway(chosen, urls.application, port=listening.getsockname()[1]) as gateway:
        serving = asyncio.create_task(run_roles(gateway, ALL_ROLES, stop, listening))
        showing = asyncio.create_task(_show(gateway, stop, once=once))
        try:
            await asyncio.wait([serving, showing], return_when=asyncio.FIRST_COMPLETED)
            if not showing.done():
                showing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await showing
        finally:
            stop.request()
            await serving


async def _show(gateway: Gateway, stop: Stop, *, once: bool) -> None:
    base_url = gateway.modes[False].public_url
    async with _shop(gateway, base_url) as shop:
        intent = await _pay(gateway, shop)
        if once:
            console.print("\n[bold green]Done.[/] Intent, payment, confirmation and a verified webhook.\n")
            return
        extra = await shop.call("POST", "/v1/payment_intents", _request("Try it yourself"))
        console.print("\n[bold green]Done.[/] The server keeps running. Try it yourself:\n")
        console.print(f"  Pay this in your browser       [bold]{extra['checkout_url']}[/]", soft_wrap=True)
        console.print(f"  The intent that was just paid  {intent['checkout_url']}", soft_wrap=True)
        console.print(f"  The API                        {base_url}/docs")
        console.print(f"  Health                         {base_url}/health\n")
        console.print("  Verified webhooks are shown below. Press Ctrl+C to stop.\n")
        while not stop.requested:
            event = await _next_webhook(shop)
            if event is not None:
                _show_webhook(event)


async def _next_webhook(shop: Shop) -> dict[str, Any] | None:
    try:
        return await shop.verified_webhook()
    except DemoFailed:
        return None  # there may be no webhook for a while


@contextlib.asynccontextmanager
async def _shop(gateway: Gateway, base_url: str) -> AsyncGenerator[Shop]:
    """Yield the shop of a new merchant with an API key, a pay address and a webhook endpoint."""
    merchant_id, created = await merchants.create(
        gateway.pool, Environment(), "Corner Coffee", livemode=False, actor=OPERATOR
    )
    _step("Merchant", f"Corner Coffee, {merchant_id}")
    shop = Shop(base_url, created.secret)
    try:
        await _until_up(base_url)
        address = simulated_address(f"merchant {merchant_id}")
        await shop.call("PATCH", "/v1/merchants/me", {"pay_address": address})
        endpoint = await shop.call("POST", "/v1/webhook_endpoints", {"url": await shop.receive_webhooks()})
        shop.secret = endpoint["secret"]
        _step("Webhook", f"endpoint {endpoint['id']} at {endpoint['url']}")
        yield shop
    finally:
        await shop.close()


async def _pay(gateway: Gateway, shop: Shop) -> dict[str, Any]:
    """Run one payment from the intent to the confirmation and its webhook. Returns the confirmed intent."""
    started = time.perf_counter()
    intent = await shop.call("POST", "/v1/payment_intents", _request("Order 17"), key="order-17")
    _step("Intent", f"{intent['id']} asks for {AMOUNT_SATS:,} sats", time.perf_counter() - started)
    _step("Checkout", intent["checkout_url"])
    _show_webhook(await shop.verified_webhook())

    control = gateway.chains[False].control
    if control is None:
        raise DemoFailed("the demo needs the simulated chain")
    started = time.perf_counter()
    tx_id = await control.transfer(intent["pay_address"], AMOUNT_SATS, memo_of(intent["id"]))
    _step("Payment", f"a customer sends {AMOUNT_SATS:,} sats, transaction {tx_id[:18]}…")
    while True:
        event = await shop.verified_webhook()
        _show_webhook(event)
        if event["type"] == "payment_intent.succeeded":
            break
    confirmed = await shop.call("GET", f"/v1/payment_intents/{intent['id']}")
    if confirmed["status"] != "confirmed" or confirmed["amount_received_sats"] != AMOUNT_SATS:
        raise DemoFailed(f"the intent should be confirmed but is {confirmed['status']}")
    _step(
        "Confirmed",
        f"{confirmed['amount_received_sats']:,} sats in block {confirmed['payments'][0]['block_height']}, "
        f"confirmations so far: {confirmed['confirmations']}",
        time.perf_counter() - started,
    )
    return confirmed


def _request(description: str) -> dict[str, Any]:
    return {"amount_sats": AMOUNT_SATS, "description": description, "expires_in": EXPIRES_IN_S}


async def _until_up(base_url: str) -> None:
    deadline = time.monotonic() + STEP_TIMEOUT_S
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{base_url}/health/ready") as response:
                    if response.status == 200:  # noqa: PLR2004 - OK
                        _step("Server", f"API, checkout and workers at {base_url}")
                        return
            await asyncio.sleep(POLL_S)
    raise DemoFailed("the server did not start")


def _step(name: str, text: str, seconds: float | None = None) -> None:
    timing = "" if seconds is None else f"  [dim]{seconds:.1f} s[/]"
    console.print(f"  [green]✓[/] [bold]{name:<10}[/] {text}{timing}", soft_wrap=True)


def _show_webhook(event: dict[str, Any]) -> None:
    status = event["data"]["object"]["status"]
    _step("Webhook", f"{event['type']} [dim](status {status}; both signatures verified)[/]")
