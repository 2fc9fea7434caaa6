"""Control of a simulated chain from other parts of sGate: the checkout's simulation panel and the API."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol, TypeVar

import aiohttp
import msgspec

from sgate.chain.simulator.chain import RefusedOperation, SimulatedChain
from sgate.chain.simulator.journal import Remine
from sgate.chain.simulator.transactions import PAYER, RefusedTransfer, SimulatedTransfer
from sgate.chain.source import ChainUnavailable

CONTROL_TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 64 * 1024

_T = TypeVar("_T")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The status of a simulated chain. `mempool` is the number of pending transactions."""

    height: int
    block_time: datetime
    tenure_height: int
    bitcoin_height: int
    mempool: int


class SimulatorControl(Protocol):
    """An interface for paying on the simulated chain, and for mining and forking it."""

    async def transfer(
        self,
        recipient: str,
        amount_sats: int,
        memo: bytes | None = None,
        *,
        sender: str | None = None,
        not_before: float | None = None,
    ) -> str:
        """Submit a transfer.

        Args:
            not_before: Unix time from which the payment is visible; None for immediately.

        Returns:
            The id of the transaction.

        Raises:
            RefusedTransfer: if no chain would accept the transfer; the message says why.
            ChainUnavailable: if the simulated chain cannot be reached.
        """
        ...

    async def standing(self) -> Standing:
        """Return the status of the chain.

        Raises:
            ChainUnavailable: if the simulated chain cannot be reached.
        """
        ...

    async def mine(self, blocks: int) -> Standing:
        """Mine blocks; the first includes the pending transactions.

        Raises:
            RefusedOperation: if the chain cannot do this; the message says why.
            ChainUnavailable: if the simulated chain cannot be reached.
        """
        ...

    async def reorg(self, depth: int, remine: Remine) -> Standing:
        """Replace the newest `depth` blocks with another branch; `remine` is as in `SimulatedChain.reorg`.

        Raises:
            RefusedOperation: if the chain cannot do this; the message says why.
            ChainUnavailable: if the simulated chain cannot be reached.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class DirectControl:
    """A `SimulatorControl` for a chain in this process."""

    def __init__(self, chain: SimulatedChain) -> None:
        self._chain = chain

    async def transfer(
        self,
        recipient: str,
        amount_sats: int,
        memo: bytes | None = None,
        *,
        sender: str | None = None,
        not_before: float | None = None,
    ) -> str:
        """Submit a transfer and return its transaction id."""
        transfer = SimulatedTransfer(
            recipient=recipient, amount_sats=amount_sats, memo=memo, sender=sender or PAYER, not_before=not_before
        )
        return self._chain.submit(transfer)

    async def standing(self) -> Standing:
        """Return the status of the chain."""
        return standing_of(self._chain)

    async def mine(self, blocks: int) -> Standing:
        """Mine blocks; the first includes the pending transactions."""
        self._chain.mine(blocks)
        return standing_of(self._chain)

    async def reorg(self, depth: int, remine: Remine) -> Standing:
        """Replace the newest `depth` blocks with another branch."""
        self._chain.reorg(depth, remine)
        return standing_of(self._chain)

    async def close(self) -> None:
        """Do nothing: closing the chain is up to its owner."""


def standing_of(chain: SimulatedChain) -> Standing:
    """Return the status of a chain."""
    tip = chain.tip
    return Standing(
        height=tip.height,
        block_time=datetime.fromtimestamp(tip.time, UTC),
        tenure_height=tip.tenure_height,
        bitcoin_height=chain.bitcoin_height,
        mempool=chain.view().mempool_size(),
    )


class _Accepted(msgspec.Struct):
    tx_id: str


class _Refused(msgspec.Struct):
    error: str = "no reason given"


class HttpControl:
    """A `SimulatorControl` for a chain that another process serves over HTTP."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def transfer(
        self,
        recipient: str,
        amount_sats: int,
        memo: bytes | None = None,
        *,
        sender: str | None = None,
        not_before: float | None = None,
    ) -> str:
        """Submit a transfer and return its transaction id."""
        order = {
            "recipient": recipient,
            "amount_sats": amount_sats,
            "memo_hex": None if memo is None else memo.hex(),
            "sender": sender,
            "not_before": not_before,
        }
        return (await self._request("POST", "/simulator/transfer", order, _Accepted, RefusedTransfer)).tx_id

    async def standing(self) -> Standing:
        """Return the status of the chain."""
        return await self._request("GET", "/simulator/status", None, Standing, RefusedOperation)

    async def mine(self, blocks: int) -> Standing:
        """Mine blocks; the first includes the pending transactions."""
        return await self._request("POST", "/simulator/mine", {"blocks": blocks}, Standing, RefusedOperation)

    async def reorg(self, depth: int, remine: Remine) -> Standing:
        """Replace the newest `depth` blocks with another branch."""
        order = {"depth": depth, "remine": remine}
        return await self._request("POST", "/simulator/reorg", order, Standing, RefusedOperation)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _request(
        self, method: str, path: str, order: object, answer: type[_T], refusal: type[RefusedTransfer | RefusedOperation]
    ) -> _T:
        status, body = await self._call(method, path, None if order is None else msgspec.json.encode(order))
        try:
            if status == HTTPStatus.OK:
                return msgspec.json.decode(body, type=answer)
            if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
                raise refusal(msgspec.json.decode(body, type=_Refused).error)
        except msgspec.DecodeError:
            pass
        raise ChainUnavailable(f"{path}: the simulated chain answered {status} with an unreadable body")

    async def _call(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CONTROL_TIMEOUT_S))
        try:
            async with self._session.request(
                method, self._base_url + path, data=body, allow_redirects=False
            ) as response:
                return response.status, await response.content.read(MAX_ANSWER_BYTES)
        except (TimeoutError, aiohttp.ClientError) as problem:
            raise ChainUnavailable(f"{path}: no response ({type(problem).__name__})") from problem
