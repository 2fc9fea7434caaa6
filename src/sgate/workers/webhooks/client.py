"""Sending one webhook: a POST with bounds on everything, to nowhere but the public internet.

Redirects are not followed, cookies, compression and proxies of the environment are not used. A connection is kept for a
while and used again, but only for the same merchant. Of an answer as much is read as is kept, and what is kept is text
that a database can store, whatever bytes came.
"""

import asyncio
import email.utils
import ssl
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver
from yarl import URL

from sgate.core.egress import Egress, ForbiddenDestination
from sgate.core.retry import MAX_RETRY_AFTER_S, Outcome
from sgate.workers.webhooks.exchange import OVER_LIMIT, Exchange, GuardedRequest, current
from sgate.workers.webhooks.resolver import CheckedResolver, LookUp

TIMEOUT_S = 10.0
MAX_RESPONSE_BYTES = 16_384
"""What is kept of a body. Of a longer one no more is read, and its connection is closed."""

MAX_RESPONSE_HEADERS = 64
MAX_HEADER_CHARACTERS = 1_024
MAX_ERROR_CHARACTERS = 1_024
MAX_RETRY_AFTER_DIGITS = 9
MAX_SESSIONS = 512
"""Merchants whose connections are kept. The one that was sent to least recently loses them first."""

MAX_REMEMBERED = 4096
"""URLs whose check is remembered."""

KEEP_S = 15.0
"""How long an idle connection is kept. Common servers close theirs after 5 to 75 seconds."""

READ_BUFFER_BYTES = 32_768
STALE_RETRIES = 2
"""How often an attempt begins again because a kept connection turned out to be closed. That costs no attempt."""

USER_AGENT = "sGate-Webhooks/1"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver answered: the outcome for the schedule, and what to show the merchant (cut to limits)."""

    outcome: Outcome
    headers: dict[str, str]
    body: str | None


class WebhookClient:
    """Posts webhooks to the destinations that `egress` allows.

    With `proxy`, the URL of a forward proxy, names are looked up and connections are made by the proxy, which has to
    keep webhooks away from its network; only what can be seen in the URL itself is checked here.
    """

    def __init__(
        self,
        *,
        egress: Egress,
        timeout_s: float = TIMEOUT_S,
        proxy: str | None = None,
        look_up: LookUp | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._egress = egress
        self._timeout_s = timeout_s
        self._proxy = None if proxy is None else URL(proxy)
        self._resolver: AbstractResolver = (
            CheckedResolver(egress, look_up) if proxy is None else aiohttp.ThreadedResolver()
        )
        self._ssl_context = ssl_context or ssl.create_default_context()
        self._checked = lru_cache(MAX_REMEMBERED)(self._check)
        self._sessions: OrderedDict[str, aiohttp.ClientSession] = OrderedDict()
        self._retired: set[asyncio.Task[None]] = set()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, merchant_id: str) -> Reply:
        """Post `body`. Whatever goes wrong is an outcome, never an exception."""
        exchange, answer = Exchange(), _Answer()
        token = current.set(exchange)
        try:
            target = self._checked(url)
            async with asyncio.timeout(self._timeout_s):
                response = await self._send(exchange, merchant_id, target, body, headers)
                await answer.read(response)
        except TimeoutError:
            return answer.reply() or _failed("no answer within the time limit")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return answer.reply() or _refused(exchange, error)
        finally:
            current.reset(token)
            if exchange.guard is not None:
                exchange.guard.end()
        return answer.reply() or _failed("the connection was closed without an answer")

    def _check(self, url: str) -> URL:
        """A URL that may be sent to, as far as that can be seen without looking its name up."""
        self._egress.check_url(url, https_only=False)
        return URL(url, encoded=True)

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(session.close() for session in self._sessions.values()), *self._retired)
        self._sessions.clear()
        await self._resolver.close()

    async def _send(
        self, exchange: Exchange, merchant_id: str, target: URL, body: bytes, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        """The answer's head. A kept connection that was being closed meanwhile says nothing about the receiver."""
        session, stale = self._session_of(merchant_id), 0
        while True:
            try:
                return await session.post(target, data=body, headers=headers, allow_redirects=False, proxy=self._proxy)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                if not exchange.reused or not exchange.nothing_came or stale == STALE_RETRIES:
                    raise
                stale += 1

    def _session_of(self, merchant_id: str) -> aiohttp.ClientSession:
        session = self._sessions.get(merchant_id)
        if session is None:
            session = self._sessions[merchant_id] = self._new_session()
            if len(self._sessions) > MAX_SESSIONS:
                self._retire(self._sessions.popitem(last=False)[1])
        self._sessions.move_to_end(merchant_id)
        return session

    def _new_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=self._resolver,
            use_dns_cache=False,  # the resolver has its own, which it checks
            ssl=self._ssl_context,
            limit=0,  # the deliverer bounds the attempts in flight
            keepalive_timeout=KEEP_S,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            trust_env=False,
            read_bufsize=READ_BUFFER_BYTES,
            request_class=GuardedRequest,
        )

    def _retire(self, session: aiohttp.ClientSession) -> None:
        """Close a session when what is in flight on it has had its time."""

        async def close() -> None:
            await asyncio.sleep(self._timeout_s)
            await session.close()

        task = asyncio.create_task(close())
        self._retired.add(task)
        task.add_done_callback(self._retired.discard)


class _Answer:
    """An answer as far as it has come: its head, and the beginning of its body."""

    def __init__(self) -> None:
        self._response: aiohttp.ClientResponse | None = None
        self._body = bytearray()

    async def read(self, response: aiohttp.ClientResponse) -> None:
        """Read the body as far as it is kept. One that breaks off does not change the status."""
        self._response = response
        complete = False
        try:
            async for chunk in response.content.iter_any():
                self._body += chunk
                if len(self._body) > MAX_RESPONSE_BYTES:
                    return
            complete = True
        finally:
            if complete:
                response.release()
            else:
                response.close()

    def reply(self) -> Reply | None:
        """What to show of it, or None before its head has come."""
        response = self._response
        if response is None:
            return None
        if response.status == HTTPStatus.SWITCHING_PROTOCOLS:
            return _invalid("it wants to change the protocol", b"")
        outcome = Outcome(
            status=response.status, error=_refusal(response.status), retry_after_s=_wish(response.raw_headers)
        )
        body = bytes(self._body[:MAX_RESPONSE_BYTES])
        return Reply(outcome=outcome, headers=_shown_headers(response.raw_headers), body=_text(body) if body else None)


def _refused(exchange: Exchange, error: Exception) -> Reply:
    """An attempt that ended before the head of an answer had come."""
    guard = exchange.guard
    match error:
        case _ if guard is not None and guard.over_limit:
            return _invalid(OVER_LIMIT, guard.beginning)
        case ForbiddenDestination():
            return _failed(str(error))
        case aiohttp.ClientResponseError():
            return _invalid(error.message.partition("\n")[0].rstrip(": "), b"" if guard is None else guard.beginning)
        case aiohttp.ServerDisconnectedError():
            return _failed("the connection was closed without an answer")
        case aiohttp.ClientConnectorError() | aiohttp.InvalidURL():
            return _failed(f"cannot connect: {_reason(error)}")
        case aiohttp.ClientOSError():
            return _failed(f"the connection was lost: {error.strerror or error}")
        case _:
            return _failed(f"cannot connect: {error}")


def _reason(error: Exception) -> str:
    """What the system says, without aiohttp's frame around it."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        cause = error.certificate_error
    return str(cause)


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


def _text(data: bytes) -> str:
    return _storable(data.decode("utf-8", "replace"))


def _storable(text: str) -> str:
    """`text` without what PostgreSQL cannot store: NUL, and the stray surrogates that bytes outside UTF-8 become."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _invalid(reason: str, beginning: bytes) -> Reply:
    """What came is not an answer in HTTP; its first bytes are shown, so that its owner can see what it was."""
    error = _storable(f"invalid_response: {reason}")[:MAX_ERROR_CHARACTERS]
    return Reply(outcome=Outcome(status=None, error=error), headers={}, body=_text(beginning) if beginning else None)


def _failed(reason: str) -> Reply:
    error = _storable(reason)[:MAX_ERROR_CHARACTERS]
    return Reply(outcome=Outcome(status=None, error=error), headers={}, body=None)
