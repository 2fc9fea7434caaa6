"""The header of a block, which links it to its parent, and the limits within which its time is plausible.

Deadlines are compared with block times, so a wrong one would expire intents. Nodes accept a block only a few seconds
ahead of their clocks, and none that is older than its parent. If a header is far outside these limits, the server that
returned it has a defect, or this machine's clock is wrong.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from sgate.core.address import Network

MAX_AHEAD = timedelta(hours=2)
"""How far a block time may be ahead of this machine's clock. Bitcoin allows its blocks the same."""

MAX_AHEAD_SIMULATED = timedelta(days=1)
"""The same limit for the simulated chain, whose blocks are at least a second apart however fast they are mined."""

MAX_BEFORE_PARENT = timedelta(hours=2)
"""How far a block time may be before its parent's. A header without a time of its own has that of its Bitcoin block."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The header of a Stacks block. Hashes are `0x` + 64 hex; `time` is the block's own time, UTC.

    `index_block_hash` identifies a block together with its history. Transactions refer to their block by `block_hash`.
    """

    height: int
    block_hash: str
    index_block_hash: str
    parent_index_block_hash: str
    time: datetime
    tenure_height: int
    bitcoin_height: int


def why_implausible(header: Header, parent: Header | None, now: datetime, network: Network) -> str | None:
    """Return why the time of a header cannot be right, as one sentence, or None if it is plausible.

    Args:
        parent: the header below it, or None if it is unknown.
        now: the time of this machine's clock.
    """
    if is_too_far_ahead(header.time, now, network):
        return (
            f"implausible block time: block {header.height} has the time {_text(header.time)}, but this server's clock "
            f"says {_text(now)}. Check the clock (`sgate doctor`) and the API of the chain"
        )
    if parent is not None and parent.time - header.time > MAX_BEFORE_PARENT:
        return (
            f"implausible block time: block {header.height} has the time {_text(header.time)}, but its parent has the "
            f"time {_text(parent.time)}. Check the API of the chain. If an older version of sGate stored the parent's "
            f"time, correct it with `sgate chain rescan --from-height {parent.height}`"
        )
    return None


def is_too_far_ahead(time: datetime, now: datetime, network: Network) -> bool:
    """Return whether a block time is further ahead of this machine's clock than any block can be."""
    return time - now > max_ahead(network)


def max_ahead(network: Network) -> timedelta:
    """Return how far a block time may be ahead of this machine's clock."""
    return MAX_AHEAD_SIMULATED if network is Network.SIMULATED else MAX_AHEAD


def _text(time: datetime) -> str:
    return time.isoformat(sep=" ", timespec="seconds")


def corrected_times(headers: Sequence[Header], now: datetime, network: Network) -> dict[int, datetime]:
    """Return better times for those stored headers whose times cannot be right, keyed by height.

    A time is wrong if it is too far ahead of the clock. The time of the newest header is also wrong if it is that
    far ahead of its parent's, because the next header might then be refused. A wrong time is replaced with that of the
    nearest header below, or else above, that has a right one. Equal times are legal.

    Args:
        headers: consecutive headers in ascending order.
        now: the time of this machine's clock.
    """
    right = {header.height: header.time for header in headers if not is_too_far_ahead(header.time, now, network)}
    if len(headers) > 1:
        parent, newest = headers[-2:]
        if parent.height in right and newest.time - right[parent.height] > max_ahead(network):
            right.pop(newest.height, None)
    latest = min(right.values(), default=now)
    corrected: dict[int, datetime] = {}
    for header in headers:
        latest = right.get(header.height, latest)
        if header.height not in right:
            corrected[header.height] = latest
    return corrected
