"""Egress: no URL of a merchant, in any spelling, leads into the server's own network."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strategies import FAST
from sgate.core.egress import (
    FORBIDDEN_PORTS,
    MAX_URL_CHARACTERS,
    NOT_PUBLIC,
    Egress,
    ForbiddenDestination,
    egress_of,
    literal_address,
)

PUBLIC_V4 = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.15.0.1", "223.255.255.254"]
PUBLIC_V6 = ["2606:4700:4700::1111", "2001:4860:4860::8888", "2a00::1"]

FORBIDDEN_V4 = {
    "loopback": "127.0.0.1",
    "the whole of loopback": "127.255.255.254",
    "unspecified": "0.0.0.0",  # noqa: S104  (refused, not bound)
    "this network": "0.1.2.3",
    "private, class A": "10.0.0.1",
    "private, class B": "172.16.0.1",
    "private, end of class B": "172.31.255.255",
    "private, class C": "192.168.0.1",
    "carrier-grade NAT": "100.64.0.1",
    "end of carrier-grade NAT": "100.127.255.255",
    "link-local": "169.254.0.1",
    "cloud metadata": "169.254.169.254",
    "container metadata": "169.254.170.2",
    "protocol assignments": "192.0.0.1",
    "documentation 1": "192.0.2.1",
    "documentation 2": "198.51.100.1",
    "documentation 3": "203.0.113.1",
    "benchmarking": "198.18.0.1",
    "multicast": "224.0.0.1",
    "global multicast": "224.0.1.1",
    "end of multicast": "239.255.255.255",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "the host of a cloud's machine": "168.63.129.16",
    "relays of 6to4": "192.88.99.1",
}

FORBIDDEN_V6 = {
    "loopback": "::1",
    "unspecified": "::",
    "link-local": "fe80::1",
    "site-local": "fec0::1",
    "unique local": "fc00::1",
    "unique local, random": "fd12:3456:789a::1",
    "cloud metadata": "fd00:ec2::254",
    "documentation": "2001:db8::1",
    "discard": "100::1",
    "multicast": "ff02::1",
    "global multicast": "ff0e::1",
    "compatible with IPv4": "::127.0.0.1",
    "translated IPv4": "::ffff:0:127.0.0.1",
    "NAT64 of a local network": "64:ff9b:1::7f00:1",
    "not assigned": "4000::1",
    "documentation, newer": "3fff::1",
    "documentation, newer, at its end": "3fff:fff:ffff::1",
}


def check_address(address, *, allow_private):
    Egress(allow_private=allow_private).check_address(address)


def check_url(url, *, allow_private, https_only):
    Egress(allow_private=allow_private).check_url(url, https_only=https_only)


def v6_spellings(address: str) -> dict[str, ipaddress.IPv6Address]:
    """An IPv4 address in every form that a router or a kernel turns back into it."""
    number = int(ipaddress.IPv4Address(address))
    return {
        "mapped": ipaddress.IPv6Address((0xFFFF << 32) | number),
        "6to4": ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1),
        "Teredo": ipaddress.IPv6Address((0x20010000 << 96) | (0x01010101 << 64) | (number ^ 0xFFFFFFFF)),
        "NAT64": ipaddress.IPv6Address((0x0064FF9B << 96) | number),
    }


def wraps_v4(address: ipaddress.IPv6Address) -> bool:
    """Whether it is one of the forms above."""
    return address in v6_spellings(str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))).values() or any(
        address in ipaddress.ip_network(network) for network in ("2001::/32", "2002::/16")
    )


def refused(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        check_address(address, allow_private=False)
    except ForbiddenDestination:
        return True
    return False


@pytest.mark.parametrize("text", PUBLIC_V4 + PUBLIC_V6)
def test_the_public_internet_is_allowed(text):
    check_address(ipaddress.ip_address(text), allow_private=False)


@pytest.mark.parametrize("text", FORBIDDEN_V4.values(), ids=FORBIDDEN_V4.keys())
def test_no_special_ipv4_address_is_allowed_however_it_is_wrapped(text):
    with pytest.raises(ForbiddenDestination, match="not an address on the public internet"):
        check_address(ipaddress.ip_address(text), allow_private=False)
    allowed = {form for form, address in v6_spellings(text).items() if not refused(address)}
    assert allowed == set()


@pytest.mark.parametrize("text", FORBIDDEN_V6.values(), ids=FORBIDDEN_V6.keys())
def test_no_special_ipv6_address_is_allowed(text):
    with pytest.raises(ForbiddenDestination, match="not an address on the public internet"):
        check_address(ipaddress.ip_address(text), allow_private=False)


@pytest.mark.parametrize("text", PUBLIC_V4)
def test_a_public_ipv4_address_stays_public_when_it_is_wrapped(text):
    assert [form for form, address in v6_spellings(text).items() if refused(address)] == []


@FAST
@given(st.ip_addresses(v=4))
def test_an_ipv6_form_of_an_ipv4_address_is_checked_as_that_address(address):
    verdicts = {form: refused(spelling) for form, spelling in v6_spellings(str(address)).items()}
    assert verdicts == dict.fromkeys(verdicts, refused(address))


@FAST
@given(st.ip_addresses(v=4) | st.ip_addresses(v=6, network="2000::/3").filter(lambda address: not wraps_v4(address)))
def test_an_address_that_wraps_no_other_is_allowed_exactly_if_it_is_global_unicast(address):
    special = [name for name in ("multicast", "reserved") if getattr(address, f"is_{name}")]
    special += [network for network in NOT_PUBLIC if network.version == address.version and address in network]
    assert refused(address) is (not address.is_global or special != [])


@FAST
@given(st.ip_addresses(v=6))
def test_outside_of_global_unicast_only_wrapped_ipv4_addresses_are_allowed(address):
    if address not in ipaddress.ip_network("2000::/3") and not wraps_v4(address):
        assert refused(address)


@FAST
@given(st.ip_addresses())
def test_a_deployment_that_allows_private_addresses_allows_all(address):
    check_address(address, allow_private=True)


@pytest.mark.parametrize("text", [*PUBLIC_V4, *PUBLIC_V6, "127.0.0.1", "::1", "::ffff:10.0.0.1"])
def test_an_address_spelled_out_is_read(text):
    assert literal_address(text) == ipaddress.ip_address(text)


@pytest.mark.parametrize("zone", ["%eth0", "%25eth0", "%1", "%"])
def test_an_address_with_a_zone_is_refused_everywhere(zone):
    for host in (f"fe80::1{zone}", f"127.0.0.1{zone}"):
        with pytest.raises(ForbiddenDestination, match="network interface"):
            literal_address(host)
    for allow_private in (False, True):
        with pytest.raises(ForbiddenDestination):
            check_url(f"https://[fe80::1{zone}]/", allow_private=allow_private, https_only=True)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "a.b.example.com",
        "1.example.com",
        "127.0.0.1.nip.io",
        "x1",
        "localhost",
        "0x7f.com",
        "a-1.example",
    ],
)
def test_a_name_is_no_address(host):
    assert literal_address(host) is None


ODD_NUMBERS = {
    "decimal": "2130706433",
    "octal": "017700000001",
    "hexadecimal": "0x7f000001",
    "hexadecimal in capitals": "0X7F000001",
    "zero": "0",
    "two parts": "127.1",
    "three parts": "127.0.1",
    "octal parts": "0177.0.0.1",
    "padded parts": "127.000.000.001",
    "hexadecimal parts": "0x7f.0x0.0x0.0x1",
    "mixed parts": "127.0.0x0.1",
    "mixed parts, last hexadecimal": "127.0.0.0x1",
    "a dot at the end": "127.0.0.1.",
    "dots at the end": "127.0.0.1...",
    "decimal and a dot": "2130706433.",
    "metadata, decimal": "2852039166",
    "metadata, hexadecimal": "0xa9fea9fe",
    "metadata, octal parts": "0251.0376.0251.0376",
    "five parts": "1.2.3.4.5",
    "a part too large": "256.0.0.1",
    "a public address in decimal": "134744072",
    "a name ending in a number": "example.1",
    "nothing but the prefix": "0x",
}


@pytest.mark.parametrize("host", ODD_NUMBERS.values(), ids=ODD_NUMBERS.keys())
@pytest.mark.parametrize("allow_private", [False, True])
def test_numbers_in_odd_forms_are_refused_because_resolvers_read_them(host, allow_private):
    with pytest.raises(ForbiddenDestination, match="four decimal numbers"):
        literal_address(host)
    with pytest.raises(ForbiddenDestination):
        check_url(f"http://{host}/hook", allow_private=allow_private, https_only=False)


GOOD_URLS = [
    "https://example.com",
    "https://example.com/",
    "https://example.com:8443/hooks/sgate?shop=1&x=%20",
    "HTTPS://Example.COM/hook",
    "https://xn--bcher-kva.example/hook",
    "https://8.8.8.8/hook",
    "https://[2606:4700:4700::1111]:8443/hook",
    "https://127.0.0.1.nip.io/hook",  # a name: judged when it is resolved
    "https://example.com/@user:password",
    "https://example.com/?to=http://127.0.0.1/",
]


@pytest.mark.parametrize("url", GOOD_URLS)
def test_a_url_on_the_public_internet_is_allowed(url):
    check_url(url, allow_private=False, https_only=True)


BAD_URLS = {
    "nothing": "",
    "no scheme": "example.com/hook",
    "a path": "/hook",
    "no scheme but a host": "//example.com/hook",
    "another scheme": "ftp://example.com/",
    "a file": "file:///etc/passwd",
    "a script": "javascript:alert(1)",
    "data": "data:text/plain,x",
    "no host": "https:///hook",
    "no slashes": "https:example.com",
    "a port without a host": "https://:443/",
    "a user name": "https://user@example.com/",
    "a user name and a password": "https://user:password@example.com/",
    "an empty user name": "https://@example.com/",
    "an empty password": "https://:@example.com/",
    "a host as user name": "https://example.com@127.0.0.1/",
    "a public host behind a private one": "https://127.0.0.1@example.com/",
    "a backslash before the host": "https://example.com\\@127.0.0.1/",
    "a fragment": "https://example.com/#top",
    "a port too large": "https://example.com:65536/",
    "a port that is no number": "https://example.com:https/",
    "two ports": "https://example.com:80:80/",
    "an open bracket": "https://[::1",
    "brackets around a name": "https://[example.com]/",
    "brackets around IPv4": "https://[127.0.0.1]/",
    "a space": "https://example.com/a b",
    "a leading space": " https://example.com/",
    "a trailing newline": "https://example.com/\n",
    "a tab in the host": "https://127.0.0\t.1/",
    "a NUL byte": "https://example.com/\0",
    "an umlaut in the host": "https://bücher.example/",
    "an umlaut in the path": "https://example.com/bücher",
    "full-width digits": "https://１２７.0.0.1/",
    "circled digits": "https://①②⑦.⓪.⓪.①/",
    "an ideographic dot": "https://127。0。0。1/",
    "loopback": "https://127.0.0.1/",
    "loopback with a port": "https://127.0.0.1:5432/",
    "loopback, IPv6": "https://[::1]/",
    "loopback, mapped": "https://[::ffff:127.0.0.1]/",
    "loopback, mapped, hexadecimal": "https://[::ffff:7f00:1]/",
    "loopback, 6to4": "https://[2002:7f00:1::]/",
    "loopback, Teredo": "https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
    "loopback, NAT64": "https://[64:ff9b::7f00:1]/",
    "all zeros": "https://0.0.0.0/",
    "all zeros, IPv6": "https://[::]/",
    "metadata": "https://169.254.169.254/latest/meta-data/",
    "metadata, mapped": "https://[::ffff:169.254.169.254]/",
    "metadata, NAT64": "https://[64:ff9b::a9fe:a9fe]/",
    "multicast": "https://224.0.0.1/",
    "carrier-grade NAT": "https://100.64.0.1/",
    "an escaped address": "https://%31%32%37.0.0.1/",
    "localhost": "https://localhost/",
    "localhost in capitals": "https://LOCALHOST/",
    "localhost with a port": "https://localhost:8080/",
    "localhost as fully qualified name": "https://localhost./",
    "below localhost": "https://shop.localhost/",
    "below localhost, fully qualified": "https://shop.localhost./",
    "a name without a dot": "https://postgres/",
    "a name without an inner dot": "https://postgres./",
    "a name of a cloud's network": "https://metadata.google.internal/",
    "a name of a local network": "https://printer.local/",
    "a name in a cluster": "https://postgres.default.svc/",
    "a name in a cluster, in full": "https://postgres.default.svc.cluster.local/",
    "a name in a cluster, in capitals": "https://POSTGRES.default.SVC/",
    "port 0": "https://example.com:0/",
    "the port of SSH": "https://example.com:22/",
    "the port of mail": "https://example.com:25/",
    "the port of Redis": "https://example.com:6379/",
}


@pytest.mark.parametrize("url", BAD_URLS.values(), ids=BAD_URLS.keys())
def test_any_other_url_is_refused(url):
    for https_only in (True, False):
        with pytest.raises(ForbiddenDestination):
            check_url(url, allow_private=False, https_only=https_only)


def test_plain_http_is_for_tests_only():
    check_url("http://example.com/", allow_private=False, https_only=False)
    with pytest.raises(ForbiddenDestination, match="https://"):
        check_url("http://example.com/", allow_private=False, https_only=True)


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/", "http://127.0.0.1:8000/", "http://[::1]/", "http://shop/", "http://10.0.0.1/"]
)
def test_a_deployment_that_allows_private_addresses_reaches_its_own_network(url):
    check_url(url, allow_private=True, https_only=False)


@pytest.mark.parametrize("url", ["http://user@localhost/", "http://localhost/#x", "ftp://localhost/", "http:///"])
def test_even_there_the_form_of_a_url_is_checked(url):
    with pytest.raises(ForbiddenDestination):
        check_url(url, allow_private=True, https_only=False)


def test_a_url_has_512_characters_at_most():
    start = "https://example.com/"
    check_url(start + "x" * (MAX_URL_CHARACTERS - len(start)), allow_private=False, https_only=True)
    with pytest.raises(ForbiddenDestination, match=str(MAX_URL_CHARACTERS)):
        check_url(start + "x" * (MAX_URL_CHARACTERS - len(start) + 1), allow_private=False, https_only=True)


@FAST
@given(st.text(alphabet="https://[]@:%#?.\\0127fxalo \n", max_size=40))
def test_whatever_the_text_a_url_is_allowed_or_refused_and_never_breaks_the_check(text):
    for url in (text, f"https://{text}"):
        try:
            check_url(url, allow_private=False, https_only=False)
        except ForbiddenDestination:
            continue
        assert url.isascii()
        assert url.lower().startswith(("http://", "https://"))


@FAST
@given(st.ip_addresses())
def test_an_address_in_a_url_is_judged_as_the_address(address):
    host = f"[{address}]" if address.version == 6 else str(address)
    try:
        check_url(f"https://{host}/hook", allow_private=False, https_only=True)
    except ForbiddenDestination:
        assert refused(address)
    else:
        assert not refused(address)


@pytest.mark.parametrize("port", sorted(FORBIDDEN_PORTS))
def test_ports_of_other_protocols_are_refused_also_for_developers(port):
    with pytest.raises(ForbiddenDestination, match=f"port {port}|cannot be parsed"):
        check_url(f"http://localhost:{port}/", allow_private=True, https_only=False)


DENY = egress_of(allow_private=True, deny=("10.1.0.0/16", "2001:db8:1::/48", "192.0.2.7", "Internal.Example."))


@pytest.mark.parametrize(
    "host", ["10.1.2.3", "[::ffff:10.1.2.3]", "[64:ff9b::a01:203]", "[2001:db8:1::7]", "192.0.2.7", "internal.example",
             "db.internal.example", "DB.INTERNAL.EXAMPLE."],
)  # fmt: skip
def test_what_the_operator_denies_is_refused_even_where_private_addresses_are_allowed(host):
    with pytest.raises(ForbiddenDestination, match="deny list"):
        DENY.check_url(f"http://{host}/", https_only=False)


@pytest.mark.parametrize(
    "host", ["10.2.0.1", "192.0.2.8", "internal.example.com", "notinternal.example", "[2001:db8:2::7]"]
)
def test_what_only_looks_like_a_denied_place_is_allowed(host):
    DENY.check_url(f"http://{host}/", https_only=False)


@pytest.mark.parametrize("entry", ["", ".", "a b", "https://x.example", "x:80", "*.example.com", "10.0.0.0/99"])
def test_a_deny_list_that_cannot_be_read_is_refused(entry):
    with pytest.raises(ValueError, match="is not a network, an address or a host name"):
        egress_of(allow_private=False, deny=(entry,))
