"""The control API of the simulated chain, used to pay, mine, fork and cause faults.

It serves demos, tests and the checkout's test mode.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

import msgspec
from aiohttp import web

from sgate.chain.simulator.chain import RefusedOperation, SimulatedChain
from sgate.chain.simulator.control import standing_of
from sgate.chain.simulator.journal import Remine
from sgate.chain.simulator.transactions import PAYER, Kind, RefusedTransfer, SimulatedTransfer
from sgate.core.money import InvalidAmount, parse_sats

MAX_LAG_BLOCKS = 1_000_000

_T = TypeVar("_T")


class TransferOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /simulator/transfer`. The memo is optional: text in `memo`, or hex in `memo_hex`."""

    recipient: str
    amount_sats: int | str
    memo: str | None = None
    memo_hex: str | None = None
    sender: str | None = None
    kind: Kind = Kind.TRANSFER
    not_before: float | None = None


class MineOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /simulator/mine`."""

    blocks: int = 1


class BitcoinOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /simulator/bitcoin_block`."""

    new_tenure: bool = True


class ReorgOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /simulator/reorg`."""

    depth: int = 1
    remine: Remine = "same"


class FaultsOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /simulator/faults`. Settings whose fields are omitted stay unchanged."""

    outage: bool | None = None
    lag_blocks: int | None = None


class BadOrder(ValueError):
    """The body is invalid; the message says why."""


def control_routes(chain: SimulatedChain) -> list[web.RouteDef]:
    """Return the routes under `/simulator/`."""
    control = Control(chain)
    return [
        web.get("/simulator/status", _guarded(control.status)),
        web.post("/simulator/transfer", _guarded(control.transfer)),
        web.post("/simulator/mine", _guarded(control.mine)),
        web.post("/simulator/bitcoin_block", _guarded(control.bitcoin_block)),
        web.post("/simulator/reorg", _guarded(control.reorg)),
        web.post("/simulator/faults", _guarded(control.faults)),
    ]


class Control:
    """The operations of the control API. Each method takes a JSON body and returns the JSON response."""

    def __init__(self, chain: SimulatedChain) -> None:
        self._chain = chain

    def status(self, _body: bytes) -> object:
        """Return the status of the chain."""
        chain = self._chain
        return {
            **msgspec.structs.asdict(standing_of(chain)),
            "tip": chain.tip.index_block_hash,
            "outage": chain.faults.outage,
            "lag_blocks": chain.faults.lag_blocks,
        }

    def transfer(self, body: bytes) -> object:
        """Submit a transfer."""
        order = _parse(body, TransferOrder)
        transfer = SimulatedTransfer(
            recipient=order.recipient,
            amount_sats=parse_sats(order.amount_sats),
            memo=_memo_of(order),
            sender=order.sender or PAYER,
            kind=order.kind,
            not_before=order.not_before,
        )
        return {"tx_id": self._chain.submit(transfer)}

    def mine(self, body: bytes) -> object:
        """Mine blocks."""
        self._chain.mine(_parse(body, MineOrder).blocks)
        return self.status(b"")

    def bitcoin_block(self, body: bytes) -> object:
        """Add a Bitcoin block."""
        self._chain.bitcoin_block(new_tenure=_parse(body, BitcoinOrder).new_tenure)
        return self.status(b"")

    def reorg(self, body: bytes) -> object:
        """Replace the newest blocks with another branch."""
        order = _parse(body, ReorgOrder)
        self._chain.reorg(order.depth, order.remine)
        return self.status(b"")

    def faults(self, body: bytes) -> object:
        """Make the servers fail or recover."""
        order = _parse(body, FaultsOrder)
        if order.lag_blocks is not None:
            if not 0 <= order.lag_blocks <= MAX_LAG_BLOCKS:
                raise BadOrder(f"lag_blocks must be between 0 and {MAX_LAG_BLOCKS}")
            self._chain.faults.lag_blocks = order.lag_blocks
        if order.outage is not None:
            self._chain.faults.outage = order.outage
        return self.status(b"")


def _parse(body: bytes, type_: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body or b"{}", type=type_)
    except msgspec.ValidationError as problem:
        raise BadOrder(str(problem)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise BadJson(f"the body is not JSON: {problem}") from None


class BadJson(ValueError):
    """The body is not JSON."""


def _memo_of(order: TransferOrder) -> bytes | None:
    if order.memo is not None and order.memo_hex is not None:
        raise BadOrder("give memo or memo_hex, not both")
    if order.memo is not None:
        return order.memo.encode()
    if order.memo_hex is None:
        return None
    try:
        return bytes.fromhex(order.memo_hex.removeprefix("0x"))
    except ValueError:
        raise BadOrder("memo_hex must be hex digits") from None


def _guarded(order: Callable[[bytes], object]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return a request handler for an operation.

    If the operation is refused, the handler responds with 400 or 422 and the reason.
    """

    async def handle(request: web.Request) -> web.Response:
        try:
            return _json(HTTPStatus.OK, order(await request.read()))
        except BadJson as problem:
            return _json(HTTPStatus.BAD_REQUEST, {"error": str(problem)})
        except (BadOrder, RefusedTransfer, RefusedOperation, InvalidAmount) as problem:
            return _json(HTTPStatus.UNPROCESSABLE_ENTITY, {"error": str(problem)})

    return handle


def _json(status: HTTPStatus, body: object) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json", charset="utf-8")
