"""Client for the price sources. It reads them concurrently, with limits on time, size and attempts, and a cooldown.

A failing source does not affect the others. For each source, the caller gets a sample or the reason why there is none.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from http import HTTPStatus

import aiohttp
import msgspec

from sgate.core.rate import Sample
from sgate.rates.sources import BadAnswer, PriceSource

MAX_BODY_BYTES = 64 * 1024
ATTEMPT_TIMEOUT_S = 4.0
ATTEMPTS = 2
RETRY_WAIT_S = 0.3
FIRST_COOLDOWN_S = 30.0
LONGEST_COOLDOWN_S = 900.0
"""A failing source is skipped during a cooldown, which doubles with each failure from the first to the longest."""

OnCall = Callable[[str, str], None]
"""Called for each source at each `RateClient.ask`, with the source's name and `answered`, `failed` or `cooling`."""


class NoSample(msgspec.Struct, frozen=True):
    """The reason why a source has no price now."""

    reason: str


class _Failed(Exception):
    """An attempt failed. `again` is whether another attempt may succeed; `wait_s` is the source's `Retry-After`."""

    def __init__(self, reason: str, *, again: bool, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.wait_s = wait_s


class _Source:
    """A source and its recent failures."""

    def __init__(self, described: PriceSource, url: str) -> None:
        self.described = described
        self.url = url + described.path
        self.failures = 0
        self.cool_until_s = 0.0


class RateClient:
    """Reads prices from the sources."""

    def __init__(
        self,
        sources: Mapping[str, PriceSource],
        urls: Mapping[str, str],
        on_call: OnCall,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create a client. `urls` maps names of sources to base URLs that replace their own."""
        self._sources = {
            name: _Source(source, urls.get(name, source.url).rstrip("/")) for name, source in sources.items()
        }
        self._on_call = on_call
        self._sleep = sleep
        self._monotonic_s = monotonic_s
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, now: Callable[[], datetime]) -> dict[str, Sample | NoSample]:
        """Return the price from each source, or why there is none, by source name.

        This takes at most ATTEMPTS times ATTEMPT_TIMEOUT_S, plus the waits between attempts.
        """
        answers = await asyncio.gather(*(self._ask_one(name, now) for name in self._sources))
        return dict(zip(self._sources, answers, strict=True))

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ask_one(self, name: str, now: Callable[[], datetime]) -> Sample | NoSample:
        source = self._sources[name]
        if self._monotonic_s() < source.cool_until_s:
            self._on_call(name, "cooling")
            return NoSample("in cooldown after a failure")
        try:
            sample = await self._with_retry(source, now)
        except _Failed as failure:
            self._on_call(name, "failed")
            self._cool_down(source, failure.wait_s)
            return NoSample(failure.reason)
        self._on_call(name, "answered")
        source.failures = 0
        return sample

    def _cool_down(self, source: _Source, retry_after_s: float) -> None:
        source.failures += 1
        wait_s = min(FIRST_COOLDOWN_S * 2 ** min(source.failures - 1, 10), LONGEST_COOLDOWN_S)
        source.cool_until_s = self._monotonic_s() + min(max(wait_s, retry_after_s), LONGEST_COOLDOWN_S)

    async def _with_retry(self, source: _Source, now: Callable[[], datetime]) -> Sample:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._attempt(source, now)
            except _Failed as failure:
                if attempt == ATTEMPTS or not failure.again:
                    raise
                await self._sleep(RETRY_WAIT_S)
        raise AssertionError("ATTEMPTS must be at least 1")

    async def _attempt(self, source: _Source, now: Callable[[], datetime]) -> Sample:
        try:
            body = await self._fetch(source.url)
            price = source.described.read(body)
        except BadAnswer as problem:
            raise _Failed(f"invalid response: {problem}", again=False) from None
        except TimeoutError:
            raise _Failed("no complete response in time", again=True) from None
        except aiohttp.ClientError as problem:
            raise _Failed(f"the connection failed ({type(problem).__name__})", again=True) from None
        return Sample(source=source.described.title, usd_per_btc=price.usd_per_btc, taken_at=price.taken_at or now())

    async def _fetch(self, url: str) -> bytes:
        async with self._open_session().get(url, allow_redirects=False) as response:
            if response.status != HTTPStatus.OK:
                raise _Failed(
                    f"it answered {response.status}",
                    again=response.status >= HTTPStatus.INTERNAL_SERVER_ERROR,
                    wait_s=_retry_after_s(response),
                )
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise BadAnswer(f"it is larger than {MAX_BODY_BYTES} bytes")
            return bytes(body)

    def _open_session(self) -> aiohttp.ClientSession:
        """Return the session, created at the first request because aiohttp needs a running event loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"Accept": "application/json", "User-Agent": "sGate"},
                timeout=aiohttp.ClientTimeout(total=ATTEMPT_TIMEOUT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _retry_after_s(response: aiohttp.ClientResponse) -> float:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) <= len("86400") else 0.0
