"""Where a call comes from: the connection's address, or what a proxy that we trust says about it."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

REMEMBERED = 10_000
"""Addresses whose reading is remembered; a busy server sees the same ones again and again."""

MAX_HOPS = 16
"""Entries of X-Forwarded-For that are looked at, from the right. More proxies than this are not a deployment."""

SUBSCRIBER_PREFIX = 64
"""An IPv6 subscriber has at least a /64: who counts single addresses there counts nothing."""


class Addresses:
    """Finds the address of a call."""

    def __init__(self, trusted: Sequence[str]) -> None:
        """`trusted`: addresses and networks of proxies whose X-Forwarded-For is believed."""
        self._trusted = networks_of(trusted)
        self._is_trusted = lru_cache(REMEMBERED)(self._judge)

    def of(self, scope: Mapping[str, Any]) -> str:
        """The address of the call's client.

        Each proxy appends whom it was called by, so only what stands right of the first stranger is believed. What
        cannot be read ends the search: the last address that was known for sure counts.
        """
        client = scope.get("client")
        address = client[0] if client else "unknown"
        if self._trusted and self._is_trusted(address):
            address = self._behind(address, _forwarded(scope))
        return address

    def _behind(self, proxy: str, hops: list[str]) -> str:
        for hop in reversed(hops[-MAX_HOPS:]):
            named = _read(hop)
            if named is None:
                return proxy
            if not self._is_trusted(named):
                return named
            proxy = named
        return proxy

    def _judge(self, address: str) -> bool:
        try:
            read = _plain(ip_address(address))
        except ValueError:
            return False
        return any(read in network for network in self._trusted if network.version == read.version)


def networks_of(texts: Sequence[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses and networks as networks.

    Raises:
        ValueError: if one of them is neither.
    """
    return tuple(ip_network(text, strict=False) for text in texts)


def networks_around(address: str) -> tuple[str, ...]:
    """What one subscriber may have, the narrowest first: an IPv4 address, or the /64, /56 and /48 of an IPv6 one."""
    try:
        read = _plain(ip_address(address))
    except ValueError:
        return (address,)
    prefixes = (32,) if read.version == 4 else (SUBSCRIBER_PREFIX, 56, 48)  # noqa: PLR2004 - the version
    return tuple(str(ip_network((read, prefix), strict=False)) for prefix in prefixes)


@lru_cache(REMEMBERED)
def caller_of(address: str) -> str:
    """Whom an address is counted as: an IPv4 address is itself, an IPv6 address is its /64."""
    try:
        read = _plain(ip_address(address))
    except ValueError:
        return address
    return str(read) if read.version == 4 else str(ip_network((read, SUBSCRIBER_PREFIX), strict=False))  # noqa: PLR2004 - the version


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv4 address in its IPv6 form as what it is."""
    return (address.version == 6 and address.ipv4_mapped) or address  # noqa: PLR2004 - the version


def _forwarded(scope: Mapping[str, Any]) -> list[str]:
    """All entries of all X-Forwarded-For headers, in order."""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return [hop.strip() for line in lines for hop in line.split(",") if hop.strip()]


def _read(hop: str) -> str | None:
    """The address in an entry, which some proxies write with a port; None if there is none."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(_plain(ip_address(hop)))
    except ValueError:
        return None
