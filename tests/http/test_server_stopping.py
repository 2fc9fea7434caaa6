"""A draining server loses no request that has reached it."""

import asyncio
import socket
import threading

import pytest
import uvloop

from sgate.http.server import listen, make_server

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
CALLERS, STOPS = 8, 4
ENOUGH = 50
PATIENCE_S = 20.0


async def application(scope, receive, send):
    await asyncio.sleep(0)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def call_until_refused(port, outcomes):
    """Send requests, each on its own connection, like a proxy without keep-alive."""
    while True:
        try:
            line = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        except ConnectionRefusedError:
            return
        with line:
            try:
                line.sendall(REQUEST)
                outcomes.append(line.recv(1000)[:12])
            except OSError as error:
                outcomes.append(repr(error))


async def stopping_under_fire():
    listening = listen("127.0.0.1", 0)
    port, outcomes = listening.getsockname()[1], []
    server = make_server(application, on_shutdown=lambda: None, drain_s=0.1)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    callers = [threading.Thread(target=call_until_refused, args=(port, outcomes)) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    while len(outcomes) < ENOUGH:
        await asyncio.sleep(0.005)
    server.should_exit = True
    await serving
    for caller in callers:
        await asyncio.to_thread(caller.join, PATIENCE_S)
    return outcomes


@pytest.mark.parametrize("attempt", range(STOPS))
def test_accepted_connections_are_answered_and_all_later_ones_are_refused(attempt):
    outcomes = uvloop.run(stopping_under_fire())
    assert set(outcomes) == {b"HTTP/1.1 200"}
