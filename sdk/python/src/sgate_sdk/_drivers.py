"""The sync and the async driver, which perform the I/O that `exchange` and `Stream` request."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from dataclasses import dataclass, field, replace
from random import random
from typing import Any, TypeVar

import httpx2

from sgate_sdk._exchange import Answer, Outcome, Pause, Send, Surroundings, exchange
from sgate_sdk._requests import Request
from sgate_sdk._streams import EVENT_STREAM, MAX_EVENT_BYTES, SILENCE_S, Stream, is_stream
from sgate_sdk._version import __version__
from sgate_sdk.errors import SGateConnectionError, SGateTimeoutError, SGateUsageError

T = TypeVar("T")

USER_AGENT = f"sgate-sdk-python/{__version__}"
AROUND = Surroundings(random=random, now=time.time)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of a client.

    Attributes:
        timeout_s: how many seconds the server may be silent before an attempt fails.
        max_retries: the number of retries after the first attempt.
    """

    base_url: str
    api_key: str | None = field(repr=False)
    timeout_s: float
    max_retries: int

    def __post_init__(self) -> None:
        """Check that the numbers are in range.

        Raises:
            SGateUsageError: if `timeout_s` or `max_retries` is out of range.
        """
        if self.timeout_s <= 0:
            raise SGateUsageError("timeout_s must be more than 0.", code="invalid_option", param="timeout_s")
        if self.max_retries < 0:
            raise SGateUsageError("max_retries must be 0 or more.", code="invalid_option", param="max_retries")

    def arguments(self, request: Request[Any], *, streaming: bool = False) -> dict[str, Any]:
        """Return the arguments with which `httpx2` sends a request.

        Raises:
            SGateUsageError: if the call needs an API key and the client has none.
        """
        return {
            "method": request.method,
            "url": self.base_url + request.path,
            "params": request.query,
            "content": request.content,
            "headers": self._headers(request, streaming=streaming),
            "timeout": httpx2.Timeout(self.timeout_s, read=SILENCE_S if streaming else self.timeout_s),
            "follow_redirects": False,
        }

    def _headers(self, request: Request[Any], *, streaming: bool) -> dict[str, str]:
        headers = {"Accept": EVENT_STREAM if streaming else "application/json", "User-Agent": USER_AGENT}
        if not request.public:
            if self.api_key is None:
                raise SGateUsageError(
                    "This call needs an API key. Pass api_key or set SGATE_API_KEY.",
                    code="api_key_missing",
                    param="api_key",
                )
            headers["Authorization"] = f"Bearer {self.api_key}"
        if request.content is not None:
            headers["Content-Type"] = request.content_type
        if request.idempotency_key is not None:
            headers["Idempotency-Key"] = request.idempotency_key
        if request.last_event_id is not None:
            headers["Last-Event-ID"] = request.last_event_id
        return headers


class SyncDriver:
    """Performs calls, and blocks the thread until each one ends."""

    def __init__(self, options: Options, http: httpx2.Client) -> None:
        self.options = options
        self.http = http

    def with_options(self, **changes: Any) -> "SyncDriver":
        """Return a driver that has other options and shares the connections of this one."""
        return SyncDriver(replace(self.options, **changes), self.http)

    def perform(self, request: Request[T]) -> T:
        """Make a call and return its result."""
        conversation = exchange(request, self.options.max_retries, AROUND)
        try:
            step = next(conversation)
            while True:
                step = conversation.send(self._do(step))
        except StopIteration as end:
            return end.value

    def _do(self, step: Send | Pause) -> Outcome:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        try:
            response = self.http.request(**self.options.arguments(step.request))
        except httpx2.RequestError as error:
            return _connection_error(error)
        return _answer(response)

    def stream(self, request: Request[T]) -> Generator[T]:
        """Yield the items of a stream, reconnecting as often as needed."""
        stream = Stream(request, self.options.max_retries, AROUND)
        if request.newest is not None:
            stream.begin_after(self.perform(request.newest))
        while True:
            outcome: Outcome = None
            try:
                with self.http.stream(**self.options.arguments(stream.request, streaming=True)) as response:
                    if is_stream(response.status_code, response.headers):
                        for frame in httpx2.EventSource(response, MAX_EVENT_BYTES):
                            item = stream.take(frame)
                            if item is not None:
                                yield item
                    else:
                        response.read()
                        outcome = _answer(response)
            except httpx2.RequestError as error:
                outcome = _connection_error(error)
            time.sleep(stream.reconnect_delay_s(outcome))


class AsyncDriver:
    """Performs calls with `await`."""

    def __init__(self, options: Options, http: httpx2.AsyncClient) -> None:
        self.options = options
        self.http = http

    def with_options(self, **changes: Any) -> "AsyncDriver":
        """Return a driver that has other options and shares the connections of this one."""
        return AsyncDriver(replace(self.options, **changes), self.http)

    async def perform(self, request: Request[T]) -> T:
        """Make a call and return its result."""
        conversation = exchange(request, self.options.max_retries, AROUND)
        try:
            step = next(conversation)
            while True:
                step = conversation.send(await self._do(step))
        except StopIteration as end:
            return end.value

    async def _do(self, step: Send | Pause) -> Outcome:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        try:
            response = await self.http.request(**self.options.arguments(step.request))
        except httpx2.RequestError as error:
            return _connection_error(error)
        return _answer(response)

    async def stream(self, request: Request[T]) -> AsyncGenerator[T]:
        """Yield the items of a stream, reconnecting as often as needed."""
        stream = Stream(request, self.options.max_retries, AROUND)
        if request.newest is not None:
            stream.begin_after(await self.perform(request.newest))
        while True:
            outcome: Outcome = None
            try:
                async with self.http.stream(**self.options.arguments(stream.request, streaming=True)) as response:
                    if is_stream(response.status_code, response.headers):
                        async for frame in httpx2.EventSource(response, MAX_EVENT_BYTES):
                            item = stream.take(frame)
                            if item is not None:
                                yield item
                    else:
                        await response.aread()
                        outcome = _answer(response)
            except httpx2.RequestError as error:
                outcome = _connection_error(error)
            await asyncio.sleep(stream.reconnect_delay_s(outcome))


Driver = SyncDriver | AsyncDriver


def _answer(response: httpx2.Response) -> Answer:
    headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
    return Answer(status_code=response.status_code, headers=headers, body=response.content)


def _connection_error(error: httpx2.RequestError) -> SGateConnectionError:
    where = f"{error.request.url.scheme}://{error.request.url.netloc.decode()}"
    if isinstance(error, httpx2.TimeoutException):
        return SGateTimeoutError(
            f"{where} did not respond in time. The request may have been processed: "
            "repeat it with the same idempotency key.",
            code="timeout",
        )
    reason = str(error) or type(error).__name__
    return SGateConnectionError(
        f"The connection to {where} failed: {reason}. Is sGate running there?", code="connection_failed"
    )
