"""The stream that open pages listen to."""

import asyncio
import contextlib

import msgspec

from web.states import links


@contextlib.asynccontextmanager
async def stream(site, intent, *, secret=True, last=None):
    """Yields a function that reads the next event as (id, data)."""
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


async def test_a_page_is_told_what_is_and_then_what_changes(site):
    intent = await site.intent(**links(site))
    async with stream(site, intent) as following:
        _, first = await following()
        assert (first["status"], first["description"]) == ("requires_payment", intent["description"])
        await site.pay(intent)
        _, second = await following()
        assert (second["status"], second["amount_received_sats"]) == ("confirmed", 25_000)


async def test_who_comes_back_is_told_only_what_changed_meanwhile(site):
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


async def test_there_is_no_stream_of_nothing(site):
    for path in ("pi_000000000000000000000000", "nonsense"):
        async with site.http.get(f"{site.base_url}/public/payment_intents/{path}/events") as answer:
            assert answer.status == 404
