"""The public view on two instances that share a database: fast, and never older than it says."""

import asyncio
import contextlib
import time

import asyncpg
import msgspec
import pytest

from api.line import Line
from api.serving import AMOUNT_SATS, serving, until
from sgate.db import notifications
from sgate.runtime import roles
from sgate.services import public_intent_cache
from sgate.workers.loops import Stop
from workers.webhooks.receiver import Receiver

PATH = "/v1/payment_intents"
CHANGES = 300
INTENTS = 3
CHANGES_PER_S = 100
MOST_LAG_S = 2.0
"""A notification takes milliseconds; a busy machine may take longer."""


@pytest.fixture
async def pair(database_url, tmp_path, monkeypatch):
    """Two instances whose rows do not expire within a test, so that only a notification updates them."""
    monkeypatch.setattr(public_intent_cache, "MAX_AGE_S", 3600.0)
    async with (
        serving(database_url, tmp_path / "one", listener=True) as one,
        serving(database_url, tmp_path / "two", listener=True) as two,
    ):
        yield one, two


def public(intent):
    return f"/public/payment_intents/{intent['id']}"


async def outcomes(app):
    """(hits, misses) so far."""
    text = (await app.anyone.get("/metrics")).body.decode()
    counted = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("sgate_public_views_total"))
    return tuple(int(float(counted[f'sgate_public_views_total{{outcome="{outcome}"}}'])) for outcome in ("hit", "miss"))


async def seen(app, intent):
    return (await app.anyone.get(public(intent))).json


async def test_a_response_from_memory_is_like_one_from_the_database(pair):
    one, _ = pair
    shop = await one.merchant()
    intent = await shop.create()
    first = await one.anyone.get(public(intent))
    second = await one.anyone.get(public(intent))
    assert await outcomes(one) == (1, 1)
    volatile = {"X-Request-ID"}
    assert {name: value for name, value in first.headers.items() if name not in volatile} == {
        name: value for name, value in second.headers.items() if name not in volatile
    }
    assert first.json | {"server_time": ""} == second.json | {"server_time": ""}
    head = await one.anyone.call("HEAD", public(intent))
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(second.body)))


async def test_limits_request_ids_metrics_and_the_log_count_responses_from_memory_too(database_url, tmp_path, logged):
    async with serving(database_url, tmp_path, listener=True, rate_limit_public=3) as app:
        shop = await app.merchant()
        intent = await shop.create()
        given = {"X-Request-Id": "mine-0017"}
        answers = [await app.anyone.get(public(intent), headers=given) for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
        assert {answer.headers["X-Request-Id"] for answer in answers} == {"mine-0017"}
        assert {answer.headers["Access-Control-Allow-Origin"] for answer in answers} == {"*"}
        assert answers[-1].code == "rate_limit_exceeded"
        assert int(answers[-1].headers["Retry-After"]) == answers[-1].json["retry_after"] >= 1
        metrics = (await app.anyone.get("/metrics")).body.decode()
        label = 'method="GET",route="/public/payment_intents/{intent_id}"'
        assert f'sgate_http_requests_total{{{label},status="200"}} 3.0' in metrics
        assert f'sgate_http_requests_total{{{label},status="429"}} 1.0' in metrics
    lines = [line for line in logged.lines if line.get("path") == public(intent)]
    assert [(line["status"], line["request_id"]) for line in lines] == [(200, "mine-0017")] * 3 + [(429, "mine-0017")]


async def test_a_merchant_who_reads_after_a_webhook_never_sees_an_older_state_on_any_process(pair):
    """The merchant sees the change at once; customers see it as soon as the notification has arrived."""
    one, _ = pair
    shop = await one.merchant()
    async with Receiver() as receiver, delivering(one):
        await shop.post("/v1/webhook_endpoints", {"url": receiver.url})
        for _ in range(10):
            intent = await shop.create()
            for app in pair:  # every process has the old state in memory
                assert (await seen(app, intent))["status"] == "requires_payment"
            cancel = asyncio.create_task(shop.post(f"{PATH}/{intent['id']}/cancel"))
            await receiver.until(
                lambda receiver, intent=intent: has_received(receiver, intent, "payment_intent.canceled")
            )
            reads = [(await shop.at(app)).get(f"{PATH}/{intent['id']}") for app in pair]
            assert {read.json["status"] for read in await asyncio.gather(*reads)} == {"canceled"}
            assert (await cancel).status == 200
            for app in pair:
                await until(lambda app=app, intent=intent: _shows(app, intent, "canceled"))


def has_received(receiver, intent, event_type):
    return any(
        body["type"] == event_type and body["data"]["object"]["id"] == intent["id"]
        for body in (msgspec.json.decode(received.body) for received in receiver.received)
    )


@contextlib.asynccontextmanager
async def delivering(app):
    """The deliverer's role, beside an instance."""
    stop = Stop()
    task = asyncio.create_task(roles._deliver(app.gateway, stop))
    try:
        yield
    finally:
        stop.request()
        await task


async def _shows(app, intent, status):
    return (await seen(app, intent))["status"] == status


class Changes:
    """Changes intents as the ledger does, a hundred times a second: state and notification in one transaction."""

    def __init__(self, pool, intents):
        self._pool = pool
        self._ids = [intent["id"] for intent in intents]
        self.committed = dict.fromkeys(self._ids, 1)  # what is surely committed
        self.began = dict.fromkeys(self._ids, 1)  # what may be
        self.over = False

    async def make(self):
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with self._pool.acquire() as connection:
            for number in range(CHANGES):
                due = loop.create_future()
                loop.call_at(started + number / CHANGES_PER_S, due.set_result, None)
                await due
                # One intent that changes all the time, and some that mostly do not.
                calm = number % 25 == 0
                await self._change(connection, self._ids[1 + number // 25 % 2 if calm else 0])
        self.over = True

    async def _change(self, connection, intent_id):
        self.began[intent_id] += 1
        async with connection.transaction():
            await connection.execute("UPDATE payment_intents SET sequence = sequence + 1 WHERE id = $1", intent_id)
            await notifications.notify(connection, notifications.Channel.INTENT, intent_id)
        self.committed[intent_id] += 1


class Watcher:
    """A customer's page that reads from one instance repeatedly, and records violations."""

    def __init__(self, app, changes, intents):
        self._app, self._changes, self._intents = app, changes, intents
        self.reads = 0
        self.wrong = []
        self.lags_s = []

    async def watch(self):
        newest = {}
        behind = {}
        while not self._changes.over:
            for intent in self._intents:
                intent_id = intent["id"]
                committed = self._changes.committed[intent_id]
                now = time.monotonic()
                sequence = (await seen(self._app, intent))["sequence"]
                self.reads += 1
                if sequence < newest.get(intent_id, 0) or sequence > self._changes.began[intent_id]:
                    self.wrong.append((intent_id, newest.get(intent_id), sequence))
                newest[intent_id] = sequence
                if sequence >= committed:
                    behind.pop(intent_id, None)
                else:  # an older state than was surely committed when we asked: for how long already?
                    self.lags_s.append(time.monotonic() - behind.setdefault(intent_id, now))


async def test_under_a_hundred_changes_a_second_no_instance_ever_goes_back_or_lags(pair):
    one, two = pair
    shop = await one.merchant()
    intents = [await shop.create() for _ in range(INTENTS)]
    changes = Changes(one.gateway.pool, intents)
    watchers = [Watcher(app, changes, intents) for app in (one, two, one, two)]
    await asyncio.gather(changes.make(), *(watcher.watch() for watcher in watchers))
    assert [watcher.wrong for watcher in watchers] == [[]] * 4
    assert min(watcher.reads for watcher in watchers) > INTENTS
    assert max((lag for watcher in watchers for lag in watcher.lags_s), default=0.0) < MOST_LAG_S
    assert sum([(await outcomes(app))[0] for app in pair]) > 0  # else nothing was proven about the cache
    for app in pair:
        for intent in intents:
            await until(lambda app=app, intent=intent: _has_sequence(app, intent, changes.committed[intent["id"]]))


async def _has_sequence(app, intent, sequence):
    return (await seen(app, intent))["sequence"] == sequence


async def test_a_changed_merchant_name_is_shown_everywhere(pair):
    one, _ = pair
    shop = await one.merchant("Old name")
    intent = await shop.create()
    for app in pair:
        assert (await seen(app, intent))["merchant"]["name"] == "Old name"
    assert (await shop.patch("/v1/merchants/me", {"name": "New name"})).status == 200
    for app in pair:
        await until(lambda app=app: _is_called(app, intent, "New name"))


async def _is_called(app, intent, name):
    return (await seen(app, intent))["merchant"]["name"] == name


async def test_a_payment_shows_as_soon_as_it_is_scanned_and_its_confirmations_grow(pair):
    one, _ = pair
    await one.watch()
    shop = await one.merchant()
    policy = [{"from_sats": 0, "stacks_blocks": 50, "tenure_changes": 2}]
    intent = await shop.create({"amount_sats": AMOUNT_SATS, "confirmation_policy": policy})
    assert (await seen(one, intent))["confirmations"] == 0
    await one.pay(intent)
    await one.watch()
    await until(lambda: _confirmed(one, intent, 1))
    other = await shop.create()
    one.chain.mine()
    await one.watch()
    await seen(one, other)  # a read of any intent brings the newest view of the chain along
    assert (await seen(one, intent))["confirmations"] == 2


async def _confirmed(app, intent, confirmations):
    return (await seen(app, intent))["confirmations"] == confirmations


async def test_without_notifications_every_request_reads_the_database(database_url, tmp_path, monkeypatch):
    monkeypatch.setattr(notifications, "RECONNECT_S", 0.01)
    async with (
        Line(database_url) as line,
        serving(database_url, tmp_path, listener=True, database_direct_url=line.url) as app,
    ):
        shop = await app.merchant()
        intent = await shop.create()
        await seen(app, intent)
        await seen(app, intent)
        assert await outcomes(app) == (1, 1)
        await line.cut()
        await until(lambda: not app.gateway.listener.connected)
        await _change_without_notification(database_url, intent)
        assert (await seen(app, intent))["sequence"] == 2
        await _change_without_notification(database_url, intent)
        assert (await seen(app, intent))["sequence"] == 3
        assert await outcomes(app) == (1, 3)
        await line.repair()
        await until(lambda: app.gateway.listener.connected)
        await seen(app, intent)
        await seen(app, intent)
        assert await outcomes(app) == (2, 4)


async def test_a_connection_that_hangs_counts_as_lost_and_empties_the_memory(database_url, tmp_path, monkeypatch):
    monkeypatch.setattr(notifications, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(notifications, "HEARTBEAT_TIMEOUT_S", 0.5)
    async with (
        Line(database_url) as line,
        serving(database_url, tmp_path, listener=True, database_direct_url=line.url) as app,
    ):
        shop = await app.merchant()
        intent = await shop.create()
        await seen(app, intent)
        assert app.gateway.deps.public_views.hit(intent["id"]) is not None
        line.stall()
        await until(lambda: not app.gateway.listener.connected)
        assert app.gateway.deps.public_views.hit(intent["id"]) is None
        line.flow()


async def _change_without_notification(database_url, intent):
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE payment_intents SET sequence = sequence + 1 WHERE id = $1", intent["id"])
    await connection.close()


async def test_a_read_with_a_key_never_passes_through_the_cache(pair):
    one, _ = pair
    shop = await one.merchant()
    intent = await shop.create()
    await seen(one, intent)
    counted = await outcomes(one)
    async with one.gateway.pool.acquire() as connection:  # without a notification
        await connection.execute("UPDATE payment_intents SET sequence = 7 WHERE id = $1", intent["id"])
    assert (await shop.get(f"{PATH}/{intent['id']}")).json["sequence"] == 7
    assert (await seen(one, intent))["sequence"] == 1  # still in memory: so the test proves something
    assert await outcomes(one) == (counted[0] + 1, counted[1])
