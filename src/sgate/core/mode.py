"""Deployment-wide settings of one mode: the network and the default terms of payment intents."""

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
"""Once the chain has not been read for this long, the server reports that payments are noticed late."""


class RateSource(Protocol):
    """A source of exchange rates."""

    def current(self, now: datetime) -> Rate | None:
        """Return the rate to use now, or None if there is no fresh rate. A source never makes up a rate."""
        ...


class FixedRate:
    """A constant rate for the simulated chain. Its `source` says that the rate is not a market price."""

    def __init__(self, usd_per_btc: Decimal) -> None:
        self._usd_per_btc = usd_per_btc

    def current(self, now: datetime) -> Rate:
        """Return the fixed rate."""
        return Rate(
            usd_per_btc=self._usd_per_btc, source="fixed rate of the simulated chain, not a market price", taken_at=now
        )


class NoRates:
    """A rate source that never has a rate: amounts are in sats only."""

    def current(self, now: datetime) -> None:
        """Return None."""
        del now


class Mode(msgspec.Struct, frozen=True, kw_only=True):
    """One mode of a deployment.

    Attributes:
        gateway_address: the pay address of merchants that have not set their own; None if there is no such address.
        policy: the confirmation policy of merchants that have not set their own.
        grace_s, seen_hold_s: as in `Terms`.
        rates: the exchange rates used for prices in dollars.
        public_url: the base URL of the checkout pages, without a trailing slash.
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
    """Return the dollar value of an amount at this rate."""
    return Quote(
        amount_usd=usd_of(amount_sats, rate.usd_per_btc),
        rate_usd_per_btc=str(rate.usd_per_btc),
        source=rate.source,
        quoted_at=rate.taken_at,
    )
