"""The HTTP client for webhooks. It sends POST requests to public addresses only, and limits time and sizes.

Redirects are not followed; cookies, compression and the environment's proxies are not used. Connections are kept alive
for a while, but reused only for the same merchant. Responses are read only up to the size that is stored, and converted
to text that a database can store, whatever bytes arrive.
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
from sgate.workers.webhooks.resolver import CheckedResolver, Lookup

TIMEOUT_S = 10.0
MAX_RESPONSE_BYTES = 16_384
"""The number of bytes of a response body that are stored. If a body is longer, the rest is not read, and the connection
is closed.
"""

MAX_RESPONSE_HEADERS = 64
MAX_HEADER_CHARACTERS = 1_024
MAX_ERROR_CHARACTERS = 1_024
MAX_RETRY_AFTER_DIGITS = 9
MAX_SESSIONS = 512
"""The maximum number of merchants whose connections are kept alive. If there are more merchants, the connections of the
least recently used merchant are closed.
"""

MAX_CACHED_URLS = 4096
"""The maximum number of URLs for which the result of the check is cached."""

KEEP_ALIVE_S = 15.0
"""How long an idle connection is kept alive. Common servers close idle connections after 5 to 75 seconds."""

READ_BUFFER_BYTES = 32_768
STALE_RETRIES = 2
"""How often a request is repeated because a kept-alive connection was closed. This does not count as an attempt."""

USER_AGENT = "sGate-Webhooks/1"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A receiver's response: the outcome for the schedule, and the truncated headers and body for the merchant."""

    outcome: Outcome
    headers: dict[str, str]
    body: str | None


class WebhookClient:
    """Posts webhooks to the destinations that `egress` allows.

    `proxy` is the URL of a forward proxy, if there is one. The proxy resolves names and opens connections. It must
    itself keep webhooks out of private networks, because only the URL is checked here.
    """

    def __init__(
        self,
        *,
        egress: Egress,
        timeout_s: float = TIMEOUT_S,
        proxy: str | None = None,
        look_up: Lookup | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._egress = egress
        self._timeout_s = timeout_s
        self._proxy = None if proxy is None else URL(proxy)
        self._resolver: AbstractResolver = (
            CheckedResolver(egress, look_up) if proxy is None else aiohttp.ThreadedResolver()
        )
        self._ssl_context = ssl_context or ssl.create_default_context()
        self._checked = lru_cache(MAX_CACHED_URLS)(self._check)
        self._sessions: OrderedDict[str, aiohttp.ClientSession] = OrderedDict()
        self._retired: set[asyncio.Task[None]] = set()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, merchant_id: str) -> Reply:
        """Post `body`. Every failure is returned as an outcome, never raised."""
        exchange, answer = Exchange(), _Answer()
        token = current.set(exchange)
        try:
            target = self._checked(url)
            async with asyncio.timeout(self._timeout_s):
                response = await self._send(exchange, merchant_id, target, body, headers)
                await answer.read(response)
        except TimeoutError:
            return answer.reply() or _failed("no response within the time limit")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return answer.reply() or _refused(exchange, error)
        finally:
            current.reset(token)
            if exchange.guard is not None:
                exchange.guard.end()
        return answer.reply() or _failed("the connection was closed without a response")

    def _check(self, url: str) -> URL:
        """Check and parse a URL, without resolving its host name.

        Raises:
            ForbiddenDestination: if webhooks must not be sent to this URL.
        """
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
        """Send the request, and return the response once its head has arrived.

        The receiver may close a kept-alive connection at the moment when it is used again. This is not a failure of the
        receiver, so the request is repeated.
        """
        session, stale = self._session_of(merchant_id), 0
        while True:
            try:
                return await session.post(target, data=body, headers=headers, allow_redirects=False, proxy=self._proxy)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                if not exchange.reused or not exchange.nothing_received or stale == STALE_RETRIES:
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
            use_dns_cache=False,  # the resolver has its own cache, and checks each address
            ssl=self._ssl_context,
            limit=0,  # the deliverer limits the attempts in flight
            keepalive_timeout=KEEP_ALIVE_S,
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
        """Close a session after the time by which its requests in flight must have ended."""

        async def close() -> None:
            await asyncio.sleep(self._timeout_s)
            await session.close()

        task = asyncio.create_task(close())
        self._retired.add(task)
        task.add_done_callback(self._retired.discard)


class _Answer:
    """The part of a response that has been received: its head, and the beginning of its body."""

    def __init__(self) -> None:
        self._response: aiohttp.ClientResponse | None = None
        self._body = bytearray()

    async def read(self, response: aiohttp.ClientResponse) -> None:
        """Read the part of the body that is stored. If the body is incomplete, the status still counts."""
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
        """Return the reply, or None if the head has not been received."""
        response = self._response
        if response is None:
            return None
        if response.status == HTTPStatus.SWITCHING_PROTOCOLS:
            return _invalid("the receiver tried to switch protocols", b"")
        outcome = Outcome(
            status=response.status, error=_refusal(response.status), retry_after_s=_retry_after_s(response.raw_headers)
        )
        body = bytes(self._body[:MAX_RESPONSE_BYTES])
        return Reply(outcome=outcome, headers=_shown_headers(response.raw_headers), body=_text(body) if body else None)


def _refused(exchange: Exchange, error: Exception) -> Reply:
    """Return the reply of an attempt that failed before the head of a response had been received."""
    guard = exchange.guard
    match error:
        case _ if guard is not None and guard.over_limit:
            return _invalid(OVER_LIMIT, guard.beginning)
        case ForbiddenDestination():
            return _failed(str(error))
        case aiohttp.ClientResponseError():
            return _invalid(error.message.partition("\n")[0].rstrip(": "), b"" if guard is None else guard.beginning)
        case aiohttp.ServerDisconnectedError():
            return _failed("the connection was closed without a response")
        case aiohttp.ClientConnectorError() | aiohttp.InvalidURL():
            return _failed(f"cannot connect: {_reason(error)}")
        case aiohttp.ClientOSError():
            return _failed(f"the connection was lost: {error.strerror or error}")
        case _:
            return _failed(f"cannot connect: {error}")


def _reason(error: Exception) -> str:
    """Return the operating system's message, without the text that aiohttp adds."""
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


def _retry_after_s(headers: Sequence[tuple[bytes, bytes]]) -> int | None:
    """Return the value of `Retry-After`, which may be a number of seconds or a date, in seconds; None if invalid."""
    found = next((value for name, value in headers if name.lower() == b"retry-after"), None)
    if found is None:
        return None
    text = found.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= MAX_RETRY_AFTER_DIGITS else MAX_RETRY_AFTER_S
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # OverflowError: a year or a time zone of thirty digits
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, round((moment - datetime.now(UTC)).total_seconds()))


def _shown_headers(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the headers as text. Repeated headers are joined, as HTTP allows."""
    shown: dict[str, str] = {}
    for name, value in headers[:MAX_RESPONSE_HEADERS]:
        key, text = _storable(name.decode("latin-1")), _storable(value.decode("latin-1"))
        shown[key[:MAX_HEADER_CHARACTERS]] = (f"{shown[key]}, {text}" if key in shown else text)[:MAX_HEADER_CHARACTERS]
    return shown


def _text(data: bytes) -> str:
    return _storable(data.decode("utf-8", "replace"))


def _storable(text: str) -> str:
    """Replace the characters that PostgreSQL cannot store: NUL, and the lone surrogates of invalid UTF-8."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _invalid(reason: str, beginning: bytes) -> Reply:
    """Return the reply for data that is not a valid HTTP response. The merchant sees the first bytes of the data."""
    error = _storable(f"invalid_response: {reason}")[:MAX_ERROR_CHARACTERS]
    return Reply(outcome=Outcome(status=None, error=error), headers={}, body=_text(beginning) if beginning else None)


def _failed(reason: str) -> Reply:
    error = _storable(reason)[:MAX_ERROR_CHARACTERS]
    return Reply(outcome=Outcome(status=None, error=error), headers={}, body=None)
