"""Every API call with both clients, against a real server: sdk/cases/calls.json."""

import asyncio
import time

import httpx2
import pytest

from sdk.callers import WAYS, Refused, caller_of
from sdk.casebook import Memory, load, misfit
from sdk.registry import operations
from servers.processes import POLL_S, Server, make_merchant

CASES = load("calls.json")["cases"]
PATIENCE_S = 90.0
"""Deposits without a memo are found only every half minute."""

BLOCK_INTERVAL_S = 0.3


def called():
    return {step["call"] for case in CASES for step in case["steps"] if "call" in step}


def test_the_cases_make_every_call_of_the_sdk():
    assert called() == {operation.name for operation in operations()}


@pytest.mark.timeout(400)
async def test_every_call_does_what_its_cases_say_with_both_clients(database_url, tmp_path):
    settings = {
        "database_url": database_url,
        "data_dir": str(tmp_path / "data"),
        "test__block_interval_s": BLOCK_INTERVAL_S,
    }
    keys = [make_merchant(tmp_path, **settings)[1] for _ in WAYS]
    async with Server(tmp_path, **settings) as server:
        running = [asyncio.to_thread(failures_of, way, server.url, key) for way, key in zip(WAYS, keys, strict=True)]
        failures = [failure for found in await asyncio.gather(*running) for failure in found]
    assert not failures, "\n".join(failures)


def failures_of(way, base_url, api_key):
    """Return how the results differ from the cases."""
    caller = caller_of(way, base_url, api_key)
    try:
        found = [(case["name"], failure_of(caller, case["steps"])) for case in CASES]
    finally:
        caller.close()
    return [f"{way}: {name}: {failure}" for name, failure in found if failure]


def failure_of(caller, steps):
    memory = Memory()
    for number, step in enumerate(steps):
        if "pay" in step:
            pay(caller.base_url, memory.fill(step["pay"]), step["kind"])
            continue
        deadline = time.monotonic() + (PATIENCE_S if step.get("until") else 0)
        while failure := failure_of_step(caller, step, memory):
            if time.monotonic() > deadline:
                return f"step {number}, {step['call']}: {failure}"
            time.sleep(POLL_S)
    return None


def failure_of_step(caller, step, memory):
    args, options = memory.fill(step.get("args", {})), memory.fill(step.get("options", {}))
    try:
        answer = caller.call(step["call"], args, options, step.get("take"))
    except Refused as refused:
        expected = step.get("expect_error")
        return misfit(memory.fill(expected), refused.fields, "error") if expected else f"failed with {refused.fields}"
    if "expect_error" in step:
        return f"returned {answer}"
    if "save" in step:
        memory.saved[step["save"]] = answer
    return misfit(memory.fill(step.get("expect", {})), answer) if "expect" in step else None


def pay(base_url, intent, kind):
    """Pay on the simulated chain, as the button of the checkout page does."""
    form = {"kind": kind, "client_secret": intent["client_secret"]}
    answer = httpx2.post(f"{base_url}/pi/{intent['id']}/simulate", data=form)
    assert answer.status_code == 303
    assert answer.headers["location"].endswith(f"note={kind}")
