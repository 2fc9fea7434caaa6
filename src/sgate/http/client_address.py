"""The client address of a request: the address of the peer, or the address that a trusted proxy reports."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

CACHE_SIZE = 10_000
"""Number of parsed addresses kept in each cache. A busy server receives many requests from the same addresses."""

MAX_HOPS = 16
"""Maximum number of X-Forwarded-For entries that are read, from the right. No real deployment has more proxies."""

SUBSCRIBER_PREFIX = 64
"""Requests are counted per /64, because an IPv6 subscriber can use every address of at least a /64."""


class Addresses:
    """Determines the client address of a request."""

    def __init__(self, trusted: Sequence[str]) -> None:
        """`trusted`: addresses and networks of the proxies whose X-Forwarded-For header is trusted."""
        self._trusted = networks_of(trusted)
        self._is_trusted = lru_cache(CACHE_SIZE)(self._matches_trusted)

    def of(self, scope: Mapping[str, Any]) -> str:
        """Return the address of the request's client.

        Each proxy appends the address of its own client to X-Forwarded-For. The header is therefore read from the
        right, and the first address that is not a trusted proxy is returned. If an entry cannot be parsed, the search
        ends, and the trusted proxy that reported this entry is returned.
        """
        client = scope.get("client")
        address = client[0] if client else "unknown"
        if self._trusted and self._is_trusted(address):
            address = self._client_behind(address, _forwarded(scope))
        return address

    def _client_behind(self, proxy: str, hops: list[str]) -> str:
        for hop in reversed(hops[-MAX_HOPS:]):
            named = _parse_hop(hop)
            if named is None:
                return proxy
            if not self._is_trusted(named):
                return named
            proxy = named
        return proxy

    def _matches_trusted(self, address: str) -> bool:
        try:
            read = _unmapped(ip_address(address))
        except ValueError:
            return False
        return any(read in network for network in self._trusted if network.version == read.version)


def networks_of(texts: Sequence[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Parse addresses and networks. A single address becomes a network that contains only this address.

    Raises:
        ValueError: if a text is neither an address nor a network.
    """
    return tuple(ip_network(text, strict=False) for text in texts)


def networks_around(address: str) -> tuple[str, ...]:
    """Return the networks around an address that may belong to one subscriber, narrowest first.

    They are the /32 of an IPv4 address, or the /64, /56 and /48 of an IPv6 address.
    """
    try:
        read = _unmapped(ip_address(address))
    except ValueError:
        return (address,)
    prefixes = (32,) if read.version == 4 else (SUBSCRIBER_PREFIX, 56, 48)  # noqa: PLR2004 - the version
    return tuple(str(ip_network((read, prefix), strict=False)) for prefix in prefixes)


@lru_cache(CACHE_SIZE)
def caller_of(address: str) -> str:
    """Return the key under which rate limits count an address: the IPv4 address, or the /64 of the IPv6 address."""
    try:
        read = _unmapped(ip_address(address))
    except ValueError:
        return address
    return str(read) if read.version == 4 else str(ip_network((read, SUBSCRIBER_PREFIX), strict=False))  # noqa: PLR2004 - the version


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Convert an IPv4-mapped IPv6 address to IPv4. Return any other address unchanged."""
    return (address.version == 6 and address.ipv4_mapped) or address  # noqa: PLR2004 - the version


def _forwarded(scope: Mapping[str, Any]) -> list[str]:
    """Return the entries of all X-Forwarded-For headers, in order."""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return [hop.strip() for line in lines for hop in line.split(",") if hop.strip()]


def _parse_hop(hop: str) -> str | None:
    """Return the address of an X-Forwarded-For entry, without the port that some proxies append, or None if invalid."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(_unmapped(ip_address(hop)))
    except ValueError:
        return None
