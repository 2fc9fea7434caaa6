"""Telemetry for operators: logs without secrets, metrics, health."""

import asyncio
import errno
import io
import logging
import re
import time
from datetime import timedelta

import aiohttp
import msgspec
import pytest
import structlog

from api.line import Line
from api.serving import SHOP, serving, until
from sgate.api.operations import create_operations_app
from sgate.http.server import listen, make_server
from sgate.runtime import instrumentation
from sgate.store import deployment_snapshot, ledger_queue
from sgate.telemetry import logging as sgate_logging

PATH = "/v1/payment_intents"


class FullDisk:
    """A stream for `telemetry.logging`, on a disk that is full until a test frees it."""

    def __init__(self):
        self.buffer = FullFile()


class FullFile(io.BytesIO):
    full = True

    def write(self, line):
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(line)


class Unbuffered(io.RawIOBase):
    """A stream for `telemetry.logging` that accepts only part of each write, like that of PYTHONUNBUFFERED."""

    def __init__(self):
        self.buffer = self
        self.writes = []
        self.takes_bytes = None

    def write(self, text):
        self.writes.append(bytes(text[: self.takes_bytes]))
        return len(self.writes[-1])

    @property
    def events(self):
        return [msgspec.json.decode(line)["event"] for line in b"".join(self.writes).splitlines()]


async def test_every_request_is_one_json_line_with_its_id_and_its_key(logged, app):
    shop = await app.merchant()
    answer = await shop.get(PATH, headers={"X-Request-Id": "mine-0017"})
    [line] = [line for line in logged.lines if line["event"] == "request"]
    assert answer.status == 200
    assert (line["request_id"], line["method"], line["path"], line["status"]) == ("mine-0017", "GET", PATH, 200)
    assert (line["key"], line["address"], line["level"]) == (shop.key_id, "127.0.0.1", "info")
    assert line["ms"] > 0
    assert line["timestamp"].endswith("Z")


async def test_a_log_that_cannot_be_written_fails_no_request_and_says_later_what_is_missing(logged, app):
    shop = await app.merchant()
    file, broken = logged.stream.buffer, FullDisk()
    sgate_logging.configure("info", broken)
    assert (await shop.get(PATH)).status == 200
    structlog.get_logger("test").error("also lost")
    broken.buffer.full = False
    assert (await shop.get(PATH)).status == 200
    lost, line = [msgspec.json.decode(line) for line in broken.buffer.getvalue().splitlines()]
    assert (lost["event"], lost["lines"]) == ("log lines were lost", 2)
    assert (line["event"], line["status"]) == ("request", 200)
    assert b"also lost" not in file.getvalue()


def a_request_line(number):
    sgate_logging.request_line(
        request_id=f"req_{number}", method="GET", path="/", status=200, seconds=0.001, address=None, key=None
    )


async def test_lines_of_one_turn_are_one_write_and_stay_in_order(logged):
    sgate_logging.configure("info", stream := Unbuffered())
    a_request_line(1)
    a_request_line(2)
    assert stream.writes == []
    structlog.get_logger("test").info("between")
    assert (len(stream.writes), stream.events) == (1, ["request", "request", "between"])
    a_request_line(3)
    await asyncio.sleep(0)
    assert stream.events[3:] == ["request"]


async def test_a_turn_with_very_many_lines_is_not_kept_whole(logged):
    sgate_logging.configure("info", stream := Unbuffered())
    for number in range(sgate_logging.MAX_WAITING_LINES):
        a_request_line(number)
    assert len(stream.events) == sgate_logging.MAX_WAITING_LINES


async def test_a_stream_that_takes_a_part_at_a_time_gets_all_of_it(logged):
    sgate_logging.configure("info", stream := Unbuffered())
    stream.takes_bytes = 10
    structlog.get_logger("test").info("whole")
    assert (len(stream.writes) > 1, stream.events) == (True, ["whole"])


async def test_no_secret_reaches_the_log_whatever_goes_wrong(logged, app):
    shop = await app.merchant()
    intent = await shop.create(headers={"Idempotency-Key": "k"})
    endpoint = (await shop.post("/v1/webhook_endpoints", {"url": "https://shop.example"})).json
    secret = intent["client_secret"]
    await shop.get(f"{PATH}/{secret}")
    await shop.get(f"{PATH}/{shop.key}")
    await shop.get(f"/v1/events/{endpoint['secret'].replace('/', '_').replace('+', '_')}")
    await app.anyone.get(f"/public/payment_intents/{intent['id']}", params={"client_secret": secret})
    await app.anyone.get(f"/pi/{intent['id']}", params={"client_secret": secret})
    await shop.post(PATH, {"amount_sats": 1, "description": secret, "extra": shop.key})
    await app.anyone.get(PATH, headers={"Authorization": f"Bearer {shop.key[:-1]}0"})
    async with app.gateway.pool.acquire() as connection:
        await connection.execute("ALTER TABLE idempotency_keys RENAME TO gone")
        await connection.execute("ALTER TABLE events RENAME TO gone_too")
    failed = await shop.post(PATH, {"amount_sats": 1, "metadata": {"secret": secret}}, headers={"Idempotency-Key": "x"})
    assert failed.status == 500
    text = logged.text
    [failure] = [line for line in logged.lines if line["event"] == "request_failed"]
    assert failure["request_id"] == failed.headers["X-Request-Id"]
    assert "UndefinedTableError" in failure["exception"]
    assert shop.key not in text
    assert not re.search(r"sk_(test|live)_[0-9a-f]", text)
    assert not re.search(r"_secret_[0-9a-f]", text)
    assert not re.search(r"whsec_[A-Za-z0-9+/]", text)


async def test_a_sample_of_what_goes_well_is_logged_and_all_that_fails(logged, app):
    shop = await app.merchant()
    sgate_logging.configure("info", logged.stream, sample=0.0)
    assert (await shop.get(PATH)).status == 200
    assert (await shop.get(f"{PATH}/pi_{'0' * 24}")).status == 404
    assert (await app.anyone.get(PATH)).status == 401
    assert [line["status"] for line in logged.lines if line["event"] == "request"] == [404, 401]


def test_what_is_slow_is_logged_however_small_the_sample(logged):
    sgate_logging.configure("info", logged.stream, sample=0.0)
    log = sgate_logging._request_log
    assert not log.wants(200, 0.9)
    assert log.wants(200, 1.0)
    assert log.wants(500, 0.001)
    log.sample = 0.25
    assert 100 < sum(log.wants(200, 0.001) for _ in range(1000)) < 500


def test_secrets_are_removed_by_name_and_by_form_at_any_depth(logged):
    log = structlog.get_logger("test")
    key = "sk_live_" + "0a" * 32
    sentence = f"with {key}"
    log.info(
        sentence,
        Authorization="Bearer x",
        api_key="x",
        nested={"list": [{"Client_Secret": "pi_1", "fine": "1"}, f"see {key}"], "PASSWORD": "hunter2"},
        url="postgresql://sgate:hunter2@db/x?client_secret=pi_0_secret_0123456789abcdef",
        deep={"a": {"b": {"c": {"d": {"e": {"f": {"secret": "hunter2"}}}}}}},
        data=b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        number=17,
    )
    log.error("failed", exc_info=ValueError(f"bad key {key}"))
    logging.getLogger("library").warning("library saw %s", key)
    assert not re.search(r"sk_live_0|hunter2|_secret_0|whsec_M|pi_1|Bearer x", logged.text)
    first, second, third = logged.lines
    assert first["number"] == 17
    assert first["nested"]["list"][0]["fine"] == "1"
    assert first["url"] == "postgresql://sgate:[REDACTED]@db/x?client_secret=pi_0_secret_[REDACTED]"
    assert "ValueError: bad key sk_live_[REDACTED]" in second["exception"]
    assert third["event"] == "library saw sk_live_[REDACTED]"


async def test_metrics_count_requests_by_route_and_errors_by_code(app):
    shop = await app.merchant()
    await shop.create()
    await shop.create(headers={"Idempotency-Key": "k"})
    await shop.create(headers={"Idempotency-Key": "k"})
    await shop.post(PATH, {"amount_sats": 0})
    await shop.get(f"{PATH}/pi_{'0' * 24}")
    await shop.get("/v1/nothing")
    answer = await app.anyone.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    text = answer.body.decode()
    for line in (
        'sgate_http_requests_total{method="POST",route="/v1/payment_intents",status="201"} 3.0',
        'sgate_http_requests_total{method="POST",route="/v1/payment_intents",status="422"} 1.0',
        'sgate_http_requests_total{method="GET",route="/v1/payment_intents/{intent_id}",status="404"} 1.0',
        'sgate_http_requests_total{method="GET",route="(none)",status="404"} 1.0',
        'sgate_payment_intents_created_total{mode="test"} 2.0',
        'sgate_errors_total{code="invalid_amount"} 1.0',
        'sgate_errors_total{code="payment_intent_not_found"} 1.0',
        'sgate_database_pool_connections{state="idle"}',
        "sgate_failed_authentications_total 0.0",
        'sgate_http_request_seconds_bucket{le="0.002",method="POST",route="/v1/payment_intents"}',
    ):
        assert line in text, line
    assert shop.merchant_id not in text


async def test_health_shows_every_component_and_degrades_with_the_watcher(app):
    before = await app.anyone.get("/health")
    assert before.status == 200
    assert (before.json["status"], before.json["services"]["blockchain"]) == ("degraded", "degraded")
    await app.watch()
    after = await app.anyone.get("/health")
    assert after.json["status"] == "healthy"
    assert after.json["services"] == dict.fromkeys(("database", "blockchain", "cache", "webhooks"), "healthy")
    assert after.json["chains"]["test"]["scanned_height"] == app.chain.tip.height
    assert after.json["uptime"] >= 0
    assert after.json["memory"]["max_rss"] > 1_000_000
    async with app.gateway.pool.acquire() as connection:
        await connection.execute("UPDATE chain_cursors SET checked_at = now() - interval '1 hour'")
    late = (await app.anyone.get("/health")).json
    assert (late["status"], late["services"]["blockchain"]) == ("degraded", "degraded")
    assert "no watcher" in late["chains"]["test"]["trouble"]


async def test_health_without_the_database_is_unhealthy_but_alive(database_url, tmp_path):
    async with Line(database_url) as line, serving(line.url, tmp_path) as app:
        assert (await app.anyone.get("/health/ready")).json == {"status": "healthy"}
        await line.cut()
        health, ready, live = [await app.anyone.get(f"/health{name}") for name in ("", "/ready", "/live")]
        assert (health.status, health.json["status"]) == (503, "unhealthy")
        assert health.json["services"]["database"] == "unhealthy"
        assert health.json["chains"] == {}
        assert (ready.status, ready.json) == (503, {"status": "unhealthy"})
        assert (live.status, live.json) == (200, {"status": "healthy"})
        await line.repair()
        assert (await app.anyone.get("/health/ready")).status == 200


@pytest.mark.parametrize("code", ["53100", "25006"], ids=["the disk is full", "read only"])
async def test_health_is_unhealthy_while_writes_are_refused_although_reads_succeed(app, code):
    shop = await app.merchant()
    await app.watch()
    async with app.gateway.pool.acquire() as connection:
        await connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql "
            f"AS $$ BEGIN RAISE 'refused by the test' USING ERRCODE = '{code}'; END $$; "
            "CREATE TRIGGER refuse BEFORE INSERT ON payment_intents FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
        )
    assert (await app.anyone.get("/health")).status == 200, "nothing has failed yet"
    assert (await shop.post(PATH, {"amount_sats": 1})).status == 503
    health = await app.anyone.get("/health")
    assert (health.status, health.json["status"], health.json["services"]["database"]) == (
        503,
        "unhealthy",
        "unhealthy",
    )
    assert health.json["services"]["blockchain"] == "healthy"
    assert [(await app.anyone.get(f"/health/{name}")).status for name in ("ready", "live")] == [200, 200]
    async with app.gateway.pool.acquire() as connection:
        await connection.execute("DROP TRIGGER refuse ON payment_intents")
    await app.gateway.deps.writes.run_once(app.gateway.pool)
    assert (await app.anyone.get("/health")).status == 200


async def test_a_payment_is_counted_when_it_is_confirmed_with_its_volume_and_its_wait(app):
    shop = await app.merchant()
    await shop.patch("/v1/merchants/me", {"pay_address": SHOP})
    await app.watch()
    intent = await shop.create()
    await app.pay(intent)
    gateway = app.gateway
    observe = instrumentation.of_decisions(gateway.metrics, gateway.modes, time.time, None)
    await app.watch(observe=observe)
    canceled = await shop.create()
    assert (await shop.post(f"{PATH}/{canceled['id']}/cancel")).status == 200
    text = (await app.anyone.get("/metrics")).body.decode()
    for line in (
        'sgate_payment_events_total{mode="test",type="payment_intent.succeeded"} 1.0',
        'sgate_payment_events_total{mode="test",type="payment_intent.canceled"} 1.0',
        'sgate_payment_events_total{mode="test",type="payment_intent.reorged"} 0.0',
        f'sgate_confirmed_sats_total{{mode="test"}} {float(intent["amount_sats"])}',
        'sgate_payment_confirmation_seconds_count{mode="test"} 1.0',
        'sgate_database_errors_total{kind="disk_full"} 0.0',
        'sgate_database_statement_seconds_count{table="payment_intents"}',
        "sgate_database_pool_limit 20.0",
        "sgate_database_replica_lag_seconds NaN",
    ):
        assert line in text, line


async def test_a_survey_shows_how_the_deployment_stands(app):
    await app.merchant()
    await app.watch()
    gateway = app.gateway
    async with gateway.pool.acquire() as connection:
        instrumentation.of_snapshots(gateway.metrics)(
            await deployment_snapshot.take(connection, gateway.cipher.key_ids)
        )
    text = (await app.anyone.get("/metrics")).body.decode()
    for line in (
        "sgate_webhook_queue_due 0.0",
        "sgate_webhook_queue_age_seconds 0.0",
        'sgate_webhook_endpoints{state="well"} 0.0',
        "sgate_webhook_endpoints_without_key 0.0",
        'sgate_ledger_queue{mode="test"} 0.0',
        'sgate_chain_trouble{mode="test"} 0.0',
        'sgate_merchants{mode="test"} 1.0',
        'sgate_merchants_active{mode="test"} 0.0',
    ):
        assert line in text, line
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    for name in ("sgate_survey_timestamp_seconds", 'sgate_chain_checked_timestamp_seconds{mode="test"}'):
        assert abs(time.time() - float(values[name])) < 120
    assert float(values["sgate_database_size_bytes"]) > 1_000_000


async def test_with_a_port_of_their_own_the_public_does_not_see_the_metrics(database_url, tmp_path):
    async with serving(database_url, tmp_path, metrics_port=0) as app:
        assert (await app.anyone.get("/metrics")).status == 404
        assert (await app.anyone.get("/health/live")).status == 200
        operations = listen("127.0.0.1", 0)
        url = f"http://127.0.0.1:{operations.getsockname()[1]}"
        server = make_server(create_operations_app(app.gateway.deps))
        serve = asyncio.create_task(server.serve(sockets=[operations]))
        await until(lambda: server.started)
        async with aiohttp.ClientSession(url) as session:
            asked = {}
            for path in ("/health", "/health/live", "/health/ready", "/v1", "/metrics"):
                async with session.get(path) as answer:
                    asked[path], text = answer.status, await answer.text()
            assert asked == {
                "/health": 200, "/health/live": 200, "/health/ready": 200, "/v1": 404, "/metrics": 200,
            }  # fmt: skip
        server.should_exit = True
        await serve
    assert 'sgate_http_requests_total{method="GET",route="/health/live",status="200"} 1.0' in text


async def test_the_health_report_names_the_ledger_while_an_intent_cannot_be_decided(app, shop):
    await app.watch()
    intent = await shop.create()
    before = (await app.anyone.get("/health")).json
    async with app.gateway.pool.acquire() as connection:
        await ledger_queue.queue(connection, [intent["id"]], livemode=False)
        await ledger_queue.postpone(connection, intent["id"], timedelta(0))
    during = (await app.anyone.get("/health")).json
    await app.watch()
    after = (await app.anyone.get("/health")).json
    assert [report["services"].get("ledger") for report in (before, during, after)] == [None, "degraded", None]
    assert (during["status"], after["status"]) == ("degraded", "healthy")
