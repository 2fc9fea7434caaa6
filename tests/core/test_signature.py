"""Signatures: the golden vector, the reference library of Standard Webhooks, and forged or stale webhooks rejected."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from core.strategies import FAST
from sgate.core.signature import (
    InvalidSignature,
    headers_of,
    new_secret,
    sign_sgate,
    sign_standard,
    verify_sgate,
    verify_standard,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1_614_265_330
BODY = b'{"test": 2432232314}'

secrets = st.binary(min_size=24, max_size=24).map(new_secret)
message_ids = st.binary(min_size=12, max_size=12).map(lambda random_bytes: f"evt_{random_bytes.hex()}")
timestamps = st.integers(min_value=0, max_value=4_000_000_000)
bodies = st.text(st.characters(codec="utf-8"), max_size=200).map(str.encode)


def received(*secrets_: str, at_s: int = AT, body: bytes = BODY) -> dict[str, str]:
    """The headers of a delivery as a receiver's framework hands them over."""
    return {name.lower(): value for name, value in headers_of(secrets_, ID, at_s, body).items()}


def test_the_golden_vector():
    assert sign_standard(SECRET, ID, AT, BODY) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign_sgate(SECRET, AT, BODY) == "2e37df5d4a028c51a7f3133d64ae1e300d2c2c900f1b1d49d4369ad2530f8964"
    assert headers_of([SECRET], ID, AT, BODY) == {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "X-sGate-Signature": "t=1614265330,v1=2e37df5d4a028c51a7f3133d64ae1e300d2c2c900f1b1d49d4369ad2530f8964",
        "X-sGate-Timestamp": "1614265330",
    }


@FAST
@given(secrets, message_ids, timestamps, bodies)
def test_the_reference_library_makes_the_same_signature(secret, message_id, at_s, body):
    reference = Webhook(secret).sign(message_id, datetime.fromtimestamp(at_s, tz=UTC), body.decode())
    assert sign_standard(secret, message_id, at_s, body) == reference


@pytest.mark.parametrize("held_by_receiver", [SECRET, OLD_SECRET])
def test_the_reference_library_verifies_our_headers_with_either_secret_of_a_rotation(held_by_receiver):
    now_s = int(time.time())  # the reference library asks the clock itself
    headers = headers_of([SECRET, OLD_SECRET], ID, now_s, BODY)
    assert Webhook(held_by_receiver).verify(BODY, headers) == {"test": 2432232314}


def test_the_reference_library_refuses_our_headers_with_another_body():
    headers = headers_of([SECRET], ID, int(time.time()), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY + b" ", headers)


def test_we_verify_what_the_reference_library_signs():
    signature = Webhook(SECRET).sign(ID, datetime.fromtimestamp(AT, tz=UTC), BODY.decode())
    headers = {"webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": signature}
    verify_standard(SECRET, headers, BODY, AT)


@FAST
@given(secrets, message_ids, timestamps, st.binary(max_size=200))
def test_what_we_sign_we_verify_both_ways(secret, message_id, at_s, body):
    headers = {name.lower(): value for name, value in headers_of([secret], message_id, at_s, body).items()}
    verify_standard(secret, headers, body, at_s)
    verify_sgate(secret, headers, body, at_s)


@pytest.mark.parametrize("verify", [verify_standard, verify_sgate])
@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_during_a_rotation_either_secret_verifies(verify, secret):
    verify(secret, received(SECRET, OLD_SECRET), BODY, AT)


def test_during_a_rotation_the_signatures_stand_side_by_side():
    headers = received(SECRET, OLD_SECRET)
    assert headers["webhook-signature"] == " ".join(sign_standard(each, ID, AT, BODY) for each in (SECRET, OLD_SECRET))
    assert headers["x-sgate-signature"].count("v1=") == 2
    assert headers["x-sgate-signature"].count("t=") == 1


@pytest.mark.parametrize("verify", [verify_standard, verify_sgate])
def test_another_secret_is_refused(verify):
    with pytest.raises(InvalidSignature, match="matches"):
        verify(OLD_SECRET, received(SECRET), BODY, AT)


@pytest.mark.parametrize("verify", [verify_standard, verify_sgate])
@pytest.mark.parametrize("body", [b"", BODY + b"\n", BODY.replace(b"2432232314", b"2432232315"), BODY.upper()])
def test_another_body_is_refused(verify, body):
    with pytest.raises(InvalidSignature, match="matches"):
        verify(SECRET, received(SECRET), body, AT)


def test_another_id_is_refused_by_the_standard_scheme():
    with pytest.raises(InvalidSignature, match="matches"):
        verify_standard(SECRET, received(SECRET) | {"webhook-id": "msg_other"}, BODY, AT)


@pytest.mark.parametrize("verify", [verify_standard, verify_sgate])
@pytest.mark.parametrize("drift_s", [-300, -1, 0, 1, 300])
def test_five_minutes_of_drift_either_way_are_allowed(verify, drift_s):
    verify(SECRET, received(SECRET), BODY, AT + drift_s)


@pytest.mark.parametrize("verify", [verify_standard, verify_sgate])
@pytest.mark.parametrize("drift_s", [-86_400, -301, 301, 86_400])
def test_a_stale_or_future_timestamp_is_refused(verify, drift_s):
    with pytest.raises(InvalidSignature, match="away from now"):
        verify(SECRET, received(SECRET), BODY, AT + drift_s)


def test_a_timestamp_moved_to_now_does_not_match_the_signature():
    replayed_at = AT + 86_400
    headers = received(SECRET) | {"webhook-timestamp": str(replayed_at)}
    with pytest.raises(InvalidSignature, match="matches"):
        verify_standard(SECRET, headers, BODY, replayed_at)
    headers = {"x-sgate-signature": f"t={replayed_at},v1={sign_sgate(SECRET, AT, BODY)}"}
    with pytest.raises(InvalidSignature, match="matches"):
        verify_sgate(SECRET, headers, BODY, replayed_at)


@pytest.mark.parametrize("timestamp", ["", "abc", "-1", "1e9", "1614265330.0", " 1614265330", "99999999999", "١"])
def test_a_timestamp_that_is_not_unix_seconds_is_refused(timestamp):
    with pytest.raises(InvalidSignature, match=r"Unix time|plain ASCII"):
        verify_standard(SECRET, received(SECRET) | {"webhook-timestamp": timestamp}, BODY, AT)
    with pytest.raises(InvalidSignature, match=r"Unix time|plain ASCII"):
        verify_sgate(SECRET, {"x-sgate-signature": f"t={timestamp},v1=00"}, BODY, AT)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_standard_header_is_refused(name):
    headers = received(SECRET)
    del headers[name]
    with pytest.raises(InvalidSignature, match=f"{name} is missing"):
        verify_standard(SECRET, headers, BODY, AT)


def test_a_missing_sgate_header_is_refused():
    with pytest.raises(InvalidSignature, match="missing"):
        verify_sgate(SECRET, {}, BODY, AT)


GOOD = sign_sgate(SECRET, AT, BODY)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t",
        GOOD,
        f"v1={GOOD}",
        f"t={AT}",
        f"t={AT},v1=",
        f"t={AT},v0={GOOD}",
        f"t={AT},v1={GOOD.upper()}",
        f"t={AT},v1={GOOD[:-1]}",
        f"t={AT},v1={GOOD}0",
        f"t={AT},t={AT},v1={GOOD}",
        f"t={AT};v1={GOOD}",
        f"t={AT},v1=é",
    ],
)
def test_a_malformed_sgate_header_is_refused(header):
    with pytest.raises(InvalidSignature):
        verify_sgate(SECRET, {"x-sgate-signature": header}, BODY, AT)


STANDARD = sign_standard(SECRET, ID, AT, BODY)


@pytest.mark.parametrize(
    "header",
    ["", "v1", "v1,", STANDARD[3:], "v2" + STANDARD[2:], STANDARD[:-1], STANDARD + "=", STANDARD.lower(), "v1,é"],
)
def test_a_malformed_standard_signature_is_refused(header):
    with pytest.raises(InvalidSignature, match=r"matches|plain ASCII"):
        verify_standard(SECRET, received(SECRET) | {"webhook-signature": header}, BODY, AT)


def test_signatures_of_unknown_versions_beside_ours_are_passed_over():
    verify_standard(SECRET, received(SECRET) | {"webhook-signature": f"v1a,abc {STANDARD} v2,def"}, BODY, AT)
    verify_sgate(SECRET, {"x-sgate-signature": f"v0=00,t={AT},v2=11,v1={GOOD}"}, BODY, AT)


def test_a_new_secret_is_24_random_bytes_that_the_reference_library_can_read():
    assert new_secret(bytes(range(24))) == OLD_SECRET
    assert Webhook(OLD_SECRET).sign(ID, datetime.fromtimestamp(AT, tz=UTC), "") == sign_standard(
        OLD_SECRET, ID, AT, b""
    )


@pytest.mark.parametrize("length", [0, 23, 25])
def test_a_secret_of_another_length_is_refused(length):
    with pytest.raises(ValueError, match="24 random bytes"):
        new_secret(bytes(length))


NOT_BASE64 = ["whsec_***", "whsec_abc", "whsec_MfKQ 9r8", "whsec_ключ", "ключ", "whsec_\udcff", "whsec_Ａbcd"]


@pytest.mark.parametrize("secret", NOT_BASE64)
def test_a_secret_that_is_not_base64_is_named_as_the_cause(secret):
    with pytest.raises(InvalidSignature, match="base64"):
        sign_standard(secret, ID, AT, BODY)
    with pytest.raises(InvalidSignature, match="base64"):
        verify_standard(secret, received(SECRET), BODY, AT)


def test_bytes_that_are_not_text_in_a_header_are_a_refusal():
    """Servers hand such bytes on as lone surrogates."""
    with pytest.raises(InvalidSignature):
        verify_standard(SECRET, received(SECRET) | {"webhook-signature": "v1,\udcff"}, BODY, AT)
    with pytest.raises(InvalidSignature):
        verify_standard(SECRET, received(SECRET) | {"webhook-id": "\udcff"}, BODY, AT)
    with pytest.raises(InvalidSignature):
        verify_sgate(SECRET, {"x-sgate-signature": f"t={AT},v1=\udcff"}, BODY, AT)
