"""The client address of a request, and the key under which it is counted."""

import pytest

from sgate.http.client_address import Addresses, caller_of, networks_around

PROXIES = ("10.0.0.0/8", "127.0.0.1", "2001:db8:1::/48")


def scope(client, *forwarded):
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    return {"client": (client, 4000) if client else None, "headers": [(b"host", b"pay.example"), *headers]}


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("10.0.0.7", ["203.0.113.5"], "203.0.113.5"),
        ("10.0.0.7", [], "10.0.0.7"),
        ("10.0.0.7", ["", " , "], "10.0.0.7"),
        ("10.0.0.7", ["6.6.6.6, 203.0.113.5"], "203.0.113.5"),  # the first entry was sent by the client itself
        ("10.0.0.7", ["6.6.6.6", "203.0.113.5"], "203.0.113.5"),  # as two headers
        ("10.0.0.7", ["203.0.113.5, 10.1.2.3"], "203.0.113.5"),  # two trusted proxies
        ("10.0.0.7", ["10.1.2.3"], "10.1.2.3"),  # the client is inside the trusted network
        ("10.0.0.7", ["203.0.113.5, nonsense"], "10.0.0.7"),
        ("10.0.0.7", ["203.0.113.5, nonsense, 10.1.2.3"], "10.1.2.3"),
        ("10.0.0.7", ["203.0.113.5:51234"], "203.0.113.5"),
        ("10.0.0.7", ["[2001:db8::5]:51234"], "2001:db8::5"),
        ("10.0.0.7", ["2001:db8::5"], "2001:db8::5"),
        ("10.0.0.7", ["::ffff:203.0.113.5"], "203.0.113.5"),
        ("10.0.0.7", ["é"], "10.0.0.7"),
        ("10.0.0.7", [", ".join(["10.0.0.1"] * 100_000)], "10.0.0.1"),
        ("::ffff:10.0.0.7", ["203.0.113.5"], "203.0.113.5"),  # a proxy on a dual-stack socket
        ("2001:db8:1::9", ["203.0.113.5"], "203.0.113.5"),
        ("203.0.113.9", ["1.1.1.1"], "203.0.113.9"),  # not a trusted proxy: its header is ignored
        ("127.0.0.2", ["1.1.1.1"], "127.0.0.2"),
        (None, ["1.1.1.1"], "unknown"),
    ],
)
def test_only_entries_of_trusted_proxies_are_used(client, forwarded, address):
    asked = scope(client, *forwarded)
    assert Addresses(PROXIES).of(asked) == address


def test_without_trusted_proxies_the_header_is_ignored():
    assert Addresses(()).of(scope("127.0.0.1", "1.1.1.1")) == "127.0.0.1"


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:db8:0:7:aaaa::1", "2001:db8:0:7::/64"),
        ("2001:db8:0:7:bbbb::2", "2001:db8:0:7::/64"),
        ("2001:db8:0:8::1", "2001:db8:0:8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_subscriber_is_counted_by_its_network(address, caller):
    assert caller_of(address) == caller


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("203.0.113.9", ("203.0.113.9/32",)),
        ("::ffff:203.0.113.9", ("203.0.113.9/32",)),
        ("2001:db8:1:2a3b::9", ("2001:db8:1:2a3b::/64", "2001:db8:1:2a00::/56", "2001:db8:1::/48")),
        ("unknown", ("unknown",)),
    ],
)
def test_the_networks_that_one_subscriber_may_have(address, networks):
    assert networks_around(address) == networks
