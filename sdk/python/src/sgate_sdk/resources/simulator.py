"""The simulated chain. A test key can create payments, blocks and reorganizations without real money."""

from sgate_sdk._calls import D, Resource, call
from sgate_sdk._requests import Request, get, once, post, reader_of, unless_none
from sgate_sdk.models import PaymentIntent, SimulatedPayment, Simulator

PATH = "/v1/simulator"
READ = reader_of(Simulator)


class SimulatorCalls(Resource[D]):
    """Controls the simulated chain. Calls that create payments, blocks or reorganizations are never retried."""

    @call("retrieveSimulator")
    def retrieve(self) -> Request[Simulator]:
        """Retrieve the state of the chain."""
        return get(PATH, READ)

    @call("simulatePayment")
    def pay(self, *, recipient: str, amount_sats: int, memo: str | None = None) -> Request[SimulatedPayment]:
        """Send a payment. `memo` is the id of a payment intent, or other text of up to 34 bytes."""
        body = {"recipient": recipient, "amount_sats": amount_sats, "memo": memo}
        return once(f"{PATH}/payments", reader_of(SimulatedPayment), body)

    @call("createShortPaymentIntent")
    def create_payment_intent(
        self, *, amount_sats: int, expires_in_s: int, grace_s: int | None = None, idempotency_key: str | None = None
    ) -> Request[PaymentIntent]:
        """Create a payment intent that expires after `expires_in_s` seconds, to test expiry."""
        body = {"amount_sats": amount_sats, "expires_in_s": expires_in_s, "grace_s": unless_none(grace_s)}
        return post(f"{PATH}/payment_intents", reader_of(PaymentIntent), body, idempotency_key)

    @call("mineBlocks")
    def mine_blocks(self, *, blocks: int | None = None) -> Request[Simulator]:
        """Mine blocks immediately; one block by default."""
        return once(f"{PATH}/blocks", READ, {"blocks": unless_none(blocks)})

    @call("reorganise")
    def reorganise(
        self, *, depth: int | None = None, from_height: int | None = None, remine: str | None = None
    ) -> Request[Simulator]:
        """Reorganize the chain: replace the newest blocks with another branch.

        Args:
            depth: the number of blocks to replace; 1 by default.
            from_height: the height of the lowest block to replace. Pass it instead of `depth`.
            remine: the fate of the transactions in the replaced blocks. With `same`, they are mined again. With `none`,
                they return to the mempool. With `drop`, they are dropped.
        """
        body = {"depth": unless_none(depth), "from_height": from_height, "remine": unless_none(remine)}
        return once(f"{PATH}/reorg", READ, body)
