"""The OpenAPI 3.1 document, made from the table of calls, the structs they take and give, and the tree of errors."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

import sgate
from sgate.api.calls import Call, Schema
from sgate.api.openapi.calls import CALLS
from sgate.api.openapi.examples import example_of
from sgate.api.requests import JSON
from sgate.core import errors
from sgate.core.errors import GatewayError
from sgate.core.event import Envelope, EventType
from sgate.http.error_responses import PROBLEM
from sgate.http.sse import EVENT_STREAM
from sgate.objects.error import ErrorEnvelope
from sgate.objects.payment import PaymentObject
from sgate.objects.payment_intent import IntentObject
from sgate.objects.webhook_endpoint import EndpointObject

DESCRIPTION = """\
A payment gateway for sBTC: payment intents, hosted checkout, signed webhooks.

**Keys.** Send `Authorization: Bearer sk_test_...` (test mode) or `sk_live_...` (real money). Neither mode sees the \
other. A key has scopes: `read`, `write`, and `admin` for keys and settings.

**Repeating.** Send an `Idempotency-Key` with every POST. If no answer comes, send the same again: it has its effect \
once, and the answer is the first one, with `Idempotent-Replayed: true`.

**Failures** have one form, `error.code` says which, `error.doc_url` explains it. With `Accept: \
application/problem+json` they come as RFC 9457 problem details.

**Lists** are newest first. Walk them with `starting_after` and `ending_before`, at any depth at the same cost.

**Times** are ISO 8601 in UTC, amounts are whole sats.\
"""

TAGS: Mapping[str, str] = {
    "Payment intents": "What a customer is asked to pay, and what has come of it.",
    "Payments": "Transfers on the chain, with those that name no intent.",
    "Merchant": "Your profile, the settings of the key's mode, and your numbers day by day.",
    "API keys": "A key is shown once, when it is made. Roll one to replace it without a gap; revoke one that leaked.",
    "Audit log": "Who did what to keys, settings, addresses and endpoints.",
    "Webhook endpoints": "Where you are told about events.",
    "Webhook deliveries": "What was sent to your endpoints, and what they answered.",
    "Events": "Everything that was announced, whether or not a webhook told you.",
    "Simulated chain": "Make things happen, with a test key, where the test mode runs on the simulated chain.",
    "Public": "What the checkout asks for. No key; any origin.",
    "Operations": "For operators and their machines.",
}

_PREFIXES: Mapping[str, str] = {
    "intent_id": "pi",
    "payment_id": "pay",
    "endpoint_id": "we",
    "delivery_id": "whd",
    "event_id": "evt",
    "key_id": "ak",
}

_HEADERS: Schema = {
    "X-Request-Id": {
        "description": "The id of the request, in every log line about it.",
        "schema": {"type": "string"},
    },
    "Idempotent-Replayed": {
        "description": "`true` if the answer is one given before under the same Idempotency-Key.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
    "RateLimit": {"description": "Calls left (`r`) and seconds until more are (`t`).", "schema": {"type": "string"}},
}

_IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Up to 255 printable ASCII characters. The same request with the same key has its effect once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]{1,255}$"},
    "example": "order-17",
}


def route() -> HTTPRouteHandler:
    """Serves the document."""

    @get("/openapi.json")
    async def openapi_document() -> Response[bytes]:
        """The OpenAPI document."""
        return Response(msgspec.json.format(msgspec.json.encode(document()), indent=2), media_type=JSON)

    return openapi_document


@cache
def document() -> Mapping[str, Any]:
    """The OpenAPI document."""
    types = [kind for call in CALLS for kind in (call.answer, call.body) if kind is not None]
    references, schemas = _components([*types, ErrorEnvelope, Envelope, IntentObject, PaymentObject, EndpointObject])
    schemas["Problem"] = _PROBLEM
    operations = _Operations(references, schemas)
    paths: dict[str, Any] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method] = operations.of(call)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sGate",
            "version": sgate.__version__,
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"apiKey": []}],
        "tags": [
            {"name": name, "description": TAGS.get(name, name)} for name in dict.fromkeys(call.tag for call in CALLS)
        ],
        "paths": paths,
        "webhooks": {event_type: operations.webhook(event_type) for event_type in EventType},
        "components": {
            "schemas": schemas,
            "examples": {code: _error_example(kind) for code, kind in sorted(_errors_used().items())},
            "headers": _HEADERS,
            "securitySchemes": {
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "sk_test_... or sk_live_...",
                    "description": "An API key. `sgate merchants create` makes the first one.",
                }
            },
        },
    }


class _Operations:
    """Calls and webhooks as operations of the document."""

    def __init__(self, references: Mapping[type, Schema], schemas: Schema) -> None:
        self._references = references
        self._schemas = schemas

    def of(self, call: Call) -> Schema:
        """One call."""
        operation: Schema = {
            "operationId": call.name,
            "summary": call.summary,
            "tags": [call.tag],
            "parameters": [
                *_path_parameters(call.path),
                *call.query,
                *([_IDEMPOTENCY_KEY] if call.idempotent else []),
            ],
            "responses": {str(call.status): self._success(call), **self._failures(call)},
            "security": [] if call.scope is None else [{"apiKey": []}],
        }
        if call.scope is not None:
            operation["description"] = f"Needs a key with the scope `{call.scope}`."
        if call.body is not None:
            schema = self._references[call.body]
            content = {"schema": schema, "example": example_of(schema, self._schemas)}
            operation["requestBody"] = {"required": self._needs_fields(call.body), "content": {JSON: content}}
        if call.upload:
            binary: Schema = {"schema": {"type": "string", "format": "binary"}}
            operation["requestBody"] = {"required": True, "content": dict.fromkeys(call.upload, binary)}
        return operation

    def webhook(self, event_type: EventType) -> Schema:
        """What is sent when an event happens."""
        schema: Schema = {
            "allOf": [
                self._references[Envelope],
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": str(event_type)},
                        "data": {
                            "type": "object",
                            "properties": {"object": self._references[_object_of(event_type)]},
                            "required": ["object"],
                        },
                    },
                },
            ]
        }
        envelope = example_of(self._references[Envelope], self._schemas)
        shown = example_of(self._references[_object_of(event_type)], self._schemas)
        example = envelope | {"type": str(event_type), "event": str(event_type), "data": {"object": shown}}
        return {
            "post": {
                "operationId": str(event_type),
                "summary": event_type.meaning,
                "description": "Sent to every endpoint that asked for it, at least once, signed. Do what it asks for "
                "once per `webhook-id`.",
                "parameters": _WEBHOOK_HEADERS,
                "requestBody": {"required": True, "content": {JSON: {"schema": schema, "example": example}}},
                "responses": {"2XX": {"description": "Received. Anything else is tried again."}},
                "security": [],
            }
        }

    def _success(self, call: Call) -> Schema:
        schema = self._references[call.answer]
        headers = ["X-Request-Id", *(["RateLimit"] if call.scope else [])]
        headers += ["Idempotent-Replayed"] if call.idempotent else []
        content = {"schema": schema, "example": example_of(schema, self._schemas)}
        return {
            "description": "A stream of events." if call.stream else "Done.",
            "headers": _header_references(headers),
            "content": {EVENT_STREAM if call.stream else JSON: content, **_streamed(call)},
        }

    def _failures(self, call: Call) -> Schema:
        if call.unhealthy:
            schema = self._references[call.answer]
            return {"503": {"description": "Not well.", "content": {JSON: {"schema": schema}}}}
        by_status: dict[int, list[type[GatewayError]]] = {}
        for kind in _errors_of(call):
            by_status.setdefault(kind.status, []).append(kind)
        return {str(status): self._failure(kinds) for status, kinds in sorted(by_status.items())}

    def _failure(self, kinds: Sequence[type[GatewayError]]) -> Schema:
        headers = ["X-Request-Id"]
        headers += ["Retry-After"] if kinds[0].status in {409, 429, 503} else []
        headers += ["WWW-Authenticate"] if kinds[0] is errors.Unauthorized else []
        return {
            "description": "Codes: " + ", ".join(f"`{kind.code}`" for kind in kinds),
            "headers": _header_references(headers),
            "content": {
                JSON: {
                    "schema": self._references[ErrorEnvelope],
                    "examples": {kind.code: {"$ref": f"#/components/examples/{kind.code}"} for kind in kinds},
                },
                PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}},
            },
        }

    def _needs_fields(self, body: type) -> bool:
        schema = self._schemas[self._references[body]["$ref"].rpartition("/")[2]]
        return bool(schema.get("required"))


def _streamed(call: Call) -> Schema:
    if call.streams is None:
        return {}
    schema: Schema = {"type": "string", "description": f"Each `data:` line is one {call.streams.__name__}."}
    return {EVENT_STREAM: {"schema": schema, "example": "data: {}\n\n"}}


def _components(types: Sequence[type]) -> tuple[dict[type, Schema], Schema]:
    unique = list(dict.fromkeys(types))
    found, components = msgspec.json.schema_components(
        unique, ref_template="#/components/schemas/{name}", schema_hook=_any
    )
    return dict(zip(unique, found, strict=True)), components


def _any(kind: type) -> Schema:
    """Values of no fixed shape: the object inside an event, the details of an error."""
    del kind
    return {"description": "Any JSON value."}  # an empty schema would count as none


def _errors_of(call: Call) -> list[type[GatewayError]]:
    """The errors of a call: its own, and those of all calls."""
    kinds: list[type[GatewayError]] = [*call.failures, errors.RateLimitExceeded, errors.Unavailable, GatewayError]
    if call.scope is not None:
        kinds += [errors.Unauthorized, errors.Forbidden]
    return list(dict.fromkeys(kinds))


def _errors_used() -> dict[str, type[GatewayError]]:
    return {kind.code: kind for call in CALLS if not call.unhealthy for kind in _errors_of(call)}


def _error_example(kind: type[GatewayError]) -> Schema:
    message = kind().message
    return {
        "summary": message,
        "value": {
            "error": {
                "type": kind.type,
                "code": kind.code,
                "message": message,
                "param": None,
                "doc_url": f"https://pay.example.com/docs/errors/{kind.code}",
                "details": {},
            },
            "request_id": "req_0123456789abcdef01234567",
            "timestamp": "2026-11-23T12:00:00.000Z",
            "path": "/v1/payment_intents",
            "status": kind.status,
        },
    }


def _object_of(event_type: EventType) -> type:
    """What an event is about, by the first part of its name."""
    kinds: Mapping[str, type] = {"payment": PaymentObject, "webhook_endpoint": EndpointObject}
    return kinds.get(event_type.partition(".")[0], IntentObject)


def _path_parameters(path: str) -> list[Schema]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [_path_parameter(name) for name in names]


def _path_parameter(name: str) -> Schema:
    schema: Schema = {"type": "string", "minLength": 1}
    if name in _PREFIXES:
        schema = {"type": "string", "pattern": f"^{_PREFIXES[name]}_[0-9a-f]{{24}}$"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _header_references(names: Sequence[str]) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _webhook_header(name: str, description: str) -> Schema:
    return {"name": name, "in": "header", "required": True, "description": description, "schema": {"type": "string"}}


_WEBHOOK_HEADERS = [
    _webhook_header("webhook-id", "The event's id: the same on every attempt."),
    _webhook_header(
        "webhook-timestamp", "When this attempt was signed, Unix seconds. Refuse what is older than 5 min."
    ),
    _webhook_header(
        "webhook-signature", "`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body` (Standard Webhooks)."
    ),
    _webhook_header("X-sGate-Timestamp", "The same time once more."),
    _webhook_header("X-sGate-Signature", "`t=`, the time, `,v1=` and hex of HMAC-SHA256 over `timestamp.body`."),
]

_PROBLEM: Schema = {
    "title": "Problem",
    "description": "A failure as RFC 9457 problem details.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "The page that explains the code."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The path of the request."},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "param": {"type": "string"},
        "details": {"type": "object"},
        "retry_after": {"type": "integer"},
    },
}
