"""Two API processes against one, on one database, with the load on a core of its own."""

import json
import os
import urllib.request

import report
from api import BODY, CREATES, INTENTS_SHOWN, PUBLIC, RETRIEVE, make_merchants
from rounds import alternate
from servers import CannotMeasure, free_port, wait_until_answering

CONNECTIONS = 64
WARM_S, SLOT_S = 0.2, 1.0
CREATE = CREATES[1]
CALLS = (CREATE, RETRIEVE, PUBLIC)


def run(bench, console, options):
    """Measure, and return (ratios, rates)."""
    url, ports = bench.database("bench_scaling"), [free_port(), free_port()]
    servers = [bench.sgate("api", url, port, f"api-{number}") for number, port in enumerate(ports)]
    load = bench.script("loadgen", talks=True)
    for server, port in zip(servers, ports, strict=True):
        wait_until_answering(server, f"http://127.0.0.1:{port}/health/ready")
    _keep_apart(load, servers)
    [key] = make_merchants(url, 1)
    intent_ids = [_create(ports[0], key) for _ in range(INTENTS_SHOWN)]
    scenarios = [
        scenario
        for count, chosen in ((1, ports[:1]), (2, ports))
        for scenario in _scenarios(count, chosen, key, intent_ids)
    ]
    load.tell(scenarios)
    slots = {each["name"]: _slot(load, servers, each["name"]) for each in scenarios}
    for name, slot in slots.items():
        if slot()["errors"]:
            raise CannotMeasure(f"{name} failed while warming up:\n{servers[0].last_words()}")
    results = alternate(console, "scaling", slots, options.rounds)
    for name, found in results.items():
        took = sum(slot["seconds"] for slot in found)
        shares = {part: sum(slot[part] for slot in found) / took for part in ("cpu_s", "load_s", "busy_s")}
        console.print(
            f"{name}: of {os.cpu_count()} cores the API used {shares['cpu_s']:.2f}, the load {shares['load_s']:.2f}, "
            f"all processes together {shares['busy_s']:.2f}"
        )
    ratios = [report.ratio(_name(call, 2), results, _name(call, 1), label=_name(call, 2)) for call in CALLS]
    return ratios, [report.Rate.of(name, found) for name, found in results.items()]


def _keep_apart(load, servers):
    """Pin the load to the last core and the API to the others. PostgreSQL is not pinned."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(load.pid, cores[-1:])
    for server in servers:
        os.sched_setaffinity(server.pid, cores[:-1] or cores)


def _name(call, processes):
    return (
        f"{call.partition(',')[0]}, {CONNECTIONS} connections, {processes} API process{'es' if processes > 1 else ''}"
    )


def _scenarios(processes, ports, key, intent_ids):
    def head(path, *more):
        return "\r\n".join((f"{path} HTTP/1.1", "Host: here", *more, ""))

    authorized = f"Authorization: Bearer {key}"
    body = ("Content-Type: application/json", f"Content-Length: {len(BODY)}")
    heads = {
        CREATE: [head("POST /v1/payment_intents", authorized, *body)],
        RETRIEVE: [head(f"GET /v1/payment_intents/{each}", authorized) + "\r\n" for each in intent_ids],
        PUBLIC: [head(f"GET /public/payment_intents/{each}") + "\r\n" for each in intent_ids],
    }
    return [
        {
            "name": _name(call, processes),
            "port": ports,
            "connections": CONNECTIONS,
            "expected_status": 201 if call == CREATE else 200,
            "heads": heads[call],
            "tail": f"\r\n{BODY}" if call == CREATE else "",
            "fresh_key": call == CREATE,
        }
        for call in CALLS
    ]


def _slot(load, servers, name):
    def measured():
        return sum(server.cpu_s() for server in servers), load.cpu_s(), _busy_s()

    def slot():
        before = measured()
        result = load.ask({"scenario": name, "warm_s": WARM_S, "seconds": SLOT_S})
        used = dict(zip(("cpu_s", "load_s", "busy_s"), map(float.__sub__, measured(), before), strict=True))
        return {**result, **used, "errors": result["errors"]}

    return slot


def _busy_s():
    """Return the busy seconds of all cores together since boot."""
    with open("/proc/stat") as stat:  # noqa: PTH123 - only its first line
        numbers = [int(number) for number in stat.readline().split()[1:]]
    user, nice, system, _idle, _waiting, interrupts, soft_interrupts = numbers[:7]
    return (user + nice + system + interrupts + soft_interrupts) / os.sysconf("SC_CLK_TCK")


def _create(port, key):
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/payment_intents", BODY.encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - loopback
        return json.load(response)["id"]
