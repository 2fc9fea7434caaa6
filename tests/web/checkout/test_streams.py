"""The stream that open pages listen to."""

import asyncio
import contextlib

import msgspec

from api.serving import serving
from sgate.api.routes import public_intents
from web.states import links


@contextlib.asynccontextmanager
async def stream(site, intent, *, secret=True, last=None):
    """Yield a function that reads the next event as (id, data)."""
    query = f"?client_secret={intent['client_secret']}" if secret else ""
    headers = {} if last is None else {"Last-Event-ID": last}
    url = f"{site.base_url}/public/payment_intents/{intent['id']}/events{query}"
    async with site.http.get(url, headers=headers) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")

        async def following():
            fields, line = {}, ""
            while "data" not in fields or line:
                line = (await asyncio.wait_for(answer.content.readline(), 15)).decode().rstrip("\n")
                name, _, value = line.partition(": ")
                fields[name] = value
            return fields["id"], msgspec.json.decode(fields["data"])

        yield following


async def test_a_stream_sends_the_current_state_and_then_each_change(site):
    intent = await site.intent(**links(site))
    async with stream(site, intent) as following:
        _, first = await following()
        assert (first["status"], first["description"]) == ("requires_payment", intent["description"])
        await site.pay(intent)
        _, second = await following()
        assert (second["status"], second["amount_received_sats"]) == ("confirmed", 25_000)


async def test_a_client_that_reconnects_receives_only_what_changed_meanwhile(site):
    intent = await site.intent()
    async with stream(site, intent) as following:
        seen, _ = await following()
    await site.pay(intent)
    async with stream(site, intent, last=seen) as following:
        newer, shown = await following()
        assert (shown["status"], newer != seen) == ("confirmed", True)


async def test_without_the_client_secret_nothing_private_is_streamed(site):
    intent = await site.intent(**links(site))
    async with stream(site, intent, secret=False) as following:
        _, shown = await following()
    assert (shown["description"], shown["success_url"]) == (None, None)


async def test_there_is_no_stream_of_an_unknown_intent(site):
    for path in ("pi_000000000000000000000000", "nonsense"):
        async with site.http.get(f"{site.base_url}/public/payment_intents/{path}/events") as answer:
            assert answer.status == 404


async def test_one_network_cannot_take_all_streams(database_url, tmp_path, monkeypatch):
    monkeypatch.setattr(public_intents, "MAX_STREAMS", (2, 3, 4))
    async with (
        serving(database_url, tmp_path, trusted_proxies="127.0.0.1") as app,
        contextlib.AsyncExitStack() as open_,
    ):
        shop = await app.merchant()
        intents = [await shop.create() for _ in range(2)]

        async def status(address, number=0):
            path = f"/public/payment_intents/{intents[number]['id']}/events"
            got = await open_.enter_async_context(app.session.get(path, headers={"X-Forwarded-For": address}))
            return got.status

        assert [await status(f"2001:db8:1:100::{n}") for n in range(3)] == [200, 200, 429]  # a /64
        assert [await status(f"2001:db8:1:10{n}::1") for n in (1, 2)] == [200, 429]  # its /56
        assert [await status(f"2001:db8:1:{n}00::1") for n in (2, 3)] == [200, 429]  # its /48
        assert await status("2001:db8:2::1", 1) == 200


async def test_one_payment_intent_cannot_take_all_streams(database_url, tmp_path):
    async with serving(database_url, tmp_path, max_streams_per_intent=2) as app, contextlib.AsyncExitStack() as open_:
        shop = await app.merchant()
        one, other = [f"/public/payment_intents/{(await shop.create())['id']}/events" for _ in range(2)]
        statuses = [(await open_.enter_async_context(app.session.get(path))).status for path in (one, one, one, other)]
        assert statuses == [200, 200, 429, 200]
