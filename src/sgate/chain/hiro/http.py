"""HTTP client for the Stacks API: GET with limits on time, size and attempts, and with exponential back-off.

Transient failures (429, 5xx, timeouts, broken connections) are retried; all others are reported immediately. The caller
gets either a complete body or ChainUnavailable.
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
"""The `retry_after_s` that is reported once the month's calls are used up."""

OnCall = Callable[[str, int | None, float], None]
"""Called after every call with the endpoint, the HTTP status (None if there was no response) and the duration in
seconds.
"""

Sleep = Callable[[float], Awaitable[None]]


class HiroLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one request.

    Attributes:
        body_bytes: the largest response that is read; 50 transactions with 100 events each are about 3 MB.
        connect_timeout_s, total_timeout_s: the time limits of one attempt.
        attempts: the maximum number of attempts, including the first.
        first_wait_s, longest_wait_s: the first and the longest wait between attempts. The wait doubles after each
            attempt, and is shortened at random by up to half.
        longest_retry_after_s: a longer `Retry-After` is reported to the caller instead of being waited for.
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
    """A complete response with a status that is not retried."""

    status: int
    body: bytes
    etag: str | None


class _TransientFailure(Exception):
    """An attempt failed, but the next one may succeed. `retry_after_s` is the server's `Retry-After`."""

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
        random_fraction: Callable[[], float] = random.random,
        limits: HiroLimits = DEFAULT_LIMITS,
        budget: Budget | None = None,
    ) -> None:
        self._budget = budget
        self._base_url = base_url.rstrip("/")
        self._headers = {"accept": "application/json"} | ({"x-api-key": api_key} if api_key else {})
        self._on_call = on_call
        self._sleep, self._clock, self._random_fraction = sleep, clock, random_fraction
        self._limits = limits
        self._session: aiohttp.ClientSession | None = None

    async def get(self, endpoint: str, path: str, etag: str | None = None) -> Answer:
        """Send GET `path`, and retry transient failures.

        Args:
            endpoint: the path's pattern, for messages and metrics.
            path: the path and query, already escaped.
            etag: sent as If-None-Match.

        Raises:
            ChainUnavailable: if the last attempt failed, `Retry-After` is too long, the response is too large, or the
                month's calls are used up.
        """
        for attempt in range(1, self._limits.attempts + 1):
            try:
                return await self._attempt(endpoint, path, etag)
            except _TransientFailure as failure:
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

    async def _wait(self, endpoint: str, attempt: int, failure: _TransientFailure) -> None:
        retry_after_s = failure.retry_after_s or 0.0
        if retry_after_s > self._limits.longest_retry_after_s:
            reason = f"{endpoint}: {failure.reason} and asks for a pause of {retry_after_s:.0f} s"
            raise ChainUnavailable(reason, retry_after_s) from failure
        wait_s = min(self._limits.first_wait_s * 2 ** (attempt - 1), self._limits.longest_wait_s)
        await self._sleep(max(retry_after_s, wait_s * (1 - self._random_fraction() / 2)))

    async def _wait_for_budget(self, endpoint: str) -> None:
        """Wait until the minute's limit allows a call, then count it.

        The wait has no deadline, because an aborted poll would have to start again from the beginning.

        Raises:
            ChainUnavailable: if the month's calls are used up.
        """
        if self._budget is None:
            return
        while (wait_s := self._budget.wait_s()) > 0:
            if wait_s == float("inf"):
                advice = "raise STACKS_API_CALLS_PER_MONTH if your plan allows it"
                raise ChainUnavailable(
                    f"{endpoint}: the month's calls to this API are used up: {advice}", LONGEST_PAUSE_S
                )
            await self._sleep(wait_s)
        self._budget.count()

    async def _attempt(self, endpoint: str, path: str, etag: str | None) -> Answer:
        await self._wait_for_budget(endpoint)
        headers = {"if-none-match": etag} if etag is not None else {}
        url, started, status = self._base_url + path, self._clock(), None
        try:
            async with self._open_session().get(url, headers=headers, allow_redirects=False) as response:
                status = response.status
                if self._budget is not None:
                    self._budget.observe(response.headers)
                _raise_for_transient_status(response)
                body = await self._read(endpoint, response)
                return Answer(status=status, body=body, etag=response.headers.get("etag"))
        except TimeoutError:
            raise _TransientFailure("no complete response in time") from None
        except aiohttp.ClientError as problem:
            raise _TransientFailure(f"the connection failed ({type(problem).__name__})") from problem
        finally:
            if self._on_call is not None:
                self._on_call(endpoint, status, self._clock() - started)

    async def _read(self, endpoint: str, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._limits.body_bytes:
                raise ChainUnavailable(f"{endpoint}: the response is larger than {self._limits.body_bytes} bytes")
        return bytes(body)

    def _open_session(self) -> aiohttp.ClientSession:
        """Return the session, created at the first call because aiohttp needs a running event loop."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._limits.total_timeout_s, connect=self._limits.connect_timeout_s)
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        return self._session


def _raise_for_transient_status(response: aiohttp.ClientResponse) -> None:
    if response.status == HTTPStatus.TOO_MANY_REQUESTS or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise _TransientFailure(f"the server answered {response.status}", _retry_after_s(response))


def _retry_after_s(response: aiohttp.ClientResponse) -> float | None:
    """Return `Retry-After` in seconds. Dates, which this API does not use, are ignored."""
    text = response.headers.get("retry-after", "")
    if not (text.isascii() and text.isdigit() and len(text) <= len("999999999")):
        return None
    return float(text)
