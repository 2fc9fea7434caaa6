"""Sending one webhook: a POST with bounds on everything, to nowhere but the public internet.

Redirects are not followed. Connections are kept for a while and used again. Answers are read up to a limit, and what is
kept of them is text that a database can store, whatever bytes came.
"""

import asyncio
import email.utils
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from sgate.core import egress
from sgate.core.retry import MAX_RETRY_AFTER_S, Outcome
from sgate.workers.webhooks import http1
from sgate.workers.webhooks.destinations import Connector, Destination, Resolve, destination_of
from sgate.workers.webhooks.http1 import BrokenAnswer, Disconnected, Line, Response

TIMEOUT_S = 10.0
MAX_RESPONSE_BYTES = http1.MAX_BODY_BYTES
MAX_RESPONSE_HEADERS = 64
MAX_HEADER_CHARACTERS = 1_024
MAX_RETRY_AFTER_DIGITS = 9
MAX_IDLE = 512
"""Connections kept open for later. Those in use are as many as there are attempts in flight."""

KEEP_S = 15.0
"""How long an idle connection is kept. Common servers close theirs after 5 to 75 seconds."""

USER_AGENT = "sGate-Webhooks/1"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver answered: the outcome for the schedule, and what to show the merchant (cut to limits)."""

    outcome: Outcome
    headers: dict[str, str]
    body: str | None


class WebhookClient:
    """Posts webhooks. `allow_private` lets developers use their own machine; `resolve` looks names up."""

    def __init__(
        self,
        *,
        allow_private: bool,
        timeout_s: float = TIMEOUT_S,
        resolve: Resolve | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._timeout_s = timeout_s
        self._connector = Connector(allow_private=allow_private, resolve=resolve, ssl_context=ssl_context)
        self._idle: dict[tuple[str, int, bool], list[tuple[float, Line]]] = {}
        self._idle_count = 0
        self._sweeper: asyncio.TimerHandle | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Post `body`. Whatever goes wrong is an outcome, never an exception."""
        try:
            destination = destination_of(url, allow_private=self._allow_private)
            return _reply(await self._exchange(destination, _request(destination, body, headers)))
        except TimeoutError:
            return _failed("no answer within the time limit")
        except (Disconnected, BrokenAnswer, egress.ForbiddenDestination) as error:
            return _failed(str(error))
        except (OSError, ValueError) as error:
            return _failed(f"cannot connect: {error}"[:MAX_HEADER_CHARACTERS])

    async def close(self) -> None:
        """Close all connections."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for line in [line for lines in self._idle.values() for _, line in lines]:
            line.close()
        self._idle.clear()
        self._connector.close()

    async def _exchange(self, destination: Destination, request: bytes) -> Response:
        """The answer, or as much of it as came in time, if that is at least its status and headers."""
        line: Line | None = None
        try:
            async with asyncio.timeout(self._timeout_s):
                line = self._take_idle(destination)
                if line is not None:
                    try:
                        return await self._ask(destination, line, request)
                    except Disconnected as error:
                        if not error.before_answer:
                            raise
                        # It was being closed while it was idle: that says nothing about the receiver.
                line = await self._connector.connect(destination)
                return await self._ask(destination, line, request)
        except TimeoutError:
            response = None if line is None else line.so_far()
            if response is None:
                raise
            return response
        finally:
            if line is not None and not line.reusable:
                line.close()

    async def _ask(self, destination: Destination, line: Line, request: bytes) -> Response:
        response = await line.ask(request)
        if line.reusable and self._idle_count < MAX_IDLE:
            loop = asyncio.get_running_loop()
            self._idle.setdefault(destination.origin, []).append((loop.time() + KEEP_S, line))
            self._idle_count += 1
            if self._sweeper is None:
                self._sweeper = loop.call_later(KEEP_S, self._sweep)
        else:
            line.close()
        return response

    def _take_idle(self, destination: Destination) -> Line | None:
        """The connection that was used last; the others are more likely to be closed by now."""
        lines = self._idle.get(destination.origin)
        while lines:
            _, line = lines.pop()
            self._idle_count -= 1
            if line.reusable:
                return line
            line.close()
        return None

    def _sweep(self) -> None:
        """Close what has been idle for too long."""
        loop = asyncio.get_running_loop()
        now, kept = loop.time(), dict[tuple[str, int, bool], list[tuple[float, Line]]]()
        for origin, lines in self._idle.items():
            for until, line in lines:
                if until > now and line.reusable:
                    kept.setdefault(origin, []).append((until, line))
                else:
                    line.close()
        self._idle, self._idle_count = kept, sum(map(len, kept.values()))
        self._sweeper = loop.call_later(KEEP_S, self._sweep) if kept else None


def _request(destination: Destination, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    head = (
        f"POST {destination.target} HTTP/1.1\r\nHost: {destination.host_header}\r\n"
        f"Content-Length: {len(body)}\r\n{lines}\r\n"
    )
    return head.encode("ascii") + body


def _reply(response: Response) -> Reply:
    outcome = Outcome(status=response.status, error=_refusal(response.status), retry_after_s=_wish(response.headers))
    body = _storable(response.body.decode("utf-8", "replace")) if response.body else None
    return Reply(outcome=outcome, headers=_shown_headers(response.headers), body=body)


def _storable(text: str) -> str:
    """`text` without what PostgreSQL cannot store: NUL, and the stray surrogates that bytes outside UTF-8 become."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _refusal(status: int) -> str | None:
    match status // 100:
        case 2:
            return None
        case 3:
            return f"answered {status}; redirects are not followed"
        case _:
            return f"answered {status}"


def _wish(headers: Sequence[tuple[bytes, bytes]]) -> int | None:
    """The receiver's Retry-After in seconds; it may be given as seconds or as a date."""
    found = next((value for name, value in headers if name.lower() == b"retry-after"), None)
    if found is None:
        return None
    text = found.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= MAX_RETRY_AFTER_DIGITS else MAX_RETRY_AFTER_S
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a year, an hour or a time zone of thirty digits
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, round((moment - datetime.now(UTC)).total_seconds()))


def _shown_headers(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers as text; those that come several times as one, as HTTP allows."""
    shown: dict[str, str] = {}
    for name, value in headers[:MAX_RESPONSE_HEADERS]:
        key, text = _storable(name.decode("latin-1")), _storable(value.decode("latin-1"))
        shown[key[:MAX_HEADER_CHARACTERS]] = (f"{shown[key]}, {text}" if key in shown else text)[:MAX_HEADER_CHARACTERS]
    return shown


def _failed(reason: str) -> Reply:
    return Reply(outcome=Outcome(status=None, error=_storable(reason)), headers={}, body=None)
