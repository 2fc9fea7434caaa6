"""Egress rules: the destinations to which webhooks must not be sent (protection against SSRF).

A server that posts to any URL it is given can be made to reach machines in its own network, such as its database or the
cloud's metadata service. Therefore only global unicast addresses are allowed; an IPv4 address embedded in an IPv6
address is checked as well.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
MAX_URL_CHARACTERS = 512
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

NOT_PUBLIC: tuple[IPNetwork, ...] = (
    ipaddress.ip_network("168.63.129.16/32"),  # the host, as Azure's virtual machines see it
    ipaddress.ip_network("192.88.99.0/24"),  # 6to4 relays, no longer in use
    ipaddress.ip_network("3fff::/20"),  # documentation (RFC 9637), missing from Python's tables
)
"""Networks that `ipaddress` considers global although they contain no public hosts."""

PRIVATE_NAMES = ("localhost", "local", "internal", "svc", "home.arpa", "lan", "intranet", "corp")
"""Domains whose names are resolved only within a network (mDNS, clouds, Kubernetes), never on the public internet."""

FORBIDDEN_PORTS = frozenset(
    {
        0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
        110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530,
        531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3306, 3659, 4045,
        4190, 5060, 5061, 5432, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211,
    }
)  # fmt: skip
"""Ports of protocols other than HTTP: those that the Fetch standard blocks, and those of common databases."""


class ForbiddenDestination(ValueError):
    """A webhook must not be sent to this destination; the message says why."""


class Egress(msgspec.Struct, frozen=True, kw_only=True):
    """The destinations that a deployment allows.

    Attributes:
        allow_private: whether to allow addresses that are not on the public internet, for development.
        denied_networks: networks that are always refused; this overrides `allow_private`.
        denied_names: host names that are always refused, together with their subdomains.
    """

    allow_private: bool = False
    denied_networks: tuple[IPNetwork, ...] = ()
    denied_names: tuple[str, ...] = ()

    def check_address(self, address: IPAddress) -> None:
        """Raise if connecting to an address is not allowed.

        Raises:
            ForbiddenDestination: if the address is denied, or if it is not a global unicast address and `allow_private`
                is not set.
        """
        seen = _embedded(address) or address
        for network in self.denied_networks:
            if any(each.version == network.version and each in network for each in (address, seen)):
                raise ForbiddenDestination(f"{address} is on the operator's deny list")
        if not self.allow_private and not _is_public(seen):
            raise ForbiddenDestination(f"{address} is not an address on the public internet")

    def check_url(self, url: str, *, https_only: bool) -> None:
        """Raise if a URL is not allowed, as far as this is known without resolving its host name.

        Raises:
            ForbiddenDestination: if its form, scheme, port, address or host name is not allowed.
        """
        host, port = _host_and_port(url, https_only=https_only)
        if port in FORBIDDEN_PORTS:
            raise ForbiddenDestination(f"port {port} is not a port for web servers")
        literal = literal_address(host)
        if literal is not None:
            self.check_address(literal)
        else:
            self._check_name(host)

    def _check_name(self, host: str) -> None:
        name = host.rstrip(".").lower()
        if any(_is_below(name, denied) for denied in self.denied_names):
            raise ForbiddenDestination(f"{host} is on the operator's deny list")
        private = "." not in name or any(_is_below(name, parent) for parent in PRIVATE_NAMES)
        if not name or (private and not self.allow_private):
            raise ForbiddenDestination(f"{host} is not a host name on the public internet")


def egress_of(*, allow_private: bool, deny: Iterable[str]) -> Egress:
    """Return the rules of a deployment that denies these networks, addresses and host names.

    Raises:
        ValueError: if an entry of `deny` is none of these.
    """
    networks, names = list[IPNetwork](), list[str]()
    for entry in deny:
        try:
            networks.append(ipaddress.ip_network(entry, strict=False))
        except ValueError:
            name = entry.lower().strip(".")
            if not name or not all(part and part.isascii() for part in name.split(".")) or set(name) & set("/:@ *"):
                raise ValueError(f"{entry!r} is not a network, an address or a host name") from None
            names.append(name)
    return Egress(allow_private=allow_private, denied_networks=tuple(networks), denied_names=tuple(names))


def literal_address(host: str) -> IPAddress | None:
    """Return the address if the host is a literal address, or None if it is a name.

    Raises:
        ForbiddenDestination: if the host is an address in an unusual form that resolvers accept (a single decimal
            number, octal, hexadecimal, shortened), or one that includes a network interface (`%eth0`).
    """
    if "%" in host:
        raise ForbiddenDestination("an address must not contain a network interface")
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    last_label = host.rstrip(".").rpartition(".")[2].lower()
    if last_label.isdigit() or last_label.startswith("0x"):
        raise ForbiddenDestination("write the address as four decimal numbers, or use a name")
    return None


def _host_and_port(url: str, *, https_only: bool) -> tuple[str, int | None]:
    if len(url) > MAX_URL_CHARACTERS or not url.isascii() or any(character <= " " for character in url):
        raise ForbiddenDestination(f"the URL must be plain ASCII of at most {MAX_URL_CHARACTERS} characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ForbiddenDestination("the URL cannot be parsed") from None
    if parts.scheme not in ({"https"} if https_only else {"https", "http"}) or not host:
        schemes = "https://" if https_only else "https:// or http://"
        raise ForbiddenDestination(f"the URL must be absolute and start with {schemes}")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ForbiddenDestination("the URL must not contain a user name, a password or a fragment")
    return host, port


def _is_public(address: IPAddress) -> bool:
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    odd = address.is_multicast or address.is_reserved or address.is_unspecified or site_local
    known = any(address.version == network.version and address in network for network in NOT_PUBLIC)
    return address.is_global and not odd and not known


def _is_below(name: str, parent: str) -> bool:
    return name == parent or name.endswith(f".{parent}")


def _embedded(address: IPAddress) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address embedded in an IPv6 address (mapped, 6to4, Teredo or NAT64), or None."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None
