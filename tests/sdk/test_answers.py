"""Both clients against scripted responses: sdk/cases/answers.json."""

import time

import pytest

from sdk.callers import WAYS, Refused, caller_of
from sdk.casebook import load, misfit
from sdk.scripted import ScriptedServer

SCRIPT = load("answers.json")
KEY = "sk_test_" + "0" * 64


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in SCRIPT["cases"]])
def test_the_client_does_what_the_case_says(case, way):
    with ScriptedServer(case["answers"], SCRIPT["bodies"]) as server:
        caller = caller_of(way, server.url, KEY)
        started = time.monotonic()
        try:
            outcome = caller.call(case["call"], case.get("args", {}), case.get("options", {}), case.get("take"))
            error = None
        except Refused as refused:
            outcome, error = None, refused.fields
        finally:
            caller.close()
        elapsed_ms = (time.monotonic() - started) * 1000
        received = list(server.received)
    assert misfit_of_outcome(case, outcome, error) is None
    assert len(received) == case["requests"]
    assert elapsed_ms >= case.get("min_elapsed_ms", 0)
    if case.get("same_idempotency_key"):
        assert len({request.headers["idempotency-key"] for request in received}) == 1
        assert len({request.content for request in received}) == 1
    for name, index in (("sent", 0), ("last_sent", -1)):
        if name in case:
            assert misfit(case[name], received[index].shown(), name) is None


def misfit_of_outcome(case, outcome, error):
    if case.get("expect_refusal"):
        return None if error and error["type"] == "usage_error" else f"it returned {outcome}, or failed with {error}"
    if "expect_error" in case:
        return misfit(case["expect_error"], error, "error")
    return f"it failed with {error}" if error else misfit(case["expect"], outcome)
