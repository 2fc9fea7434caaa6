"""`sgate listen`: a developer's server receives the same as a webhook endpoint."""

import json
import time

import pytest
from standardwebhooks.webhooks import Webhook

from cli.terminal import Developer
from servers.processes import Merchant, Server, make_merchant
from sgate.core.signature import verify_sgate
from workers.webhooks.receiver import Receiver, response

pytestmark = pytest.mark.timeout(300)


def secret_in(output):
    (line,) = [line for line in output.splitlines() if "whsec_" in line]
    return line.rpartition(" ")[2]


async def test_an_event_is_forwarded_as_a_webhook_with_both_signatures(site, developer):
    key = developer.settings["api_key"]
    async with Receiver(response(body=b"thank you")) as mine, Receiver() as shop:
        await site.api(key, "POST", "/v1/webhook_endpoints", {"url": shop.url})
        async with developer.started("listen", "--forward-to", mine.url) as listening:
            await listening.printed("Ctrl+C")
            intent = await site.intent(key, scan_first=False)
            await mine.until(lambda receiver: len(receiver.received) == 1)
            await listening.printed("thank you")
            status = await listening.interrupted()
        await shop.until(lambda receiver: len(receiver.received) == 1)
    (forwarded,), (delivered,) = mine.received, shop.received
    secret = secret_in(listening.output)
    assert Webhook(secret).verify(forwarded.body, forwarded.headers)["data"]["object"]["id"] == intent["id"]
    verify_sgate(secret, forwarded.headers, forwarded.body, int(time.time()))
    assert forwarded.body == delivered.body, "the same bytes as a real delivery"
    assert forwarded.headers["webhook-id"] == delivered.headers["webhook-id"]
    fixed = ("content-type", "user-agent")
    assert [forwarded.headers[name] for name in fixed] == [delivered.headers[name] for name in fixed]
    assert forwarded.headers.keys() >= delivered.headers.keys() - {"host", "content-length"}
    assert status == 130
    assert "Traceback" not in listening.errors
    (first, second) = listening.lines[-2:]
    assert "payment_intent.created" in first
    assert intent["id"] in first
    assert "200 thank you" in second
    assert " ms" in second


async def test_the_secret_stays_the_same_and_is_not_the_key(site, developer):
    secrets = set()
    for _ in range(2):
        async with Receiver() as mine, developer.started("listen", "--forward-to", mine.url) as listening:
            await listening.printed("Ctrl+C")
            secrets.add(secret_in(listening.output))
    assert len(secrets) == 1
    assert developer.settings["api_key"] not in listening.output


async def test_a_failed_response_is_shown_and_the_next_event_is_forwarded(site, developer):
    key = developer.settings["api_key"]
    hostile = b"\x1b[2Jno \x00such order"
    async with (
        Receiver(response(500, body=hostile), response(200)) as mine,
        developer.started("listen", "--forward-to", mine.url, "--max", "2") as listening,
    ):
        await listening.printed("Ctrl+C")
        await site.intent(key, scan_first=False)
        await listening.printed("500")
        await site.intent(key, scan_first=False)
        assert await listening.ended() == 0
    assert "500 \ufffd[2Jno \ufffdsuch order" in listening.output
    assert len(mine.received) == 2


async def test_a_refused_connection_is_shown(site, developer):
    async with developer.started("listen", "--forward-to", "1/hooks", "--max", "1") as listening:
        await listening.printed("http://localhost:1/hooks")
        await site.intent(developer.settings["api_key"], scan_first=False)
        assert await listening.ended() == 0
    assert "not delivered: no server is listening there" in listening.output


async def test_since_starts_with_earlier_events_and_continues_with_new_ones(site, developer):
    key = developer.settings["api_key"]
    made = [(await site.intent(key, scan_first=False))["id"] for _ in range(3)]
    async with developer.started("listen", "--since", "1h", "--print-json", "--max", "4") as listening:
        await listening.printed(made[2])
        made.append((await site.intent(key, scan_first=False))["id"])
        assert await listening.ended() == 0
    events = [json.loads(line) for line in listening.lines]
    assert [event["data"]["object"]["id"] for event in events] == made
    assert listening.errors == ""


@pytest.mark.parametrize("types", ["payment_intent.canceled", "payment_intent.canceled,payment_intent.expired"])
async def test_only_events_of_the_requested_types_are_shown(site, developer, types):
    key = developer.settings["api_key"]
    first = await site.intent(key, scan_first=False)
    await site.api(key, "POST", f"/v1/payment_intents/{first['id']}/cancel")
    arguments = ("listen", "--since", "1h", "--events", types, "--print-json", "--max", "2")
    async with developer.started(*arguments) as listening:
        await listening.printed("\n")
        second = await site.intent(key, scan_first=False)
        await site.api(key, "POST", f"/v1/payment_intents/{second['id']}/cancel")
        assert await listening.ended() == 0
    events = [json.loads(line) for line in listening.lines]
    assert [(event["type"], event["data"]["object"]["id"]) for event in events] == [
        ("payment_intent.canceled", first["id"]),
        ("payment_intent.canceled", second["id"]),
    ]


async def test_a_server_restart_neither_loses_nor_repeats_events(place, database_url, tmp_path):
    settings = {"database_url": database_url, "data_dir": place, "test__block_interval_s": 0}
    _, key = make_merchant(place, **settings)
    server = Server(place, **settings)
    developer = Developer(tmp_path, api_key=key, api_base_url=server.url)
    try:
        server.start()
        await server.ready()
        async with Merchant(server.url, key) as merchant, Receiver() as mine:
            async with developer.started("listen", "--forward-to", mine.url, "--max", "3") as listening:
                await listening.printed("Ctrl+C")
                made = [await merchant.expect(201, "POST", "/v1/payment_intents", {"amount_sats": 1000})]
                await mine.until(lambda receiver: len(receiver.received) == 1)
                server.kill()
                await listening.printed("Lost the connection to the server")
                server.start()
                await server.ready()
                made.append(await merchant.expect(201, "POST", "/v1/payment_intents", {"amount_sats": 1000}))
                made.append(await merchant.expect(201, "POST", "/v1/payment_intents", {"amount_sats": 1000}))
                assert await listening.ended() == 0
            assert "Reconnected" in listening.errors
            forwarded = [json.loads(delivery.body)["data"]["object"]["id"] for delivery in mine.received]
            assert forwarded == [intent["id"] for intent in made]
    finally:
        server.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--events", "payment_intent.paid"), "there is no event type 'payment_intent.paid'"),
        (("--since", "yesterday"), "--since"),
        (("--forward-to", "ftp://localhost/"), "--forward-to"),
        (("--forward-to", "http://[::1"), "--forward-to"),
    ],
)
async def test_invalid_options_are_refused(developer, arguments, said):
    assert said in await developer.refused("listen", *arguments)
