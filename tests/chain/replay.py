"""A loopback server with responses set by a test, mostly recorded ones of the real API."""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from sgate.chain.hiro.http import HiroLimits
from sgate.chain.hiro.source import HiroSource

RECORDED = Path(__file__).parent / "recorded"
IDS = json.loads((RECORDED / "ids.json").read_text())
TX = IDS["T"]
ASSET = IDS["SBTC_ASSET"]
TOKEN = IDS["SBTC"]
MERCHANT = IDS["M1"]
UNKNOWN_TX = "0x" + "ab" * 32
MULTIPLE = "/extended/v1/tx/multiple"
BLOCKS = "/extended/v2/blocks"
LOGS = f"/extended/v2/smart-contracts/{TOKEN}/logs"


class Recording(msgspec.Struct):
    """A response for `put`."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else msgspec.json.encode(self.body) if self.body != "" else b""


def recording(name: str) -> Recording:
    return msgspec.json.decode((RECORDED / f"{name}.json").read_bytes(), type=Recording)


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Recording:
    return Recording(status, headers or {}, body)


Handler = Callable[[web.Request], Any]


class Replay:
    """The server: a queue of responses per path, of which the last one is repeated."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self._answers: defaultdict[str, list[Recording | Handler]] = defaultdict(list)
        self._runner: web.AppRunner | None = None
        self.url = ""

    def put(self, path: str, *answers: Recording | Handler) -> None:
        """Answer `path` (with or without its query) with these one after another, and with the last one from then on."""
        self._answers[path] = list(answers)

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        queue = self._answers.get(request.path_qs) or self._answers.get(request.path)
        if not queue:
            return web.json_response(
                {"statusCode": 404, "message": f"nothing was put at {request.path_qs}"}, status=404
            )
        turn = queue.pop(0) if len(queue) > 1 else queue[0]
        if not isinstance(turn, Recording):
            return await turn(request)
        return web.Response(status=turn.status, body=turn.data or None, headers=turn.headers)


class Pauses:
    """An injected sleep that records the wait instead of waiting."""

    def __init__(self) -> None:
        self.waits_s: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.waits_s.append(seconds)


def hiro(
    url: str, asset: str = ASSET, *, pauses: Pauses | None = None, random_fraction: float = 0.0, **options: Any
) -> HiroSource:
    """Return a HiroSource that never sleeps and whose random source is constant."""
    limits = options.pop("limits", HiroLimits())
    return HiroSource(
        url, asset, sleep=pauses or Pauses(), random_fraction=lambda: random_fraction, limits=limits, **options
    )
