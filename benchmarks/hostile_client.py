"""A client that wants to keep a server busy. `python hostile_client.py PORT`: {"seconds"} in, {"bytes", ...} out.

For that time it holds 100 connections with half a head and 100 with half a body, opened again when the server closes
them, and sends heads of 120 MB, one after another, each as far as the server lets it.
"""

import asyncio
import contextlib
import json
import sys

import uvloop

HALF_HEADS = HALF_BODIES = 100
HEAD_BYTES = 120_000_000
PIECE = b"X-Filler: " + b"x" * 65_000 + b"\r\n"
PAUSE_S = 0.1
"""Before a head that was refused is sent again, and before a connection that was closed is opened again."""

HALF_HEAD = b"POST /v1/payment_intents HTTP/1.1\r\nHost: localhost\r\nX-Half: "
HALF_BODY = (
    b"POST /v1/payment_intents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b'Content-Length: 1000\r\n\r\n{"amount_sats": '
)
port = int(sys.argv[1])
counts = {"bytes": 0, "heads": 0, "opened": 0}


async def hold(start):
    """Keep one connection open with the start of a request."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            counts["opened"] += 1
            writer.write(start)
            try:
                await reader.read()
            finally:
                writer.close()
        await asyncio.sleep(PAUSE_S)


async def flood():
    """Send one endless head after another."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            counts["heads"] += 1
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            try:
                for _ in range(HEAD_BYTES // len(PIECE)):
                    writer.write(PIECE)
                    await writer.drain()
                    counts["bytes"] += len(PIECE)
                    if reader.at_eof():
                        break
            finally:
                writer.close()
        await asyncio.sleep(PAUSE_S)


async def attack(seconds):
    counts.update(dict.fromkeys(counts, 0))
    work = [hold(HALF_HEAD) for _ in range(HALF_HEADS)] + [hold(HALF_BODY) for _ in range(HALF_BODIES)] + [flood()]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    return counts


async def main():
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await attack(json.loads(line)["seconds"])), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
