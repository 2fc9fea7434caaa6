"""Webhook verification, beyond the shared cases."""

import math

import pytest

from sgate_sdk import (
    SGateSignatureError,
    SGateUnexpectedResponseError,
    SGateUsageError,
    verify_signature,
    verify_webhook,
)
from sgate_sdk.testing import TEST_SECRET, webhook_body, webhook_headers

OTHER_SECRET = "whsec_" + "A" * 32
BODY = webhook_body()


@pytest.mark.parametrize("scheme", ["webhook-", "x-sgate-"])
def test_one_of_several_secrets_must_match(scheme):
    signed = webhook_headers(BODY, OTHER_SECRET)
    headers = {name: value for name, value in signed.items() if name.lower().startswith(scheme)}
    verify_signature(BODY, headers, [TEST_SECRET, OTHER_SECRET])
    with pytest.raises(SGateSignatureError) as refused:
        verify_signature(BODY, headers, [TEST_SECRET])
    assert refused.value.code == "no_match"


@pytest.mark.parametrize("secrets", ["", [], [TEST_SECRET, ""]])
def test_an_empty_secret_is_refused(secrets):
    with pytest.raises(SGateSignatureError) as refused:
        verify_webhook(BODY, webhook_headers(BODY), secrets)
    assert refused.value.code == "bad_secret"


@pytest.mark.parametrize("tolerance_s", [0, -1, math.nan])
def test_a_tolerance_that_limits_no_replay_is_refused(tolerance_s):
    with pytest.raises(SGateUsageError, match="replays"):
        verify_webhook(BODY, webhook_headers(BODY), TEST_SECRET, tolerance_s)


@pytest.mark.parametrize("body", [BODY, BODY.decode(), bytearray(BODY), memoryview(BODY)])
def test_a_raw_body_of_any_type_is_verified(body):
    assert verify_webhook(body, webhook_headers(BODY), TEST_SECRET).type == "payment_intent.succeeded"


@pytest.mark.parametrize("body", [{"id": "evt_1"}, None, 17])
def test_a_parsed_body_is_refused(body):
    with pytest.raises(SGateUsageError, match="raw body"):
        verify_webhook(body, webhook_headers(BODY), TEST_SECRET)


@pytest.mark.parametrize("body", [b"[", b"[]", b"\xff"])
def test_a_genuine_body_that_is_not_an_event_is_an_error_of_its_own(body):
    with pytest.raises(SGateUnexpectedResponseError) as refused:
        verify_webhook(body, webhook_headers(body), TEST_SECRET)
    assert (refused.value.type, refused.value.code) == ("unexpected_answer", "not_an_event")
