"""Every parser of what comes from outside gives a value or its one documented error, whatever it is given."""

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fuzz.outside import BYTES, JSON_VALUES, TEXTS, almost, almost_bytes, almost_json, fuzzed
from services.shop import simulated_mode
from sgate.api import request_bodies
from sgate.api.decoding import decode
from sgate.api.query import checked_cursor
from sgate.api.requests import is_id
from sgate.chain import clarity
from sgate.chain.simulator import simulated_address
from sgate.core import egress, errors
from sgate.core.address import SBTC_ASSETS, InvalidAddress, Network, check_pay_address, contract_of, parse_principal
from sgate.core.credential import livemode_of
from sgate.core.memo import intent_id_of, is_intent_id
from sgate.core.money import InvalidAmount, parse_chain_amount, parse_sats, parse_usd
from sgate.core.retry import MAX_RETRY_AFTER_S, Outcome, Schedule, decide
from sgate.core.signature import InvalidSignature, headers_of, verify_sgate, verify_standard
from sgate.rates.sources import SOURCES, BadAnswer
from sgate.services import merchants, validation
from sgate.services.idempotency import key_of
from sgate.telemetry.tracing import intent_in, links_of
from sgate.workers.webhooks.client import _retry_after_s

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_S = 1_614_265_330
NOW = datetime.fromtimestamp(NOW_S, UTC)
SIGNED = headers_of([SECRET], "evt_1", NOW_S, b"{}")
ADDRESS = simulated_address("shop")
VALUES = [
    clarity.UInt(17),
    clarity.Buffer(b"pi_0a"),
    clarity.OptionalValue(clarity.Buffer(b"x")),
    clarity.OptionalValue(None),
    clarity.PrincipalValue(parse_principal(f"{ADDRESS}.token")),
]
INTENT_REQUEST = {
    "amount_sats": 1000, "description": "x", "metadata": {"order": "17"}, "success_url": "https://shop.example/{id}",
    "expires_in": 900, "confirmation_policy": [{"from_sats": 0, "stacks_blocks": 1}],
}  # fmt: skip
BODIES = {
    request_bodies.CreatePaymentIntent: INTENT_REQUEST,
    request_bodies.UpdatePaymentIntent: {"description": None, "metadata": {"order": None}},
    request_bodies.UpdateMerchant: {
        "name": "Shop",
        "pay_address": ADDRESS,
        "confirmation_policy": [{"from_sats": 0, "stacks_blocks": 1}],
    },
    request_bodies.CreateApiKey: {"name": "key", "scopes": ["read"]},
    request_bodies.CreateWebhookEndpoint: {
        "url": "https://shop.example/hooks",
        "event_types": ["payment_intent.succeeded"],
    },
    request_bodies.UpdateWebhookEndpoint: {"url": "https://shop.example/hooks"},
}
CHECKS = {
    request_bodies.CreatePaymentIntent: request_bodies.intent_request,
    request_bodies.UpdatePaymentIntent: request_bodies.description_change,
    request_bodies.UpdateMerchant: lambda shape: merchants.checked(request_bodies.given(shape), simulated_mode()),
    request_bodies.CreateApiKey: request_bodies.key_request,
    request_bodies.CreateWebhookEndpoint: lambda shape: request_bodies.endpoint_request(
        shape, egress.Egress(), livemode=True
    ),
    request_bodies.UpdateWebhookEndpoint: lambda shape: request_bodies.endpoint_change(
        shape, egress.Egress(), livemode=True
    ),
}


@fuzzed
@given(
    st.dictionaries(st.sampled_from(sorted({name.lower() for name in SIGNED} | set(SIGNED))), TEXTS, max_size=6),
    BYTES,
)
def test_headers_of_a_webhook(headers, body):
    for verify in (verify_standard, verify_sgate):
        with contextlib.suppress(InvalidSignature):
            verify(SECRET, SIGNED | headers, body, NOW_S)


@fuzzed
@given(st.sampled_from(sorted(SIGNED)).flatmap(lambda name: st.tuples(st.just(name), almost(SIGNED[name]))))
def test_headers_of_a_webhook_that_are_almost_right(changed):
    name, value = changed
    for verify in (verify_standard, verify_sgate):
        with contextlib.suppress(InvalidSignature):
            verify(SECRET, SIGNED | {name: value}, b"{}", NOW_S)


@fuzzed
@given(TEXTS | almost(SECRET))
def test_a_webhook_secret(secret):
    with contextlib.suppress(InvalidSignature):
        verify_standard(secret, SIGNED, b"{}", NOW_S)


@fuzzed
@given(TEXTS | almost(ADDRESS) | almost(f"{ADDRESS}.sbtc-token"))
def test_addresses(text):
    for parse in (
        parse_principal,
        contract_of,
        lambda text: check_pay_address(text, Network.SIMULATED, SBTC_ASSETS[Network.SIMULATED]),
    ):
        with contextlib.suppress(InvalidAddress):
            parse(text)


@fuzzed
@given(BYTES | st.sampled_from(VALUES).map(clarity.encode).flatmap(almost_bytes))
def test_clarity_values(data):
    with contextlib.suppress(clarity.InvalidClarity):
        decoded = clarity.decode(data)
        assert clarity.encode(decoded) == data, "one value has one form"


@fuzzed
@given(TEXTS | almost("0x0100000000000000000000000000000011"))
def test_clarity_values_in_hexadecimal(text):
    with contextlib.suppress(clarity.InvalidClarity):
        clarity.decode_hex(text)


@fuzzed
@given(JSON_VALUES | TEXTS | st.decimals())
def test_amounts(value):
    with contextlib.suppress(InvalidAmount):
        assert parse_sats(value) > 0
    with contextlib.suppress(InvalidAmount):
        parse_chain_amount(str(value))
    with contextlib.suppress(InvalidAmount):
        assert parse_usd(str(value)) > 0


@fuzzed
@given(BYTES | almost_bytes(b"pi_" + b"0a" * 12) | almost_bytes(b"pi_" + b"0a" * 12 + b"\0" * 7))
def test_memos(memo):
    found = intent_id_of(memo)
    assert found is None or (is_intent_id(found) and found.encode() in memo)


@pytest.mark.parametrize("shape", BODIES, ids=lambda shape: shape.__name__)
def test_request_bodies(shape):
    right = json.dumps(BODIES[shape]).encode()
    CHECKS[shape](decode(right, shape))

    @fuzzed
    @given(
        BYTES
        | almost_bytes(right)
        | almost_json(BODIES[shape]).map(lambda value: json.dumps(value).encode("utf-8", "replace"))
    )
    @example(b"[" * 100_000)
    @example(b'{"amount_sats":' + b"9" * 5000 + b"}")
    def check(body):
        with contextlib.suppress(errors.GatewayError):
            CHECKS[shape](decode(body, shape))

    check()


@fuzzed
@given(TEXTS | almost("evt_" + "0a" * 12))
def test_cursors_and_the_last_event_id(text):
    with contextlib.suppress(errors.GatewayError):
        cursor = checked_cursor(text, "last_event_id")
        assert cursor is None or is_id(cursor)


@fuzzed
@given(TEXTS | almost("0x" + "ab" * 32))
def test_hints(text):
    with contextlib.suppress(errors.InvalidTxId):
        assert len(validation.tx_id(text)) == 66


@fuzzed
@given(TEXTS)
def test_idempotency_keys(text):
    with contextlib.suppress(errors.InvalidIdempotencyKey):
        key_of(text, merchant_id="m", livemode=False, method="POST", path="/v1/payment_intents", body=b"{}")


@fuzzed
@given(TEXTS | almost("sk_test_" + "0a" * 32))
def test_api_keys(text):
    assert livemode_of(text) in {None, False, True}


@fuzzed
@given(
    TEXTS
    | almost("https://shop.example:8443/hooks?x=1")
    | almost("https://[::ffff:10.0.0.1]/")
    | almost("http://127.1/")
)
def test_urls_of_webhooks(url):
    with contextlib.suppress(egress.ForbiddenDestination):
        egress.Egress().check_url(url, https_only=True)


@pytest.mark.parametrize("name", SOURCES)
def test_answers_of_price_sources(name):
    @fuzzed
    @given(BYTES | JSON_VALUES.map(lambda value: json.dumps(value).encode("utf-8", "replace")))
    def check(body):
        with contextlib.suppress(BadAnswer):
            SOURCES[name].read(body)

    check()


@fuzzed
@given(BYTES | almost_bytes(b"Wed, 21 Oct 2026 07:28:00 GMT") | almost_bytes(b"120"))
@example(b"Mon, 01 Jan 99999999999999999999 00:00:00 GMT")
@example(b"Mon, 01 Jan 2026 00:00:00 +99999999999999")
@example(b"Fri, 31 Dec 9999 23:59:59 -2359")
def test_what_a_receiver_wishes_with_retry_after(value):
    retry_after_s = _retry_after_s([(b"Retry-After", value)])
    assert retry_after_s is None or retry_after_s >= 0
    following = decide(Schedule.DEFAULT, 1, Outcome(status=503, retry_after_s=retry_after_s), NOW, 0.0)
    assert (following.retry_at - NOW).total_seconds() <= MAX_RETRY_AFTER_S


@fuzzed
@given(TEXTS | almost("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
def test_trace_contexts(text):
    assert len(links_of(text)) <= 1


@fuzzed
@given(BYTES | almost_bytes(b'{"id":"pi_0a0a0a0a0a0a0a0a0a0a0a0a","object":"payment_intent"}'))
def test_the_intent_of_a_payload(payload):
    found = intent_in(payload)
    assert found is None or is_intent_id(found)
