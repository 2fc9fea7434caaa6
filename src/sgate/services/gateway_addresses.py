"""The gateway addresses, which receive payments for merchants without a pay address of their own."""

from collections.abc import Iterable

from sgate.core.mode import Mode
from sgate.db.pool import Pool
from sgate.store import merchants


class GatewayAddressTaken(Exception):
    """The gateway address of a mode is, or once was, the pay address of a merchant. The message says what to do.

    That merchant would see every deposit without a memo, and could assign it to its own payment intents.
    """


async def claim(pool: Pool, modes: Iterable[Mode]) -> None:
    """Claim the gateway address of each mode for the gateway, so that no merchant can use it.

    Raises:
        GatewayAddressTaken: if a merchant has claimed the address before.
    """
    async with pool.acquire() as connection:
        for mode in modes:
            address = mode.gateway_address
            if address is None:
                continue
            owner = await merchants.claim_address(connection, None, address, livemode=mode.livemode)
            if owner is not None:
                variable = f"SGATE_{'LIVE' if mode.livemode else 'TEST'}__GATEWAY_ADDRESS"
                raise GatewayAddressTaken(
                    f"{variable}: {address} is or was the pay address of merchant {owner}, who would see the deposits "
                    "of all others; set an address that no merchant has used"
                )
