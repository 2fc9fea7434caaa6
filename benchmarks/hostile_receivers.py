"""Receivers that answer webhooks without end. `python hostile_receivers.py PORT`, ends on SIGTERM.

The last character of the path chooses how: endless informational answers, headers, chunk extensions, body, or trailers.
Each sends as fast as it is read, until the connection is closed. `GET /count` answers how many requests came.
"""

import asyncio
import contextlib
import sys

import uvloop

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
FILLER = b"x" * 4000
ENDLESS = {
    b"0": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: " + FILLER + b"\r\n\r\n"),
    b"1": (HEAD, b"X-Filler: " + FILLER + b"\r\n"),
    b"2": (CHUNKED + b"1", b";" + FILLER),
    b"3": (HEAD + b"Content-Length: 99999999999\r\n\r\n", FILLER),
    b"4": (CHUNKED + b"0\r\n", b"X-Filler: " + FILLER + b"\r\n"),
}
requests = 0


async def serve(reader, writer):
    global requests  # noqa: PLW0603 - the one number of this process
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        line, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        if line.startswith(b"GET"):
            body = b"%d" % requests
            writer.write(HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
        else:
            await reader.readexactly(int(rest.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]))
            requests += 1
            first, more = ENDLESS[line.split(b" ")[1][-1:]]
            writer.write(first)
            while True:
                writer.write(more)
                await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
