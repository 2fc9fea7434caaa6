"""The simulated chain: make things happen on it, with a test key. No real money."""

from sgate_sdk._calls import D, Resource, call
from sgate_sdk._requests import Request, get, once, post, reader_of, unless_none
from sgate_sdk.models import PaymentIntent, SimulatedPayment, Simulator

PATH = "/v1/simulator"
READ = reader_of(Simulator)


class SimulatedChain(Resource[D]):
    """The simulated chain. What pays, mines or forks is sent once, whatever becomes of the answer."""

    @call("retrieveSimulator")
    def retrieve(self) -> Request[Simulator]:
        """Where the chain stands."""
        return get(PATH, READ)

    @call("simulatePayment")
    def pay(self, *, recipient: str, amount_sats: int, memo: str | None = None) -> Request[SimulatedPayment]:
        """Pay. `memo`: a payment intent's id, or other text of up to 34 bytes."""
        body = {"recipient": recipient, "amount_sats": amount_sats, "memo": memo}
        return once(f"{PATH}/payments", reader_of(SimulatedPayment), body)

    @call("createShortPaymentIntent")
    def create_payment_intent(
        self, *, amount_sats: int, expires_in_s: int, grace_s: int | None = None, idempotency_key: str | None = None
    ) -> Request[PaymentIntent]:
        """Make a payment intent whose time is up after `expires_in_s` seconds, to see what happens then."""
        body = {"amount_sats": amount_sats, "expires_in_s": expires_in_s, "grace_s": unless_none(grace_s)}
        return post(f"{PATH}/payment_intents", reader_of(PaymentIntent), body, idempotency_key)

    @call("mineBlocks")
    def mine_blocks(self, *, blocks: int | None = None) -> Request[Simulator]:
        """Mine blocks now; one if nothing is said."""
        return once(f"{PATH}/blocks", READ, {"blocks": unless_none(blocks)})

    @call("reorganise")
    def reorganise(
        self, *, depth: int | None = None, from_height: int | None = None, remine: str | None = None
    ) -> Request[Simulator]:
        """Let another branch replace the newest blocks.

        Args:
            depth: how many blocks; one if nothing is said.
            from_height: instead of a depth, the lowest block that is replaced.
            remine: what becomes of their transactions: `same`, `none` (they wait for a block) or `drop`.
        """
        body = {"depth": unless_none(depth), "from_height": from_height, "remine": unless_none(remine)}
        return once(f"{PATH}/reorg", READ, body)
