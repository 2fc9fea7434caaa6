"""Customers, who pay correctly, wrongly, late or twice.

The meaning of each transaction is recorded here, independently of how the product reads memos. The database is checked
against it.
"""

from sgate.chain.simulator import Kind, Leg, SimulatedTransfer, simulated_address

GATEWAY = simulated_address("the gateway")
NOBODY = simulated_address("nobody")
CUSTOMERS = tuple(simulated_address(f"customer {number}") for number in range(6))
NOTHING_MOVES = (
    Kind.ABORT_BY_RESPONSE,
    Kind.ABORT_BY_POST_CONDITION,
    Kind.OTHER_ASSET,
    Kind.IMITATION,
    Kind.PEG_IN,
    Kind.STX,
)


class Payers:
    """The customers of all shops.

    Attributes:
        meant: tx id -> for each leg that moves sBTC: (recipient, amount, order or None).
        for_order: order id -> transactions that mean to pay it, for hints.
    """

    def __init__(self, world):
        self._world = world
        self._random = world.random_for("payers")
        self.meant = {}
        self.for_order = {}

    def pay_some(self):
        """Send a few transactions."""
        for _ in range(self._random.choice((1, 2, 4))):
            self.pay()

    def pay(self):
        """Send a transaction of a random kind."""
        orders = self._world.orders
        if not orders:
            return
        order = self._random.choice(orders[-6:] if self._random.random() < 0.8 else orders)
        choices = (
            (self._exact, 14), (self._part, 6), (self._too_much, 2), (self._padded, 2), (self._without_memo, 3),
            (self._almost, 2), (self._unknown, 1), (self._elsewhere, 2), (self._many, 4), (self._pretended, 3),
        )  # fmt: skip
        pay = self._random.choices([choice for choice, _ in choices], [weight for _, weight in choices])[0]
        pay(order)

    def pay_exactly(self, order):
        """Pay an order exactly. Returns the transaction id."""
        self._exact(order)
        return self.for_order[order.id][-1]

    def replace(self, tx_id):
        """Replace a transaction by one with a higher fee that pays the same or something else."""
        old = self._world.chain.history.mempool[tx_id].transfer
        if old.kind is Kind.TRANSFER and old.memo and self._random.random() < 0.5:
            meant = self.meant.get(tx_id, ())
            instead = self._world.chain.replace(tx_id, old)
            self.meant[instead] = meant
            for orders in self.for_order.values():
                if tx_id in orders:
                    orders.append(instead)
        else:
            transfer = SimulatedTransfer(recipient=NOBODY, amount_sats=1, sender=old.sender, kind=Kind.STX)
            instead = self._world.chain.replace(tx_id, transfer)
            self.meant[instead] = ()
        self._world.story.tell(f"    {tx_id[:8]} is replaced by {instead[:8]}")

    def _exact(self, order):
        self._send(order, order.amount_sats, order.memo)

    def _part(self, order):
        self._send(order, self._random.choice((order.amount_sats // 2, order.amount_sats - 1, 1)), order.memo)

    def _too_much(self, order):
        self._send(order, order.amount_sats * 2 + 5, order.memo)

    def _padded(self, order):
        self._send(order, order.amount_sats, self._random.choice((order.memo + b"\0" * 5, b" " + order.memo + b"\n")))

    def _without_memo(self, order):
        memo = self._random.choice((None, b"", b"thank you"))
        self._send(order, order.amount_sats, memo, names=None)

    def _almost(self, order):
        memo = self._random.choice((order.memo[:-1], order.memo.upper(), order.memo + b"0", b"x" + order.memo))
        self._send(order, order.amount_sats, memo, names=None)

    def _unknown(self, order):
        memo = b"pi_" + self._random.randbytes(12).hex().encode()
        self._send(order, order.amount_sats, memo, names=None)

    def _elsewhere(self, order):
        """Pay with the right memo to the address of another shop or of no one."""
        addresses = [shop.address or GATEWAY for shop in self._world.shops]
        recipient = self._random.choice([*(address for address in addresses if address != order.pay_address), NOBODY])
        self._send(order, order.amount_sats, order.memo, recipient=recipient, names=None)

    def _many(self, order):
        """Pay with several legs: for other orders, twice for the same one, without a memo, or to no one."""
        others = [self._random.choice(self._world.orders) for _ in range(self._random.randint(1, 4))]
        legs, meant = [], [(order.pay_address, order.amount_sats, order.id)]
        for other in others:
            memo, names = self._random.choice(((other.memo, other.id), (None, None), (b"no", None)))
            amount = self._random.choice((other.amount_sats, max(1, other.amount_sats // 2)))
            legs.append(Leg(recipient=other.pay_address, amount_sats=amount, memo=memo))
            meant.append((other.pay_address, amount, names))
        kind = self._random.choice((Kind.TRANSFER_MANY, Kind.ROUTER))
        self._submit(order, SimulatedTransfer(
            recipient=order.pay_address, amount_sats=order.amount_sats, memo=order.memo, kind=kind, more=tuple(legs),
            sender=self._sender(),
        ), meant)  # fmt: skip

    def _pretended(self, order):
        """Send what only looks like a payment. Only the last of these kinds moves sBTC, without a memo."""
        kind = self._random.choice((*NOTHING_MOVES, Kind.IMITATION_AFTER_TRANSFER))
        moves = kind is Kind.IMITATION_AFTER_TRANSFER
        meant = [(order.pay_address, order.amount_sats, None)] if moves else []
        transfer = SimulatedTransfer(
            recipient=order.pay_address, amount_sats=order.amount_sats, memo=order.memo, kind=kind,
            sender=self._sender(),
        )  # fmt: skip
        self._submit(order, transfer, meant)

    def _send(self, order, amount_sats, memo, *, recipient=None, names=""):
        amount_sats, recipient = max(1, amount_sats), recipient or order.pay_address
        later = self._world.clock.now + self._random.choice((10, 60, 400)) if self._random.random() < 0.1 else None
        transfer = SimulatedTransfer(
            recipient=recipient, amount_sats=amount_sats, memo=memo, sender=self._sender(), not_before=later
        )
        self._submit(order, transfer, [(recipient, amount_sats, order.id if names == "" else names)])

    def _submit(self, order, transfer, meant):
        tx_id = self._world.chain.submit(transfer)
        self.meant[tx_id] = tuple(meant)
        self.for_order.setdefault(order.id, []).append(tx_id)
        self._world.story.tell(
            f"    {tx_id[:8]}: {transfer.kind} of {transfer.amount_sats} with memo {transfer.memo} for order {order.number}"
        )

    def _sender(self):
        return self._random.choice(CUSTOMERS)
