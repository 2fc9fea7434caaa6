"""Genuine, stale, forged and malformed webhooks: sdk/cases/signatures.json."""

import pytest

from sdk.casebook import load, misfit
from sgate_sdk import SGateSignatureError, verify_signature, verify_webhook

CASES = load("signatures.json")["cases"]


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_the_webhook_is_verified_as_the_case_says(case):
    arguments = (case["body"].encode(), case["headers"], case["secret"], case["tolerance_s"])
    if case["valid"]:
        verify_signature(*arguments, now_s=case["now"])
    else:
        with pytest.raises(SGateSignatureError) as refused:
            verify_signature(*arguments, now_s=case["now"])
        assert refused.value.code == case["reason"]
        with pytest.raises(SGateSignatureError):
            verify_webhook(*arguments, now_s=case["now"])
    if "event" in case:
        event = verify_webhook(*arguments, now_s=case["now"])
        assert misfit(case["event"], event.to_dict()) is None
