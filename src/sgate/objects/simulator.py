"""The simulated chain as the API shows it."""

from typing import Annotated, Literal

import msgspec

from sgate.objects.fields import OBJECT, ServerTime, Timestamp, TransactionId, doc


class SimulatedPaymentObject(msgspec.Struct, frozen=True, kw_only=True):
    """A payment in the mempool of the simulated chain."""

    object: Annotated[Literal["simulated_payment"], OBJECT] = "simulated_payment"
    tx_id: TransactionId


class SimulatorObject(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the simulated chain."""

    object: Annotated[Literal["simulator"], OBJECT] = "simulator"
    height: Annotated[int, doc("Height of the newest Stacks block.", 1204)]
    block_time: Annotated[Timestamp, doc("Time of the newest block, ISO 8601 in UTC.")]
    server_time: ServerTime
    tenure_height: Annotated[int, doc("Number of the current tenure.", 11)]
    bitcoin_height: Annotated[int, doc("Height of the Bitcoin chain, which is simulated as well.", 900_011)]
    mempool: Annotated[int, doc("Number of transactions that wait for a block.", 0)]
    steerable: Annotated[
        bool, doc("`true` if blocks can be mined and reorganized through the API; `false` in production.", True)
    ]
