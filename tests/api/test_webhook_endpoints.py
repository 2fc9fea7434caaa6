"""Calls for webhook endpoints and deliveries, with a real deliverer."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from api.serving import UNREACHABLE, serving
from sgate.core.egress import Egress
from sgate.core.retry import Schedule
from sgate.core.signature import InvalidSignature, verify_standard
from sgate.workers.webhooks.backlog import Backlog
from sgate.workers.webhooks.client import WebhookClient
from sgate.workers.webhooks.deliverer import Deliverer
from workers.webhooks.receiver import Receiver, response

ENDPOINTS, DELIVERIES, EVENTS = "/v1/webhook_endpoints", "/v1/webhook_deliveries", "/v1/events"
RECOVERIES = "/v1/webhook_recoveries"


@contextlib.asynccontextmanager
async def delivering(app):
    client = WebhookClient(egress=Egress(allow_private=True), timeout_s=5)
    gateway = app.gateway
    try:
        yield Deliverer(
            pool=gateway.pool,
            cipher=gateway.cipher,
            client=client,
            schedule=Schedule.DEFAULT,
            environment=gateway.environment,
        )
    finally:
        await client.close()


@pytest.fixture
async def deliverer(app):
    async with delivering(app) as made:
        yield made


async def tended(app):
    """Run the backlog until nothing is left to do."""
    reports = [await Backlog(app.gateway.pool).run_once()]
    while any((reports[-1].held, reports[-1].released, reports[-1].recovered)):
        reports.append(await Backlog(app.gateway.pool).run_once())
    return reports


async def endpoint(caller, url, **more):
    made = await caller.post(ENDPOINTS, {"url": url} | more)
    assert made.status == 201, made.body
    return made.json


def accepts(secret, received):
    try:
        verify_standard(secret, received.headers, received.body, int(received.headers["webhook-timestamp"]))
    except InvalidSignature:
        return False
    return True


async def actions(app):
    async with app.gateway.pool.acquire() as connection:
        rows = await connection.fetch("SELECT action, actor FROM audit_log ORDER BY id")
    return [tuple(row) for row in rows]


# --- endpoints


async def test_an_update_changes_what_is_given_and_leaves_the_rest(app, shop):
    made = await endpoint(shop, "https://shop.example/a", description="Ours")
    path = f"{ENDPOINTS}/{made['id']}"
    changed = await shop.post(path, {"url": "https://shop.example/b", "event_types": ["payment_intent.succeeded"]})
    assert changed.status == 200
    shown = {name: value for name, value in made.items() if name != "secret"}
    assert changed.json == shown | {"url": "https://shop.example/b", "event_types": ["payment_intent.succeeded"]}
    assert (await shop.get(path)).json == changed.json
    assert (await shop.post(path, {})).json == changed.json
    cleared = await shop.post(path, {"description": None, "event_types": []})
    assert (cleared.json["description"], cleared.json["event_types"]) == (None, [])
    assert [action for action, _ in await actions(app)].count("webhook_endpoint.updated") == 2, "nothing for nothing"


async def test_an_update_is_checked_like_a_create(shop):
    path = f"{ENDPOINTS}/{(await endpoint(shop, 'https://shop.example/'))['id']}"
    for body, code, param in (
        ({"url": "ftp://x"}, "invalid_url", "url"),
        ({"url": None}, "invalid_url", "url"),
        ({"event_types": ["nonsense"]}, "validation_error", "event_types[0]"),
        ({"description": "x" * 256}, "description_too_long", "description"),
        ({"enabled": "yes"}, "validation_error", "enabled"),
        ({"secret": "x"}, "validation_error", "secret"),
    ):
        answer = await shop.post(path, body)
        assert (answer.status, answer.code, answer.param) == (422, code, param)


async def test_a_live_endpoint_cannot_be_moved_to_a_private_or_unencrypted_place(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE, webhook_allow_private=False) as app:
        live = await app.key((await app.merchant()).merchant_id, "admin", livemode=True)
        path = f"{ENDPOINTS}/{(await endpoint(live, 'https://shop.example/'))['id']}"
        for url in ("http://shop.example/", "https://10.0.0.1/", "https://[::ffff:127.0.0.1]/", "https://2130706433/"):
            assert (await live.post(path, {"url": url})).code == "invalid_url"


async def test_the_event_filter_counts_for_events_from_then_on(app, shop, deliverer):
    async with Receiver() as server:
        made = await endpoint(shop, server.url, event_types=["payment_intent.canceled"])
        await shop.create()
        await shop.post(f"{ENDPOINTS}/{made['id']}", {"event_types": ["payment_intent.created"]})
        intent = await shop.create()
        await deliverer.run_once()
        assert [json.loads(received.body)["data"]["object"]["id"] for received in server.received] == [intent["id"]]


async def test_after_a_rotation_both_secrets_sign_for_a_day_and_then_the_new_one(app, shop, deliverer):
    async with Receiver() as server:
        made = await endpoint(shop, server.url)
        rotated = (await shop.post(f"{ENDPOINTS}/{made['id']}/rotate_secret")).json
        assert rotated["secret"] != made["secret"]
        left = datetime.fromisoformat(rotated["previous_secret_expires_at"]) - datetime.now(UTC)
        assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
        await shop.create()
        await deliverer.run_once()
        async with app.gateway.pool.acquire() as connection:
            await connection.execute("UPDATE webhook_endpoints SET previous_secret_until = now()")
        await shop.create()
        await deliverer.run_once()
        during, after = server.received
        assert [accepts(secret, during) for secret in (made["secret"], rotated["secret"])] == [True, True]
        assert [accepts(secret, after) for secret in (made["secret"], rotated["secret"])] == [False, True]
        assert len(during.headers["webhook-signature"].split()) == 2
        assert during.headers["x-sgate-signature"].count("v1=") == 2
    assert "whsec_" not in (await shop.get(f"{ENDPOINTS}/{made['id']}")).body.decode()
    assert ("webhook_endpoint.secret_rotated", f"key {shop.key_id}") in await actions(app)


async def test_a_test_is_sent_like_any_event_but_to_this_endpoint_alone_and_whatever_it_listens_to(
    app, shop, deliverer
):
    async with Receiver(response(204, body=b"")) as server, Receiver() as other:
        made = await endpoint(shop, server.url, event_types=["payment_intent.succeeded"])
        await endpoint(shop, other.url)
        sent = await shop.post(f"{ENDPOINTS}/{made['id']}/test")
        assert (sent.status, sent.json["status"], sent.json["event_type"]) == (201, "pending", "webhook_endpoint.test")
        await deliverer.run_once()
        [received] = server.received
        assert other.received == []
        assert accepts(made["secret"], received)
        assert json.loads(received.body)["data"]["object"]["id"] == made["id"]
        shown = (await shop.get(f"{DELIVERIES}/{sent.json['id']}")).json
        assert (shown["status"], shown["response_status"], shown["attempts"]) == ("delivered", 204, 1)


async def test_a_disabled_endpoint_gets_nothing_until_it_is_enabled_and_then_all_in_order(app, shop, deliverer):
    async with Receiver() as server:
        path = f"{ENDPOINTS}/{(await endpoint(shop, server.url))['id']}"
        intents = [await shop.create()]
        assert (await shop.post(path, {"enabled": False})).json["disabled_reason"] == "disabled by the merchant"
        intents.append(await shop.create())
        assert (await shop.post(f"{path}/test")).code == "webhook_endpoint_disabled"
        await tended(app)
        assert {item["status"] for item in (await shop.get(DELIVERIES)).json["data"]} == {"held"}
        assert (await deliverer.run_once()).claimed == 0
        enabled = await shop.post(f"{path}/enable")
        assert (enabled.json["enabled"], enabled.json["disabled_reason"]) == (True, None)
        await tended(app)
        assert (await deliverer.run_once()).delivered == 2
        assert {json.loads(item.body)["data"]["object"]["id"] for item in server.received} == {
            intent["id"] for intent in intents
        }
    assert [action for action, _ in await actions(app)][-2:] == [
        "webhook_endpoint.disabled",
        "webhook_endpoint.enabled",
    ]


async def test_410_disables_is_audited_and_announced_and_fails_nothing_else(app, shop, deliverer):
    def gone_once(received, seen=[]):  # noqa: B006 - what was seen by this receiver
        seen.append(received)
        return response(410 if len(seen) == 1 else 200)

    async with Receiver(choose=gone_once) as server, Receiver() as other:
        made = await endpoint(shop, server.url)
        await endpoint(shop, other.url, event_types=["webhook_endpoint.disabled"])
        for _ in range(4):
            await shop.create()
        report = await deliverer.run_once()
        assert (report.delivered, report.failed) == (3, 1), "what was in flight with the 410 has its own answer"
        await deliverer.run_once()
        [received] = other.received
        event = json.loads(received.body)
        assert (event["type"], event["data"]["object"]["id"]) == ("webhook_endpoint.disabled", made["id"])
        assert "410" in event["data"]["object"]["disabled_reason"]
    assert ("webhook_endpoint.disabled", "deliverer") in await actions(app)
    assert (await shop.get(EVENTS, params={"object": made["id"]})).json["data"][0][
        "type"
    ] == "webhook_endpoint.disabled"


async def test_each_change_has_its_effect_once_per_idempotency_key(app, shop):
    made = await endpoint(shop, "https://shop.example/")
    path = f"{ENDPOINTS}/{made['id']}"
    await shop.create()
    delivery = (await shop.get(DELIVERIES)).json["data"][0]["id"]
    since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    for number, (where, body) in enumerate(
        (
            (path, {"description": "once"}),
            (f"{path}/rotate_secret", None),
            (f"{path}/enable", None),
            (f"{path}/test", None),
            (f"{path}/recover", {"since": since}),
            (f"{DELIVERIES}/{delivery}/redeliver", None),
        )
    ):
        key = {"Idempotency-Key": f"key {number}"}
        first, again = [await shop.post(where, body, headers=key) for _ in range(2)]
        assert first.status < 300, first.body
        assert (again.status, again.body) == (first.status, first.body)
        assert again.headers["Idempotent-Replayed"] == "true"
    names = [action for action, _ in await actions(app)]
    assert all(names.count(name) == 1 for name in names if name.startswith("webhook"))


async def test_objects_of_another_merchant_or_mode_are_not_found(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        shop, stranger = await app.merchant(), await app.merchant()
        live = await app.key(shop.merchant_id, "read", "write", "admin", livemode=True)
        made = await endpoint(shop, "https://shop.example/")
        await shop.create()
        delivery = (await shop.get(DELIVERIES)).json["data"][0]["id"]
        begun = await shop.post(
            f"{ENDPOINTS}/{made['id']}/recover", {"since": (datetime.now(UTC) - timedelta(days=1)).isoformat()}
        )
        recovery = begun.json["id"]
        for caller in (stranger, live):
            path = f"{ENDPOINTS}/{made['id']}"
            since = {"since": (datetime.now(UTC) - timedelta(days=1)).isoformat()}
            answers = [
                await caller.get(path),
                await caller.post(path, {"enabled": False}),
                *[await caller.post(f"{path}/{action}") for action in ("rotate_secret", "enable", "test")],
                await caller.post(f"{path}/recover", since),
            ]
            assert {(answer.status, answer.code) for answer in answers} == {(404, "webhook_endpoint_not_found")}
            answers = [
                await caller.get(f"{DELIVERIES}/{delivery}"),
                await caller.post(f"{DELIVERIES}/{delivery}/redeliver"),
            ]
            assert {(answer.status, answer.code) for answer in answers} == {(404, "webhook_delivery_not_found")}
            assert (await caller.get(f"{RECOVERIES}/{recovery}")).code == "webhook_recovery_not_found"
            assert (await caller.get(DELIVERIES)).json["data"] == []
            assert (await caller.get(DELIVERIES, params={"endpoint": made["id"]})).json["data"] == []
            assert (await caller.get(DELIVERIES, params={"starting_after": delivery})).code == "invalid_cursor"
        for nonsense in ("%00", "we_", "x" * 500):
            assert (await shop.get(f"{ENDPOINTS}/{nonsense}")).code == "webhook_endpoint_not_found"
            assert (await shop.get(f"{DELIVERIES}/{nonsense}")).code == "webhook_delivery_not_found"
            assert (await shop.get(f"{RECOVERIES}/{nonsense}")).code == "webhook_recovery_not_found"


async def test_a_key_needs_the_scope(app, shop):
    made = await endpoint(shop, "https://shop.example/")
    reader, writer = await app.key(shop.merchant_id, "read"), await app.key(shop.merchant_id, "write")
    path = f"{ENDPOINTS}/{made['id']}"
    for where in (path, f"{path}/test", f"{path}/enable", f"{path}/rotate_secret", f"{path}/recover"):
        assert [(await caller.post(where, {})).code for caller in (reader, writer)] == ["insufficient_scope"] * 2
    assert (await reader.post(f"{DELIVERIES}/whd_{'0' * 24}/redeliver")).code == "insufficient_scope"
    assert (await writer.get(DELIVERIES)).code == "insufficient_scope"
    assert (await writer.get(f"{RECOVERIES}/whr_{'0' * 24}")).code == "insufficient_scope"


# --- deliveries


async def test_a_delivery_shows_what_was_sent_and_each_attempt(app, shop, deliverer):
    answers = (response(500, [b"X-Why: because"], b"\x00\xff" + b"x" * 20_000), response(200, body=b"thanks"))
    async with Receiver(*answers) as server:
        made = await endpoint(shop, server.url)
        intent = await shop.create()
        await deliverer.run_once()
        [listed] = (await shop.get(DELIVERIES)).json["data"]
        assert (listed["status"], listed["attempts"], listed["response_status"]) == ("pending", 1, 500)
        assert listed["last_error"] == "answered 500"
        await shop.post(f"{DELIVERIES}/{listed['id']}/redeliver")
        await deliverer.run_once()
        shown = (await shop.get(f"{DELIVERIES}/{listed['id']}")).json
    assert (shown["status"], shown["endpoint"], shown["event_type"]) == (
        "delivered",
        made["id"],
        "payment_intent.created",
    )
    assert shown["request"]["url"] == server.url
    assert shown["request"]["body"] == json.loads(server.received[0].body)
    assert shown["request"]["body"]["data"]["object"]["id"] == intent["id"]
    first, second = shown["attempt_log"]
    assert (first["attempt"], first["response_status"], first["url"]) == (1, 500, server.url)
    assert first["response_headers"]["X-Why"] == "because"
    assert first["response_body"] == "\ufffd\ufffd" + "x" * (16_384 - 2)
    assert (second["response_body"], second["error"]) == ("thanks", None)


async def test_deliveries_are_listed_newest_first_and_can_be_filtered_and_paged(app, shop):
    first = await endpoint(shop, "https://shop.example/1")
    second = await endpoint(shop, "https://shop.example/2")
    await asyncio.gather(*(shop.create() for _ in range(5)))
    seen, cursor = [], {}
    while True:
        page = (await shop.get(DELIVERIES, params={"limit": "3"} | cursor)).json
        seen += page["data"]
        if not page["has_more"]:
            break
        cursor = {"starting_after": seen[-1]["id"]}
    assert len({item["id"] for item in seen}) == len(seen) == 10
    assert [item["created_at"] for item in seen] == sorted((item["created_at"] for item in seen), reverse=True)
    for narrowed, count in (
        ({"endpoint": first["id"]}, 5),
        ({"event": seen[0]["event"]}, 2),
        ({"event": seen[0]["event"], "endpoint": second["id"]}, 1),
        ({"status": "pending"}, 10),
        ({"status": "failed"}, 0),
        ({"endpoint": "we_" + "0" * 24}, 0),
    ):
        assert len((await shop.get(DELIVERIES, params=narrowed)).json["data"]) == count
    for params, code, param in (
        ({"status": "lost"}, "validation_error", "status"),
        ({"endpoint": "x"}, "validation_error", "endpoint"),
        ({"starting_after": "\0"}, "invalid_cursor", "starting_after"),
        ({"page": "1"}, "validation_error", "page"),
    ):
        answer = await shop.get(DELIVERIES, params=params)
        assert (answer.code, answer.param) == (code, param)


async def test_a_redelivery_has_all_its_attempts_again(app, shop, deliverer):
    async with Receiver(response(500)) as server:
        await endpoint(shop, server.url)
        await shop.create()
        [delivery] = (await shop.get(DELIVERIES)).json["data"]
        path = f"{DELIVERIES}/{delivery['id']}"

        async def until_given_up():
            for _ in range(Schedule.DEFAULT.attempts):
                async with app.gateway.pool.acquire() as connection:
                    await connection.execute(
                        "UPDATE webhook_deliveries SET next_attempt_at = now() WHERE status = 'pending'"
                    )
                assert (await deliverer.run_once()).claimed == 1
            return (await shop.get(path)).json

        assert (await until_given_up())["status"] == "failed"
        again = await shop.post(f"{path}/redeliver")
        assert (again.status, again.json["status"]) == (200, "pending")
        shown = await until_given_up()
        assert (shown["status"], shown["attempts"]) == ("failed", 10)
        assert [attempt["attempt"] for attempt in shown["attempt_log"]] == list(range(1, 11))


async def test_nothing_is_redelivered_to_a_deleted_endpoint(app, shop):
    made = await endpoint(shop, "https://shop.example/")
    await shop.create()
    [delivery] = (await shop.get(DELIVERIES)).json["data"]
    await shop.delete(f"{ENDPOINTS}/{made['id']}")
    refused = await shop.post(f"{DELIVERIES}/{delivery['id']}/redeliver")
    assert (refused.status, refused.code) == (409, "webhook_endpoint_disabled")
    assert (await shop.get(f"{DELIVERIES}/{delivery['id']}")).json["status"] == "failed", "its log stays"


# --- recover


async def test_a_recovery_sends_missed_events_and_on_request_all(app, shop, deliverer):
    before = [await shop.create() for _ in range(3)]  # before there was an endpoint
    async with Receiver() as server:
        made = await endpoint(shop, server.url)
        delivered = [await shop.create() for _ in range(2)]
        await deliverer.run_once()
        since = {"since": (datetime.now(UTC) - timedelta(minutes=5)).isoformat()}
        begun = await shop.post(f"{ENDPOINTS}/{made['id']}/recover", since)
        assert (begun.status, begun.json["object"], begun.json["endpoint"]) == (202, "webhook_recovery", made["id"])
        assert (await shop.post(f"{ENDPOINTS}/{made['id']}/recover", since)).code == "recovery_in_progress"
        path = f"{RECOVERIES}/{begun.json['id']}"
        assert (await shop.get(path)).json == begun.json | {"replayed": 0, "finished_at": None}
        await tended(app)
        over = (await shop.get(path)).json
        assert (over["replayed"], over["finished_at"] >= over["created_at"]) == (3, True)
        assert (await deliverer.run_once()).delivered == 3
        received = [json.loads(item.body)["data"]["object"]["id"] for item in server.received]
        assert sorted(received[2:]) == sorted(intent["id"] for intent in before)
        assert (await shop.post(f"{ENDPOINTS}/{made['id']}/recover", since | {"include_delivered": True})).status == 202
        await tended(app)
        assert (await deliverer.run_once()).delivered == 5
        again = [json.loads(item.body)["data"]["object"]["id"] for item in server.received][5:]
        assert sorted(again) == sorted(intent["id"] for intent in before + delivered)
        assert len({item.headers["webhook-id"] for item in server.received}) == 5, "with the ids they had"


async def test_events_whose_deliveries_may_be_deleted_are_recovered_only_on_request(app, shop):
    path = f"{ENDPOINTS}/{(await endpoint(shop, 'https://shop.example/'))['id']}/recover"
    old = datetime.now(UTC) - timedelta(days=40)
    span = {"since": old.isoformat(), "until": (old + timedelta(days=1)).isoformat()}
    assert (await shop.post(path, span)).code == "invalid_recovery_range"
    assert (await shop.post(path, span | {"include_delivered": True})).status == 202


async def test_a_recovery_is_bounded(shop):
    path = f"{ENDPOINTS}/{(await endpoint(shop, 'https://shop.example/'))['id']}/recover"
    for body, code, param in (
        ({}, "validation_error", "since"),
        ({"since": "yesterday"}, "validation_error", "since"),
        ({"since": "2026-11-01T00:00:00"}, "validation_error", "since"),
        ({"since": "2000-01-01T00:00:00Z"}, "invalid_recovery_range", "since"),
        ({"since": "2199-01-01T00:00:00Z"}, "invalid_recovery_range", "since"),
        ({"since": "2026-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"}, "invalid_recovery_range", "since"),
    ):
        answer = await shop.post(path, body)
        assert (answer.status, answer.code, answer.param) == (422, code, param), body
