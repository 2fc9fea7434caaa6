"""The load: merchants make intents, payers pay them, readers read. Begun at fixed times, whatever the answers do."""

import asyncio
import contextlib
import itertools
import random

import aiohttp

from rig.books import DUE_SATS
from rig.clients import CONNECTION_ERRORS, Client, back_off

CREATES_PER_S = 8.0
RETRIEVES_PER_S = 8.0
LISTS_PER_S = 3.0
PUBLIC_PER_S = 6.0
PAYER_STREAMS_PER_S = 0.5
MAX_WAITING = 600
"""Tasks that may be under way. Beyond this no more are begun: a long outage must not become a flood."""

GIVE_UP_AFTER = 60
"""How often a merchant asks for the same intent before it lets the customer go."""

PAYING_SHARE = 0.85
PAYERS_TIME_S = 3600
LOOKERS_TIME_S = 60
"""Of those who never pay, so that intents expire all the while."""

KEYLESS_EVERY = 20
"""Every so many creates come without an Idempotency-Key, and so are never repeated."""

STREAM_RETRY_S = 0.5
LISTEN_S = 30.0


class Load:
    """Customers of all kinds. Use as an asynchronous context manager; `close_shop` ends creating, not paying."""

    def __init__(self, house, seed):
        self._house, self._books, self._dice = house, house.books, random.Random(seed)
        self._numbers = itertools.count(1)
        self._tasks = set()
        self._sold = []  # (merchant, intent id)
        self._closing = contextlib.AsyncExitStack()

    async def __aenter__(self):
        connect = self._closing.enter_async_context
        nginx = self._house.nginx
        self._merchants = {
            name: await connect(Client(nginx.url, nginx.tls, self._books, key))
            for name, key in self._house.keys.items()
        }
        self._public = await connect(Client(nginx.url, nginx.tls, self._books))
        listening = {name: asyncio.Event() for name in self._merchants}
        self._streams = [asyncio.create_task(self._listen(name, begun)) for name, begun in listening.items()]
        async with asyncio.timeout(LISTEN_S):
            await asyncio.gather(*(begun.wait() for begun in listening.values()))
        self._drivers = [
            asyncio.create_task(self._steadily(rate, begin))
            for rate, begin in (
                (CREATES_PER_S, self._sell),
                (RETRIEVES_PER_S, self._retrieve),
                (LISTS_PER_S, self._list),
                (PUBLIC_PER_S, self._look),
                (PAYER_STREAMS_PER_S, self._follow),
            )
        ]
        return self

    async def __aexit__(self, *_):
        await _end([*self._drivers, *self._streams, *self._tasks])
        await self._closing.aclose()

    async def close_shop(self, timeout_s):
        """Begin nothing more, and let what is under way end; streams go on listening."""
        await _end(self._drivers)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)

    async def _steadily(self, rate, begin):
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            if len(self._tasks) < MAX_WAITING:
                task = asyncio.create_task(begin())
                self._tasks.add(task)
                task.add_done_callback(self._ended)
            due_s += 1 / rate
            await asyncio.sleep(max(0.0, due_s - loop.time()))

    def _ended(self, task):
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._books.contradictions.append(f"a customer of the rig failed: {task.exception()!r}")

    # --- merchants and payers

    async def _sell(self):
        number = next(self._numbers)
        name = self._dice.choice(list(self._merchants))
        pays = self._dice.random() < PAYING_SHARE
        intent = await self._create(self._merchants[name], number, PAYERS_TIME_S if pays else LOOKERS_TIME_S)
        if intent is None:
            return
        self._sold.append((name, intent["id"]))
        if pays:
            await asyncio.sleep(self._dice.uniform(0.1, 2.0))
            await self._pay(intent)

    async def _create(self, merchant, number, expires_in_s):
        """Ask until it is acknowledged, as a careful merchant does, always with the same key."""
        key = None if number % KEYLESS_EVERY == 0 else f"order-{number}"
        body = {"amount_sats": DUE_SATS, "expires_in": expires_in_s, "metadata": {"order": str(number)}}
        for attempt in range(GIVE_UP_AFTER if key else 1):
            kind = "create" if key else "create without a key"
            intent = await merchant.ask(
                kind, "POST", "/v1/payment_intents", expected=201, body=body, key=key, repeatable=key is not None
            )
            if intent is not None:
                self._books.acknowledge(intent["id"], key or "")
                return intent
            await back_off(attempt)
        return None

    async def _pay(self, intent):
        """In one, two or three parts, sometimes too much."""
        parts = self._dice.choice((1, 1, 1, 2, 3))
        sats = DUE_SATS // parts + (10 if self._dice.random() < 0.1 else 0)
        for _ in range(parts):
            answer = await self._house.chain.order(
                "transfer", recipient=intent["pay_address"], amount_sats=sats, memo=intent["id"]
            )
            self._books.paid[answer["tx_id"]] = (intent["id"], sats)

    # --- readers

    def _some_intent(self):
        """(merchant, intent id) of an acknowledged one, most often a young one; None before there is any."""
        if not self._sold:
            return None
        return self._sold[-1 - min(int(self._dice.expovariate(0.05)), len(self._sold) - 1)]

    async def _retrieve(self):
        """What was acknowledged can be read, at once and for ever."""
        owned = self._some_intent()
        if owned is not None:
            name, intent_id = owned
            await self._merchants[name].ask("retrieve", "GET", f"/v1/payment_intents/{intent_id}")

    async def _list(self):
        name = self._dice.choice(list(self._merchants))
        await self._merchants[name].ask("list", "GET", "/v1/payment_intents?limit=10")

    async def _look(self):
        owned = self._some_intent()
        if owned is not None:
            await self._public.ask("public view", "GET", f"/public/payment_intents/{owned[1]}")

    async def _follow(self):
        """A payer watches the checkout for a while; the page comes back by itself when its stream ends."""
        owned = self._some_intent()
        if owned is None:
            return
        path = f"/public/payment_intents/{owned[1]}/events"
        with contextlib.suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(10):
                async for _ in self._public.stream(path):
                    pass

    async def _listen(self, name, begun):
        """A merchant's stream of events, resumed after the last one seen for as long as the load lasts."""
        seen, last = self._books.streamed.setdefault(name, set()), None
        while True:
            with contextlib.suppress(*CONNECTION_ERRORS, TimeoutError, aiohttp.ClientResponseError):
                stream = self._merchants[name].stream("/v1/events?stream=true", last, begun)
                async for event_id, _ in stream:
                    last = event_id
                    seen.add(event_id)
            await asyncio.sleep(STREAM_RETRY_S)


async def _end(tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
