"""A shop on a real database: one merchant with a pay address, a webhook endpoint and a clock that the test sets."""

from datetime import UTC, datetime

import msgspec

from chain.simulated import ASSET, SHOP, Clock
from sgate.core.address import Network
from sgate.core.finality import Policy, Tier
from sgate.core.mode import Mode, NoRates
from sgate.db.encryption import Cipher
from sgate.db.notifications import Wakeups
from sgate.environment import Environment
from sgate.services.payment_intents import IntentRequest, PaymentIntents
from sgate.services.webhook_endpoints import EndpointRequest, WebhookEndpoints
from sgate.store import merchants, payment_intents, payment_intents_facts
from sgate.store.audit_log import Actor
from sgate.store.payment_intents import IntentView
from sgate.store.payment_intents_facts import Facts

ONE_BLOCK: Policy = (Tier(from_sats=0, stacks_blocks=1),)
SIX_BLOCKS: Policy = (Tier(from_sats=0, stacks_blocks=6),)
ACTOR = Actor(name="test")


class Shop:
    """A merchant in test mode and its actions."""

    def __init__(self, pool, clock, mode, merchant):
        self.pool, self.clock, self.mode, self.merchant = pool, clock, mode, merchant
        self.environment = environment_of(clock)
        self.cipher = Cipher(["a test secret"])
        self.intents = PaymentIntents(pool, {mode.livemode: mode}, self.cipher, Wakeups("unused"), self.environment)

    async def intent(self, amount_sats=1_000, *, policy=ONE_BLOCK, expires_in_s=900) -> str:
        """Create an intent and return its id."""
        request = IntentRequest(
            amount_sats=amount_sats,
            amount_usd=None,
            expires_in_s=expires_in_s,
            description=None,
            metadata={},
            success_url=None,
            cancel_url=None,
            policy=policy,
        )
        answer = await self.intents.create(self.merchant, request, None)
        return msgspec.json.decode(answer.body)["id"]

    async def endpoint(self, *event_types):
        """Create a webhook endpoint for these event types; without any, for all."""
        request = EndpointRequest(url="https://shop.example/hook", description=None, event_types=event_types)
        endpoints = WebhookEndpoints(self.pool, self.environment, self.cipher)
        await endpoints.create(self.merchant, request, None, ACTOR)

    async def cancel(self, intent_id):
        await self.intents.cancel(intent_id, self.merchant, None)

    async def change(self, **settings):
        """Change settings directly in the database, without a use case."""
        async with self.pool.acquire() as connection:
            await merchants.update(connection, msgspec.structs.replace(self.merchant, **settings))
            self.merchant = await merchants.get(connection, self.merchant.id, livemode=self.mode.livemode)

    async def see(self, intent_id) -> IntentView:
        async with self.pool.acquire() as connection:
            return (await payment_intents.read(connection, [intent_id]))[intent_id]

    async def state(self, intent_id) -> tuple:
        """Return status, received amount and exceptions as strings and integers."""
        intent = (await self.see(intent_id)).intent
        return str(intent.status), intent.amount_received_sats, {str(anomaly) for anomaly in intent.anomalies}

    async def status(self, intent_id) -> str:
        return str((await self.see(intent_id)).intent.status)

    async def events(self, intent_id) -> list[str]:
        """Return the event types of an intent in order, without `payment_intent.`."""
        rows = await self.pool.fetch(
            "SELECT type FROM events WHERE payment_intent_id = $1 ORDER BY sequence", intent_id
        )
        return [row["type"].removeprefix("payment_intent.") for row in rows]

    async def payments(self) -> list:
        """Return all recorded payments in chain order."""
        return await self.pool.fetch("SELECT * FROM payments ORDER BY block_height, tx_index, event_index")


def environment_of(clock) -> Environment:
    return Environment(now=lambda: datetime.fromtimestamp(clock(), UTC))


def simulated_mode(**fields) -> Mode:
    defaults = {
        "livemode": False,
        "network": Network.SIMULATED,
        "asset": ASSET,
        "gateway_address": None,
        "rates": NoRates(),
        "public_url": "https://pay.example",
        "policy": ONE_BLOCK,
    }
    return Mode(**(defaults | fields))


async def open_shop(pool, clock=None, *, mode=None, pay_address=SHOP, name="Shop", with_endpoint=True) -> Shop:
    """Create a merchant with `pay_address`; None means the gateway address."""
    mode = mode or simulated_mode()
    async with pool.acquire() as connection, connection.transaction():
        merchant_id = await merchants.insert(connection, name)
        if pay_address is not None:
            await merchants.claim_address(connection, merchant_id, pay_address, livemode=mode.livemode)
        merchant = await merchants.get(connection, merchant_id, livemode=mode.livemode)
        await merchants.update(connection, msgspec.structs.replace(merchant, pay_address=pay_address))
        merchant = await merchants.get(connection, merchant_id, livemode=mode.livemode)
    shop = Shop(pool, clock or Clock(), mode, merchant)
    if with_endpoint:
        await shop.endpoint()
    return shop


async def facts_of(pool, intent_id, *, livemode=False) -> Facts:
    async with pool.acquire() as connection:
        return await payment_intents_facts.get(connection, intent_id, livemode=livemode)
