"""Sending one webhook: a POST with bounds on everything, to nowhere but the public internet.

The address is checked where the connection is made, on what the name resolved to, so that a name which pointed
elsewhere when the endpoint was made gains nothing by changing. Redirects are not followed. Answers are read up to a
limit, and what is kept of them is text that a database can store, whatever bytes came.
"""

import asyncio
import email.utils
import functools
import ipaddress
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import lru_cache

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from sgate.core import egress
from sgate.core.retry import MAX_RETRY_AFTER_S, Outcome

TIMEOUT_S = 10.0
MAX_RESPONSE_BYTES = 16_384
MAX_RESPONSE_HEADERS = 64
MAX_HEADER_CHARACTERS = 1_024
MAX_RETRY_AFTER_DIGITS = 9
MAX_CONNECTIONS = 1024
MAX_LOOKUPS = 64
"""Names looked up at once. The system's resolver blocks its thread for as long as a dead name server lets it."""

DNS_CACHE_S = 10
"""How long addresses are used again. They were checked, so this opens nothing; it spares a look-up per attempt."""

USER_AGENT = "sGate-Webhooks/1"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver answered: the outcome for the schedule, and what to show the merchant (cut to limits)."""

    outcome: Outcome
    headers: dict[str, str]
    body: str | None


class WebhookClient:
    """Posts webhooks over pooled connections. `allow_private` lets developers use their own machine."""

    def __init__(
        self, *, allow_private: bool, timeout_s: float = TIMEOUT_S, resolver: AbstractResolver | None = None
    ) -> None:
        self._allow_private = allow_private
        connector = aiohttp.TCPConnector(
            limit=MAX_CONNECTIONS,
            resolver=_GuardedResolver(resolver or _SystemResolver(), allow_private=allow_private),
            ttl_dns_cache=DNS_CACHE_S,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Post `body`. Whatever goes wrong is an outcome, never an exception."""
        try:
            # Here too: a host that is an address is never resolved, so the guarded resolver would not see it.
            _check_url(url, allow_private=self._allow_private)
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                outcome = Outcome(
                    status=response.status, error=_refusal(response.status), retry_after_s=_wish(response)
                )
                return Reply(outcome=outcome, headers=_shown_headers(response), body=await _read_some(response))
        except TimeoutError:
            return _failed("no answer within the time limit")
        except egress.ForbiddenDestination as error:
            return _failed(str(error))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _failed(f"{type(error).__name__}: {error}"[:MAX_HEADER_CHARACTERS])

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


@lru_cache(maxsize=4096)
def _check_url(url: str, *, allow_private: bool) -> None:
    """The check of the URL itself, once per URL; what its name resolves to is checked each time."""
    egress.check_url(url, allow_private=allow_private, https_only=False)


class _GuardedResolver(AbstractResolver):
    """Resolves names and drops every address that a webhook must not be sent to."""

    def __init__(self, inner: AbstractResolver, *, allow_private: bool) -> None:
        self._inner = inner
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        results = await self._inner.resolve(host, port, family)
        for result in results:
            address = ipaddress.ip_address(result["host"].partition("%")[0])
            egress.check_address(address, allow_private=self._allow_private)
        return results

    async def close(self) -> None:
        await self._inner.close()


class _SystemResolver(AbstractResolver):
    """The system's resolver in threads of its own: names that nobody answers for hold up no one else's look-ups."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MAX_LOOKUPS, thread_name_prefix="webhook-dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        look_up = functools.partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


async def _read_some(response: aiohttp.ClientResponse) -> str | None:
    """The beginning of the body. The status has come: a body that breaks off or never ends does not change it."""
    chunk = b""
    try:
        while len(chunk) < MAX_RESPONSE_BYTES and not response.content.at_eof():
            chunk += await response.content.read(MAX_RESPONSE_BYTES - len(chunk))
    except (TimeoutError, aiohttp.ClientError, OSError):
        response.close()
    if not response.content.at_eof():
        response.close()  # the rest is not wanted, however long it is
    return _storable(chunk.decode("utf-8", "replace")) if chunk else None


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


def _wish(response: aiohttp.ClientResponse) -> int | None:
    """The receiver's Retry-After in seconds; it may be given as seconds or as a date."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= MAX_RETRY_AFTER_DIGITS else MAX_RETRY_AFTER_S
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, round((moment - datetime.now(UTC)).total_seconds()))


def _shown_headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    items = list(response.headers.items())[:MAX_RESPONSE_HEADERS]
    return {_storable(name[:MAX_HEADER_CHARACTERS]): _storable(value[:MAX_HEADER_CHARACTERS]) for name, value in items}


def _failed(reason: str) -> Reply:
    return Reply(outcome=Outcome(status=None, error=_storable(reason)), headers={}, body=None)
