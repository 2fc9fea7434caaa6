"""Where a URL leads: its host looked up, every address checked, and the connection made to one that was checked.

The check is made where the connection is: a name that pointed elsewhere when the endpoint was made gains nothing by
changing, because the address that was checked is the one connected to. Hosts that are addresses are checked too.
"""

import asyncio
import functools
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from sgate.core import egress
from sgate.workers.webhooks.http1 import Line

MAX_LOOKUPS = 64
"""Names looked up at once. The system's resolver blocks its thread for as long as a dead name server lets it."""

DNS_CACHE_S = 10.0
"""How long addresses are used again. They were checked, so this opens nothing; it spares a look-up per attempt."""

MAX_REMEMBERED = 4096
MAX_ADDRESSES = 4
"""Addresses of a name that are tried, one after the other."""

CONNECT_S = 3.0
"""How long one address may take when there is another to try."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Looks a name up: the addresses as text. Raises OSError."""


class Destination(msgspec.Struct, frozen=True):
    """A URL taken apart: `origin` is what connections are kept by, `target` what the request line asks for."""

    host: str
    port: int
    tls: bool
    target: str
    host_header: str

    @property
    def origin(self) -> tuple[str, int, bool]:
        """Connections to the same origin are the same to us."""
        return (self.host, self.port, self.tls)


@lru_cache(maxsize=MAX_REMEMBERED)
def destination_of(url: str, *, allow_private: bool) -> Destination:
    """A URL, checked as far as it can be without looking its host up.

    Raises:
        ForbiddenDestination: see there.
    """
    egress.check_url(url, allow_private=allow_private, https_only=False)
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    return Destination(
        host=(parts.hostname or "").rstrip("."),
        port=parts.port or (443 if tls else 80),
        tls=tls,
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        host_header=parts.netloc,
    )


class Connector:
    """Makes connections to destinations."""

    def __init__(
        self, *, allow_private: bool, resolve: Resolve | None = None, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        self._allow_private = allow_private
        self._threads = ThreadPoolExecutor(MAX_LOOKUPS, thread_name_prefix="webhook-dns")
        self._resolve = resolve or self._ask_the_system
        self._ssl_context = ssl_context or ssl.create_default_context()
        self._addresses: dict[str, tuple[float, asyncio.Future[Sequence[str]]]] = {}

    async def connect(self, destination: Destination) -> Line:
        """A new connection to the first address that accepts one.

        Raises:
            ForbiddenDestination: if any of the addresses is not one that webhooks may go to.
            OSError: if nobody is there.
        """
        addresses = (await self._checked(destination))[:MAX_ADDRESSES]
        for address in addresses[:-1]:
            try:
                return await asyncio.wait_for(self._connect_to(address, destination), CONNECT_S)
            except (OSError, TimeoutError):
                continue
        return await self._connect_to(addresses[-1], destination)

    def close(self) -> None:
        """Look nothing up any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _checked(self, destination: Destination) -> Sequence[str]:
        literal = egress.literal_address(destination.host)
        found = [destination.host] if literal else await self._look_up(destination.host, destination.port)
        for address in found:
            egress.check_address(ipaddress.ip_address(address.partition("%")[0]), allow_private=self._allow_private)
        if not found:
            raise OSError(f"{destination.host} has no address")
        return found

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        """Once for all who ask at the same time, and for a few seconds after."""
        now = asyncio.get_running_loop().time()
        until, looking = self._addresses.get(host, (0.0, None))
        if looking is None or (looking.done() and (until <= now or looking.exception() is not None)):
            if len(self._addresses) >= MAX_REMEMBERED:
                self._addresses.clear()
            looking = asyncio.ensure_future(self._resolve(host, port))
            looking.add_done_callback(lambda task: task.cancelled() or task.exception())  # everyone may have given up
            self._addresses[host] = (now + DNS_CACHE_S, looking)
        try:
            return await asyncio.shield(looking)
        except OSError as error:
            raise OSError(f"{host} cannot be looked up: {error.strerror or error}") from None

    async def _ask_the_system(self, host: str, port: int) -> Sequence[str]:
        look_up = functools.partial(socket.getaddrinfo, host, port, socket.AF_UNSPEC, socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    async def _connect_to(self, address: str, destination: Destination) -> Line:
        _, line = await asyncio.get_running_loop().create_connection(
            Line,
            address,
            destination.port,
            ssl=self._ssl_context if destination.tls else None,
            server_hostname=destination.host if destination.tls else None,
        )
        return line
