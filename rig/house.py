"""Everything that production has, started on loopback ports of one machine, and stopped by its own handles."""

import asyncio
import contextlib
import re
import shutil
import tempfile
from pathlib import Path

import aiohttp

from rig.books import Books
from rig.processes import Supervised
from rig.servers import Servers
from rig.sink import Sink
from servers.machinery import Nginx, self_signed
from servers.patience import patient
from servers.processes import Program, command, make_merchant, until
from sgate.chain.simulator import simulated_address

BLOCK_INTERVAL_S = 0.5
PLENTY_PER_MINUTE = 1_000_000
"""Rate limits that count, in Redis, and refuse nobody here."""

HOW_MANY = {"api": 3, "watcher": 2, "deliverer": 2, "maintenance": 1}
MERCHANTS = ("Bakery", "Bookshop")


class Chain:
    """The simulated chain as a process, which speaks the Stacks API; and what customers and nature do to it."""

    def __init__(self, directory):
        self._directory = directory
        self.url = ""

    async def __aenter__(self):
        self._program = Program(
            self._directory,
            *("simulator", "--port", "0", "--directory", str(self._directory / "chain")),
            *("--block-interval", str(BLOCK_INTERVAL_S)),
        )

        async def told():
            assert not self._program.ended, self._program.text
            return re.search(r"listening at (http://\S+)", self._program.text)

        self.url = (await until(told, "the simulated chain says where it is"))[1]
        self._session = aiohttp.ClientSession(self.url, timeout=aiohttp.ClientTimeout(total=10))
        return self

    async def __aexit__(self, *_):
        await self._session.close()
        self._program.close()

    async def order(self, path, **body):
        """POST to the simulator's control."""
        async with self._session.post(f"/simulator/{path}", json=body) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()


class House:
    """What runs. Use as an asynchronous context manager."""

    def __init__(self):
        self.books = Books()
        self.processes = []
        self.keys = {}  # merchant -> API key
        self._closing = contextlib.AsyncExitStack()

    async def __aenter__(self):
        async with contextlib.AsyncExitStack() as closing:
            self.folder = Path(tempfile.mkdtemp(prefix="sgate-rig-"))
            closing.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.folder.chmod(0o755)
            self.servers = Servers(self.folder)
            await asyncio.to_thread(self.servers.__enter__)
            closing.callback(self.servers.close)
            self.chain = await closing.enter_async_context(Chain(self.folder))
            self.sink = await closing.enter_async_context(Sink(self.books))
            await self._start_sgate(closing)
            await self._open_shops()
            self._closing = closing.pop_all()
        return self

    async def __aexit__(self, *_):
        await self._closing.aclose()

    def save_logs(self, folder):
        """Copy what every process wrote: how it went is in there."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for path in [*self.folder.glob("*.log"), *self.folder.glob("*.txt"), self.nginx.access_log]:
            shutil.copy(path, folder)

    def of_role(self, role):
        return [process for process in self.processes if process.role == role]

    async def run(self, *arguments, **settings):
        """An operator's command: (exit status, output, errors)."""
        chosen = self.settings | settings
        return await asyncio.to_thread(command, self.folder, *arguments, timeout_s=patient(120), **chosen)

    async def leader(self):
        """The watcher that leads now, or None."""
        watchers = self.of_role("watcher")
        leading = await asyncio.gather(*(watcher.metric("sgate_watcher_leading") for watcher in watchers))
        return next((watcher for watcher, leads in zip(watchers, leading, strict=True) if leads), None)

    async def _start_sgate(self, closing):
        # All of the rig's customers come from one address, which nginx would take for a flood.
        self.nginx = Nginx(self.folder / "nginx", self_signed(self.folder), NGINX_CONNECTIONS_PER_ADDRESS=5000)
        self.settings = self.servers.settings | {
            "public_url": self.nginx.url,
            "data_dir": self.folder,
            "drain_s": 5,
            "test__stacks_api_url": self.chain.url,
            "test__poll_interval_s": 0.5,
            **{f"rate_limit_{name}": PLENTY_PER_MINUTE for name in ("create", "retrieve", "public", "other")},
        }
        status, _, errors = await self.run("migrate", **self.servers.owner_settings)
        assert status == 0, errors
        for role, number in HOW_MANY.items():
            self.processes += [
                Supervised(self.folder, f"{role}-{each}", role, self.settings) for each in range(1, number + 1)
            ]
        for process in self.processes:
            closing.push_async_callback(process.close)
            await process.start()
        await asyncio.gather(*(process.ready() for process in self.processes))
        closing.enter_context(self.nginx.serve([process.port for process in self.of_role("api")]))

    async def _open_shops(self):
        for name in MERCHANTS:
            _, api_key = await asyncio.to_thread(make_merchant, self.folder, **self.settings)
            self.keys[name] = api_key
            headers = {"Authorization": f"Bearer {api_key}"}
            connector = aiohttp.TCPConnector(ssl=self.nginx.tls)
            async with aiohttp.ClientSession(self.nginx.url, connector=connector, headers=headers) as session:
                address = {"pay_address": simulated_address(name)}
                async with session.patch("/v1/merchants/me", json=address) as answer:
                    assert answer.status == 200, await answer.text()
                async with session.post("/v1/webhook_endpoints", json={"url": self.sink.url(name)}) as answer:
                    assert answer.status == 201, await answer.text()
                    self.sink.trust(name, (await answer.json())["secret"])
