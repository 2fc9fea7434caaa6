"""The cheapest webhook receiver that returns 200. `python sink.py PORT`; exits on SIGTERM.

`GET /count` returns how many POST requests were answered.
"""

import asyncio
import signal
import sys

import uvloop

OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"
answered = 0


class Sink(asyncio.Protocol):
    """A connection. Requests arrive one after another, each with a Content-Length."""

    def connection_made(self, transport):
        self.transport = transport
        self.received = b""

    def data_received(self, data):
        self.received += data
        while self._take_one():
            pass

    def _take_one(self):
        global answered  # noqa: PLW0603 - the only state of this process
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return False
        if self.received.startswith(b"GET"):
            self.received = self.received[end + 4 :]
            body = b"%d" % answered
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
            return True
        head = self.received[:end].lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(self.received) < end + 4 + length:
            return False
        self.received = self.received[end + 4 + length :]
        answered += 1
        self.transport.write(OK)
        return True


async def serve(port):
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(Sink, "127.0.0.1", port, backlog=1024)
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
