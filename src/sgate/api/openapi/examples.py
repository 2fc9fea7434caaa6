"""Examples for the OpenAPI document, made from the schemas: each field by its name, else by its type.

So a call that is added has an example at once, and no example can forget a field.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sgate.core.memo import memo_hex_of

Schema = Mapping[str, Any]

_INTENT_ID = "pi_3f2b8c1d4e5f60718293a4b5"
_SECRET = f"{_INTENT_ID}_secret_9f86d081884c7d659a2feaa0c55a0"
_MOMENT = "2026-11-23T12:00:00.000Z"
_TX_ID = "0x5c1f2b7e9d3a4c60810f9e2d7b6a5c4f3e2d1c0b9a8f7e6d5c4b3a291807f6e5"
_BLOCK_HASH = "0x0a91cd23ef4567890a91cd23ef4567890a91cd23ef4567890a91cd23ef456789"
_ADDRESS = "ST2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKQYAC0RQ"

BY_NAME: Mapping[str, object] = {
    "action": "merchant.updated",
    "actor": "key ak_77de68daecd823babbb58edb",
    "address": "203.0.113.7",
    "amount_due_sats": 100_000,
    "amount_received_sats": 0,
    "amount_sats": 100_000,
    "amount_usd": "100.00",
    "api_version": "2026-11-01",
    "asset": "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token::sbtc-token",
    "block_hash": _BLOCK_HASH,
    "block_height": 1_234_567,
    "block_time": _MOMENT,
    "cancel_url": "https://shop.example/cart",
    "canceled_at": None,
    "checkout_url": f"https://pay.example.com/pi/{_INTENT_ID}?client_secret={_SECRET}",
    "client_secret": _SECRET,
    "code": "validation_error",
    "confirmation_policy": [{"from_sats": 0, "stacks_blocks": 1}, {"from_sats": 1_000_000, "stacks_blocks": 6}],
    "confirmations": 0,
    "confirmed_at": None,
    "created": int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()),
    "created_at": _MOMENT,
    "currency": "sbtc",
    "data.object": {},
    "date": "2026-11-23",
    "description": "Order 17: two kilos of coffee",
    "detail": {"before": {"name": "Corner Coffee"}, "after": {"name": "Corner Coffee & Tea"}},
    "details": {},
    "disabled_reason": None,
    "doc_url": "https://pay.example.com/docs/errors/validation_error",
    "effective_pay_address": _ADDRESS,
    "event_types": ["payment_intent.succeeded"],
    "event_index": 0,
    "exceptions": [],
    "expires_at": "2026-11-23T12:15:00.000Z",
    "expires_in": 900,
    "finality": None,
    "from_date": "2026-11-23",
    "has_more": False,
    "hint": "sk_test_…9f3a",
    "last_used_at": _MOMENT,
    "late_payments": "hold",
    "limit": 10,
    "livemode": False,
    "memo": _INTENT_ID,
    "memo_hex": memo_hex_of(_INTENT_ID),
    "message": "`expires_in` is a number of seconds from 60 to 86400.",
    "metadata": {"order": "17"},
    "name": "Corner Coffee",
    "network": "testnet",
    "object": "list",  # other objects name themselves by a default
    "object_id": "ak_77de68daecd823babbb58edb",
    "overlap_s": 86_400,
    "param": "expires_in",
    "path": "/v1/payment_intents",
    "pay_address": _ADDRESS,
    "payment_intent": _INTENT_ID,
    "quoted_at": _MOMENT,
    "rate_usd_per_btc": "100000",
    "recipient": _ADDRESS,
    "request_id": "req_0123456789abcdef01234567",
    "revoked_at": None,
    "scopes": ["read", "write"],
    "sender": "ST1SJ3DTE5DN7X54YDH5D64R3BCB6A2AG2ZQ8YPD5",
    "sequence": 1,
    "server_time": _MOMENT,
    "source": "median of three exchanges",
    "success_url": "https://shop.example/thanks?payment={id}",
    "support_url": "https://shop.example/help",
    "timestamp": _MOMENT,
    "to_date": "2026-11-23",
    "tolerance_bp": 0,
    "tolerance_sats": 0,
    "tx_id": _TX_ID,
    "tx_ids": [],
    "type": "payment_intent.succeeded",
    "event": "payment_intent.succeeded",
    "url": "https://shop.example/webhooks/sgate",
    "version": "0.1.0",
}

BY_OBJECT: Mapping[str, Mapping[str, object]] = {
    "api_key": {"id": "ak_77de68daecd823babbb58edb", "name": "Checkout server", "expires_at": None,
                "secret": "sk_test_" + "0123456789abcdef" * 4},
    "audit_log_entry": {"id": "al_00000000000000000000002a"},
    "event": {"id": "evt_6f1e2d3c4b5a69788796a5b4"},
    "merchant": {"id": "0b0f6f6e-6c0b-4a8e-9d3e-2f1c5a7b9d11"},
    "payment": {"id": "pay_a1b2c3d4e5f60718293a4b5c", "status": "included", "confirmations": 1, "tenure_changes": 0,
                "bitcoin_blocks": 0, "finality": "included"},
    "payment_intent": {"id": _INTENT_ID, "status": "requires_payment", "payments": []},
    "webhook_delivery": {"id": "whd_c4b3a29180f7e6d5c4b3a291", "status": "delivered"},
    "webhook_endpoint": {"id": "we_1234567890abcdef12345678",
                         "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
    "webhook_recovery": {"id": "whr_6f1e2d3c4b5a69788796a5b4", "replayed": 17},
}  # fmt: skip
"""What differs by the kind of the object, as its field `object` names it."""

BODIES: Mapping[str, Mapping[str, object]] = {
    "CreatePaymentIntent": {
        "amount_sats": 100_000,
        "description": "Order 17: two kilos of coffee",
        "metadata": {"order": "17"},
        "success_url": "https://shop.example/thanks?payment={id}",
    },
    "UpdatePaymentIntent": {"metadata": {"order": "17", "shipped": "yes"}},
    "UpdateMerchant": {"support_url": "https://shop.example/help", "late_payments": "hold"},
    "Reorganise": {"depth": 2, "remine": "none"},
    "CreateApiKey": {"name": "Checkout server", "scopes": ["read", "write"]},
    "RecoverWebhooks": {"since": "2026-11-23T11:00:00Z", "until": _MOMENT},
    "Nothing": {},
    "Deleted": {"id": "we_1234567890abcdef12345678", "object": "webhook_endpoint", "deleted": True},
}
"""Requests, which need not give every field; and what is said of an object that is gone."""


def example_of(schema: Schema, components: Mapping[str, Schema], name: str = "") -> Any:
    """A value that fits the schema. `name` is the field's."""
    if "$ref" in schema:
        target = schema["$ref"].rpartition("/")[2]
        return BODIES[target] if target in BODIES else example_of(components[target], components, name)
    for known in ("const", "default"):
        if schema.get(known) is not None:
            return schema[known]
    if name in BY_NAME and _fits(BY_NAME[name], schema, components):
        return BY_NAME[name]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        options = [option for option in schema["anyOf"] if option.get("type") != "null"]
        return example_of(options[0], components, name)
    return _by_type(schema, components)


def _by_type(schema: Schema, components: Mapping[str, Schema]) -> Any:
    kind = schema.get("type")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            return _object(schema, components)
        case "array":
            return [example_of(schema["items"], components)] if "items" in schema else []
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return True
        case "string":
            return {"date-time": _MOMENT, "date": _MOMENT[:10]}.get(schema.get("format", ""), "text")
        case _:
            return {}


def _object(schema: Schema, components: Mapping[str, Schema]) -> dict[str, Any]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    kind = properties.get("object", {}).get("default")
    special = BY_OBJECT.get(str(kind), {})
    return {
        name: special[name] if name in special else example_of(field, components, name)
        for name, field in properties.items()
    }


_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def _fits(value: object, schema: Schema, components: Mapping[str, Schema]) -> bool:
    """Whether a value can be one of this schema, as far as types and choices tell."""
    if "$ref" in schema:
        return _fits(value, components[schema["$ref"].rpartition("/")[2]], components)
    if "anyOf" in schema:
        return any(_fits(value, option, components) for option in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    kinds = schema.get("type", [])
    return any(
        isinstance(value, _TYPES[kind]) and not (kind == "integer" and isinstance(value, bool))
        for kind in ([kinds] if isinstance(kinds, str) else kinds)
    )
