"""Failover between several servers of one chain."""

import pytest

from chain.simulated import Clock, open_chain
from sgate.chain.failover import FailoverSource, NamedSource
from sgate.chain.simulator import SimulatorSource
from sgate.chain.source import ChainUnavailable


class Servers:
    """Three servers of one simulated chain; those in `down` fail, and all calls are recorded."""

    def __init__(self):
        self.chain, self.now_s = open_chain(clock=Clock()), 0.0
        self.chain.mine(3)
        self.down, self.asked = {}, []
        named = [NamedSource(name, _Server(self, name)) for name in ("a", "b", "c")]
        self.source = FailoverSource(named, clock=lambda: self.now_s, cooldown_s=60.0)


class _Server:
    def __init__(self, servers, name):
        self._servers, self._name, self._source = servers, name, SimulatorSource(servers.chain)

    def __getattr__(self, method):
        async def ask(*arguments, **options):
            self._servers.asked.append(self._name)
            if self._name in self._servers.down:
                raise ChainUnavailable(f"{self._name} is down", self._servers.down[self._name])
            return await getattr(self._source, method)(*arguments, **options)

        return ask


@pytest.fixture
def servers():
    return Servers()


async def test_the_first_working_server_answers_every_kind_of_request(servers):
    servers.down = {"a": None}
    source, tip = servers.source, servers.chain.tip
    assert (await source.headers()).headers[0].index_block_hash == tip.index_block_hash
    assert (await source.header(tip.index_block_hash)).height == tip.height
    assert (await source.header_at(2)).height == 2
    assert (await source.logs()).tip == tip.index_block_hash
    assert (await source.logs_below(2)).logs == ()
    assert (await source.involving("ST000000000000000000002AMW42H")).items == ()
    assert await source.transactions([]) == {}
    assert servers.asked == ["a", *"bbbbbbb"]  # the failed one is in cooldown


async def test_a_server_is_tried_first_again_after_its_cooldown(servers):
    servers.down = {"a": None}
    await servers.source.headers()
    servers.down = {}
    servers.now_s = 60.0
    servers.asked.clear()
    await servers.source.headers()
    assert servers.asked == ["a"]


async def test_the_cooldown_is_at_least_the_servers_retry_after(servers):
    servers.down = {"a": 600.0}
    await servers.source.headers()
    servers.asked.clear()
    servers.now_s = 599.0
    await servers.source.headers()
    assert servers.asked == ["b"]


async def test_servers_in_cooldown_are_tried_when_no_other_is_left(servers):
    servers.down = {"a": None}
    await servers.source.headers()
    servers.down = {"b": None, "c": None}
    assert await servers.source.headers() is not None


async def test_if_no_server_answers_the_error_has_the_reason_of_each(servers):
    servers.down = {"a": 5.0, "b": None, "c": 3.0}
    with pytest.raises(
        ChainUnavailable, match=r"none of 3 servers answered: a: a is down; b: b is down; c: "
    ) as caught:
        await servers.source.logs()
    assert caught.value.retry_after_s == 3.0


async def test_the_error_of_a_single_server_is_passed_on_unchanged(servers):
    single = FailoverSource([NamedSource("a", _Server(servers, "a"))])
    servers.down = {"a": 7.0}
    with pytest.raises(ChainUnavailable, match=r"^a is down$"):
        await single.headers()


async def test_preferred_names_the_server_that_is_tried_first(servers):
    assert servers.source.preferred == "a"
    servers.down = {"a": None}
    await servers.source.headers()
    assert servers.source.preferred == "b"
    servers.now_s = 60.0
    assert servers.source.preferred == "a"
