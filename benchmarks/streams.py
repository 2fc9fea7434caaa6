"""Open streams: the memory of each, and the cost of sending a change to all of them, against bare ASGI."""

import asyncio
import json
import urllib.request

import asyncpg

import report
from api import make_merchants
from rounds import alternate
from servers import CannotMeasure, free_port, wait_until_answering
from sgate.db.notifications import Channel, notify

STREAMS, STREAMS_QUICK = 5000, 1000
WARM_STREAMS = 200
PUSHES = 5
"""Changes per slot, one after another."""

MUST_KIB, AIM_KIB = 64.0, 32.0
KIB = 1024
OURS, BARE = "a change to all streams of an intent", "bare ASGI, the same bytes"


class Site:
    """A server with streams, and its clients."""

    def __init__(self, bench, name, server, port, paths, push):
        self.server, self.name = server, name
        self._port, self._paths, self._push = port, paths, push
        self._pushed = 0
        self._listeners = bench.script("listeners", talks=True)

    def open(self, streams):
        """Open streams. Returns how many bytes of the server's memory each takes."""
        before = self.server.memory_bytes()
        self._execute({"open": streams, "port": self._port, "paths": self._paths})
        return (self.server.memory_bytes() - before) / streams

    def close(self):
        self._execute({"close": True})

    def slot(self, streams):
        """Return a slot that sends some changes to all streams."""

        def measure():
            before, seconds = self.server.cpu_s(), 0.0
            for _ in range(PUSHES):
                self._pushed += 1
                self._push(self._pushed)
                seconds += self._execute({"frames": 1})["seconds"]
            cpu_s, sent = self.server.cpu_s() - before, PUSHES * streams
            return {"answers": sent, "counted": sent, "seconds": cpu_s, "cpu_s": cpu_s, "took_s": seconds, "errors": []}

        return measure

    def _execute(self, command):
        result = self._listeners.ask(command)
        if result["errors"]:
            raise CannotMeasure(f"{self.name}: {'; '.join(result['errors'])}\n{self.server.last_words()}")
        return result


def run(bench, console, options):
    """Measure, and return (ratios, rates)."""
    streams = STREAMS_QUICK if options.quick else STREAMS
    url = bench.database("bench_streams")
    [key] = make_merchants(url, 1)
    with console.status(f"opening {streams} streams, three times"):
        apart, _ = _ours(bench, url, key, "apart", intents=streams)
        apart.open(WARM_STREAMS)
        apart.close()
        memory_apart = apart.open(streams)
        apart.close()
        apart.server.stop()
        together, path = _ours(bench, url, key, "together", intents=1)
        together.open(WARM_STREAMS)
        together.close()
        memory_together = together.open(streams)
        bare = _bare(bench, _frame_bytes(path))
        bare.open(WARM_STREAMS)
        bare.close()
        memory_bare = bare.open(streams)
    slots = {OURS: together.slot(streams), BARE: bare.slot(streams)}
    results = alternate(console, "streams", slots, options.rounds)
    costs = [ours["cpu_s"] / theirs["cpu_s"] for ours, theirs in zip(results[OURS], results[BARE], strict=True)]
    ratios = [
        _memory(f"memory of a stream, {streams} on one intent", memory_together),
        _memory(f"memory of a stream, {streams} on intents of their own", memory_apart),
        _memory("memory of a stream, bare ASGI", memory_bare, with_targets=False),
        report.Ratio(
            name=f"processor time of {OURS}, {streams}",
            against=BARE,
            rounds=costs,
            must=2.5,
            aim=1.5,
            lower_is_better=True,
            times=True,
            spread=report.spread_of([slot["cpu_s"] for slot in results[BARE]]),
        ),
    ]
    return ratios, [report.Rate.of(name, found) for name, found in results.items()]


def _memory(name, found, *, with_targets=True):
    targets = {"must": 1.0, "aim": AIM_KIB / MUST_KIB} if with_targets else {}
    return report.Ratio(
        name=name, against=f"{MUST_KIB:.0f} KiB", rounds=[found / KIB / MUST_KIB], lower_is_better=True, **targets
    )


def _ours(bench, url, key, name, *, intents):
    """Start a server whose streams cycle through `intents` intents. Returns it and the URL of a stream."""
    port = free_port()
    base, authorized = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {key}"}
    server = bench.sgate(
        "api",
        url,
        port,
        f"api-{name}",
        trusted_proxies="127.0.0.1",
        max_streams=2 * STREAMS,
        max_streams_per_intent=2 * STREAMS,
    )
    wait_until_answering(server, f"{base}/health/ready")
    made = [_call(f"{base}/v1/payment_intents", {"amount_sats": 25_000}, authorized)["id"] for _ in range(intents)]
    paths = [f"/public/payment_intents/{intent_id}/events" for intent_id in made]

    def push(number):
        """Change an intent as another process, such as the watcher, would."""
        asyncio.run(_change(url, made[0], f"Order {number}"))

    return Site(bench, name, server, port, paths, push), base + paths[0]


def _bare(bench, frame_bytes):
    port = free_port()
    server = bench.script("raw_streams", port, frame_bytes)
    wait_until_answering(server, f"http://127.0.0.1:{port}/")

    def push(_):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", data=b"", timeout=10) as response:
            response.read()

    return Site(bench, "bare", server, port, ["/"], push)


def _frame_bytes(url):
    """Return the size of a change in bytes."""
    with urllib.request.urlopen(url, timeout=10) as stream:  # noqa: S310 - loopback
        frame = b""
        while not frame.endswith(b"\n\n") or b"data: " not in frame:
            line = stream.readline()
            frame = line if line.startswith(b"id: ") else frame + line
        return len(frame)


def _call(url, body, headers):
    content = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers=content)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - loopback
        return json.load(response)


async def _change(url, intent_id, description):
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(
                "UPDATE payment_intents SET description = $2 WHERE id = $1", intent_id, description
            )
            await notify(connection, Channel.INTENT, intent_id)
    finally:
        await connection.close()
