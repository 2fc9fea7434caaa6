"""What PgBouncer costs: two api processes, one through it and one past it, asked in turn when all else is over.

Through a pooler in transaction mode no statement stays prepared, so each is parsed and planned anew.
"""

import asyncio
import contextlib
import json
import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp

from rig.processes import Supervised
from servers.processes import make_merchant

LOAD = Path(__file__).parents[1] / "benchmarks" / "loadgen.py"
CONNECTIONS = 16
WARM_S, SLOT_S = 0.2, 1.0
ROUNDS, ROUNDS_SHORT = 6, 2
ANSWER_S = 60.0
STOP_S = 10.0
BODY = json.dumps({"amount_sats": 10_000, "description": "Order 17", "metadata": {"order": "17"}})
INTENTS = "/v1/payment_intents"
CALLS = ("create", "retrieve", "list")
WAYS = ("through", "past")


@dataclass(frozen=True, slots=True)
class Cost:
    """One call: its rate through PgBouncer over that past it, the median of the rounds."""

    call: str
    share: float
    rounds: int


async def measure(house, *, short):
    """The cost of each call. The merchant that is made for it has no endpoint, and is in nobody's books."""
    _, api_key = await asyncio.to_thread(make_merchant, house.folder, **house.settings)
    through = {name: value for name, value in house.settings.items() if name != "database_replica_url_file"}
    past = {name: value for name, value in through.items() if name != "database_direct_url_file"}
    past["database_url_file"] = through["database_direct_url_file"]
    chosen = dict(zip(WAYS, (through, past), strict=True))
    processes = {
        way: Supervised(house.folder, f"api-{way}-pgbouncer", "api", settings | {"drain_s": 0})
        for way, settings in chosen.items()
    }
    try:
        for process in processes.values():
            await process.start()
        await asyncio.gather(*(process.ready() for process in processes.values()))
        intent_id = await _intent(processes["past"].port, api_key)
        return await _compared(processes, api_key, intent_id, ROUNDS_SHORT if short else ROUNDS)
    finally:
        for process in processes.values():
            await process.close()


async def _intent(port, api_key):
    headers = {"Authorization": f"Bearer {api_key}"}
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as session,
        session.post("/v1/payment_intents", json=json.loads(BODY)) as answer,
    ):
        assert answer.status == 201, await answer.text()
        return (await answer.json())["id"]


async def _compared(processes, api_key, intent_id, rounds):
    scenarios = [
        {"name": f"{call} {way}", "port": process.port, "connections": CONNECTIONS, **asked}
        for call, asked in _calls(api_key, intent_id).items()
        for way, process in processes.items()
    ]
    shares = {call: [] for call in CALLS}
    async with _load(scenarios) as rate:
        for scenario in scenarios:
            await rate(scenario["name"], WARM_S)
        for number in range(rounds):
            for call in CALLS:
                found = {way: await rate(f"{call} {way}", SLOT_S) for way in WAYS[:: 1 if number % 2 else -1]}
                shares[call].append(found["through"] / found["past"])
    return [asdict(Cost(call, round(statistics.median(found), 2), rounds)) for call, found in shares.items()]


def _calls(api_key, intent_id):
    head = f"HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {api_key}\r\n"
    typed = f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n"

    def get(path):
        return {"heads": [f"GET {path} {head}\r\n"], "tail": "", "expected_status": 200, "fresh_key": False}

    create = {"heads": [f"POST {INTENTS} {head}{typed}"], "tail": f"\r\n{BODY}", "expected_status": 201}
    found = (create | {"fresh_key": True}, get(f"{INTENTS}/{intent_id}"), get(f"{INTENTS}?limit=10"))
    return dict(zip(CALLS, found, strict=True))


@contextlib.asynccontextmanager
async def _load(scenarios):
    """A load generator; yields a function that measures one scenario for so many seconds: answers a second."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(LOAD), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )

    def tell(order):
        process.stdin.write(json.dumps(order).encode() + b"\n")

    async def rate(name, seconds):
        tell({"scenario": name, "warm_s": WARM_S, "seconds": seconds})
        async with asyncio.timeout(ANSWER_S):
            result = json.loads(await process.stdout.readline())
        assert not result["errors"], f"{name}: {result['errors']}"
        return result["counted"] / result["seconds"]

    tell(scenarios)
    try:
        yield rate
    finally:
        process.stdin.close()
        async with asyncio.timeout(STOP_S):
            await process.wait()
