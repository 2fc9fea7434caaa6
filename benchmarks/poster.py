"""The limit of sending: bare aiohttp posting the same bytes again and again. It reads JSON commands line by line.

The first line of input is {"url", "headers", "body", "concurrent"}, each further line {"warm_s", "seconds"}. Each line
of output is {"answers", "counted", "seconds", "errors"}; `counted` is the number of responses in the measured time.
"""

import asyncio
import json
import sys
import time

import aiohttp
import uvloop


async def post_for(session, request, warm_s, seconds):
    begin = time.perf_counter() + warm_s
    deadline = begin + seconds
    answers = counted = 0
    errors = []

    async def post_repeatedly():
        nonlocal answers, counted
        while time.perf_counter() < deadline:
            async with session.post(request["url"], data=request["body"], headers=request["headers"]) as response:
                await response.read()
            answers += 1
            if response.status != 200:
                errors.append(f"answered {response.status}")
            if begin <= time.perf_counter() < deadline:
                counted += 1

    await asyncio.gather(*(post_repeatedly() for _ in range(request["concurrent"])))
    return {"answers": answers, "counted": counted, "seconds": seconds, "errors": errors[:3]}


async def execute_commands():
    request = json.loads(sys.stdin.readline())
    request["body"] = request["body"].encode()
    connector = aiohttp.TCPConnector(limit=request["concurrent"])
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await post_for(session, request, **json.loads(line))), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(execute_commands())
