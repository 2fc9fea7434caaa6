"""DNS resolution of webhook hosts. The client connects only to addresses that were resolved and checked here.

Each address is checked when a connection to it is opened. Therefore DNS rebinding does not work: a name cannot bypass
the check by pointing to another address after the endpoint was created. Hosts that are IP addresses are not resolved
here; they are checked together with the URL.
"""

import asyncio
import functools
import ipaddress
import itertools
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

from sgate.core.egress import Egress

MAX_LOOKUPS = 64
"""The maximum number of concurrent lookups. Each lookup blocks a thread until the name server responds."""

DNS_CACHE_S = 10.0
"""How long addresses are cached, so that not every attempt needs a lookup. Cached addresses are checked as well."""

MAX_CACHED = 4096
MAX_ADDRESSES = 16
"""The maximum number of addresses that one attempt tries. It tries them a quarter of a second apart, within its time
limit.
"""

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Resolves a host name and port to addresses, as text. Raises OSError."""


class CheckedResolver(AbstractResolver):
    """Resolves names to addresses to which webhooks may be sent. The order of the addresses rotates."""

    def __init__(self, egress: Egress, look_up: Lookup | None = None) -> None:
        self._egress = egress
        self._threads = ThreadPoolExecutor(MAX_LOOKUPS, thread_name_prefix="webhook-dns")
        self._look_up = look_up or self._system_lookup
        self._cached: dict[str, tuple[float, asyncio.Future[Sequence[str]]]] = {}
        self._turn = itertools.count()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name.

        Raises:
            ForbiddenDestination: if webhooks must not be sent to one of the addresses.
            OSError: if the name cannot be resolved or has no address.
        """
        del family
        addresses = await self._cached_look_up(host, port)
        for address in addresses:
            self._egress.check_address(ipaddress.ip_address(address.partition("%")[0]))
        if not addresses:
            raise OSError(f"{host} has no address")
        start = next(self._turn) % len(addresses)
        rotated = [*addresses[start:], *addresses[:start]]
        return [_result(host, address, port) for address in rotated[:MAX_ADDRESSES]]

    async def close(self) -> None:
        """Stop resolving names."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _cached_look_up(self, host: str, port: int) -> Sequence[str]:
        """Look up a name once for all attempts that need it at the same time or within the next DNS_CACHE_S seconds."""
        now = asyncio.get_running_loop().time()
        until, lookup = self._cached.get(host, (0.0, None))
        if lookup is None or (lookup.done() and (until <= now or lookup.exception() is not None)):
            if len(self._cached) >= MAX_CACHED:
                self._cached.clear()
            lookup = asyncio.ensure_future(self._look_up(host, port))
            lookup.add_done_callback(lambda task: task.cancelled() or task.exception())  # all waiters may be gone
            self._cached[host] = (now + DNS_CACHE_S, lookup)
        try:
            return await asyncio.shield(lookup)
        except OSError as error:
            raise OSError(f"{host} cannot be resolved: {error.strerror or error}") from None

    async def _system_lookup(self, host: str, port: int) -> Sequence[str]:
        look_up = functools.partial(socket.getaddrinfo, host, port, socket.AF_UNSPEC, socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _result(host: str, address: str, port: int) -> ResolveResult:
    version = ipaddress.ip_address(address.partition("%")[0]).version
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET6 if version == 6 else socket.AF_INET,  # noqa: PLR2004 - the version
        proto=0,
        flags=socket.AI_NUMERICHOST,
    )
