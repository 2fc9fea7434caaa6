"""Merchants, who create, cancel, assign, accept and refund orders, and change their settings."""

import json

import msgspec

from services.shop import ACTOR
from sgate.chain.simulator import simulated_address
from sgate.core import errors
from sgate.core.finality import Tier
from sgate.core.intent import LatePolicy
from sgate.db.notifications import Wakeups
from sgate.db.pool import DatabaseErrors
from sgate.services import merchants, payment_hints
from sgate.services.idempotency import key_of
from sgate.services.payment_intents import IntentRequest, PaymentIntents, SettingsOutdated
from sgate.services.payments import Payments
from sgate.services.webhook_endpoints import EndpointRequest, WebhookEndpoints
from sgate.store import merchants as merchant_rows

POLICIES = (
    (Tier(from_sats=0, stacks_blocks=1),),
    (Tier(from_sats=0, stacks_blocks=1),),
    (Tier(from_sats=0, stacks_blocks=4),),
    (Tier(from_sats=0, tenure_changes=2),),
    (Tier(from_sats=0, bitcoin_blocks=2),),
    (Tier(from_sats=0, stacks_blocks=1), Tier(from_sats=2_000, stacks_blocks=3, tenure_changes=1)),
)
EXPIRES_IN_S = (60, 300, 900, 3_600, 86_400, 86_400)
AMOUNTS_SATS = (1, 2, 1_000, 1_000, 1_500, 5_000)
TRIES = 4

_DEPOSITS = """
SELECT id FROM payments WHERE payment_intent_id IS NULL AND merchant_id IS NOT DISTINCT FROM $1::text::uuid
ORDER BY tx_id, event_index
"""

_PAYMENTS = "SELECT id FROM payments WHERE merchant_id = $1::text::uuid ORDER BY tx_id, event_index"

_ORDER = "SELECT id, amount_sats, pay_address, client_secret FROM payment_intents WHERE id = $1"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An intent, as its merchant and customer know it."""

    id: str
    number: int
    amount_sats: int
    pay_address: str
    client_secret: str
    memo: bytes


class Shop:
    """A merchant. `address` is its current pay address, or None for the gateway's."""

    def __init__(self, name, merchant, address):
        self.name, self.merchant, self.address = name, merchant, address


class Shops:
    """All merchants, and the operator."""

    def __init__(self, world):
        self._world = world
        self._random = world.random_for("shops")
        self._orders_made = 0
        self.keyed_orders = set()

    async def open(self, name, address, endpoint_events):
        """Create a merchant with its endpoints."""
        world = self._world
        merchant_id, _ = await merchants.create(world.pool, world.environment, name, livemode=False, actor=ACTOR)
        async with world.pool.acquire() as connection:
            merchant = await merchant_rows.get(connection, merchant_id, livemode=False)
        shop = Shop(name, merchant, address)
        if address is not None:
            change = {"pay_address": address}
            shop.merchant = await merchants.update_settings(world.pool, merchant, change, world.mode, ACTOR)
        for number, event_types in enumerate(endpoint_events):
            url = f"https://{name}.example/{number}"
            request = EndpointRequest(url=url, description=None, event_types=event_types)
            answer = await WebhookEndpoints(world.pool, world.environment, world.cipher).create(
                shop.merchant, request, None, ACTOR
            )
            world.receivers.secrets[url] = json.loads(answer.body)["secret"]
        return shop

    async def create(self):
        """Create an order. A call that fails is repeated with its idempotency key, or given up without one."""
        rng, shop = self._random, self._shop()
        self._orders_made += 1
        number, keyed = self._orders_made, rng.random() < 0.6
        request = IntentRequest(
            amount_sats=rng.choice(AMOUNTS_SATS),
            amount_usd=None,
            expires_in_s=rng.choice(EXPIRES_IN_S),
            description=None,
            metadata={"order": str(number)},
            success_url=None,
            cancel_url=None,
            policy=rng.choice(POLICIES),
        )
        if keyed:
            self.keyed_orders.add(number)
        for _ in range(TRIES):
            try:
                answer = await self._intents().create(shop.merchant, request, self._key(f"order {number}", keyed=keyed))
            except SettingsOutdated:
                await self._refresh(shop)
            except (*DatabaseErrors, errors.Unavailable):
                if not keyed:
                    return
            else:
                await self._remember(json.loads(answer.body)["id"], number)
                return

    async def cancel(self):
        """Cancel an order."""
        order = self._order()
        if order is not None:
            await self._call(
                f"cancels order {order.number}", self._intents().cancel(order.id, self._owner(order), None)
            )

    async def accept(self):
        """Accept the held payments of an order."""
        order = self._order()
        if order is not None:
            call = self._payments().accept(order.id, self._owner(order), None, ACTOR)
            await self._call(f"accepts held money of order {order.number}", call)

    async def assign(self):
        """Assign a deposit to an order of the same shop."""
        shop = self._shop()
        payment_id, order = await self._some(_DEPOSITS, shop.merchant.id), self._order(shop)
        if payment_id is not None and order is not None:
            call = self._payments().assign(payment_id, order.id, shop.merchant, None, ACTOR)
            await self._call(f"assigns {payment_id} to order {order.number}", call)

    async def assign_by_operator(self):
        """Let the operator assign a deposit at the gateway's address."""
        payment_id, order = await self._some(_DEPOSITS, None), self._order()
        if payment_id is not None and order is not None:
            call = self._payments().assign_by_operator(payment_id, order.id, ACTOR, livemode=False)
            await self._call(f"assigns {payment_id} to order {order.number}", call)

    async def mark_refunded(self):
        """Mark any payment as sent back; most of these calls are refused."""
        shop = self._shop()
        payment_id = await self._some(_PAYMENTS, shop.merchant.id)
        if payment_id is not None:
            tx_id = "0x" + self._random.randbytes(32).hex()
            call = self._payments().mark_refunded(payment_id, tx_id, shop.merchant, None, ACTOR)
            await self._call(f"marks {payment_id} as sent back", call)

    async def change_settings(self):
        """Change the address, or the late payment policy and tolerance. Other processes notice it later."""
        rng, shop = self._random, self._shop()
        change = {"late_payments": rng.choice(list(LatePolicy)), "tolerance_sats": rng.choice((0, 0, 1, 500))}
        address = shop.address
        if address is not None and rng.random() < 0.5:
            address = simulated_address(f"{shop.name} {rng.randint(1, 4)}")
            change = {"pay_address": address}
        call = merchants.update_settings(self._world.crashing, shop.merchant, change, self._world.mode, ACTOR)
        if await self._call(f"changes {shop.name}'s settings", call):
            shop.address = address

    async def pay_by_wallet(self):
        """Pay on the checkout page, which sends the wallet's transaction id as a hint at once."""
        order = self._order()
        if order is not None:
            await self._hint(order, self._world.payers.pay_exactly(order))

    async def hint(self):
        """Send a hint: the right transaction, a random one, or that of another order."""
        order = self._order()
        if order is None:
            return
        own = self._world.payers.for_order.get(order.id, [])
        if own and self._random.random() < 0.7:
            tx_id = own[-1]
        else:
            every = list(self._world.chain.history.txs)
            tx_id = self._random.choice([*every, "0x" + self._random.randbytes(32).hex()])
        await self._hint(order, tx_id)

    async def _hint(self, order, tx_id):
        world = self._world
        call = payment_hints.give(
            world.crashing, self._intents(), world.environment, order.id, order.client_secret, tx_id
        )
        await self._call(f"hints at {tx_id[:8]} for order {order.number}", call)

    # --- helpers

    async def _call(self, what, call):
        """Make an API call, which may be refused or lost with its process. Returns whether it succeeded for certain."""
        story = self._world.story
        try:
            await call
        except errors.GatewayError as refused:
            story.tell(f"    {what}: refused, {refused}")
        except DatabaseErrors:
            story.tell(f"    {what}: the process dies")
        else:
            story.tell(f"    {what}")
            return True
        return False

    def _intents(self):
        world = self._world
        return PaymentIntents(world.crashing, {False: world.mode}, world.cipher, Wakeups("unused"), world.environment)

    def _payments(self):
        world = self._world
        return Payments(world.crashing, {False: world.mode}, world.cipher, world.environment)

    def _shop(self):
        return self._random.choice(self._world.shops)

    def _order(self, shop=None):
        orders = self._world.orders
        if shop is not None:
            orders = [order for order in orders if self._world.owners[order.id] is shop]
        return self._random.choice(orders[-8:]) if orders else None

    def _owner(self, order):
        return self._world.owners[order.id].merchant

    def _key(self, header, *, keyed):
        if not keyed:
            return None
        return key_of(header, merchant_id="any", livemode=False, method="POST", path="/", body=header.encode())

    async def _some(self, statement, merchant_id):
        rows = await self._world.database.control.fetch(statement, merchant_id)
        return self._random.choice(rows)["id"] if rows else None

    async def _refresh(self, shop):
        async with self._world.pool.acquire() as connection:
            shop.merchant = await merchant_rows.get(connection, shop.merchant.id, livemode=False)

    async def _remember(self, intent_id, number):
        row = await self._world.database.control.fetchrow(_ORDER, intent_id)
        order = Order(**row, number=number, memo=intent_id.encode())
        if intent_id not in self._world.owners:
            self._world.orders.append(order)
            merchant_id = await self._world.database.control.fetchval(
                "SELECT merchant_id::text FROM payment_intents WHERE id = $1", intent_id
            )
            self._world.owners[intent_id] = next(shop for shop in self._world.shops if shop.merchant.id == merchant_id)
            self._world.story.tell(f"    order {number}: {order.amount_sats} sats, {intent_id}")
