"""The clients: their options, what they refuse, their lists, and streams that break before the first event."""

import datetime as dt
import threading

import httpx2
import pytest

from sdk.callers import WAYS, caller_of
from sdk.casebook import load
from sdk.scripted import ScriptedServer
from sgate_sdk import AsyncSGate, SGate, SGateNotFoundError, SGateUsageError, Tier

KEY = "sk_test_" + "0" * 64
BODIES = load("answers.json")["bodies"]
INTENT = {"status": 201, "body": "intent"}
STREAM = {"Content-Type": "text/event-stream"}


@pytest.fixture
def server():
    with ScriptedServer([INTENT], BODIES) as running:
        yield running


def test_key_and_base_url_default_to_the_environment(server, monkeypatch):
    monkeypatch.setenv("SGATE_API_KEY", KEY)
    monkeypatch.setenv("SGATE_API_BASE_URL", f"{server.url}/")
    with SGate() as client:
        client.payment_intents.retrieve("pi_1")
    assert server.received[0].target == "/v1/payment_intents/pi_1"
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"


def test_the_path_of_the_base_url_is_kept(server):
    with SGate(KEY, base_url=f"{server.url}/pay") as client:
        client.payment_intents.retrieve("pi_1")
    assert server.received[0].target == "/pay/v1/payment_intents/pi_1"


@pytest.mark.parametrize("kind", [SGate, AsyncSGate])
@pytest.mark.parametrize(
    "base_url",
    [None, "", "pay.example.com", "ftp://pay.example.com", "https://", "https://x/?a=1", "https://x/#a", "http://[::1"],
)
def test_an_invalid_base_url_is_refused_with_an_example(kind, base_url, monkeypatch):
    monkeypatch.delenv("SGATE_API_BASE_URL", raising=False)
    with pytest.raises(SGateUsageError, match=r"https://pay\.example\.com") as refused:
        kind(KEY, base_url=base_url)
    assert (refused.value.code, refused.value.param) == ("invalid_base_url", "base_url")


@pytest.mark.parametrize("api_key", [f"{KEY}\n", "sk test", "sk_tést"])
def test_a_key_with_invalid_characters_is_refused_without_being_shown(api_key):
    with pytest.raises(SGateUsageError, match="line break") as refused:
        SGate(api_key, base_url="http://127.0.0.1:1")
    assert api_key not in str(refused.value)


@pytest.mark.parametrize("options", [{"timeout_s": 0}, {"timeout_s": -1}, {"max_retries": -1}])
def test_options_out_of_range_are_refused(options):
    (name,) = options
    with pytest.raises(SGateUsageError, match=f"{name} must be"):
        SGate(KEY, base_url="http://127.0.0.1:1", **options)
    with SGate(KEY, base_url="http://127.0.0.1:1") as client, pytest.raises(SGateUsageError, match=f"{name} must be"):
        client.with_options(**options)


def test_without_a_key_only_public_calls_work(monkeypatch):
    monkeypatch.delenv("SGATE_API_KEY", raising=False)
    refusal = {
        "status": 404,
        "body": {"error": {"type": "not_found", "code": "payment_intent_not_found", "message": "No."}},
    }
    with ScriptedServer([refusal], BODIES) as server, SGate(base_url=server.url) as client:
        with pytest.raises(SGateUsageError, match="SGATE_API_KEY") as refused:
            client.payment_intents.retrieve("pi_1")
        assert (refused.value.code, refused.value.param) == ("api_key_missing", "api_key")
        assert not server.received
        with pytest.raises(SGateNotFoundError):
            client.public.retrieve("pi_1")


def test_the_repr_of_a_client_hides_its_key():
    with SGate(KEY, base_url="http://127.0.0.1:1") as client:
        shown = f"{client!r} {client._driver.options!r}"
    assert KEY not in shown
    assert "127.0.0.1" in shown


def test_a_client_with_other_options_shares_the_connections():
    failing = {"status": 503, "body": "unavailable"}
    with ScriptedServer([failing, INTENT], BODIES) as server, SGate(KEY, base_url=server.url, max_retries=0) as client:
        patient = client.with_options(max_retries=1)
        assert patient._driver.http is client._driver.http
        assert patient.payment_intents.retrieve("pi_1").id
    assert len(server.received) == 2


def test_a_client_may_be_shared_by_threads(server):
    with SGate(KEY, base_url=server.url) as client:
        threads = [threading.Thread(target=client.payment_intents.create, kwargs={"amount_sats": 1}) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({request.headers["idempotency-key"] for request in server.received}) == 8


def test_a_custom_http_client_is_used(server):
    with SGate(KEY, base_url=server.url, http_client=httpx2.Client(headers={"X-Shop": "17"})) as client:
        client.payment_intents.retrieve("pi_1")
    assert server.received[0].headers["x-shop"] == "17"


def test_a_datetime_without_a_time_zone_is_refused():
    with SGate(KEY, base_url="http://127.0.0.1:1") as client, pytest.raises(SGateUsageError, match="time zone"):
        client.payment_intents.list(from_date=dt.datetime(2026, 11, 25))  # noqa: DTZ001 - the mistake


def test_dates_and_times_are_sent_in_iso_8601():
    page = {"status": 200, "body": "empty_list"}
    with ScriptedServer([page], BODIES) as server, SGate(KEY, base_url=server.url) as client:
        client.payment_intents.list(
            from_date=dt.date(2026, 11, 25), to_date=dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
        )
    assert server.received[0].shown()["query"] == {"from_date": "2026-11-25", "to_date": "2026-11-26T12:00:00+00:00"}


def test_a_policy_is_sent_as_tiers(server):
    with SGate(KEY, base_url=server.url) as client:
        client.payment_intents.create(amount_sats=1, confirmation_policy=[Tier(from_sats=0, stacks_blocks=6)])
    sent = server.received[0].shown()["body"]
    assert sent["confirmation_policy"][0]["stacks_blocks"] == 6


@pytest.mark.parametrize("key", ["", "zwölf", "a\nb"])
def test_an_idempotency_key_that_cannot_be_sent_is_refused(server, key):
    with SGate(KEY, base_url=server.url) as client, pytest.raises(SGateUsageError, match="ASCII"):
        client.payment_intents.create(amount_sats=1, idempotency_key=key)
    assert not server.received


def entries(ids, *, has_more):
    common = {"livemode": False, "actor": "operator", "action": "x", "object_id": None, "address": None}
    common |= {"request_id": None, "detail": {}, "created_at": "2026-11-25T12:00:00.000Z"}
    return {
        "status": 200,
        "json": {"object": "list", "data": [{"id": each, **common} for each in ids], "has_more": has_more},
    }


LIST = [entries(["aud_3", "aud_2"], has_more=True), entries(["aud_1"], has_more=False)]


def test_pages_are_iterated_one_by_one():
    with ScriptedServer(LIST, BODIES) as server, SGate(KEY, base_url=server.url) as client:
        first = client.audit_log.list(limit=2)
        assert [[each.id for each in page.data] for page in first.iter_pages()] == [["aud_3", "aud_2"], ["aud_1"]]
    assert [request.shown()["query"] for request in server.received] == [
        {"limit": "2"},
        {"limit": "2", "starting_after": "aud_2"},
    ]


async def test_pages_are_iterated_one_by_one_with_await():
    with ScriptedServer(LIST, BODIES) as server:
        async with AsyncSGate(KEY, base_url=server.url) as client:
            pages = [page async for page in client.audit_log.list().iter_pages()]
    assert [[each.id for each in page.data] for page in pages] == [["aud_3", "aud_2"], ["aud_1"]]


@pytest.mark.parametrize(("limit", "found", "requests"), [(9, 3, 2), (2, 2, 1), (1, 1, 1)])
async def test_a_list_of_objects_fetches_no_more_pages_than_needed(limit, found, requests):
    with ScriptedServer(LIST, BODIES) as server, SGate(KEY, base_url=server.url) as client:
        assert len(client.audit_log.list().to_list(limit=limit)) == found
    assert len(server.received) == requests
    with ScriptedServer(LIST, BODIES) as server:
        async with AsyncSGate(KEY, base_url=server.url) as client:
            assert len(await client.audit_log.list().to_list(limit=limit)) == found
            assert await client.audit_log.list().to_list(limit=0) == []
    assert len(server.received) == requests


def event(number):
    return (
        f'{{"id":"evt_{number}","type":"weather.changed","event":"weather.changed","created":1,"livemode":false,'
        f'"sequence":0,"data":{{"object":{{}}}}}}'
    )


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_that_breaks_before_its_first_event_misses_nothing(way):
    page = f'{{"object":"list","data":[{event(1)}],"has_more":true,"limit":1}}'
    answers = [
        {"status": 200, "text": page, "headers": {"Content-Type": "application/json"}},
        {"drop": "at_once"},
        {"status": 200, "headers": STREAM, "text": "retry: 10\n\n"},
        {"status": 200, "headers": STREAM, "text": f"id: evt_2\ndata: {event(2)}\n\n"},
    ]
    with ScriptedServer(answers, BODIES) as server:
        caller = caller_of(way, server.url, KEY)
        assert [each["id"] for each in caller.call("events.stream", {}, {}, take=1)] == ["evt_2"]
        caller.close()
    assert [request.shown()["last_event_id"] for request in server.received] == [None, "evt_1", "evt_1", "evt_1"]
