"""`sgate intents`, `events` and `logs`."""

import json

import pytest

from workers.webhooks.receiver import Receiver, response

pytestmark = pytest.mark.timeout(300)


async def test_an_intent_is_created_found_and_listed(site, developer):
    arguments = ("--description", "Order 17", "--metadata", "order=17", "--expires-in", "600")
    made = await developer.json("intents", "create", "4321", *arguments)
    assert (made["amount_sats"], made["description"], made["metadata"]) == (4321, "Order 17", {"order": "17"})
    other = await developer.json("intents", "create", "--usd", "19.99")
    assert other["quote"]["amount_usd"] == "19.99"
    assert (await developer.json("intents", "get", made["id"]))["id"] == made["id"]
    assert [item["id"] for item in await developer.json("intents", "list")] == [other["id"], made["id"]]
    narrowed = ("--status", "requires_payment", "--metadata", "order=17", "--since", "1h")
    assert [item["id"] for item in await developer.json("intents", "list", *narrowed)] == [made["id"]]
    table = await developer.but().ok("intents", "list")
    assert made["id"] in table


async def test_the_same_idempotency_key_makes_one_intent(developer):
    made = [await developer.json("intents", "create", "1000", "--idempotency-key", "order 17") for _ in range(2)]
    assert made[0]["id"] == made[1]["id"]


async def test_an_intent_is_watched_until_it_is_confirmed(site, developer):
    made = await developer.json("intents", "create", "1000")
    async with developer.started("intents", "watch", made["id"], "--json") as watching:
        await watching.printed("requires_payment")
        site.send(made, 400)
        site.chain.mine()
        await watching.printed("partially_paid")
        site.send(made, 600)
        site.chain.mine()
        assert await watching.ended() == 0
    seen = [json.loads(line) for line in watching.lines]
    assert seen[0]["status"] == "requires_payment"
    assert (seen[-1]["status"], seen[-1]["amount_received_sats"]) == ("confirmed", 1000)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("intents", "create"), "give one amount"),
        (("intents", "create", "1000", "--usd", "1"), "give one amount"),
        (("intents", "create", "1000", "--metadata", "order"), "KEY=VALUE"),
        (("intents", "create", "1000", "--expires-in", "5"), "invalid_expires_in"),
        (("intents", "get", "pi_000000000000000000000000"), "payment_intent_not_found"),
        (("events", "get", "evt_000000000000000000000000"), "event_not_found"),
        (("events", "resend", "evt_000000000000000000000000"), "event_not_found"),
        (("events", "list", "--since", "soon"), "--since"),
    ],
)
async def test_an_error_is_one_sentence(developer, arguments, said):
    assert said in await developer.refused(*arguments)


async def test_events_are_listed_shown_and_sent_again(site, developer):
    key = developer.settings["api_key"]
    async with Receiver() as shop, Receiver() as mine:
        await site.api(key, "POST", "/v1/webhook_endpoints", {"url": shop.url})
        intent = await site.intent(key, scan_first=False)
        (event,) = await developer.json("events", "list", "--type", "payment_intent.created", "--intent", intent["id"])
        assert await developer.json("events", "get", event["id"]) == event
        await shop.until(lambda receiver: len(receiver.received) == 1)
        (sent,) = await developer.json("events", "resend", event["id"])
        assert sent["event"] == event["id"]
        await shop.until(lambda receiver: len(receiver.received) == 2)
        await developer.ok("events", "resend", event["id"], "--forward-to", mine.url)
    assert {delivery.headers["webhook-id"] for delivery in (*shop.received, *mine.received)} == {event["id"]}
    assert {delivery.body for delivery in (*shop.received, *mine.received)} == {shop.received[0].body}


async def test_an_event_without_deliveries_cannot_be_sent_again(site, developer):
    await site.intent(developer.settings["api_key"], scan_first=False)
    (event,) = await developer.json("events", "list")
    assert "has no deliveries" in await developer.refused("events", "resend", event["id"])


async def test_the_log_shows_old_attempts_and_continues_with_new_ones(site, developer):
    key = developer.settings["api_key"]
    async with Receiver(response(500, body=b"broken"), response(200, body=b"fine")) as shop:
        await site.api(key, "POST", "/v1/webhook_endpoints", {"url": shop.url})
        await site.intent(key, scan_first=False)
        await shop.until(lambda receiver: len(receiver.received) == 1)
        async with developer.started("logs", "tail") as tailing:
            await tailing.printed("answered 500")
            await tailing.printed("broken")
            await tailing.printed("next attempt at")
            await site.intent(key, scan_first=False)
            await tailing.printed("fine")
            assert await tailing.interrupted() == 130
    assert tailing.errors == ""
    assert tailing.output.count("attempt 1 at") >= 2


async def test_the_log_without_following_exits_and_filters(site, developer):
    key = developer.settings["api_key"]
    async with Receiver() as shop:
        await site.api(key, "POST", "/v1/webhook_endpoints", {"url": shop.url})
        await site.intent(key, scan_first=False)
        await shop.until(lambda receiver: len(receiver.received) == 1)
        async with developer.started("logs", "tail", "--json") as tailing:
            await tailing.printed('"response_status":200')
    assert await developer.ok("logs", "tail", "--no-follow", "--status", "failed", "--since", "1h", "--json") == ""
    (line,) = (await developer.ok("logs", "tail", "--no-follow", "--json")).splitlines()
    assert json.loads(line)["attempt_log"][0]["response_status"] == 200
