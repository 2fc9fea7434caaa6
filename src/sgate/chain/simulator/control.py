"""Paying on the simulated chain from elsewhere in the program: what the checkout's "simulate payment" panel uses."""

from http import HTTPStatus
from typing import Protocol

import aiohttp
import msgspec

from sgate.chain.simulator.chain import SimulatedChain
from sgate.chain.simulator.transactions import PAYER, RefusedTransfer, SimulatedTransfer
from sgate.chain.source import ChainUnavailable

CONTROL_TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 64 * 1024


class SimulatorControl(Protocol):
    """Somebody who can pay on the simulated chain."""

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

    async def close(self) -> None:
        """Nothing to release: the chain belongs to who opened it."""


class _Accepted(msgspec.Struct):
    tx_id: str


class _Refused(msgspec.Struct):
    error: str = "no reason given"


class HttpControl:
    """SimulatorControl on a simulated chain that another process serves."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url.rstrip('/')}/simulator/transfer"
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
        status, body = await self._post(msgspec.json.encode(order))
        try:
            if status == HTTPStatus.OK:
                return msgspec.json.decode(body, type=_Accepted).tx_id
            if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
                raise RefusedTransfer(msgspec.json.decode(body, type=_Refused).error)
        except msgspec.DecodeError:
            pass
        raise ChainUnavailable(f"/simulator/transfer: the simulated chain answered {status} with an unreadable body")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, body: bytes) -> tuple[int, bytes]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CONTROL_TIMEOUT_S))
        try:
            async with self._session.post(self._url, data=body, allow_redirects=False) as response:
                return response.status, await response.content.read(MAX_ANSWER_BYTES)
        except (TimeoutError, aiohttp.ClientError) as problem:
            raise ChainUnavailable(f"/simulator/transfer: no answer ({type(problem).__name__})") from problem
