"""One delivery: its attempts, retries, signatures, and stored results."""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from standardwebhooks import Webhook

from sgate.core import signature
from sgate.core.retry import JITTER, MAX_RETRY_AFTER_S, Schedule
from sgate.db.encryption import Cipher
from workers.webhooks.outbox import Outbox, deliverer_on
from workers.webhooks.receiver import HANG, RESET, Receiver, response


@pytest.fixture
async def outbox(pool):
    return await Outbox.open(pool)


async def only_delivery(outbox):
    (delivery,) = await outbox.deliveries()
    return delivery


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_response_means_delivered_and_nothing_is_sent_again(pool, outbox, status):
    async with (
        Receiver(response(status, body=b"" if status == 204 else b"thanks")) as shop,
        deliverer_on(pool) as worker,
    ):
        await outbox.endpoint(shop.url)
        await outbox.event()
        report = await worker.run_once()
        assert (report.claimed, report.delivered, report.retried, report.failed) == (1, 1, 0, 0)
        assert (await worker.run_once()).claimed == 0
        assert len(shop.received) == 1
    delivery = await only_delivery(outbox)
    assert (delivery["status"], delivery["attempts"], delivery["response_status"]) == ("delivered", 1, status)
    assert (delivery["lease_token"], delivery["next_attempt_at"], delivery["last_error"]) == (None, None, None)
    assert worker.in_flight == 0


@pytest.mark.parametrize("schedule", list(Schedule))
async def test_failures_are_tried_again_after_the_waits_of_the_schedule_and_then_given_up(pool, outbox, schedule):
    async with Receiver(response(500, body=b"no")) as shop, deliverer_on(pool, schedule=schedule) as worker:
        await outbox.endpoint(shop.url)
        await outbox.event()
        for wait_s in schedule.waits_s:
            report = await worker.run_once()
            assert (report.claimed, report.retried) == (1, 1)
            delivery = await only_delivery(outbox)
            assert wait_s - 2 < delivery["due_in_s"] <= wait_s * (1 + JITTER)
            assert (await worker.run_once()).claimed == 0, "it is not due yet"
            await outbox.all_due()
        assert (await worker.run_once()).failed == 1
        assert len(shop.received) == schedule.attempts
    delivery = await only_delivery(outbox)
    assert (delivery["status"], delivery["last_error"]) == ("failed", "answered 500")
    stored = await outbox.attempts()
    assert [attempt["attempt"] for attempt in stored] == list(range(1, schedule.attempts + 1))
    assert {(attempt["response_status"], attempt["response_body"]) for attempt in stored} == {(500, "no")}


@pytest.mark.parametrize("clock_ahead", [timedelta(days=-2), timedelta(days=2)])
async def test_waits_are_counted_by_the_clock_of_the_database(pool, outbox, clock_ahead):
    async with Receiver(response(503)) as shop, deliverer_on(pool, clock_ahead=clock_ahead) as worker:
        await outbox.endpoint(shop.url)
        await outbox.event()
        await worker.run_once()
    assert 3 < (await only_delivery(outbox))["due_in_s"] <= 6


async def test_each_attempt_brings_the_same_id_and_bytes_freshly_signed_in_both_ways(pool, outbox):
    async with Receiver(response(500), RESET, response(200)) as shop, deliverer_on(pool) as worker:
        endpoint = await outbox.endpoint(shop.url)
        event = await outbox.event(await outbox.intent())
        for _ in range(3):
            await worker.run_once()
            await outbox.all_due()
        secret = outbox.secrets[endpoint]
        assert len(shop.received) == 3
        assert {received.headers["webhook-id"] for received in shop.received} == {event}
        assert len({received.body for received in shop.received}) == 1
        for received in shop.received:
            assert json.loads(received.body)["id"] == event
            assert Webhook(secret).verify(received.body, received.headers) == json.loads(received.body)
            signature.verify_standard(secret, received.headers, received.body, int(time.time()))
            signature.verify_sgate(secret, received.headers, received.body, int(time.time()))
            assert received.headers["content-type"] == "application/json"
            assert received.headers["x-sgate-timestamp"] == received.headers["webhook-timestamp"]
    assert (await only_delivery(outbox))["status"] == "delivered"


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (response(301, [b"Location: /elsewhere"]), 301, "answered 301; redirects are not followed"),
        (response(307, [b"Location: /elsewhere"]), 307, "answered 307; redirects are not followed"),
        (response(400), 400, "answered 400"),
        (response(429), 429, "answered 429"),
        (HANG, None, "no response within the time limit"),
        (RESET, None, "the connection was lost"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", None, "invalid_response: Bad status line"),
        (b"", None, "the connection was closed without a response"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", None, "invalid_response: Got more than 8190 bytes"),
    ],
    ids=["301", "307", "400", "429", "hang", "reset", "not-http", "closed", "endless-header"],
)
async def test_every_other_response_is_a_failure_that_is_retried(pool, outbox, answer, status, error):
    async with Receiver(answer) as shop, deliverer_on(pool, timeout_s=0.3 if answer == HANG else 10) as worker:
        await outbox.endpoint(shop.url)
        await outbox.event()
        assert (await worker.run_once()).retried == 1
        assert [received.path for received in shop.received] == ["/hooks"]
    delivery = await only_delivery(outbox)
    assert (delivery["status"], delivery["response_status"]) == ("pending", status)
    assert error in delivery["last_error"]
    (attempt,) = await outbox.attempts()
    assert (attempt["response_status"], attempt["error"]) == (status, delivery["last_error"])


async def test_a_receiver_that_is_not_there_is_a_failure_that_is_tried_again(pool, outbox):
    async with Receiver() as shop:
        url = shop.url
    async with deliverer_on(pool) as worker:
        await outbox.endpoint(url)
        await outbox.event()
        assert (await worker.run_once()).retried == 1
    assert "cannot connect" in (await only_delivery(outbox))["last_error"]


async def test_410_ends_the_delivery_and_disables_the_endpoint(pool, outbox):
    async with Receiver(response(410)) as shop, deliverer_on(pool) as worker:
        endpoint = await outbox.endpoint(shop.url)
        first = await outbox.event()
        assert (await worker.run_once()).failed == 1
        second = await outbox.event()
        assert (await worker.run_once()).claimed == 0
        assert len(shop.received) == 1
    assert "410" in await outbox.disabled(endpoint)
    assert {row["event_id"]: row["status"] for row in await outbox.deliveries()} == {first: "failed", second: "held"}


async def test_deliveries_of_a_disabled_endpoint_are_held_and_go_when_it_is_enabled(pool, outbox):
    async with Receiver(response(410), response(200)) as shop, deliverer_on(pool) as worker:
        endpoint = await outbox.endpoint(shop.url)
        await outbox.event()
        await worker.run_once()
        held = [await outbox.event() for _ in range(3)]
        assert (await worker.run_once()).claimed == 0
        await outbox.enable(endpoint)
        assert (await worker.run_once()).delivered == 3
        assert sorted(received.headers["webhook-id"] for received in shop.received[1:]) == sorted(held)


@pytest.mark.parametrize(
    ("retry_after", "shortest_s", "longest_s"),
    [
        (b"120", 118, 120),
        (b"1", 4, 6),  # shorter than the schedule's own wait
        (b"99999", MAX_RETRY_AFTER_S - 2, MAX_RETRY_AFTER_S),
        (b"9" * 5000, MAX_RETRY_AFTER_S - 2, MAX_RETRY_AFTER_S),
        (b"in a while", 4, 6),
        (b"-5", 4, 6),
        (b"Sun, 06 Nov 1994 08:49:37 GMT", 4, 6),
        (None, 110, 120),  # a date two minutes from now
    ],
    ids=["seconds", "short", "long", "absurd", "words", "negative", "past-date", "date"],
)
async def test_retry_after_is_honored_up_to_six_hours(pool, outbox, retry_after, shortest_s, longest_s):
    retry_after = retry_after or format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True).encode()
    async with Receiver(response(503, [b"Retry-After: " + retry_after])) as shop, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        await outbox.event()
        assert (await worker.run_once()).retried == 1
    assert shortest_s < (await only_delivery(outbox))["due_in_s"] <= longest_s


async def test_a_huge_response_is_truncated_and_counts_by_its_status(pool, outbox):
    async with Receiver(response(200, body=b"x" * 5_000_000)) as shop, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        await outbox.event()
        assert (await worker.run_once()).delivered == 1
    (attempt,) = await outbox.attempts()
    assert attempt["response_body"] == "x" * 16_384


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", "only this"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", "nope"),
    ],
    ids=["cut-short", "not-gzip"],
)
async def test_a_response_whose_body_breaks_off_counts_by_its_status(pool, outbox, answer, body):
    async with Receiver(answer) as shop, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        await outbox.event()
        assert (await worker.run_once()).delivered == 1
    (attempt,) = await outbox.attempts()
    assert attempt["response_body"] in {body, None}


@pytest.mark.parametrize(
    ("answer", "shown_body"),
    [
        (response(200, body=b"a\x00b"), "a\ufffdb"),
        (response(200, body=b"\xff\xfe\xed\xa0\x80"), "\ufffd" * 5),
        (response(200, [b"X-Odd: caf\xe9 \xff"], b"ok"), "ok"),
        (response(200, [b"Server: \xed\xa0\x80"], b"ok"), "ok"),
    ],
    ids=["nul", "bytes", "latin-1-header", "surrogate-header"],
)
async def test_bytes_that_no_database_can_store_do_not_stop_the_delivery(pool, outbox, answer, shown_body):
    async with Receiver(answer) as shop, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        await outbox.event()
        assert (await worker.run_once()).delivered == 1
    (attempt,) = await outbox.attempts()
    assert attempt["response_body"] == shown_body
    assert json.loads(attempt["response_headers"])["Connection"] == "close"


async def test_a_secret_that_cannot_be_decrypted_is_logged_and_delays_no_other(pool, outbox):
    async with Receiver() as shop, deliverer_on(pool) as worker:
        lost = await outbox.endpoint(shop.url, cipher=Cipher(["a key that is gone"]))
        await outbox.endpoint(shop.url)
        await outbox.event()
        report = await worker.run_once()
        assert (report.delivered, report.retried, report.postponed) == (1, 0, 1)
        assert "SGATE_SECRET_KEYS" in worker.signing_error
    (delivery,) = await outbox.deliveries(endpoint_id=lost)
    assert (delivery["status"], delivery["attempts"], delivery["lease_token"]) == ("pending", 0, None)
    assert 50 < delivery["due_in_s"] <= 60
    assert "SGATE_SECRET_KEYS" in delivery["last_error"]
    assert [attempt["delivery_id"] for attempt in await outbox.attempts()] != [delivery["id"]]
    async with Receiver() as shop, deliverer_on(pool, cipher=Cipher(["another key", "a key that is gone"])) as worker:
        await outbox.move(lost, shop.url)
        await outbox.all_due()
        assert (await worker.run_once()).delivered == 1, "the key is back"
        assert worker.signing_error is None


async def test_every_attempt_is_reported_to_the_metrics(pool, outbox):
    observed = []
    async with (
        Receiver(response(500), response(200)) as shop,
        deliverer_on(
            pool, observe=lambda delivery, result: observed.append((delivery.attempt, result.delivered))
        ) as worker,
    ):
        await outbox.endpoint(shop.url)
        await outbox.event()
        await worker.run_once()
        await outbox.all_due()
        await worker.run_once()
    assert observed == [(1, False), (2, True)]
