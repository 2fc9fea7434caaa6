"""For the tests of your own receiver: webhooks that verify, made without a server."""

import secrets as dice
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from sgate_sdk.webhooks import sign_own, sign_standard

# Known to everybody, for tests only.
TEST_SECRET = "whsec_" + "c2dhdGUtc2RrLXRlc3Qtc2VjcmV0LTAx"
ID_BYTES = 12


def webhook_headers(
    body: bytes | str,
    secret: str = TEST_SECRET,
    *,
    message_id: str | None = None,
    timestamp: int | None = None,
    previous_secret: str | None = None,
) -> dict[str, str]:
    """The headers with which sGate would send this body.

    Args:
        body: the bytes that your receiver will get.
        secret: what your receiver verifies with.
        message_id: the event's id; by default a new one.
        timestamp: Unix seconds; by default now. Give an old one to see it refused.
        previous_secret: as during a rotation, when two sign.
    """
    content = body.encode() if isinstance(body, str) else body
    event_id = message_id or f"evt_{dice.token_hex(ID_BYTES)}"
    at = str(int(time.time()) if timestamp is None else timestamp)
    signing = [secret, *([previous_secret] if previous_secret else [])]
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
    """The body of a webhook about a payment intent, such as sGate sends. `fields` are those of the intent."""
    intent = intent_fields(**fields)
    return msgspec.json.encode(
        {
            "id": event_id or f"evt_{dice.token_hex(ID_BYTES)}",
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
    """A payment intent of 25,000 sats as JSON has it, paid and final, with other `fields` where given."""
    intent_id = f"pi_{dice.token_hex(ID_BYTES)}"
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
