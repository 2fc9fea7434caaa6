"""Sending one webhook: a POST with bounds on everything, to nowhere but the public internet.

The address is checked where the connection is made, on what the name resolved to, so that a name which pointed
elsewhere when the endpoint was made gains nothing by changing. Redirects are not followed. Answers are read up to a
limit.
"""

import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from sgate.core import egress
from sgate.core.retry import Outcome

TIMEOUT_S = 10.0
MAX_RESPONSE_BYTES = 16_384
MAX_RESPONSE_HEADERS = 64
MAX_HEADER_CHARACTERS = 1_024
MAX_CONNECTIONS = 256
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
            resolver=_GuardedResolver(resolver or aiohttp.ThreadedResolver(), allow_private=allow_private),
            ttl_dns_cache=0 if not allow_private else 10,
            use_dns_cache=allow_private,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Post `body`. Whatever goes wrong is an outcome, never an exception."""
        try:
            self._check_literal(url)
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                text = await _read_some(response)
                outcome = Outcome(
                    status=response.status, error=_refusal(response.status), retry_after_s=_wish(response)
                )
                return Reply(outcome=outcome, headers=_shown_headers(response), body=text)
        except TimeoutError:
            return _failed("no answer within the time limit")
        except egress.ForbiddenDestination as error:
            return _failed(str(error))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _failed(f"{type(error).__name__}: {error}"[:MAX_HEADER_CHARACTERS])

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    def _check_literal(self, url: str) -> None:
        # A host that is an address is never resolved, so the resolver below does not see it.
        literal = egress.literal_address(urlsplit(url).hostname or "")
        if literal is not None:
            egress.check_address(literal, allow_private=self._allow_private)


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


async def _read_some(response: aiohttp.ClientResponse) -> str | None:
    chunk = await response.content.read(MAX_RESPONSE_BYTES)
    while len(chunk) < MAX_RESPONSE_BYTES and not response.content.at_eof():
        more = await response.content.read(MAX_RESPONSE_BYTES - len(chunk))
        if not more:
            break
        chunk += more
    if not response.content.at_eof():
        response.close()  # the rest is not wanted, however long it is
    return chunk.decode("utf-8", "replace").replace("\0", "\ufffd") if chunk else None


def _refusal(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    return f"answered {status}" + ("; redirects are not followed" if 300 <= status < 400 else "")


def _wish(response: aiohttp.ClientResponse) -> int | None:
    text = response.headers.get("Retry-After", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None


def _shown_headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    items = list(response.headers.items())[:MAX_RESPONSE_HEADERS]
    return {name: value[:MAX_HEADER_CHARACTERS].replace("\0", "\ufffd") for name, value in items}


def _failed(reason: str) -> Reply:
    return Reply(outcome=Outcome(status=None, error=reason.replace("\0", "\ufffd")), headers={}, body=None)
