"""How far the clock may be behind the chain before it is reported, and before intents are refused."""

from datetime import UTC, datetime, timedelta

import pytest

from sgate.core.address import Network
from sgate.core.clock import BEHIND_REFUSED, behind, counted_from, warning

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead_s", "says"),
    [(-86_400, None), (0, None), (29, None), (30, "30 s behind"), (119, "inaccurate"), (120, "no payment intents")],
)
def test_only_a_clock_behind_the_chain_is_reported(ahead_s, says):
    scanned_time = NOW + timedelta(seconds=ahead_s)
    said = warning(scanned_time, NOW, Network.MAINNET)
    assert (said is None) if says is None else (says in said)
    assert (behind(scanned_time, NOW, Network.TESTNET) >= BEHIND_REFUSED) is (ahead_s >= 120)


def test_blocks_of_the_simulated_chain_say_nothing_about_the_clock():
    assert behind(NOW + timedelta(hours=1), NOW, Network.SIMULATED) == timedelta()
    assert counted_from(NOW + timedelta(seconds=30), NOW, Network.SIMULATED) == NOW
    assert counted_from(NOW + timedelta(hours=1), NOW, Network.SIMULATED) == NOW + timedelta(hours=1)
    assert counted_from(NOW + timedelta(seconds=1), NOW, Network.MAINNET) == NOW + timedelta(seconds=1)
    assert counted_from(NOW - timedelta(seconds=1), NOW, Network.MAINNET) == NOW
    assert warning(NOW + timedelta(hours=1), NOW, Network.SIMULATED) is None
