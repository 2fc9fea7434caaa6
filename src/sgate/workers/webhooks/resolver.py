"""Host names of webhook URLs, looked up and checked: the client connects only to addresses that come from here.

The check is made on the addresses that are connected to, when they are connected to: a name that pointed elsewhere when
the endpoint was made gains nothing by changing (DNS rebinding). Hosts that are addresses never come here: the check of
the URL has them.
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
"""Names looked up at once. The system's resolver blocks its thread for as long as a dead name server lets it."""

DNS_CACHE_S = 10.0
"""How long addresses are used again. They were checked, so this opens nothing; it saves a lookup per attempt."""

MAX_CACHED = 4096
MAX_ADDRESSES = 16
"""Addresses of a name that one attempt tries. They are tried a quarter of a second apart, all within its time limit."""

LookUp = Callable[[str, int], Awaitable[Sequence[str]]]
"""Looks a name up: the addresses as text. Raises OSError."""


class CheckedResolver(AbstractResolver):
    """Resolves names to addresses that webhooks may go to, each time beginning with another one of them."""

    def __init__(self, egress: Egress, look_up: LookUp | None = None) -> None:
        self._egress = egress
        self._threads = ThreadPoolExecutor(MAX_LOOKUPS, thread_name_prefix="webhook-dns")
        self._look_up = look_up or self._ask_the_system
        self._cached: dict[str, tuple[float, asyncio.Future[Sequence[str]]]] = {}
        self._turn = itertools.count()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name.

        Raises:
            ForbiddenDestination: if any of the addresses is not one that webhooks may go to.
            OSError: if the name cannot be looked up or has no address.
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
        """Look nothing up any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _cached_look_up(self, host: str, port: int) -> Sequence[str]:
        """One lookup for all attempts that need it at the same time, and for a few seconds after."""
        now = asyncio.get_running_loop().time()
        until, looking = self._cached.get(host, (0.0, None))
        if looking is None or (looking.done() and (until <= now or looking.exception() is not None)):
            if len(self._cached) >= MAX_CACHED:
                self._cached.clear()
            looking = asyncio.ensure_future(self._look_up(host, port))
            looking.add_done_callback(lambda task: task.cancelled() or task.exception())  # everyone may have given up
            self._cached[host] = (now + DNS_CACHE_S, looking)
        try:
            return await asyncio.shield(looking)
        except OSError as error:
            raise OSError(f"{host} cannot be looked up: {error.strerror or error}") from None

    async def _ask_the_system(self, host: str, port: int) -> Sequence[str]:
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
