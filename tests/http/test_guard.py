"""Clients that misuse their connection, over real sockets: they are disconnected, and others are served meanwhile."""

import asyncio
import contextlib
import json
import socket

import pytest
import uvloop

from api.serving import until
from sgate.http.guard import MAX_DISCARDED_BYTES, MAX_HEAD_BYTES, Limits
from sgate.http.server import listen, make_server

GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
WAIT_S = 20.0


async def application(scope, receive, send):
    """Read the whole body and answer with its length; /big answers with a large body."""
    length, more = 0, True
    while more:
        message = await receive()
        length, more = length + len(message.get("body", b"")), message.get("more_body", False)
    body = b"x" * 5_000_000 if scope["path"] == "/big" else b"%d" % length
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def guarded(**limits):
    """Run a server with these limits, and yield its port."""
    listening = listen("127.0.0.1", 0)
    server = make_server(application, limits=Limits(**{"connections": 100} | limits))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await until(lambda: server.started)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


@contextlib.asynccontextmanager
async def connected(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def answer(reader):
    """Read one response: (status, body)."""
    async with asyncio.timeout(WAIT_S):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        return int(head.split()[1]), await reader.readexactly(length)


async def rest(reader):
    """Read until the connection is closed."""
    async with asyncio.timeout(WAIT_S):
        with contextlib.suppress(ConnectionError):
            return await reader.read()


async def asked(port, request):
    async with connected(port) as (reader, writer):
        writer.write(request)
        status, body = await answer(reader)
        return status, json.loads(body)["error"]["code"] if status != 200 else body


HEADER = b"X-Filler: " + b"x" * 990 + b"\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: here\r\n" + HEADER * 80 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\n" + HEADER * 80,
        b"GET /" + b"x" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: here\r\n\r\n",
    ],
    ids=["complete", "endless", "path"],
)
async def test_a_head_is_64_kib_at_most_in_one_piece_or_in_many(head):
    async with guarded() as port:
        assert await asked(port, head) == (431, "headers_too_large")
        async with connected(port) as (reader, writer):
            for start in range(0, len(head), 1000):
                writer.write(head[start : start + 1000])
                await asyncio.sleep(0)
            assert (await answer(reader))[0] == 431
            await rest(reader)


async def test_an_endless_head_is_reset_soon_after_it_was_refused():
    piece, sent = HEADER * 100, 0
    async with guarded() as port, connected(port) as (_, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n")
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(WAIT_S):
                while sent < 50 * MAX_DISCARDED_BYTES:
                    writer.write(piece)
                    await writer.drain()
                    sent += len(piece)
    assert sent < 50 * MAX_DISCARDED_BYTES, "the kernel buffers a few MiB; the rest must meet a closed connection"


async def test_data_that_is_not_http_is_refused_by_its_first_bytes():
    async with guarded() as port, connected(port) as (reader, writer):
        writer.write(b"x" * 2000)
        assert (await rest(reader)).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "request_line",
    [
        b"get / HTTP/1.1",
        b"Get / HTTP/1.1",
        b"BREW / HTTP/1.1",
        b"CONNECT here:443 HTTP/1.1",
        b"GET nowhere HTTP/1.1",
        b"GET http:// HTTP/1.1",
        b"GET /a b HTTP/1.1",
        b"GET / HTTP/2.5",
        b"PRI * HTTP/2.0",
        b"GET / HTTP/1.1\r\nBad Name: x",
        b"GET / HTTP/1.1\r\nX-Name: a\x00b",
        b"POST / HTTP/1.1\r\nContent-Length: -1",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
    ],
)
async def test_what_is_not_http_is_refused_in_the_format_of_all_errors(request_line, caplog):
    async with guarded() as port, connected(port) as (reader, writer):
        writer.write(request_line + b"\r\nHost: here\r\n\r\n")
        response = await rest(reader)
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n")
    error = json.loads(body)["error"]
    assert (error["code"], "not valid HTTP" in error["message"]) == ("bad_request", True)
    assert caplog.text == "", "a log line that is not JSON"


async def test_a_refused_upgrade_is_answered_and_not_logged_in_plain_text(caplog):
    upgrade = GET[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    async with guarded() as port:
        assert await asked(port, upgrade) == (200, b"0")
    assert caplog.text == ""


async def test_a_head_just_below_the_limit_is_accepted():
    head = b"GET / HTTP/1.1\r\nHost: here\r\n" + HEADER * 60 + b"\r\n"
    async with guarded() as port:
        assert await asked(port, head) == (200, b"0")


@pytest.mark.parametrize("begun", [b"", b"GET / HT", GET[:-2], GET[:-1]], ids=["nothing", "a word", "a line", "almost"])
async def test_half_a_head_is_not_waited_for(begun):
    async with guarded(head_s=0.1) as port, connected(port) as (reader, writer):
        writer.write(begun)
        assert (await answer(reader))[0] == 408
        assert await rest(reader) == b""


async def test_a_head_that_trickles_in_is_not_waited_for():
    async with guarded(head_s=0.2) as port, connected(port) as (reader, writer):
        status = asyncio.create_task(answer(reader))
        for byte in GET:
            if status.done():
                break
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)
        assert (await status)[0] == 408


async def test_the_second_half_of_a_head_may_come_later_and_a_kept_connection_may_be_idle():
    async with guarded(head_s=0.2) as port, connected(port) as (reader, writer):
        for split in (5, len(GET) - 3, len(GET) - 1):
            writer.write(GET[:split])
            await asyncio.sleep(0.02)
            writer.write(GET[split:])
            assert await answer(reader) == (200, b"0")
        await asyncio.sleep(0.4)  # longer than a head may take, but no head has begun
        writer.write(GET)
        assert await answer(reader) == (200, b"0")
        writer.write(GET[:5])
        assert (await answer(reader))[0] == 408


async def test_bodies_and_pipelined_requests_are_not_taken_for_heads():
    body = b"\r\n\r\n".join([b"y" * 700] * 150)
    post = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    async with guarded(head_s=0.3) as port, connected(port) as (reader, writer):
        writer.write(post + post + GET)
        assert [await answer(reader) for _ in range(3)] == [(200, b"%d" % len(body))] * 2 + [(200, b"0")]
        for start in range(0, len(post), 900):
            writer.write(post[start : start + 900])
            await asyncio.sleep(0)
        assert await answer(reader) == (200, b"%d" % len(body))


async def test_a_client_that_does_not_read_its_response_is_disconnected():
    async with guarded(stalled_s=0.1) as port:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                client.connect(("127.0.0.1", port))
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(client, GET.replace(b"GET /", b"GET /big"))
            await asyncio.sleep(0.5)
            received = 0
            with contextlib.suppress(ConnectionError):
                while data := await asyncio.wait_for(loop.sock_recv(client, 1_000_000), WAIT_S):
                    received += len(data)
            assert received < 5_000_000


async def test_connections_beyond_the_limit_are_refused_until_one_closes():
    async with guarded(connections=2) as port, contextlib.AsyncExitStack() as opened:
        for _ in range(2):
            reader, writer = await opened.enter_async_context(connected(port))
            writer.write(GET)
            assert await answer(reader) == (200, b"0")
        async with connected(port) as (reader, _):
            status, body = await answer(reader)
            assert (status, json.loads(body)["error"]["code"]) == (503, "unavailable")
        writer.close()

        async def is_let_in():
            async with connected(port) as (reader, writer):
                writer.write(GET)
                return (await answer(reader))[0] == 200

        await until(is_let_in)


async def test_honest_clients_are_served_while_a_hundred_heads_and_bodies_hang():
    async with guarded(connections=300) as port, contextlib.AsyncExitStack() as opened:
        for number in range(200):
            _, writer = await opened.enter_async_context(connected(port))
            writer.write(GET[:9] if number % 2 else b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
        assert await asked(port, GET) == (200, b"0")


@pytest.mark.parametrize(
    "behaves",
    [
        test_a_head_that_trickles_in_is_not_waited_for,
        test_the_second_half_of_a_head_may_come_later_and_a_kept_connection_may_be_idle,
        test_bodies_and_pipelined_requests_are_not_taken_for_heads,
        test_a_client_that_does_not_read_its_response_is_disconnected,
    ],
)
def test_uvloop_behaves_the_same(behaves):
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(behaves())
