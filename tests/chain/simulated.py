"""A simulated chain with a clock that the test controls."""

from sgate.chain.simulator import SimulatedChain, SimulatedTransfer, simulated_address
from sgate.core.address import SBTC_ASSETS, Network

ASSET = SBTC_ASSETS[Network.SIMULATED]
SHOP = simulated_address("shop")
OTHER_SHOP = simulated_address("other shop")
START = 1_800_000_000.0


class Clock:
    def __init__(self, now=START):
        self.now = now

    def __call__(self):
        return self.now


def open_chain(directory=None, clock=None, **options):
    return SimulatedChain.open(directory, asset=ASSET, clock=clock or Clock(), **options)


def payment(amount_sats=1000, memo=b"m", **fields):
    return SimulatedTransfer(**({"recipient": SHOP, "amount_sats": amount_sats, "memo": memo} | fields))
