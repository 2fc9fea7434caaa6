"""The two ways over the network. They do what `exchange` and `Stream` say; one of them waits with `await`."""

import time
from collections.abc import AsyncGenerator, Generator, Mapping
from dataclasses import dataclass, field, replace
from random import random
from typing import Any, TypeVar

import anyio
import httpx2

from sgate_sdk._exchange import Answer, Outcome, Pause, Send, Surroundings, exchange
from sgate_sdk._requests import Request
from sgate_sdk._streams import EVENT_STREAM, MAX_EVENT_BYTES, SILENCE_S, Stream, is_stream
from sgate_sdk._version import __version__
from sgate_sdk.errors import ConnectionFailed, TimedOut, Unauthorized

T = TypeVar("T")

USER_AGENT = f"sgate-sdk-python/{__version__}"
AROUND = Surroundings(dice=random, now=time.time)


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a client calls. `timeout_s`: how long the server may keep silent. `max_retries`: beside the first attempt."""

    base_url: str
    api_key: str | None = field(repr=False)
    timeout_s: float
    max_retries: int

    def arguments(self, request: Request[Any], *, streaming: bool = False) -> dict[str, Any]:
        """What httpx2 is told to send.

        Raises:
            Unauthorized: if an API key is needed and there is none.
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
                raise Unauthorized("This call needs an API key: give api_key or set SGATE_API_KEY.", code="no_api_key")
            headers["Authorization"] = f"Bearer {self.api_key}"
        if request.content is not None:
            headers["Content-Type"] = request.content_type
        if request.idempotency_key is not None:
            headers["Idempotency-Key"] = request.idempotency_key
        if request.last_event_id is not None:
            headers["Last-Event-ID"] = request.last_event_id
        return headers


class SyncDriver:
    """Waits by blocking the thread."""

    def __init__(self, options: Options, http: httpx2.Client) -> None:
        self.options = options
        self.http = http

    def with_options(self, **changes: Any) -> "SyncDriver":
        """The same connections under other options."""
        return SyncDriver(replace(self.options, **changes), self.http)

    def perform(self, request: Request[T]) -> T:
        """Make a call."""
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
            return _failure(error)
        return _answer(response)

    def stream(self, request: Request[T]) -> Generator[T]:
        """Follow a stream, coming back as often as it takes."""
        stream = Stream(request, self.options.max_retries, AROUND)
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
                outcome = _failure(error)
            time.sleep(stream.pause_after(outcome))


class AsyncDriver:
    """Waits with `await`, on asyncio or Trio."""

    def __init__(self, options: Options, http: httpx2.AsyncClient) -> None:
        self.options = options
        self.http = http

    def with_options(self, **changes: Any) -> "AsyncDriver":
        """The same connections under other options."""
        return AsyncDriver(replace(self.options, **changes), self.http)

    async def perform(self, request: Request[T]) -> T:
        """Make a call."""
        conversation = exchange(request, self.options.max_retries, AROUND)
        try:
            step = next(conversation)
            while True:
                step = conversation.send(await self._do(step))
        except StopIteration as end:
            return end.value

    async def _do(self, step: Send | Pause) -> Outcome:
        if isinstance(step, Pause):
            await anyio.sleep(step.seconds)
            return None
        try:
            response = await self.http.request(**self.options.arguments(step.request))
        except httpx2.RequestError as error:
            return _failure(error)
        return _answer(response)

    async def stream(self, request: Request[T]) -> AsyncGenerator[T]:
        """Follow a stream, coming back as often as it takes."""
        stream = Stream(request, self.options.max_retries, AROUND)
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
                outcome = _failure(error)
            await anyio.sleep(stream.pause_after(outcome))


Driver = SyncDriver | AsyncDriver


def _answer(response: httpx2.Response) -> Answer:
    headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
    return Answer(status_code=response.status_code, headers=headers, body=response.content)


def _failure(error: httpx2.RequestError) -> ConnectionFailed:
    where = f"{error.request.url.scheme}://{error.request.url.netloc.decode()}"
    if isinstance(error, httpx2.TimeoutException):
        return TimedOut(f"No answer from {where} in time. It may have been done: ask again.", code="timeout")
    reason = str(error) or type(error).__name__
    return ConnectionFailed(f"No connection to {where}: {reason}. Is it running there?", code="connection_failed")
