"""The HTTP API of the simulated chain: the part of a Stacks API server that the gateway needs.

Paths, paging, cursors, etags, limits and error messages are those of a real server (stacks-blockchain-api 9), so that
clients of the real server work unchanged. The control API under `/simulator/` is specific to sGate.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec
from aiohttp import web

from sgate.chain.simulator import wire
from sgate.chain.simulator.chain import SimulatedChain
from sgate.chain.simulator.control_api import control_routes
from sgate.chain.simulator.history import LogEntry
from sgate.chain.simulator.queries import BadQuery, log_cursor, number, principal_cursor, tx_ids_of
from sgate.chain.simulator.view import Page, UnknownCursor, View
from sgate.chain.simulator.wire import Json
from sgate.chain.simulator.wire_principals import principal_page

DEFAULT_BLOCKS, MAX_BLOCKS = 20, 30
DEFAULT_EVENTS, MAX_EVENTS = 20, 100
DEFAULT_TXS, MAX_TXS = 20, 50
MAX_OFFSET = 1_000
MAX_REQUEST_LINE_BYTES = 32 * 1024
"""Large enough for a request for 240 transactions, as on the real server."""

CACHEABLE = "public, no-cache, must-revalidate"
NO_LOGS: Page[LogEntry] = Page(items=[], total=0, newer=None, older=None)
VALIDATION_ERROR = "FST_ERR_VALIDATION"


class _Refusal(Exception):
    """An error response."""

    def __init__(self, status: HTTPStatus, message: str, *, etag: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.etag, self.code = status, message, etag, code


class StacksApi:
    """The endpoints of one simulated chain."""

    def __init__(self, chain: SimulatedChain) -> None:
        self._chain = chain

    def application(self) -> web.Application:
        """Return the application, which serves the API and the control API."""
        app = web.Application(middlewares=[self._answer_errors])
        app.add_routes(
            [
                web.get("/extended", self.status),
                web.get("/extended/v2/blocks", self.blocks),
                web.get("/extended/v2/blocks/{block}", self.block),
                web.get("/extended/v2/smart-contracts/{contract}/logs", self.logs),
                web.get("/extended/v1/tx/multiple", self.multiple),
                web.get("/extended/v3/transactions/{tx_id}/events", self.events),
                web.get("/extended/v3/principals/{principal}/transactions", self.principal),
            ]
        )
        app.add_routes(control_routes(self._chain))
        return app

    async def status(self, request: web.Request) -> web.Response:
        """Return the server's version and its tip."""
        view = self._view(request)
        return _answer(request, wire.status(view), _tip_etag(view))

    async def blocks(self, request: web.Request) -> web.Response:
        """Return a page of blocks; the cursor is an index block hash."""
        limit = number(request.query, "limit", DEFAULT_BLOCKS, MAX_BLOCKS)
        offset = number(request.query, "offset", 0, None)
        view = self._view(request)
        etag = _tip_etag(view)
        if _unchanged(request, etag):
            return _not_modified()
        try:
            page = view.blocks(request.query.get("cursor"), limit, offset)
        except UnknownCursor:
            raise _Refusal(HTTPStatus.NOT_FOUND, "Cursor not found", etag=etag) from None
        return _answer(request, wire.block_page(page, limit, offset), etag)

    async def block(self, request: web.Request) -> web.Response:
        """Return a block by height, hash, index block hash or `latest`."""
        view, name = self._view(request), request.match_info["block"]
        if name == "latest":
            found = view.tip
        elif name.isascii() and name.isdigit():
            found = view.block_at(int(name))
        else:
            found = view.stored_block(name.lower())
        if found is None:
            raise _Refusal(HTTPStatus.NOT_FOUND, "Block not found")
        canonical = view.is_canonical(found)
        etag = f'"{found.index_block_hash}:{str(canonical).lower()}"'
        if not canonical:
            raise _Refusal(HTTPStatus.NOT_FOUND, "Block not found", etag=etag)
        return _answer(request, wire.block(found), etag)

    async def logs(self, request: web.Request) -> web.Response:
        """Return a page of a contract's logs. Only the token's logs are stored; other contracts have none."""
        limit = number(request.query, "limit", DEFAULT_EVENTS, MAX_EVENTS)
        offset = number(request.query, "offset", 0, MAX_OFFSET)
        cursor = log_cursor(request.query.get("cursor"))
        view = self._view(request)
        page = view.logs(cursor, limit, offset) if request.match_info["contract"] == view.token else NO_LOGS
        return _answer(request, wire.log_page(page, view, limit, offset), _tip_etag(view))

    async def multiple(self, request: web.Request) -> web.Response:
        """Return several transactions with their events, whatever their status."""
        tx_ids = tx_ids_of(request.query.getall("tx_id", []))
        event_limit = number(request.query, "event_limit", DEFAULT_EVENTS, MAX_EVENTS)
        event_offset = number(request.query, "event_offset", 0, None)
        view = self._view(request)
        if not all(tx_id.startswith("0x") for tx_id in tx_ids):
            raise _Refusal(HTTPStatus.BAD_REQUEST, 'Hex string is missing the "0x" prefix')
        body = {tx_id: wire.tx_entry(view, tx_id, event_limit, event_offset) for tx_id in tx_ids}
        return _answer(request, body, f'"{view.now:.6f}"')

    async def events(self, request: web.Request) -> web.Response:
        """Return a page of the events of a mined transaction."""
        limit = number(request.query, "limit", DEFAULT_EVENTS, MAX_EVENTS)
        start = number(request.query, "cursor", 0, None)
        view = self._view(request)
        tx = view.tx(request.match_info["tx_id"].lower())
        if tx is None:
            raise _Refusal(HTTPStatus.NOT_FOUND, "Transaction not found")
        found = view.block_of(tx)
        if found is None:
            raise _Refusal(HTTPStatus.BAD_REQUEST, "Transaction not found")
        return _answer(request, wire.v3_events(tx, start, limit), f'"{tx.tx_id}:{found.index_block_hash}"')

    async def principal(self, request: web.Request) -> web.Response:
        """Return a page of the transactions of a principal."""
        limit = number(request.query, "limit", DEFAULT_TXS, MAX_TXS)
        cursor = principal_cursor(request.query.get("cursor"))
        view, principal = self._view(request), request.match_info["principal"]
        page = view.transactions_of(principal, cursor, limit)
        etag = f'"{page.items[0].tx_id}"' if page.items else None
        return _answer(request, principal_page(page, view, principal, limit), etag)

    def _view(self, request: web.Request) -> View:
        fault = self._chain.faults.arise(request.path)
        if fault is not None:
            raise _FaultArose(fault.status, fault.retry_after_s)
        return self._chain.view()

    @web.middleware
    async def _answer_errors(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except _Refusal as refusal:
            return _error(refusal.status, refusal.message, etag=refusal.etag, code=refusal.code)
        except BadQuery as problem:
            return _error(HTTPStatus.BAD_REQUEST, str(problem), code=VALIDATION_ERROR)
        except _FaultArose as fault:
            return fault.answer()
        except web.HTTPNotFound:
            return _error(HTTPStatus.NOT_FOUND, f"Route {request.method}:{request.path_qs} not found")


class _FaultArose(Exception):
    """A requested fault of the simulated server."""

    def __init__(self, status: int, retry_after_s: int | None) -> None:
        super().__init__(status)
        self.status, self.retry_after_s = status, retry_after_s

    def answer(self) -> web.Response:
        headers = {} if self.retry_after_s is None else {"retry-after": str(self.retry_after_s)}
        body = msgspec.json.encode({"error": "the simulated server fails on request"})
        return web.Response(status=self.status, body=body, content_type="application/json", headers=headers)


def _tip_etag(view: View) -> str:
    return f'"{view.tip.index_block_hash}"'


def _unchanged(request: web.Request, etag: str) -> bool:
    return request.headers.get("if-none-match") == etag


def _not_modified() -> web.Response:
    return web.Response(status=HTTPStatus.NOT_MODIFIED, headers={"cache-control": CACHEABLE})


def _answer(request: web.Request, body: Json, etag: str | None) -> web.Response:
    if etag is not None and _unchanged(request, etag):
        return _not_modified()
    headers = {"cache-control": CACHEABLE, "x-api-version": wire.SERVER_VERSION}
    if etag is not None:
        headers["etag"] = etag
    return _json(HTTPStatus.OK, body, headers)


def _error(status: int, message: str, *, etag: str | None = None, code: str | None = None) -> web.Response:
    body: Json = {"statusCode": int(status)}
    if code is not None:
        body["code"] = code
    body |= {"error": HTTPStatus(status).phrase, "message": message}
    headers = {"cache-control": "no-store"} if etag is None else {"cache-control": CACHEABLE, "etag": etag}
    return _json(status, body, headers)


def _json(status: int, body: Json, headers: dict[str, str]) -> web.Response:
    data = msgspec.json.encode(body)
    return web.Response(status=status, body=data, content_type="application/json", charset="utf-8", headers=headers)


class RunningSimulator:
    """A running HTTP server for a simulated chain.

    Attributes:
        url: the server's base URL, without a trailing slash.
    """

    def __init__(self, runner: web.AppRunner, url: str) -> None:
        self._runner = runner
        self.url = url

    async def close(self) -> None:
        """Stop the server. The chain stays open."""
        await self._runner.cleanup()


async def serve(chain: SimulatedChain, host: str = "127.0.0.1", port: int = 0) -> RunningSimulator:
    """Serve a chain over HTTP. If `port` is 0, a free port is used."""
    runner = web.AppRunner(
        StacksApi(chain).application(),
        access_log=None,
        max_line_size=MAX_REQUEST_LINE_BYTES,
        shutdown_timeout=1.0,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except BaseException:
        await runner.cleanup()
        raise
    bound_port = runner.addresses[0][1]
    shown_host = f"[{host}]" if ":" in host else host
    return RunningSimulator(runner, f"http://{shown_host}:{bound_port}")


async def mine_at_interval(
    chain: SimulatedChain, interval_s: float, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """Mine a block every `interval_s` seconds until canceled."""
    while True:
        await sleep(interval_s)
        chain.mine()
