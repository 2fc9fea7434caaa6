"""Where webhooks may go: which addresses of the internet protocol a merchant's URL must never lead us to.

A server that posts to any URL it is given can be made to talk to the machines around it: the database next door, the
cloud's metadata service. So only global unicast addresses are allowed, and IPv6 spellings of IPv4 are looked through.
"""

import ipaddress
from urllib.parse import urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
MAX_URL_CHARACTERS = 512
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenDestination(ValueError):
    """A webhook must not be sent there; the message says why."""


def check_address(address: IPAddress, *, allow_private: bool) -> None:
    """Refuse what is not on the public internet.

    Raises:
        ForbiddenDestination: unless the address is global unicast, or `allow_private` is set.
    """
    if allow_private:
        return
    inner = _embedded(address)
    if inner is not None:
        address = inner
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified or site_local:
        raise ForbiddenDestination(f"{address} is not an address on the public internet")


def check_url(url: str, *, allow_private: bool, https_only: bool) -> None:
    """Refuse a URL that can be seen to be wrong before any name is resolved.

    Raises:
        ForbiddenDestination: with a sentence that says what is allowed.
    """
    if len(url) > MAX_URL_CHARACTERS or not url.isascii() or any(character <= " " for character in url):
        raise ForbiddenDestination(f"the URL must be plain ASCII of at most {MAX_URL_CHARACTERS} characters")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ForbiddenDestination("the URL cannot be read") from None
    if parts.scheme not in ({"https"} if https_only else {"https", "http"}) or not host:
        schemes = "https://" if https_only else "https:// or http://"
        raise ForbiddenDestination(f"the URL must be absolute and start with {schemes}")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ForbiddenDestination("the URL must not contain a user name, a password or a fragment")
    literal = literal_address(host)
    name = host.rstrip(".")
    if literal is not None:
        check_address(literal, allow_private=allow_private)
    elif not name or (not allow_private and ("." not in name or name.endswith(".localhost"))):
        raise ForbiddenDestination(f"{host} is not a name on the public internet")


def literal_address(host: str) -> IPAddress | None:
    """The address a host spells out, or None for a name.

    Raises:
        ForbiddenDestination: for numbers in odd forms (decimal, octal, hexadecimal, shortened), which resolvers accept.
    """
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    last_label = host.rstrip(".").rpartition(".")[2].lower()
    if last_label.isdigit() or last_label.startswith("0x"):
        raise ForbiddenDestination("write the address as four decimal numbers, or use a name")
    return None


def _embedded(address: IPAddress) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside an IPv6 one: mapped, 6to4, Teredo or NAT64."""
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
