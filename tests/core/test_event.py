"""Events: their names, and the bytes that are signed and sent."""

import json
from datetime import UTC, datetime

import pytest

from sgate.core.event import API_VERSION, EventType, body_of, envelope
from sgate.core.intent import Anomaly, Status

CREATED_AT = datetime(2026, 11, 1, 12, 0, 0, 987_654, tzinfo=UTC)


def body(payload: bytes = b'{"id":"pi_1"}') -> bytes:
    return body_of(
        envelope(
            event_id="evt_1",
            event_type=EventType.SUCCEEDED,
            created_at=CREATED_AT,
            livemode=False,
            sequence=3,
            payload=payload,
        )
    )


def test_the_body_has_the_documented_fields():
    assert json.loads(body()) == {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "event": "payment_intent.succeeded",
        "created": 1_793_534_400,
        "api_version": API_VERSION,
        "livemode": False,
        "sequence": 3,
        "data": {"object": {"id": "pi_1"}},
    }


def test_the_body_is_the_same_bytes_on_every_attempt():
    assert body() == body()


@pytest.mark.parametrize(
    "payload",
    [
        b'{"amount_sats":2100000000000000,"rate":"60000.10"}',
        b'{ "spaces" : [ 1 , 2 ] }',
        '{"description":"Käse ☕ \\u0000"}'.encode(),
        b"{}",
    ],
)
def test_the_stored_object_is_sent_byte_for_byte(payload):
    assert b'"data":{"object":' + payload + b"}}" in body(payload)


@pytest.mark.parametrize("anomaly", Anomaly)
def test_each_exception_has_its_event(anomaly):
    assert EventType(f"payment_intent.{anomaly}")


def test_each_status_has_its_event():
    named = {
        Status.REQUIRES_PAYMENT: EventType.CREATED,
        Status.PROCESSING: EventType.PROCESSING,
        Status.CONFIRMED: EventType.SUCCEEDED,
        Status.EXPIRED: EventType.EXPIRED,
        Status.FAILED: EventType.FAILED,
        Status.CANCELED: EventType.CANCELED,
    }
    assert set(named) == set(Status)
    assert [str(event) for event in named.values()] == [
        "payment_intent.created",
        "payment_intent.processing",
        "payment_intent.succeeded",
        "payment_intent.expired",
        "payment_intent.failed",
        "payment_intent.canceled",
    ]
