"""The limit of pushing updates: a bare ASGI application that sends the same bytes to all its open streams.

`python raw_streams.py PORT BYTES`; exits on SIGTERM. GET opens a stream, which begins with one frame; POST sends
another frame of BYTES bytes to all streams.
"""

import asyncio
import sys

import uvicorn

FRAME = b"data: " + b"x" * (int(sys.argv[2]) - 8) + b"\n\n"
STREAM_HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
waiting = []


async def app(scope, receive, send):
    del receive
    if scope["type"] != "http":
        return
    if scope["method"] == "POST":
        woken = waiting[:]
        waiting.clear()
        for future in woken:
            if not future.done():
                future.set_result(None)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": STREAM_HEADERS})
    while True:
        await send({"type": "http.response.body", "body": FRAME, "more_body": True})
        future = asyncio.get_running_loop().create_future()
        waiting.append(future)
        await future


if __name__ == "__main__":
    config = uvicorn.Config(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=0,
    )
    uvicorn.Server(config).run()
