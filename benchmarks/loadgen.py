"""The load generator: one process with keep-alive connections, each sending a request when the last one is answered.

It parses only the status and Content-Length, and encodes requests in advance, so that it uses little of the CPU time
that it shares with the server.

The first line of input is a list of scenarios {"name", "port", "connections", "expected_status", "heads", "tail",
"fresh_key"}. A request is the next of the heads, then a fresh Idempotency-Key if wanted, then the tail. Connections go
to the port, or are spread over several ports. Each further line is {"scenario", "warm_s", "seconds"}, and each line of
output {"answers", "counted", "seconds", "errors", "p50_ms", ...}: `answers` is the number of responses with the
expected status, `counted` that of responses in the measured time.
"""

import asyncio
import gc
import itertools
import json
import os
import sys
import time

import uvloop

ANSWER_TIMEOUT_S = 30
MAX_ERRORS_SHOWN = 3


class Scenario:
    """The requests of a scenario and the connections that stay open for it."""

    def __init__(self, name, port, connections, expected_status, heads, tail, fresh_key):
        self.name = name
        self.ports = [port] if isinstance(port, int) else port
        self.size = connections
        self.expected_status = str(expected_status).encode()
        self.connections = []
        self.next_request = _requests([head.encode() for head in heads], tail.encode(), fresh_key).__next__

    async def connect(self):
        """Open the missing connections: the server may have closed idle ones."""
        loop = asyncio.get_running_loop()
        self.connections = [connection for connection in self.connections if not connection.lost]
        while len(self.connections) < self.size:
            port = self.ports[len(self.connections) % len(self.ports)]
            _, connection = await loop.create_connection(Client, "127.0.0.1", port)
            self.connections.append(connection)


def _requests(heads, tail, fresh_key):
    if not fresh_key:
        yield from itertools.cycle([head + tail for head in heads])
    run = os.urandom(6).hex().encode()
    for number, head in enumerate(itertools.cycle(heads)):
        yield b"%sIdempotency-Key: %s-%d\r\n%s" % (head, run, number, tail)


class Slot:
    """One period of load."""

    def __init__(self, scenario, warm_s, seconds):
        self.scenario = scenario
        self.seconds = seconds
        self.begin = time.perf_counter() + warm_s
        self.deadline = self.begin + seconds
        self.open = len(scenario.connections)
        self.answers = 0
        self.latencies = []
        self.errors = []
        self.done = asyncio.get_running_loop().create_future()

    def answered(self, connection, status, started):
        now = time.perf_counter()
        if status == self.scenario.expected_status:
            self.answers += 1
        else:
            self.errors.append(f"answered {status.decode('latin-1')}")
        if self.begin <= now < self.deadline:
            self.latencies.append(now - started)
        if now < self.deadline:
            connection.send(self)
        else:
            self.finished()

    def finished(self):
        self.open -= 1
        if self.open == 0 and not self.done.done():
            self.done.set_result(None)

    def result(self):
        ordered = sorted(self.latencies)
        result = {
            "answers": self.answers,
            "counted": len(ordered),
            "seconds": self.seconds,
            "errors": self.errors[:MAX_ERRORS_SHOWN],
        }
        for percent in (50, 95, 99):
            result[f"p{percent}_ms"] = ordered[len(ordered) * percent // 100] * 1000 if ordered else None
        return result


class Client(asyncio.Protocol):
    """A connection with one request at a time."""

    def __init__(self):
        self.slot = None
        self.lost = False
        self.received = b""

    def connection_made(self, transport):
        self.transport = transport

    def send(self, slot):
        self.slot = slot
        self.started = time.perf_counter()
        self.transport.write(slot.scenario.next_request())

    def data_received(self, data):
        data = self.received + data if self.received else data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self.received = data
            return
        at = data.find(b"content-length: ", 0, end)
        length = int(data[at + 16 : data.find(b"\r\n", at)]) if at > 0 else 0
        if len(data) < end + 4 + length:
            self.received = data
            return
        self.received = b""
        slot, self.slot = self.slot, None
        if slot is not None:
            slot.answered(self, data[9:12], self.started)

    def connection_lost(self, exc):
        self.lost = True
        if self.slot is not None:
            self.slot.errors.append(f"connection lost: {exc}")
            self.slot.finished()


async def run(scenario, warm_s, seconds):
    await scenario.connect()
    slot = Slot(scenario, warm_s, seconds)
    for connection in scenario.connections:
        connection.send(slot)
    try:
        await asyncio.wait_for(slot.done, warm_s + seconds + ANSWER_TIMEOUT_S)
    except TimeoutError:
        slot.errors.append(f"{slot.open} requests were not answered within {ANSWER_TIMEOUT_S} s")
    return slot.result()


async def execute_commands():
    scenarios = {given["name"]: Scenario(**given) for given in json.loads(sys.stdin.readline())}
    gc.freeze()
    gc.disable()
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        result = await run(scenarios[command["scenario"]], command["warm_s"], command["seconds"])
        print(json.dumps(result), flush=True)
        gc.collect()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(execute_commands())
