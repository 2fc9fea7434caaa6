"""Paying on the simulated chain, and steering it, from elsewhere in the program: the checkout's panel and the API."""

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
    """Where a simulated chain stands. `mempool`: how many transactions wait for a block."""

    height: int
    block_time: datetime
    tenure_height: int
    bitcoin_height: int
    mempool: int


class SimulatorControl(Protocol):
    """Somebody who can pay on the simulated chain, and let it grow or fork."""

    async def transfer(
        self,
        recipient: str,
        amount_sats: int,
        memo: bytes | None = None,
        *,
        sender: str | None = None,
        not_before: float | None = None,
    ) -> str:
        """Pay.

        Args:
            not_before: Unix time before which nobody sees the payment; None for at once.

        Returns:
            the transaction's id.

        Raises:
            RefusedTransfer: if no chain would take it; the message says why.
            ChainUnavailable: if the simulated chain cannot be reached.
        """
        ...

    async def standing(self) -> Standing:
        """Where the chain stands.

        Raises:
            ChainUnavailable: if the simulated chain cannot be reached.
        """
        ...

    async def mine(self, blocks: int) -> Standing:
        """Mine blocks now; what waits goes into the first.

        Raises:
            RefusedOperation: if the chain cannot do that; the message says why.
            ChainUnavailable: if the simulated chain cannot be reached.
        """
        ...

    async def reorg(self, depth: int, remine: Remine) -> Standing:
        """Let another branch win; see `SimulatedChain.reorg`.

        Raises:
            RefusedOperation: if the chain cannot do that; the message says why.
            ChainUnavailable: if the simulated chain cannot be reached.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class DirectControl:
    """SimulatorControl on a chain in this process."""

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
        """Pay; see SimulatorControl."""
        transfer = SimulatedTransfer(
            recipient=recipient, amount_sats=amount_sats, memo=memo, sender=sender or PAYER, not_before=not_before
        )
        return self._chain.submit(transfer)

    async def standing(self) -> Standing:
        """Where the chain stands."""
        return standing_of(self._chain)

    async def mine(self, blocks: int) -> Standing:
        """Mine; see SimulatorControl."""
        self._chain.mine(blocks)
        return standing_of(self._chain)

    async def reorg(self, depth: int, remine: Remine) -> Standing:
        """Fork; see SimulatorControl."""
        self._chain.reorg(depth, remine)
        return standing_of(self._chain)

    async def close(self) -> None:
        """Nothing to release: the chain belongs to who opened it."""


def standing_of(chain: SimulatedChain) -> Standing:
    """Where a chain stands."""
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
    """SimulatorControl on a simulated chain that another process serves."""

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
        """Pay; see SimulatorControl."""
        order = {
            "recipient": recipient,
            "amount_sats": amount_sats,
            "memo_hex": None if memo is None else memo.hex(),
            "sender": sender,
            "not_before": not_before,
        }
        return (await self._ask("POST", "/simulator/transfer", order, _Accepted, RefusedTransfer)).tx_id

    async def standing(self) -> Standing:
        """Where the chain stands."""
        return await self._ask("GET", "/simulator/status", None, Standing, RefusedOperation)

    async def mine(self, blocks: int) -> Standing:
        """Mine; see SimulatorControl."""
        return await self._ask("POST", "/simulator/mine", {"blocks": blocks}, Standing, RefusedOperation)

    async def reorg(self, depth: int, remine: Remine) -> Standing:
        """Fork; see SimulatorControl."""
        order = {"depth": depth, "remine": remine}
        return await self._ask("POST", "/simulator/reorg", order, Standing, RefusedOperation)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ask(
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
            raise ChainUnavailable(f"{path}: no answer ({type(problem).__name__})") from problem
