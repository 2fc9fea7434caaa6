"""The limit of sending: bare aiohttp posting the same bytes again and again. Told what to do line by line, as JSON.

First line in: {"url", "headers", "body", "concurrent"}. Each further line: {"warm_s", "seconds"}. Each line out:
{"answers", "counted", "seconds", "errors"}; `counted` are the answers of the measured time.
"""

import asyncio
import json
import sys
import time

import aiohttp
import uvloop


async def post_for(session, what, warm_s, seconds):
    begin = time.perf_counter() + warm_s
    deadline = begin + seconds
    answers = counted = 0
    errors = []

    async def again_and_again():
        nonlocal answers, counted
        while time.perf_counter() < deadline:
            async with session.post(what["url"], data=what["body"], headers=what["headers"]) as response:
                await response.read()
            answers += 1
            if response.status != 200:
                errors.append(f"answered {response.status}")
            if begin <= time.perf_counter() < deadline:
                counted += 1

    await asyncio.gather(*(again_and_again() for _ in range(what["concurrent"])))
    return {"answers": answers, "counted": counted, "seconds": seconds, "errors": errors[:3]}


async def obey():
    what = json.loads(sys.stdin.readline())
    what["body"] = what["body"].encode()
    connector = aiohttp.TCPConnector(limit=what["concurrent"])
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await post_for(session, what, **json.loads(line))), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(obey())
