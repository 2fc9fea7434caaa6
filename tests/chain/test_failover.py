"""Several servers for one chain."""

import pytest

from chain.simulated import Clock, open_chain
from sgate.chain.failover import FailoverSource, NamedSource
from sgate.chain.simulator import SimulatorSource
from sgate.chain.source import ChainUnavailable


class Servers:
    """Three servers of one simulated chain; `down` ones refuse, and all are counted."""

    def __init__(self):
        self.chain, self.now_s = open_chain(clock=Clock()), 0.0
        self.chain.mine(3)
        self.down, self.asked = {}, []
        named = [NamedSource(name, _Server(self, name)) for name in ("a", "b", "c")]
        self.source = FailoverSource(named, clock=lambda: self.now_s, rest_s=60.0)


class _Server:
    def __init__(self, servers, name):
        self._servers, self._name, self._source = servers, name, SimulatorSource(servers.chain)

    def __getattr__(self, method):
        async def ask(*arguments, **options):
            self._servers.asked.append(self._name)
            if self._name in self._servers.down:
                raise ChainUnavailable(f"{self._name} is away", self._servers.down[self._name])
            return await getattr(self._source, method)(*arguments, **options)

        return ask


@pytest.fixture
def servers():
    return Servers()


async def test_the_first_that_works_answers_every_kind_of_question(servers):
    servers.down = {"a": None}
    source, tip = servers.source, servers.chain.tip
    assert (await source.headers()).headers[0].index_block_hash == tip.index_block_hash
    assert (await source.header(tip.index_block_hash)).height == tip.height
    assert (await source.header_at(2)).height == 2
    assert (await source.logs()).tip == tip.index_block_hash
    assert (await source.logs_below(2)).logs == ()
    assert (await source.involving("ST000000000000000000002AMW42H")).items == ()
    assert await source.transactions([]) == {}
    assert servers.asked == ["a", *"bbbbbbb"]  # the one that failed rests


async def test_a_rested_server_is_asked_first_again(servers):
    servers.down = {"a": None}
    await servers.source.headers()
    servers.down = {}
    servers.now_s = 60.0
    servers.asked.clear()
    await servers.source.headers()
    assert servers.asked == ["a"]


async def test_a_server_rests_as_long_as_it_asks_for(servers):
    servers.down = {"a": 600.0}
    await servers.source.headers()
    servers.asked.clear()
    servers.now_s = 599.0
    await servers.source.headers()
    assert servers.asked == ["b"]


async def test_those_that_rest_are_asked_when_nobody_else_is_left(servers):
    servers.down = {"a": None}
    await servers.source.headers()
    servers.down = {"b": None, "c": None}
    assert await servers.source.headers() is not None


async def test_when_none_answers_it_says_what_each_said(servers):
    servers.down = {"a": 5.0, "b": None, "c": 3.0}
    with pytest.raises(ChainUnavailable, match=r"none of 3 servers answers: a: a is away; b: b is away; c: ") as caught:
        await servers.source.logs()
    assert caught.value.retry_after_s == 3.0


async def test_a_single_server_speaks_for_itself(servers):
    alone = FailoverSource([NamedSource("a", _Server(servers, "a"))])
    servers.down = {"a": 7.0}
    with pytest.raises(ChainUnavailable, match=r"^a is away$"):
        await alone.headers()


async def test_it_says_who_is_asked_now(servers):
    assert servers.source.preferred == "a"
    servers.down = {"a": None}
    await servers.source.headers()
    assert servers.source.preferred == "b"
    servers.now_s = 60.0
    assert servers.source.preferred == "a"
