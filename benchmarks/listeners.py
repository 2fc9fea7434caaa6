"""Many stream clients in one process, which opens streams and counts the frames that arrive.

Input, one JSON command per line: {"open": N, "port": P, "paths": [...]} opens N streams, cycling through the paths,
each with its own client address in `X-Forwarded-For`, and responds when each has its first frame; {"frames": K}
responds when each has K more; {"close": true} closes all. Output, one line per command: {"seconds", "errors"}.
"""

import asyncio
import json
import sys
import time

import uvloop

TIMEOUT_S = 60
AT_ONCE = 100
FRAME = b"data: "


class Listener(asyncio.Protocol):
    """One stream."""

    def __init__(self, path, address, counted):
        self._request = f"GET {path} HTTP/1.1\r\nHost: here\r\nX-Forwarded-For: {address}\r\n\r\n".encode()
        self._counted = counted
        self.transport = None
        self.lost = False

    def connection_made(self, transport):
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data):
        self._counted(data.count(FRAME))

    def connection_lost(self, _):
        self.lost = True


class Crowd:
    """All open streams."""

    def __init__(self):
        self.listeners, self.frames, self.wanted = [], 0, 0
        self.reached = asyncio.Event()

    def counted(self, frames):
        self.frames += frames
        if self.frames >= self.wanted:
            self.reached.set()

    async def open(self, count, port, paths):
        loop = asyncio.get_running_loop()
        for first in range(0, count, AT_ONCE):
            self.want(min(AT_ONCE, count - first))
            for number in range(first, min(first + AT_ONCE, count)):
                address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
                path = paths[number % len(paths)]
                _, listener = await loop.create_connection(
                    lambda path=path, address=address: Listener(path, address, self.counted), "127.0.0.1", port
                )
                self.listeners.append(listener)
            await self.wait()

    def want(self, more):
        self.wanted += more
        self.reached.clear()
        if self.frames >= self.wanted:
            self.reached.set()

    async def wait(self):
        async with asyncio.timeout(TIMEOUT_S):
            await self.reached.wait()

    def close(self):
        for listener in self.listeners:
            listener.transport.abort()
        self.listeners.clear()
        self.frames = self.wanted = 0


async def execute(crowd, command):
    began, errors = time.perf_counter(), []
    try:
        if "open" in command:
            await crowd.open(command["open"], command["port"], command["paths"])
        elif "frames" in command:
            crowd.want(command["frames"] * len(crowd.listeners))
            await crowd.wait()
        else:
            crowd.close()
    except TimeoutError:
        errors.append(f"{crowd.frames} of {crowd.wanted} frames arrived")
    errors += [f"{lost} streams were lost"] if (lost := sum(each.lost for each in crowd.listeners)) else []
    return {"seconds": time.perf_counter() - began, "errors": errors}


async def main():
    loop, crowd = asyncio.get_running_loop(), Crowd()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await execute(crowd, json.loads(line))), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
