"""Helpers for testing a webhook receiver. They create correctly signed webhooks without a server."""

import secrets as random_source
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from sgate_sdk.errors import SGateUsageError
from sgate_sdk.webhooks import secrets_of, sign_own, sign_standard

T = TypeVar("T")

# This secret is public. Use it only in tests.
TEST_SECRET = "whsec_" + "c2dhdGUtc2RrLXRlc3Qtc2VjcmV0LTAx"
ID_BYTES = 12


def webhook_headers(
    body: bytes | str,
    secret: str | Sequence[str] = TEST_SECRET,
    *,
    event_id: str | None = None,
    timestamp_s: int | None = None,
    message_id: str | None = None,
    timestamp: int | None = None,
    previous_secret: str | None = None,
) -> dict[str, str]:
    """Return the headers with which sGate would send a webhook with this body.

    Args:
        body: the body that your receiver will get.
        secret: the secret with which your receiver verifies webhooks. If you pass several secrets, each one signs the
            webhook, as during a rotation.
        event_id: the event's id; by default a random id.
        timestamp_s: the time of signing in Unix seconds; by default now. Pass an old time to test that your receiver
            refuses it.
        message_id: deprecated name of `event_id`.
        timestamp: deprecated name of `timestamp_s`.
        previous_secret: deprecated. Pass several secrets as `secret` instead.

    Raises:
        SGateUsageError: if an option is passed under both of its names.
    """
    content = body.encode() if isinstance(body, str) else body
    event_id = _renamed("event_id", event_id, "message_id", message_id) or f"evt_{random_source.token_hex(ID_BYTES)}"
    timestamp_s = _renamed("timestamp_s", timestamp_s, "timestamp", timestamp)
    at = str(int(time.time()) if timestamp_s is None else timestamp_s)
    signing = [*secrets_of(secret), *([previous_secret] if previous_secret else [])]
    own = ",".join(f"v1={sign_own(each, at, content)}" for each in signing)
    return {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": at,
        "webhook-signature": " ".join(sign_standard(each, event_id, at, content) for each in signing),
        "X-sGate-Signature": f"t={at},{own}",
        "X-sGate-Timestamp": at,
    }


def webhook_body(
    event_type: str = "payment_intent.succeeded",
    *,
    event_id: str | None = None,
    sequence: int = 2,
    **fields: Any,
) -> bytes:
    """Return the body of a webhook about a payment intent. `fields` override fields of the intent."""
    intent = intent_fields(**fields)
    return msgspec.json.encode(
        {
            "id": event_id or f"evt_{random_source.token_hex(ID_BYTES)}",
            "object": "event",
            "type": event_type,
            "event": event_type,
            "created": int(time.time()),
            "api_version": "2026-11-01",
            "livemode": False,
            "sequence": sequence,
            "data": {"object": {**intent, "sequence": sequence}},
        }
    )


def intent_fields(**fields: Any) -> Mapping[str, Any]:
    """Return a confirmed payment intent for 25,000 sats as JSON-compatible data. `fields` override its fields."""
    intent_id = f"pi_{random_source.token_hex(ID_BYTES)}"
    plain: dict[str, Any] = {
        "id": intent_id,
        "object": "payment_intent",
        "livemode": False,
        "status": "confirmed",
        "exceptions": [],
        "amount_sats": 25_000,
        "amount_received_sats": 25_000,
        "amount_due_sats": 0,
        "currency": "sbtc",
        "pay_address": "ST000000000000000000002AMW42H",
        "memo": intent_id,
        "memo_hex": intent_id.encode().hex(),
        "confirmations": 1,
        "finality": "included",
        "confirmation_policy": [{"from_sats": 0, "stacks_blocks": 1}],
        "quote": None,
        "description": None,
        "metadata": {},
        "success_url": None,
        "cancel_url": None,
        "client_secret": f"{intent_id}_secret_{'0' * 29}",
        "checkout_url": f"http://localhost:4000/pi/{intent_id}",
        "expires_at": "2026-11-25T12:15:00.000Z",
        "created_at": "2026-11-25T12:00:00.000Z",
        "confirmed_at": "2026-11-25T12:05:00.000Z",
        "canceled_at": None,
    }
    return plain | fields


def _renamed(name: str, value: T | None, old_name: str, old_value: T | None) -> T | None:
    """Return the value of an option that may be passed under its deprecated name."""
    if value is not None and old_value is not None:
        raise SGateUsageError(
            f"Pass {name} only: {old_name} is its deprecated name.", code="invalid_option", param=old_name
        )
    return old_value if value is None else value
