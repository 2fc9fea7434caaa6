"""Which block times are plausible."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from sgate.core.address import Network
from sgate.core.header import Header, corrected_times, why_implausible

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
PARENT = Header(
    height=7,
    block_hash="",
    index_block_hash="",
    parent_index_block_hash="",
    time=NOW,
    tenure_height=1,
    bitcoin_height=1,
)
TWO_HOURS, A_SECOND = timedelta(hours=2), timedelta(seconds=1)


def judged(time, parent_time, now=NOW, network=Network.MAINNET):
    parent = None if parent_time is None else msgspec.structs.replace(PARENT, time=parent_time)
    return why_implausible(msgspec.structs.replace(PARENT, height=8, time=time), parent, now, network)


@pytest.mark.parametrize(
    ("time", "parent_time"),
    [
        (NOW, NOW),  # equal times are legal
        (NOW - A_SECOND, NOW),
        (NOW + TWO_HOURS, NOW),
        (NOW - TWO_HOURS, NOW),
        (NOW - timedelta(days=400), NOW - timedelta(days=400)),  # the clock may be far ahead: only the chain is old
        (NOW, NOW - timedelta(days=400)),
        (NOW - timedelta(days=400), None),
    ],
)
def test_a_plausible_time(time, parent_time):
    assert judged(time, parent_time) is None


@pytest.mark.parametrize(
    ("time", "parent_time", "says"),
    [
        (NOW + TWO_HOURS + A_SECOND, NOW, "this server's clock says"),
        (NOW + timedelta(days=1_100), None, "this server's clock says"),
        (NOW + timedelta(days=1_100), NOW + timedelta(days=1_100), "this server's clock says"),
        (NOW - TWO_HOURS - A_SECOND, NOW, "its parent has the time"),
        (datetime.fromtimestamp(0, UTC), NOW, "its parent has the time"),
    ],
)
def test_an_implausible_time(time, parent_time, says):
    assert says in judged(time, parent_time)


def test_the_simulated_chain_may_be_ahead_by_the_blocks_that_were_mined_at_once():
    assert judged(NOW + timedelta(hours=24), NOW, network=Network.SIMULATED) is None
    assert "clock" in judged(NOW + timedelta(hours=24, seconds=1), NOW, network=Network.SIMULATED)


AHEAD = timedelta(days=1_100)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([0, 1, 2], {}),
        ([0, 1_440, 1_441], {}),  # a chain that stood still for a day
        ([0, 1, AHEAD, 3, 4], {2: 1}),
        ([0, 1, AHEAD, AHEAD], {2: 1, 3: 1}),
        ([AHEAD, AHEAD, 5, 6], {0: 5, 1: 5}),
        ([AHEAD, AHEAD], {0: 1_500, 1: 1_500}),
        ([0, 1, 200], {2: 1}),  # the newest is hours ahead of its parent, but no longer of the clock
        ([0], {}),
        ([], {}),
    ],
)
def test_stored_times_that_cannot_be_right_become_those_of_their_neighbors(minutes, expected):
    """`minutes` are counted from a day before NOW, which is minute 1,440; the clock says 1,500."""
    first, now = NOW - timedelta(days=1), NOW + timedelta(minutes=60)
    headers = [
        msgspec.structs.replace(
            PARENT, height=height, time=first + (given if isinstance(given, timedelta) else timedelta(minutes=given))
        )
        for height, given in enumerate(minutes)
    ]
    wanted = {height: first + timedelta(minutes=given) for height, given in expected.items()}
    assert corrected_times(headers, now, Network.MAINNET) == wanted
