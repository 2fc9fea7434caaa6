"""The shared cases, with the JavaScript SDK against a real server."""

import asyncio
import json
import os
from pathlib import Path

SDK = Path(__file__).parents[3] / "sdk" / "js"
CASES = Path(__file__).parents[3] / "sdk" / "cases" / "calls.json"


async def test_every_call_does_what_the_cases_say(running_site):
    key = await running_site.merchant("Corner Coffee")
    running = await asyncio.create_subprocess_exec(
        *("npx", "--no-install", "vitest", "run", "tests/cases/calls.test.ts", "--reporter=json"),
        cwd=SDK,
        env=os.environ | {"SGATE_API_BASE_URL": running_site.base_url, "SGATE_API_KEY": key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await running.communicate()
    assert output.startswith(b"{"), (output + errors).decode()
    (file,) = json.loads(output)["testResults"]
    failures = {
        test["title"]: test["failureMessages"] for test in file["assertionResults"] if test["status"] != "passed"
    }
    assert failures == {}
    assert len(file["assertionResults"]) == len(json.loads(CASES.read_text())["cases"])
