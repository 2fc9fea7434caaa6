"""Misbehaving receivers, each a real server on the loopback interface: none costs more than its time limit and share."""

import asyncio
import contextlib
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import uvloop
from aiohttp.client_proto import ResponseHandler
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sgate.core.egress import Egress
from sgate.core.retry import DEFAULT_WAITS_S, FAILING_FOR
from sgate.workers.webhooks.client import MAX_RESPONSE_BYTES, WebhookClient
from sgate.workers.webhooks.exchange import MAX_EXCHANGE_BYTES
from workers.webhooks.outbox import Outbox, deliverer_on
from workers.webhooks.receiver import HANG, RESET, Receiver, response

MERCHANT = "00000000-0000-4000-8000-000000000001"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
async def outbox(pool):
    return await Outbox.open(pool)


@contextlib.asynccontextmanager
async def server(serve, **options):
    """`serve(reader, writer)` for each connection, after the first request has been read. Yields the URL."""
    running, writers = set(), set()

    async def begin(reader, writer):
        running.add(asyncio.current_task())
        writers.add(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await read_request(reader)
            await serve(reader, writer)
        writer.close()

    listening = await asyncio.start_server(begin, "127.0.0.1", 0, **options)
    scheme = "https" if "ssl" in options else "http"
    try:
        yield f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/hooks"
    finally:
        listening.close()
        for writer in writers:
            writer.transport.abort()
        if running:
            await asyncio.wait_for(asyncio.wait(running), 10)


async def read_request(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))


async def posted(url, *, timeout_s=5.0, times=1, **options):
    client = WebhookClient(egress=Egress(allow_private=True), timeout_s=timeout_s, **options)
    try:
        replies = [await client.post(url, b"{}", {}, merchant_id=MERCHANT) for _ in range(times)]
    finally:
        await client.close()
    return replies[-1] if times == 1 else replies


def drip(data, *, pause_s=0.02):
    """A byte now, a byte later: each resets a timeout that measures only silence."""

    async def serve(_, writer):
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(pause_s)

    return serve


async def test_headers_that_trickle_in_end_with_the_time_limit():
    async with server(drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000)) as url:
        reply = await posted(url, timeout_s=0.3)
    assert (reply.outcome.status, reply.outcome.error) == (None, "no response within the time limit")


async def test_a_body_that_trickles_in_ends_with_the_time_limit_and_counts_by_its_status():
    async def serve(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        await drip(b"x" * 1000)(reader, writer)

    async with server(serve) as url:
        reply = await posted(url, timeout_s=0.3)
    assert reply.outcome.succeeded
    assert 0 < len(reply.body) < 1000


async def test_a_response_after_the_time_limit_is_ignored_and_the_next_attempt_has_its_own_connection():
    answer = asyncio.Event()
    connections = 0

    async def serve(reader, writer):
        nonlocal connections
        connections += 1
        if connections == 1:
            await answer.wait()
        writer.write(OK)
        await reader.read()

    client = WebhookClient(egress=Egress(allow_private=True), timeout_s=0.2)
    async with server(serve) as url:
        late = await client.post(url, b"{}", {}, merchant_id=MERCHANT)
        answer.set()
        assert late.outcome.error == "no response within the time limit"
        assert (await client.post(url, b"{}", {}, merchant_id=MERCHANT)).outcome.succeeded
        assert connections == 2
        await client.close()


async def test_fifty_megabytes_are_not_read():
    sent = 0

    async def serve(_, writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        while sent < 50_000_000:
            writer.write(b"x" * 100_000)
            sent += 100_000
            await writer.drain()

    async with server(serve) as url:
        reply = await posted(url)
    assert reply.outcome.succeeded
    assert reply.body == "x" * MAX_RESPONSE_BYTES
    assert sent < 20_000_000, "what fits into the buffers of the sockets"


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nTrailer: t\r\n\r\n",
            "abc",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, "ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", None),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", "to the end"),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ok"),
    ],
    ids=["chunked", "informational", "no-content", "until-closed", "no-reason", "bare-lf"],
)
async def test_any_way_to_say_200_is_understood(answer, body):
    async def serve(_, writer):
        writer.write(answer)
        await writer.drain()

    async with server(serve) as url:
        reply = await posted(url)
    assert (reply.outcome.status, reply.body) == (200 if body != "" and b"204" not in answer else 204, body)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", "switch protocols"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok", "Duplicate Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", ""),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok and more", ""),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "Bad status line"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", ""),
        (b"\x16\x03\x01\x00\xff\x00", ""),
    ],
    ids=["upgrade", "two-lengths", "length-and-chunks", "longer-than-its-length", "http2", "ssh", "binary"],
)
async def test_what_is_not_http_is_an_invalid_response_and_its_first_bytes_are_shown(answer, error):
    async def serve(_, writer):
        writer.write(answer)
        await writer.drain()

    async with server(serve) as url:
        reply = await posted(url)
    assert reply.outcome.status is None
    assert reply.outcome.error.startswith("invalid_response: ")
    assert error in reply.outcome.error
    assert "\n" not in reply.outcome.error
    if "switch protocols" not in error:
        assert reply.body == answer.decode("utf-8", "replace").replace("\0", "\ufffd")


async def test_a_connection_that_ends_before_a_response_is_a_failure_with_a_reason():
    async def serve(_, writer):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()

    async with server(serve) as url:
        reply = await posted(url)
    assert (reply.outcome.status, reply.outcome.error) == (None, "the connection was closed without a response")


# --- endless answers

FOREVER = 20_000_000
PIECE = 50_000


def endless(head, piece):
    """Send `head`, then `piece` repeatedly, up to 20 MB. Also returns how much was sent."""
    sent = []

    async def serve(_, writer):
        writer.write(head)
        block = piece * (PIECE // len(piece))
        while sum(sent) < FOREVER:
            writer.write(block)
            sent.append(len(block))
            await writer.drain()

    return serve, sent


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "status line": (b"HTTP/1.1 200 ", b"x"),
    "one header": (HEAD + b"X-Long: ", b"x"),
    "headers": (HEAD, b"X-Another: header\r\n"),
    "informational answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "informational answers with headers": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "chunk extension": (CHUNKED + b"2;", b"x"),
    "chunk extensions": (CHUNKED, b"1;" + b"x" * 500 + b"\r\nz\r\n"),
    "chunk size": (CHUNKED, b"0"),
    "trailers": (CHUNKED + b"2\r\nok\r\n0\r\n", b"X-Another: trailer\r\n"),
    "one trailer": (CHUNKED + b"2\r\nok\r\n0\r\nX-Long: ", b"x"),
    "body until closed": (HEAD + b"\r\n", b"x"),
    "chunks": (CHUNKED, b"2\r\nok\r\n"),
}


@pytest.mark.parametrize(("head", "piece"), ENDLESS.values(), ids=ENDLESS.keys())
async def test_what_never_ends_is_cut_off(head, piece):
    serve, sent = endless(head, piece)
    async with server(serve) as url:
        reply = await posted(url)
    assert sum(sent) < FOREVER, "only what fits into the buffers of the sockets may leave"
    assert len(reply.body or "") <= MAX_RESPONSE_BYTES
    assert reply.outcome.succeeded or reply.outcome.error.startswith("invalid_response: ")


@pytest.mark.parametrize(("head", "piece"), ENDLESS.values(), ids=ENDLESS.keys())
async def test_what_never_ends_is_counted_by_the_byte(head, piece, monkeypatch):
    """No more than the limit reaches the parser."""
    taken = []
    real = ResponseHandler.data_received
    monkeypatch.setattr(
        ResponseHandler, "data_received", lambda self, data: taken.append(len(data)) or real(self, data)
    )
    serve, _ = endless(head, piece)
    async with server(serve) as url:
        await posted(url)
    assert sum(taken) <= MAX_EXCHANGE_BYTES


async def test_two_merchants_never_share_a_connection():
    connections = 0

    async def serve(reader, writer):
        nonlocal connections
        connections += 1
        while True:
            writer.write(OK)
            await read_request(reader)

    client = WebhookClient(egress=Egress(allow_private=True), timeout_s=5)
    async with server(serve) as url:
        for merchant in ("one", "one", "other", "one", "other"):
            assert (await client.post(url, b"{}", {}, merchant_id=merchant)).outcome.succeeded
        await client.close()
    assert connections == 2


async def test_connections_are_used_again_and_one_that_closed_meanwhile_costs_no_attempt():
    connections, requests = 0, 0

    async def serve(reader, writer):
        nonlocal connections, requests
        connections += 1
        writer.write(OK)
        requests += 1
        if connections == 1:
            for _ in range(2):
                await read_request(reader)
                requests += 1
                writer.write(OK)
            return  # closes it, without having said so
        await reader.read()

    async with server(serve) as url:
        replies = await posted(url, times=4)
    assert [reply.outcome.status for reply in replies] == [200] * 4
    assert (connections, requests) == (2, 4)


async def test_an_idle_connection_that_talks_is_closed():
    talk, closed = asyncio.Event(), asyncio.Event()

    async def serve(reader, writer):
        writer.write(OK)
        await talk.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nghost")
        with contextlib.suppress(ConnectionError):
            await reader.read()
        closed.set()

    client = WebhookClient(egress=Egress(allow_private=True), timeout_s=5)
    async with server(serve) as url:
        assert (await client.post(url, b"{}", {}, merchant_id=MERCHANT)).body == "ok"
        talk.set()
        await asyncio.wait_for(closed.wait(), 10)
        assert (await client.post(url, b"{}", {}, merchant_id=MERCHANT)).body == "ok"
        await client.close()


async def test_an_extra_response_is_never_taken_for_that_of_the_next_request():
    async def serve(reader, writer):
        writer.write(OK + b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    async with server(serve) as url:
        replies = await posted(url, times=2)
    assert [reply.outcome.status for reply in replies] == [200, 200]


# --- TLS


def certificate(directory, address="127.0.0.1"):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver of the tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = directory / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, ssl.create_default_context(cafile=str(path))


async def test_tls_is_verified_against_the_name_and_the_authorities(tmp_path):
    async def serve(reader, writer):
        while True:
            writer.write(OK)
            await read_request(reader)

    serving, trusting = certificate(tmp_path)
    async with server(serve, ssl=serving) as url:
        replies = await posted(url, times=2, ssl_context=trusting)
        assert [reply.outcome.status for reply in replies] == [200, 200]
        untrusted = await posted(url)
        assert "CERTIFICATE_VERIFY_FAILED" in untrusted.outcome.error
    serving, trusting = certificate(tmp_path, "127.0.0.2")
    async with server(serve, ssl=serving) as url:
        assert "CERTIFICATE_VERIFY_FAILED" in (await posted(url, ssl_context=trusting)).outcome.error


# --- over hours and days


async def test_a_receiver_that_answers_500_for_an_hour_gets_its_events_when_it_is_back(pool, outbox):
    async with Receiver(*[response(500)] * 4, response(200)) as shop, deliverer_on(pool) as worker:
        endpoint = await outbox.endpoint(shop.url)
        event = await outbox.event()
        waited_s = 0.0
        while not (report := await worker.run_once()).delivered:
            assert report.retried == 1
            [delivery] = await outbox.deliveries()
            waited_s += delivery["due_in_s"]
            assert await outbox.failing(endpoint)
            await outbox.all_due()
    assert 3600 < waited_s < 1.2 * sum(DEFAULT_WAITS_S)
    assert {received.headers["webhook-id"] for received in shop.received} == {event}
    assert not await outbox.failing(endpoint)


async def test_an_endpoint_at_which_nothing_succeeds_for_five_days_is_disabled_and_the_merchant_notified(pool, outbox):
    async with Receiver(response(500)) as shop, Receiver() as other:
        failing = await outbox.endpoint(shop.url)
        await outbox.endpoint(other.url)
        for days, disabled in ((0, False), (FAILING_FOR.days - 0.01, False), (FAILING_FOR.days + 0.01, True)):
            async with deliverer_on(pool, clock_ahead=timedelta(days=days)) as worker:
                await outbox.event()
                await worker.run_once()
            assert bool(await outbox.disabled(failing)) is disabled
        async with deliverer_on(pool) as worker:
            await worker.run_once()
    assert "webhook_endpoint.disabled" in other.received[-1].body.decode()
    assert "nothing has succeeded for 5 days" in other.received[-1].body.decode()


async def test_one_success_restarts_the_five_days(pool, outbox):
    async with Receiver(response(500), response(200), response(500)) as shop:
        endpoint = await outbox.endpoint(shop.url)
        for days in (0, 4, 6):
            async with deliverer_on(pool, clock_ahead=timedelta(days=days)) as worker:
                await outbox.event()
                await worker.run_once()
        assert len(shop.received) == 3
    assert await outbox.disabled(endpoint) is None


async def test_what_was_on_its_way_when_its_lease_and_the_process_ended_is_sent_again_with_its_id(pool, outbox):
    async with Receiver(HANG, response(200)) as shop, deliverer_on(pool) as dying, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        event = await outbox.event()
        sending = asyncio.create_task(dying.run_once())
        await shop.until(lambda shop: shop.hanging == 1)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await outbox.leases_run_out()
        assert (await worker.run_once()).delivered == 1
        assert [received.headers["webhook-id"] for received in shop.received] == [event] * 2


# --- on the event loop of production


@pytest.mark.parametrize(
    "behaves",
    [
        test_headers_that_trickle_in_end_with_the_time_limit,
        test_a_body_that_trickles_in_ends_with_the_time_limit_and_counts_by_its_status,
        test_a_response_after_the_time_limit_is_ignored_and_the_next_attempt_has_its_own_connection,
        test_fifty_megabytes_are_not_read,
        test_connections_are_used_again_and_one_that_closed_meanwhile_costs_no_attempt,
        test_an_idle_connection_that_talks_is_closed,
    ],
)
def test_uvloop_behaves_the_same(behaves):
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(behaves())


@pytest.mark.parametrize("answer", [HANG, RESET], ids=["hang", "reset"])
def test_uvloop_reports_failures_as_plainly(answer):
    async def post():
        async with Receiver(answer) as shop:
            return await posted(shop.url, timeout_s=0.3)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        reply = runner.run(post())
    assert reply.outcome.error.startswith("no response within" if answer == HANG else "the connection was lost")
