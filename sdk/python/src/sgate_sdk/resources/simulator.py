"""The simulated chain: payments, blocks and reorganizations without real money, with a test key."""

from sgate_sdk._calls import D, Resource, call
from sgate_sdk._requests import Request, get, once, post, reader_of, unless_none
from sgate_sdk.models import PaymentIntent, SimulatedPayment, Simulator

PATH = "/v1/simulator"
READ = reader_of(Simulator)


class SimulatorCalls(Resource[D]):
    """The simulated chain. Payments, blocks and reorganizations are never retried."""

    @call("retrieveSimulator")
    def retrieve(self) -> Request[Simulator]:
        """Retrieve the state of the chain."""
        return get(PATH, READ)

    @call("simulatePayment")
    def pay(self, *, recipient: str, amount_sats: int, memo: str | None = None) -> Request[SimulatedPayment]:
        """Send a payment. `memo` is a payment intent's id, or other text of up to 34 bytes."""
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
        """Mine blocks now; one by default."""
        return once(f"{PATH}/blocks", READ, {"blocks": unless_none(blocks)})

    @call("reorganise")
    def reorganise(
        self, *, depth: int | None = None, from_height: int | None = None, remine: str | None = None
    ) -> Request[Simulator]:
        """Reorganize the chain: replace the newest blocks with another branch.

        Args:
            depth: the number of blocks to replace; one by default.
            from_height: the lowest block to replace, instead of a depth.
            remine: what happens to their transactions: `same` (mined again), `none` (back to the mempool) or `drop`.
        """
        body = {"depth": unless_none(depth), "from_height": from_height, "remine": unless_none(remine)}
        return once(f"{PATH}/reorg", READ, body)
