"""One GET to the Stacks API, done politely: bounded, retried with growing waits, and never longer than it is worth.

What may pass by itself is tried again (429, 5xx, timeouts, broken connections); what cannot is reported at once.
Whoever asks gets a complete body or ChainUnavailable, nothing between.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import aiohttp
import msgspec

from sgate.chain.quota import Budget
from sgate.chain.source import ChainUnavailable

LONGEST_PAUSE_S = 900.0
"""How long to leave the API alone when nothing of the month is left."""

OnCall = Callable[[str, int | None, float], None]
"""Told after every call: endpoint, HTTP status (None: no answer), seconds it took."""

Sleep = Callable[[float], Awaitable[None]]


class HiroLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one question may cost.

    Attributes:
        body_bytes: the largest answer we read; 50 transactions of 100 events are about 3 MB.
        connect_timeout_s, total_timeout_s: of one attempt.
        attempts: calls at most for one question, the first included.
        first_wait_s, longest_wait_s: the wait doubles from one to the other, shortened by up to half at random.
        longest_retry_after_s: a server that asks for a longer pause is told to the caller instead of waited for.
    """

    body_bytes: int = 16 * 1024 * 1024
    connect_timeout_s: float = 5.0
    total_timeout_s: float = 20.0
    attempts: int = 4
    first_wait_s: float = 0.5
    longest_wait_s: float = 8.0
    longest_retry_after_s: float = 10.0


DEFAULT_LIMITS = HiroLimits()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A complete answer with a status that is not worth a retry."""

    status: int
    body: bytes
    etag: str | None


class _PassingFailure(Exception):
    """This attempt failed, the next one may not. `retry_after_s` is the server's wish."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class HiroHttp:
    """Connections to one Stacks API server."""

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        on_call: OnCall | None = None,
        *,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        dice: Callable[[], float] = random.random,
        limits: HiroLimits = DEFAULT_LIMITS,
        budget: Budget | None = None,
    ) -> None:
        self._budget = budget
        self._base_url = base_url.rstrip("/")
        self._headers = {"accept": "application/json"} | ({"x-api-key": api_key} if api_key else {})
        self._on_call = on_call
        self._sleep, self._clock, self._dice = sleep, clock, dice
        self._limits = limits
        self._session: aiohttp.ClientSession | None = None

    async def get(self, endpoint: str, path: str, etag: str | None = None) -> Answer:
        """GET `path`, trying again while that may help.

        Args:
            endpoint: the path's pattern, for messages and metrics.
            path: path and query, already escaped.
            etag: sent as If-None-Match.

        Raises:
            ChainUnavailable: after the last attempt, or when the server asks for a longer pause than we wait.
        """
        for attempt in range(1, self._limits.attempts + 1):
            try:
                return await self._attempt(endpoint, path, etag)
            except _PassingFailure as failure:
                if attempt == self._limits.attempts:
                    reason = f"{endpoint}: {failure.reason}, {attempt} times"
                    raise ChainUnavailable(reason, failure.retry_after_s) from failure
                await self._wait(endpoint, attempt, failure)
        raise AssertionError("HiroLimits.attempts must be at least 1")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _wait(self, endpoint: str, attempt: int, failure: _PassingFailure) -> None:
        wish_s = failure.retry_after_s or 0.0
        if wish_s > self._limits.longest_retry_after_s:
            reason = f"{endpoint}: {failure.reason} and asks for a pause of {wish_s:.0f} s"
            raise ChainUnavailable(reason, wish_s) from failure
        wait_s = min(self._limits.first_wait_s * 2 ** (attempt - 1), self._limits.longest_wait_s)
        await self._sleep(max(wish_s, wait_s * (1 - self._dice() / 2)))

    async def _within_budget(self, endpoint: str) -> None:
        """Wait for the minute's turn, however long a round gets by that: one that is broken off would begin anew.

        Raises:
            ChainUnavailable: if the month is used up.
        """
        if self._budget is None:
            return
        while (wait_s := self._budget.wait_s()) > 0:
            if wait_s == float("inf"):
                advice = "raise STACKS_API_CALLS_PER_MONTH if the plan allows it"
                raise ChainUnavailable(
                    f"{endpoint}: the month's calls to this API are used up: {advice}", LONGEST_PAUSE_S
                )
            await self._sleep(wait_s)
        self._budget.count()

    async def _attempt(self, endpoint: str, path: str, etag: str | None) -> Answer:
        await self._within_budget(endpoint)
        headers = {"if-none-match": etag} if etag is not None else {}
        url, started, status = self._base_url + path, self._clock(), None
        try:
            async with self._open_session().get(url, headers=headers, allow_redirects=False) as response:
                status = response.status
                if self._budget is not None:
                    self._budget.observe(response.headers)
                _refuse_passing_statuses(response)
                body = await self._read(endpoint, response)
                return Answer(status=status, body=body, etag=response.headers.get("etag"))
        except TimeoutError:
            raise _PassingFailure("no complete answer in time") from None
        except aiohttp.ClientError as problem:
            raise _PassingFailure(f"the connection failed ({type(problem).__name__})") from problem
        finally:
            if self._on_call is not None:
                self._on_call(endpoint, status, self._clock() - started)

    async def _read(self, endpoint: str, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._limits.body_bytes:
                raise ChainUnavailable(f"{endpoint}: the answer is larger than {self._limits.body_bytes} bytes")
        return bytes(body)

    def _open_session(self) -> aiohttp.ClientSession:
        """The session, made at the first call: aiohttp wants a running loop."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._limits.total_timeout_s, connect=self._limits.connect_timeout_s)
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        return self._session


def _refuse_passing_statuses(response: aiohttp.ClientResponse) -> None:
    if response.status == HTTPStatus.TOO_MANY_REQUESTS or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise _PassingFailure(f"the server answered {response.status}", _retry_after_s(response))


def _retry_after_s(response: aiohttp.ClientResponse) -> float | None:
    """Seconds the server wants us to stay away. Dates are not used by this API; they count as no wish."""
    text = response.headers.get("retry-after", "")
    if not (text.isascii() and text.isdigit() and len(text) <= len("999999999")):
        return None
    return float(text)
