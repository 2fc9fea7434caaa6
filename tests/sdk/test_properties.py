"""Properties of arbitrary responses, ids and webhooks."""

import email.utils
import time
from urllib.parse import unquote, urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strategies import FAST
from sgate.core.signature import headers_of, new_secret, verify_sgate, verify_standard
from sgate_sdk import SGateError, SGateSignatureError, verify_signature, verify_webhook
from sgate_sdk._exchange import (
    LONGEST_PAUSE_S,
    LONGEST_RETRY_AFTER_S,
    Answer,
    Pause,
    Send,
    Surroundings,
    backoff_s,
    exchange,
    parse_retry_after,
)
from sgate_sdk._requests import path_id, post, reader_of
from sgate_sdk.errors import SGateConnectionError, error_of
from sgate_sdk.models import Hint
from sgate_sdk.testing import TEST_SECRET, webhook_body, webhook_headers

NOW = 1_764_500_000.0
READ = reader_of(Hint)
GOOD = Answer(status_code=200, headers={}, body=b'{"payment_intent":"pi_1","tx_id":"0x1"}')

fractions = st.floats(0, 1)
retry_after = st.one_of(
    st.text(max_size=30), st.integers(0, 10**12).map(str), st.integers(0, 2**31).map(email.utils.formatdate)
)
bodies = st.one_of(
    st.binary(max_size=200), st.just(GOOD.body), st.just(b'{"error":{"type":"a","code":"b","message":"c"}}')
)
headers = st.dictionaries(st.sampled_from(["retry-after", "x-request-id", "location"]), retry_after)
answers = st.builds(Answer, status_code=st.integers(200, 599), headers=headers, body=bodies)
outcomes = st.one_of(answers, st.just(SGateConnectionError("unreachable", code="connection_failed")), st.just(GOOD))
secrets = st.binary(min_size=24, max_size=24).map(new_secret)


@FAST
@given(st.lists(outcomes, min_size=1, max_size=8), st.integers(0, 5), fractions)
def test_a_call_ends_after_its_retries_and_repeats_the_same_request(script, max_retries, fraction):
    request = post("/v1/hints", READ, {"a": 1}, None)
    conversation = exchange(request, max_retries, Surroundings(random=lambda: fraction, now=lambda: NOW))
    sent, step = [], next(conversation)
    try:
        while True:
            if isinstance(step, Pause):
                assert 0 <= step.seconds <= LONGEST_RETRY_AFTER_S + 1
                step = conversation.send(None)
            else:
                assert isinstance(step, Send)
                sent.append(step.request)
                step = conversation.send(script[min(len(sent), len(script)) - 1])
    except StopIteration as end:
        outcome = end.value
    except SGateError as error:
        outcome = error
    assert isinstance(outcome, Hint) or (outcome.type and outcome.code)
    assert 1 <= len(sent) <= max_retries + 1
    assert all(each is request for each in sent)


@FAST
@given(st.integers(400, 599), st.binary(max_size=300))
def test_any_error_response_is_an_error(status_code, body):
    error = error_of(status_code, body)
    assert error.status_code == status_code
    assert str(error)


@FAST
@given(retry_after)
def test_any_retry_after_is_a_delay_or_none(text):
    seconds = parse_retry_after(text, NOW)
    assert seconds is None or seconds >= 0


@FAST
@given(st.integers(0, 10_000), fractions)
def test_a_back_off_is_bounded(attempt, fraction):
    assert 0 < backoff_s(attempt, fraction) <= LONGEST_PAUSE_S


@FAST
@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_no_id_changes_the_path(object_id):
    if not object_id.strip("."):
        with pytest.raises(ValueError, match="Pass an id"):
            path_id(object_id)
        return
    url = httpx2.URL(f"https://pay.example.com/v1/payment_intents/{path_id(object_id)}/cancel")
    path = urlsplit(str(url)).path
    assert path.startswith("/v1/payment_intents/")
    assert path.endswith("/cancel")
    assert unquote(path.split("/")[3]) == object_id
    assert path.count("/") == 4


@FAST
@given(secrets, st.binary(max_size=200), st.integers(0, 4_000_000_000))
def test_what_the_server_signs_is_genuine(secret, body, at_s):
    signed = headers_of([secret], "evt_1", at_s, body)
    verify_signature(body, signed, secret, now_s=at_s)
    own = {name: value for name, value in signed.items() if name.startswith("X-sGate")}
    verify_signature(body, own, secret, now_s=at_s)


@FAST
@given(secrets, secrets, st.binary(max_size=200))
def test_the_test_helper_signs_like_the_server(secret, previous, body):
    made = webhook_headers(body, [secret, previous], event_id="evt_1", timestamp_s=int(NOW))
    expected = headers_of([secret, previous], "evt_1", int(NOW), body)
    assert expected.items() <= made.items()
    received = {name.lower(): value for name, value in made.items()}
    for each in (secret, previous):
        verify_standard(each, received, body, int(NOW))
        verify_sgate(each, received, body, int(NOW))


@FAST
@given(st.data())
def test_a_webhook_with_any_bit_changed_is_not_genuine(data):
    body = webhook_body()
    signed = webhook_headers(body)
    position = data.draw(st.integers(0, len(body) - 1))
    changed = bytearray(body)
    changed[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SGateSignatureError):
        verify_webhook(bytes(changed), signed, TEST_SECRET)


@FAST
@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "x-sgate-signature"]),
        st.text(max_size=60),
    )
)
def test_forged_headers_are_never_genuine_and_raise_nothing_else(made_up):
    with pytest.raises(SGateSignatureError):
        verify_signature(b"{}", made_up, TEST_SECRET, now_s=NOW)


def test_the_tolerance_is_relative_to_the_current_time():
    body = webhook_body()
    verify_webhook(body, webhook_headers(body), TEST_SECRET)
    with pytest.raises(SGateSignatureError) as refused:
        verify_webhook(body, webhook_headers(body, timestamp_s=int(time.time()) - 301), TEST_SECRET)
    assert refused.value.code == "too_old"
