"""Server-sent events on a real server: updates, heartbeats, slow clients, disconnecting clients, and shutdown."""

import asyncio
import contextlib
import socket

import aiohttp
import pytest
from litestar import Litestar, Response, get

from api.serving import until
from sgate.db.notifications import Channel, Listener, notify
from sgate.http.error_responses import answer
from sgate.http.guard import Limits
from sgate.http.middleware import Edge
from sgate.http.server import listen, make_server
from sgate.http.sse import Streams
from sgate.http.sse import frame as encoded_frame
from sgate.telemetry.metrics import Metrics

FAR_S = 60.0


class Source:
    """The source that a stream reads from: frames supplied by the test."""

    def __init__(self, listener):
        self.frames, self.reads, self.error, self._listener = [], 0, None, listener

    async def read(self):
        self.reads += 1
        if self.error is not None:
            raise self.error
        frames, self.frames = self.frames, []
        return frames

    @contextlib.contextmanager
    def join(self, subscription):
        leave = self._listener.wait_for(Channel.INTENT, "pi_1", subscription.wake)
        yield lambda: self.read()  # noqa: PLW0108 - a test may replace it
        leave()


class Site:
    def __init__(self, url, streams, source, session, server, gate):
        self.url, self.streams, self.source, self.session, self.server = url, streams, source, session, server
        self.gate = gate  # while it is closed, requests to /stream are held before their response

    @contextlib.asynccontextmanager
    async def open(self, path="stream"):
        async with self.session.get(f"{self.url}/{path}") as response:
            assert response.status == 200
            yield response


@contextlib.asynccontextmanager
async def site(listener, *, poll_s=FAR_S, max_per_caller=3, stalled_s=20.0, **options):
    gate = asyncio.Event()
    gate.set()
    streams, source = Streams(**{"max_open": 100} | options), Source(listener)

    def response(tag, **further):
        return streams.response(source.join, limits={"me": max_per_caller, tag: None}, poll_s=poll_s, **further)

    @get("/stream")
    async def stream() -> Response:
        await gate.wait()
        return response("some")

    @get("/other")
    async def other() -> Response:
        return response("other")

    @get("/reserved")
    async def reserved() -> Response:
        return response("some", reserved=True)

    app = Litestar(
        [stream, other, reserved], exception_handlers={Exception: answer}, openapi_config=None, logging_config=None
    )
    edge = Edge(app, Metrics(), public_url="", https_only=False)
    server = make_server(edge, on_shutdown=streams.end, limits=Limits(connections=100, stalled_s=stalled_s))
    listening = listen("127.0.0.1", 0)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
            await until(lambda: server.started)
            yield Site(f"http://127.0.0.1:{listening.getsockname()[1]}", streams, source, session, server, gate)
    finally:
        server.should_exit = True
        await running


@pytest.fixture
def deaf(database_url):
    """A listener that receives nothing."""
    return Listener(database_url)


async def lines(response, count):
    return [(await response.content.readline()).decode() for _ in range(count)]


def frame(number):
    return encoded_frame(b'{"n":%d}' % number, event="news", identity=f"evt_{number}")


async def test_frames_have_an_id_a_name_and_one_line_of_data(deaf):
    async with site(deaf, poll_s=0.01) as where:
        where.source.frames = [frame(1), encoded_frame(b"{}")]
        async with where.open() as response:
            assert response.content_type == "text/event-stream"
            assert response.headers["Cache-Control"] == "no-store, no-transform"
            assert response.headers["X-Accel-Buffering"] == "no"
            assert (await lines(response, 1))[0].startswith("retry: ")
            assert await lines(response, 7) == [
                "\n", "id: evt_1\n", "event: news\n", 'data: {"n":1}\n', "\n", "data: {}\n", "\n",
            ]  # fmt: skip


async def test_the_feed_wakes_the_streams_of_its_topic_and_no_other(database_url, pool):
    listener = Listener(database_url)
    listening = asyncio.create_task(listener.run())
    try:
        await until(lambda: listener.connected)
        async with site(listener) as where, where.open() as response, pool.acquire() as connection:
            await lines(response, 2)
            await until(lambda: where.source.reads == 1)
            await notify(connection, Channel.INTENT, "pi_2")
            where.source.frames = [frame(7)]
            await notify(connection, Channel.INTENT, "pi_1")
            assert "id: evt_7\n" in await lines(response, 1)
            assert where.source.reads == 2
    finally:
        listening.cancel()


async def test_what_the_feed_missed_is_found_by_reading_again(deaf):
    async with site(deaf, poll_s=0.01) as where, where.open() as response:
        await lines(response, 2)
        await until(lambda: where.source.reads > 2)
        where.source.frames = [frame(1)]
        assert await lines(response, 1) == ["id: evt_1\n"]


async def test_silence_is_broken_by_a_comment(deaf):
    async with site(deaf, heartbeat_s=0.02) as where, where.open() as response:
        await lines(response, 2)
        assert await lines(response, 4) == [": still here\n", "\n"] * 2


async def test_a_stream_ends_after_its_lifetime_and_says_when_to_reconnect(deaf):
    async with site(deaf, life_s=0.05) as where, where.open() as response:
        text = (await response.content.read()).decode()
        assert text.count("retry: ") == 2
        assert text.endswith("\n\n")
        await until(lambda: where.streams.open == 0)


async def test_the_streams_of_a_tag_can_be_ended_and_no_others(deaf):
    async with site(deaf) as where, where.open() as ended, where.open("other") as kept:
        await lines(ended, 2)
        await lines(kept, 2)
        where.streams.end_tagged("some")
        assert (await ended.content.read()).decode().startswith("retry: ")
        await until(lambda: where.streams.open == 1)
        where.streams.end_tagged("nobody's")
        assert where.streams.open == 1


async def test_a_disconnected_client_is_noticed_at_once(deaf):
    async with site(deaf) as where:
        async with where.open() as response:
            await lines(response, 2)
            assert where.streams.open == 1
            response.close()
        await until(lambda: where.streams.open == 0)


async def test_a_client_that_disconnects_before_its_stream_begins_leaves_none_behind(deaf):
    async with site(deaf) as where:
        where.gate.clear()
        _, writer = await asyncio.open_connection("127.0.0.1", int(where.url.rpartition(":")[2]))
        writer.write(b"GET /stream HTTP/1.1\r\nHost: here\r\n\r\n")
        await until(lambda: len(where.server.server_state.tasks) == 1)
        writer.transport.abort()
        await until(lambda: not where.server.server_state.connections)
        where.gate.set()
        await until(lambda: not where.server.server_state.tasks)
        await until(lambda: where.streams.open == 0)


async def test_a_client_that_reads_nothing_is_cut_off_and_costs_no_more_than_a_bounded_buffer(deaf):
    async with site(deaf, poll_s=0.0, stalled_s=0.1) as where:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", int(where.url.rpartition(":")[2])))
            client.setblocking(False)
            client.send(b"GET /stream HTTP/1.1\r\nHost: here\r\n\r\n")
            sent, page = 0, encoded_frame(b"x" * 50_000)

            async def endless():
                nonlocal sent
                sent += 1
                return [page]

            where.source.read = endless
            await until(lambda: where.streams.open == 1)
            await until(lambda: where.streams.open == 0)
            assert sent < 200  # what fits into the buffers of two sockets


async def test_shutdown_ends_streams_at_once_and_says_when_to_reconnect(deaf):
    async with site(deaf) as where, where.open() as response:
        await lines(response, 2)
        began = asyncio.get_running_loop().time()
        where.server.should_exit = True
        assert (await response.content.read()).decode().startswith("retry: ")
        assert asyncio.get_running_loop().time() - began < 5  # not after the ten seconds that requests are given


async def test_streams_are_limited_per_caller_and_in_total(deaf):
    async with site(deaf, max_per_caller=2) as where, where.open() as one, where.open() as two:
        await lines(one, 2)
        await lines(two, 2)
        async with where.session.get(f"{where.url}/stream") as refused:
            assert (refused.status, refused.headers["Retry-After"]) == (429, "5")
    async with site(deaf, max_open=5, max_per_caller=10) as where, contextlib.AsyncExitStack() as opened:
        for _ in range(4):
            await opened.enter_async_context(where.open())
        async with where.session.get(f"{where.url}/stream") as refused:
            assert refused.status == 503
        await opened.enter_async_context(where.open("reserved"))  # a fifth is kept for those who are about to pay
        async with where.session.get(f"{where.url}/reserved") as refused:
            assert refused.status == 503
        await until(lambda: where.streams.open == 5)


@pytest.mark.parametrize(("error", "level"), [(OSError("gone"), "warning"), (LookupError("a defect"), "error")])
async def test_a_stream_whose_read_fails_ends_and_the_log_says_why(deaf, logged, error, level):
    async with site(deaf) as where:
        where.source.error = error
        async with where.open() as response:
            assert (await response.content.read()).decode().count("retry: ") == 2
        await until(lambda: any(line["level"] == level and "stream" in line["event"] for line in logged.lines))
        await until(lambda: where.streams.open == 0)
