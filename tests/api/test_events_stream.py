"""GET /v1/events?stream=true: for merchants who cannot receive webhooks."""

import asyncio
import contextlib
import json

import aiohttp

from api.serving import UNREACHABLE, serving, until
from servers.patience import patient
from sgate.services import merchants
from sgate.store.audit_log import OPERATOR

EVENTS = "/v1/events"


class Stream:
    """Reads the frames of one stream."""

    def __init__(self, response):
        self._response = response

    async def frames(self, count):
        """The next `count` events: (id, name, data)."""
        found, frame = [], {}
        async with asyncio.timeout(15):
            while len(found) < count:
                line = (await self._response.content.readline()).decode()
                assert line, "the stream has ended"
                if line == "\n" and "data" in frame:
                    found.append((frame["id"], frame["event"], json.loads(frame["data"])))
                    frame = {}
                elif ": " in line and not line.startswith(":"):
                    name, _, value = line.rstrip("\n").partition(": ")
                    frame[name] = value
        return found

    async def end(self):
        """Wait until it ends."""
        await self._response.content.read()


@contextlib.asynccontextmanager
async def stream(caller, *, last=None, **params):
    headers = {"Authorization": f"Bearer {caller.key}"} | ({} if last is None else {"Last-Event-ID": last})
    async with caller.app.session.get(EVENTS, params={"stream": "true"} | params, headers=headers) as response:
        assert response.status == 200, await response.read()
        assert response.content_type == "text/event-stream"
        await until(lambda: caller.app.gateway.deps.streams.open > 0)
        yield Stream(response)


async def test_events_arrive_as_the_webhook_says_them_each_once_and_in_order(database_url, tmp_path):
    async with serving(database_url, tmp_path, listener=True) as app:
        shop, stranger = await app.merchant(), await app.merchant()
        await app.watch()
        before = await shop.create()
        async with stream(shop) as live:
            intent = await shop.create()
            await stranger.create()
            await shop.post(f"/v1/payment_intents/{before['id']}/cancel")
            await app.pay(intent)
            await app.watch()
            frames = await live.frames(3)
        listed = (await shop.get(EVENTS)).json["data"][::-1]
        assert [data for _, _, data in frames] == listed[1:4]
        assert [(number, name) for number, name, _ in frames] == [(item["id"], item["type"]) for item in listed[1:4]]
        assert frames[0][1] == "payment_intent.created"


async def test_a_client_that_reconnects_misses_nothing_and_gets_nothing_twice(app, shop):
    intents = [await shop.create() for _ in range(2)]
    first = (await shop.get(EVENTS)).json["data"][-1]["id"]
    intents += [await shop.create() for _ in range(3)]
    async with stream(shop, last=first) as live:
        frames = await live.frames(4)
        intents += [await shop.create() for _ in range(2)]  # while it is caught up, and after
        frames += await live.frames(2)
    assert [data["data"]["object"]["id"] for _, _, data in frames] == [intent["id"] for intent in intents[1:]]
    async with stream(shop, last_event_id=frames[3][0]) as live:
        assert await live.frames(2) == frames[4:]


async def test_a_backlog_of_several_batches_is_sent_completely(app, shop, monkeypatch):
    from sgate.api.routes import events

    monkeypatch.setattr(events, "STREAM_BATCH", 3)
    intents = [await shop.create() for _ in range(8)]
    first = (await shop.get(EVENTS, params={"limit": "100"})).json["data"][-1]["id"]
    async with stream(shop, last=first) as live:
        frames = await live.frames(7)
    assert [data["data"]["object"]["id"] for _, _, data in frames] == [intent["id"] for intent in intents[1:]]


async def test_a_stream_can_be_filtered(app, shop):
    async with stream(shop, type="payment_intent.canceled") as live:
        intents = [await shop.create() for _ in range(2)]
        await shop.post(f"/v1/payment_intents/{intents[1]['id']}/cancel")
        [(_, name, data)] = await live.frames(1)
    assert (name, data["data"]["object"]["id"]) == ("payment_intent.canceled", intents[1]["id"])


async def test_streams_are_separate_by_mode_and_limited_per_merchant(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        shop = await app.merchant()
        live = await app.key(shop.merchant_id, "read", livemode=True)
        async with contextlib.AsyncExitStack() as stack:
            other_mode = await stack.enter_async_context(stream(live))
            streams = [await stack.enter_async_context(stream(shop)) for _ in range(8)]
            refused = await shop.get(EVENTS, params={"stream": "true"})
            assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
            await shop.create()
            for own in streams:
                assert len(await own.frames(1)) == 1
            with contextlib.suppress(TimeoutError, aiohttp.ClientError):
                async with asyncio.timeout(0.3):
                    raise AssertionError(await other_mode.frames(1))


async def test_a_stream_needs_a_key_and_its_cursor_must_be_the_merchants_own(app, shop):
    assert (await app.anyone.get(EVENTS, params={"stream": "true"})).status == 401
    stranger = await app.merchant()
    await shop.create()
    [event] = (await shop.get(EVENTS)).json["data"]
    answer = await stranger.get(EVENTS, params={"stream": "true"}, headers={"Last-Event-ID": event["id"]})
    assert (answer.status, answer.code) == (400, "invalid_cursor")


async def test_a_client_that_is_cut_off_before_its_first_event_misses_none(database_url, tmp_path):
    async with serving(database_url, tmp_path, listener=True) as app:
        shop = await app.merchant()
        intent = await shop.create()
        newest = (await shop.get(EVENTS)).json["data"][0]["id"]
        async with stream(shop, type="payment_intent.canceled") as live:
            received = b""
            async with asyncio.timeout(15):
                while not received.endswith(b"id: %s\n\n" % newest.encode()):  # an id alone dispatches no event
                    received += await live._response.content.readline()
        assert b"data" not in received
        await shop.post(f"/v1/payment_intents/{intent['id']}/cancel")
        async with stream(shop, last=newest, type="payment_intent.canceled") as live:
            [(_, name, _)] = await live.frames(1)
        assert name == "payment_intent.canceled"


async def test_a_stream_ends_within_a_second_of_its_keys_revocation(database_url, tmp_path):
    async with serving(database_url, tmp_path, listener=True) as app:
        shop = await app.merchant()
        reader = await app.key(shop.merchant_id, "read")
        async with stream(reader) as revoked, stream(shop):
            await until(lambda: app.gateway.deps.streams.open == 2)
            assert (await shop.delete(f"/v1/api_keys/{reader.key_id}")).status == 200
            async with asyncio.timeout(patient(1)):
                await revoked.end()
            await until(lambda: app.gateway.deps.streams.open == 1)


async def test_a_stream_ends_by_the_poll_if_the_notification_is_missed(app, shop):
    reader = await app.key(shop.merchant_id, "read")
    async with stream(reader) as revoked:
        assert (await shop.delete(f"/v1/api_keys/{reader.key_id}")).status == 200
        await app.gateway.deps.authenticator.poll_revocations()
        async with asyncio.timeout(5):
            await revoked.end()


async def test_the_streams_of_a_suspended_merchant_end(database_url, tmp_path):
    async with serving(database_url, tmp_path, listener=True) as app:
        shop, other = await app.merchant(), await app.merchant()
        async with stream(shop) as suspended, stream(other):
            await until(lambda: app.gateway.deps.streams.open == 2)
            assert await merchants.suspend(app.gateway.pool, shop.merchant_id, OPERATOR, suspended=True)
            async with asyncio.timeout(patient(1)):
                await suspended.end()
            await until(lambda: app.gateway.deps.streams.open == 1)
