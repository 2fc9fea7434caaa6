"""Head and body of an answer leave in one packet, and nothing else about a connection changes."""

import asyncio
import contextlib

import pytest

from api.serving import until
from sgate.http.joined_writes import MAX_WAITING_BYTES, JoinedWrites
from sgate.http.server import listen, make_server

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
MOST_CHUNKS = 1000


class Recorded(asyncio.Transport):
    """A transport that notes what it is told to do."""

    def __init__(self):
        super().__init__()
        self.told = []
        self.closing = False

    def write(self, data):
        self.told.append(data)

    def close(self):
        self.told.append("close")
        self.closing = True

    def abort(self):
        self.told.append("abort")
        self.closing = True

    def is_closing(self):
        return self.closing

    def get_write_buffer_size(self):
        return 0


@pytest.fixture
async def below():
    return Recorded()


async def test_writes_of_one_turn_leave_together_and_in_order(below):
    joined = JoinedWrites(below)
    joined.write(b"head ")
    joined.write(bytearray(b"body"))
    assert (below.told, joined.get_write_buffer_size()) == ([], 9)
    await asyncio.sleep(0)
    joined.write(b"next")
    await asyncio.sleep(0)
    assert (below.told, joined.get_write_buffer_size()) == ([b"head body", b"next"], 0)


async def test_what_waits_leaves_before_a_close_and_never_after_an_abort_or_a_loss(below):
    joined = JoinedWrites(below)
    joined.write(b"last")
    joined.close()
    joined.write(b"late")
    await asyncio.sleep(0)
    assert below.told == [b"last", "close"]
    cut = JoinedWrites(cut_below := Recorded())
    cut.write(b"waits")
    cut.abort()
    await asyncio.sleep(0)
    assert cut_below.told == ["abort"]


async def test_much_is_handed_on_at_once(below):
    joined = JoinedWrites(below)
    joined.write(b"x" * MAX_WAITING_BYTES)
    assert below.told == []
    joined.write(b"y")
    assert [len(data) for data in below.told] == [MAX_WAITING_BYTES + 1]


@contextlib.asynccontextmanager
async def connected(app):
    """A connection to a server that runs `app`."""
    listening = listen("127.0.0.1", 0)
    server = make_server(app)
    running = asyncio.create_task(server.serve([listening]))
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    try:
        yield server, reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        server.should_exit = True
        await running


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def test_a_client_that_closes_its_side_after_asking_again_gets_what_was_written():
    async with connected(hello) as (_, reader, writer):
        for _ in range(3):
            writer.write(REQUEST)
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.write(REQUEST * 3)  # without waiting for the answers in between
        for _ in range(3):
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.write_eof()
        assert await reader.read() == b""


async def test_a_client_that_reads_nothing_still_holds_up_who_writes_to_it():
    sent = 0

    async def endless(scope, receive, send):
        nonlocal sent
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(MOST_CHUNKS):
            await send({"type": "http.response.body", "body": b"x" * MAX_WAITING_BYTES, "more_body": True})
            sent += 1

    async with connected(endless) as (server, _, writer):
        writer.transport.pause_reading()
        writer.write(REQUEST)
        await until(lambda: any(each.flow.write_paused for each in server.server_state.connections))
        assert 0 < sent < MOST_CHUNKS
        writer.transport.abort()
