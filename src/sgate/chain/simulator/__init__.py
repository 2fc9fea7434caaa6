"""A simulated Stacks chain for the demo, the test mode, and tests that need a misbehaving chain."""

from sgate.chain.simulator.api import RunningSimulator, mine_at_interval, serve
from sgate.chain.simulator.chain import DEFAULT_BLOCKS_PER_TENURE, RefusedOperation, SimulatedChain
from sgate.chain.simulator.control import DirectControl, HttpControl, SimulatorControl
from sgate.chain.simulator.journal import ChainInUse, JournalBroken
from sgate.chain.simulator.source import SimulatorSource
from sgate.chain.simulator.transactions import (
    PAYER,
    Kind,
    Leg,
    RefusedTransfer,
    SimulatedTransfer,
    simulated_address,
)

__all__ = [
    "DEFAULT_BLOCKS_PER_TENURE",
    "PAYER",
    "ChainInUse",
    "DirectControl",
    "HttpControl",
    "JournalBroken",
    "Kind",
    "Leg",
    "RefusedOperation",
    "RefusedTransfer",
    "RunningSimulator",
    "SimulatedChain",
    "SimulatedTransfer",
    "SimulatorControl",
    "SimulatorSource",
    "mine_at_interval",
    "serve",
    "simulated_address",
]
