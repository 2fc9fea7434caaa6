"""The simulated chain as the API shows it."""

import msgspec


class SimulatedPaymentObject(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that waits for a block of the simulated chain."""

    object: str = "simulated_payment"
    tx_id: str


class SimulatorObject(msgspec.Struct, frozen=True, kw_only=True):
    """Where the simulated chain stands. `block_time`: of its newest block. `mempool`: what waits for a block.

    `steerable`: whether this server lets you mine and fork.
    """

    object: str = "simulator"
    height: int
    block_time: str
    server_time: str
    tenure_height: int
    bitcoin_height: int
    mempool: int
    steerable: bool
