"""What a deployment decides for all its merchants, per mode: the network, and the defaults of an intent's terms."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

import msgspec

from sgate.core.address import Network
from sgate.core.finality import DEFAULT_POLICY, Policy
from sgate.core.money import Quote, usd_of
from sgate.core.rate import Rate

DEFAULT_GRACE_S = 300
DEFAULT_SEEN_HOLD_S = 1800
CHAIN_SILENT_AFTER = timedelta(minutes=3)
"""Without a look at the chain for so long, payments are noticed late enough to say so."""


class RateSource(Protocol):
    """Where exchange rates come from."""

    def current(self, now: datetime) -> Rate | None:
        """The rate to use now, or None if there is none fresh enough. Never an invented one."""
        ...


class FixedRate:
    """A rate that never moves, for the simulated chain; its source says so."""

    def __init__(self, usd_per_btc: Decimal) -> None:
        self._usd_per_btc = usd_per_btc

    def current(self, now: datetime) -> Rate:
        """The fixed rate."""
        return Rate(
            usd_per_btc=self._usd_per_btc, source="fixed rate of the simulated chain, not a market price", taken_at=now
        )


class NoRates:
    """No rates at all: amounts are in sats only."""

    def current(self, now: datetime) -> None:
        """Nothing."""
        del now


class Mode(msgspec.Struct, frozen=True, kw_only=True):
    """One mode of a deployment.

    Attributes:
        gateway_address: where payments go for merchants without an address of their own; None if there is none.
        policy: the confirmation policy of merchants who set none.
        grace_s, seen_hold_s: see the terms of an intent.
        rates: for prices in dollars.
        public_url: without a trailing slash; checkout pages live under it.
    """

    livemode: bool
    network: Network
    asset: str
    gateway_address: str | None
    rates: RateSource
    public_url: str
    policy: Policy = DEFAULT_POLICY
    grace_s: int = DEFAULT_GRACE_S
    seen_hold_s: int = DEFAULT_SEEN_HOLD_S


def quote_for(amount_sats: int, rate: Rate) -> Quote:
    """What an amount is worth at a rate."""
    return Quote(
        amount_usd=usd_of(amount_sats, rate.usd_per_btc),
        rate_usd_per_btc=str(rate.usd_per_btc),
        source=rate.source,
        quoted_at=rate.taken_at,
    )
