"""How far this machine's clock may be behind the blocks of the chain.

Deadlines are set by the clock and compared with block times. If the clock is behind, payment intents would expire
too early; if it is far behind, at the next block. A clock that is ahead only gives customers more time. Only the times
of scanned blocks are known, so a clock ahead of the chain cannot be distinguished from a chain that stands still.
"""

from datetime import datetime, timedelta

from sgate.core.address import Network

BEHIND_WARNED = timedelta(seconds=30)
"""From this lag on, the server reports that its clock is behind. Nodes accept blocks up to 15 seconds in the future."""

BEHIND_REFUSED = timedelta(minutes=2)
"""From this lag on, no payment intents are created, because their deadlines would be too early by as much."""


def behind(scanned_time: datetime, now: datetime, network: Network) -> timedelta:
    """Return how far the clock is behind the scanned block time, or zero.

    The blocks of the simulated chain are a second apart however fast they are mined, so their times are often ahead.
    This says nothing about the clock.
    """
    return timedelta() if network is Network.SIMULATED else max(timedelta(), scanned_time - now)


def counted_from(scanned_time: datetime, now: datetime, network: Network) -> datetime:
    """Return the time from which a duration that begins now is counted: the clock's, or the chain's if that is later.

    The simulated chain runs a little ahead whenever several blocks are mined at once. A small lead is therefore
    ignored, so that a test can rely on the deadlines that it sets.
    """
    return scanned_time if scanned_time > now + lead_ignored(network) else now


def lead_ignored(network: Network) -> timedelta:
    """Return the lead of the chain over the clock up to which durations are counted from the clock's time."""
    return BEHIND_WARNED if network is Network.SIMULATED else timedelta()


def warning(scanned_time: datetime, now: datetime, network: Network) -> str | None:
    """Return what to report about the clock, as one sentence, or None if it is not behind."""
    by = behind(scanned_time, now, network)
    if by < BEHIND_WARNED:
        return None
    consequence = "no payment intents are created" if by >= BEHIND_REFUSED else "deadlines are inaccurate"
    return f"this server's clock is {by.total_seconds():.0f} s behind the blocks of the chain, so {consequence}"
