"""Forbidden destinations of webhooks, however the URL spells them and whatever the name resolves to."""

import asyncio
import contextlib
import socket
import threading

import pytest

from sgate.core.egress import Egress, ForbiddenDestination, egress_of
from sgate.workers.webhooks import resolver
from sgate.workers.webhooks.client import WebhookClient
from sgate.workers.webhooks.resolver import CheckedResolver
from workers.webhooks.receiver import Receiver, response

MERCHANT = "00000000-0000-4000-8000-000000000001"
NOT_PUBLIC = "not an address on the public internet"


class Names:
    """Resolves every name to the next of `answers`, the last one again and again."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.asked = []

    async def __call__(self, host, port):
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


async def posted(url, look_up=None, *, allow_private=False):
    client = WebhookClient(egress=Egress(allow_private=allow_private), timeout_s=5, look_up=look_up)
    try:
        return await client.post(url, b"{}", {"Content-Type": "application/json"}, merchant_id=MERCHANT)
    finally:
        await client.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "127.0.0.%31",
        "%31%32%37.0.0.1",
        "①②⑦.⓪.⓪.①",
        "0.0.0.0",  # noqa: S104 - nothing is bound
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::1%25lo]",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "public.example@127.0.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
async def test_no_spelling_of_a_private_address_is_ever_connected_to(host):
    async with Receiver() as shop:
        reply = await posted(f"http://{host}:{shop.port}/hooks")
        assert reply.outcome.status is None
        assert reply.outcome.error
        assert shop.received == []
        assert shop.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["172.16.0.1"],
        ["192.168.1.1"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["0.0.0.0"],  # noqa: S104 - nothing is bound
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%eth0"],
        ["fd00::1"],
        ["64:ff9b::7f00:1"],
        ["93.184.215.14", "127.0.0.1"],
        ["127.0.0.1", "93.184.215.14"],
    ],
    ids=",".join,
)
async def test_a_public_name_that_resolves_to_a_private_address_is_refused(addresses):
    async with Receiver() as shop:
        names = Names(addresses)
        reply = await posted(f"http://hooks.example.com:{shop.port}/", names)
        assert names.asked == ["hooks.example.com"]
        assert reply.outcome.status is None
        assert NOT_PUBLIC in reply.outcome.error
        assert shop.connections == 0


async def test_a_name_that_turns_to_a_private_address_later_is_refused_then(monkeypatch):
    """DNS rebinding: earlier resolutions of the name do not count."""
    monkeypatch.setattr(resolver, "DNS_CACHE_S", 0.0)
    names = Names(["192.0.2.1"], ["127.0.0.1"])
    checked = CheckedResolver(Egress(), names)
    for _ in range(2):
        with pytest.raises(ForbiddenDestination, match=NOT_PUBLIC):
            await checked.resolve("hooks.example.com", 443)
    await checked.close()
    assert names.asked == ["hooks.example.com"] * 2


async def test_what_was_checked_is_what_is_connected_to():
    async with Receiver() as shop:
        names = Names(["127.0.0.1"], ["127.0.0.2"])  # a second lookup would lead elsewhere
        reply = await posted(f"http://hooks.example.com:{shop.port}/", names, allow_private=True)
        assert reply.outcome.status == 200
        assert names.asked == ["hooks.example.com"]
        assert shop.received[0].headers["host"] == f"hooks.example.com:{shop.port}"


async def test_developers_may_use_their_own_machine():
    async with Receiver() as shop:
        for host in ("127.0.0.1", "localhost"):
            reply = await posted(f"http://{host}:{shop.port}/hooks", allow_private=True)
            assert (reply.outcome.status, reply.body) == (200, "ok")


async def test_no_redirect_is_followed_to_a_private_address():
    async with Receiver() as inner, Receiver(response(302, [b"Location: " + inner.url.encode()])) as shop:
        reply = await posted(shop.url, allow_private=True)
        assert reply.outcome.status == 302
        assert inner.received == []


@pytest.mark.parametrize(
    "url", ["", "hooks", "ftp://shop.example/", "http://", "http://[::1", "http://a:99999/", "//x"]
)
async def test_a_url_that_cannot_be_used_is_an_outcome_and_no_exception(url):
    reply = await posted(url, Names(["93.184.215.14"]))
    assert reply.outcome.status is None
    assert reply.outcome.error


async def test_a_name_that_does_not_exist_is_an_outcome_and_no_exception(monkeypatch):
    def nobody(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    reply = await posted("http://hooks.example.com/")
    assert reply.outcome.status is None
    assert "hooks.example.com" in reply.outcome.error


async def test_unanswered_lookups_do_not_delay_the_others(monkeypatch):
    """The system's resolver blocks a thread per lookup. A few dead name servers must not use up all threads."""
    answered = threading.Event()

    def look_up(host, port, *_, **__):
        if host.endswith("dead.example"):
            answered.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    client = WebhookClient(egress=Egress(allow_private=True), timeout_s=15)
    async with Receiver() as shop:
        dead = [
            asyncio.create_task(client.post(f"http://{n}.dead.example/", b"{}", {}, merchant_id=MERCHANT))
            for n in range(40)
        ]
        try:
            reply = await asyncio.wait_for(
                client.post(f"http://hooks.example.com:{shop.port}/", b"{}", {}, merchant_id=MERCHANT), 10
            )
            assert reply.outcome.status == 200
            assert not any(task.done() for task in dead)
            await asyncio.wait_for(asyncio.to_thread(int), 5)  # nor are the other threads of the process used up
        finally:
            answered.set()
            assert {reply.outcome.status for reply in await asyncio.gather(*dead)} == {None}
            await client.close()


async def test_one_dead_name_costs_one_lookup_however_many_wait_for_it(monkeypatch):
    answered, asked = threading.Event(), []

    def look_up(host, *_, **__):
        asked.append(host)
        answered.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    client = WebhookClient(egress=Egress(), timeout_s=0.3)
    posts = [client.post("https://hooks.dead.example/", b"{}", {}, merchant_id=MERCHANT) for _ in range(10)]
    replies = await asyncio.gather(*posts)
    assert {reply.outcome.error for reply in replies} == {"no response within the time limit"}
    assert asked == ["hooks.dead.example"]
    answered.set()
    await client.close()


@contextlib.contextmanager
def silent(port, *addresses):
    """Sockets that neither accept nor refuse connections: their backlog is full, so the kernel drops packets."""
    with contextlib.ExitStack() as stack:
        for address in addresses:
            listening = stack.enter_context(socket.socket())
            listening.bind((address, port))
            listening.listen(0)
            for _ in range(4):
                filling = stack.enter_context(socket.socket())
                filling.setblocking(False)
                filling.connect_ex((address, port))
        yield


async def test_four_silent_addresses_before_a_good_one_do_not_stop_a_webhook():
    async with Receiver() as shop:
        dead = [f"127.0.0.{number}" for number in range(2, 6)]
        with silent(shop.port, *dead):
            reply = await posted(
                f"http://hooks.example.com:{shop.port}/", Names([*dead, "127.0.0.1"]), allow_private=True
            )
        assert reply.outcome.status == 200


async def test_the_next_attempt_begins_with_another_address():
    checked = CheckedResolver(Egress(), Names(["93.184.215.14", "93.184.215.15", "93.184.215.16"]))
    firsts = [(await checked.resolve("hooks.example.com", 443))[0]["host"] for _ in range(3)]
    await checked.close()
    assert sorted(firsts) == ["93.184.215.14", "93.184.215.15", "93.184.215.16"]


async def test_what_the_operator_denies_is_not_connected_to():
    for denied in ("127.0.0.0/8", "example.com"):
        async with Receiver() as shop:
            client = WebhookClient(
                egress=egress_of(allow_private=True, deny=(denied,)), timeout_s=5, look_up=Names(["127.0.0.1"])
            )
            reply = await client.post(f"http://hooks.example.com:{shop.port}/", b"{}", {}, merchant_id=MERCHANT)
            await client.close()
            assert "deny list" in reply.outcome.error
            assert shop.connections == 0


async def test_a_proxy_gets_the_whole_url_and_looks_the_name_up_itself():
    async with Receiver() as proxy:
        names = Names(["127.0.0.1"])
        client = WebhookClient(egress=Egress(), timeout_s=5, proxy=f"http://127.0.0.1:{proxy.port}", look_up=names)
        reply = await client.post("http://hooks.example.com/a?b=c", b"{}", {}, merchant_id=MERCHANT)
        refused = await client.post("http://169.254.169.254/", b"{}", {}, merchant_id=MERCHANT)
        await client.close()
        assert (reply.outcome.status, proxy.received[0].path) == (200, "http://hooks.example.com/a?b=c")
        assert NOT_PUBLIC in refused.outcome.error
        assert (len(proxy.received), names.asked) == (1, [])


async def test_no_proxy_of_the_environment_is_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with Receiver() as shop:
        assert (await posted(shop.url, allow_private=True)).outcome.status == 200
