"""The OpenAPI 3.1 document, built from the declared calls, the structs of their bodies, and the error classes."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

import sgate
from sgate.api.calls import Call, Schema
from sgate.api.openapi.calls import CALLS
from sgate.api.openapi.examples import examples
from sgate.api.openapi.schemas import components, name_of
from sgate.api.requests import JSON
from sgate.core import errors
from sgate.core.errors import GatewayError
from sgate.core.event import Envelope, EventType
from sgate.http.error_responses import PROBLEM
from sgate.http.sse import EVENT_STREAM, frame
from sgate.objects.encoding import encode
from sgate.objects.error import ErrorEnvelope
from sgate.objects.payment import DepositObject, HeldPaymentObject
from sgate.objects.payment_intent import IntentObject, ReorgedIntentObject
from sgate.objects.webhook_endpoint import EndpointObject

DESCRIPTION = """\
A payment gateway for sBTC: payment intents, hosted checkout, signed webhooks.

**Authentication.** Send `Authorization: Bearer sk_test_...` (test mode) or `sk_live_...` (real money). The two modes \
do not see each other's objects. An API key has scopes: `read`, `write`, and `admin` for API keys and settings.

**Idempotency.** Send an `Idempotency-Key` with every POST. If you receive no response, repeat the request with the \
same key: it takes effect once, and you get the original response, with `Idempotent-Replayed: true`.

**Errors** all have the same form: `error.code` identifies the error, `error.doc_url` explains it. With `Accept: \
application/problem+json` they are returned as RFC 9457 problem details.

**Lists** are newest first. Page through them with `starting_after` and `ending_before`; every page costs the same.

**Times** are ISO 8601 in UTC, and amounts are whole sats.\
"""

TAGS: Mapping[str, str] = {
    "Payment intents": "Requests to a customer to pay an amount, and their progress.",
    "Payments": "Transfers on the chain, including unmatched deposits, which name no payment intent.",
    "Merchant": "Your profile, the settings of the key's mode, and your daily statistics.",
    "API keys": "A key is shown only once, when it is created. Roll a key to replace it without an interruption, and "
    "revoke one that has leaked.",
    "Audit log": "Who did what to API keys, settings, pay addresses and webhook endpoints.",
    "Webhook endpoints": "URLs of your server that events are sent to.",
    "Webhook deliveries": "What was sent to your endpoints, and how they responded.",
    "Events": "Everything that has happened, whether or not it was sent to a webhook endpoint.",
    "Simulated chain": "Control of the simulated chain, with a test key, on servers whose test mode runs on it.",
    "Public": "The calls of the checkout page: without an API key, from any origin.",
    "Operations": "Health checks for operators and their monitoring.",
}

_IDS: Mapping[str, tuple[str, str]] = {
    "intent_id": ("pi", "payment intent"),
    "payment_id": ("pay", "payment"),
    "endpoint_id": ("we", "webhook endpoint"),
    "delivery_id": ("whd", "webhook delivery"),
    "recovery_id": ("whr", "recovery"),
    "event_id": ("evt", "event"),
    "key_id": ("ak", "API key"),
}
"""Maps each path parameter to the id prefix and the kind of its object."""

_HEADERS: Schema = {
    "X-Request-Id": {
        "description": "Id of the request, which is part of all its log entries.",
        "schema": {"type": "string"},
    },
    "Idempotent-Replayed": {
        "description": "`true` if the response was stored by an earlier request with the same Idempotency-Key.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds to wait before trying again.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
    "RateLimit": {
        "description": "Calls that are left (`r`), and seconds until the limit is reset (`t`).",
        "schema": {"type": "string"},
    },
}

_IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]{1,255}$"},
    "example": "order-17",
}


def route() -> HTTPRouteHandler:
    """Return the route that serves the document."""

    @get("/openapi.json")
    async def openapi_document() -> Response[bytes]:
        """Return the OpenAPI document."""
        return Response(_formatted(), media_type=JSON)

    return openapi_document


@cache
def _formatted() -> bytes:
    return msgspec.json.format(msgspec.json.encode(document()), indent=2)


@cache
def document() -> Mapping[str, Any]:
    """Build the OpenAPI document."""
    types = [kind for call in CALLS for kind in (call.answer, call.body) if kind is not None]
    bodies = [call.body for call in CALLS if call.body is not None]
    types += [
        ErrorEnvelope,
        Envelope,
        IntentObject,
        ReorgedIntentObject,
        DepositObject,
        HeldPaymentObject,
        EndpointObject,
    ]
    references, schemas = components(list(dict.fromkeys(types)), requests=bodies, shown=_shown())
    schemas["Problem"] = _PROBLEM
    about = [event["data"]["object"] for event in examples().events.values()]
    schemas["EventData"]["properties"]["object"]["examples"] = about[:1]
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
    """Renders calls and webhooks as operations of the document."""

    def __init__(self, references: Mapping[type, Schema], schemas: Schema) -> None:
        self._references = references
        self._schemas = schemas

    def of(self, call: Call) -> Schema:
        """Return the operation of a call."""
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
        needs = "" if call.scope is None else f"Requires a key with the scope `{call.scope}`."
        if description := f"{call.description} {needs}".strip():
            operation["description"] = description
        if call.body is not None:
            content: Schema = {"schema": self._references[call.body]}
            if (recorded := examples().calls.get(call.name)) is not None:
                content["example"] = recorded.request
            operation["requestBody"] = {"required": self._needs_fields(call.body), "content": {JSON: content}}
        if call.upload:
            binary: Schema = {"schema": {"type": "string", "format": "binary"}}
            operation["requestBody"] = {"required": True, "content": dict.fromkeys(call.upload, binary)}
        return operation

    def webhook(self, event_type: EventType) -> Schema:
        """Return the operation of a webhook: the request that is sent when an event occurs."""
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
        content: Schema = {"schema": schema}
        if event_type in examples().events:
            content["example"] = examples().events[event_type]
        return {
            "post": {
                "operationId": str(event_type),
                "summary": event_type.meaning,
                "description": "Sent to every endpoint that receives events of this type, signed, and at least once: "
                "process each `webhook-id` only once.",
                "parameters": _WEBHOOK_HEADERS,
                "requestBody": {"required": True, "content": {JSON: content}},
                "responses": {
                    "2XX": {"description": "The event was received. After any other response it is sent again."}
                },
                "security": [],
            }
        }

    def _success(self, call: Call) -> Schema:
        headers = ["X-Request-Id", *(["RateLimit"] if call.scope else [])]
        headers += ["Idempotent-Replayed"] if call.idempotent else []
        content: Schema = {"schema": self._references[call.answer]}
        if (recorded := examples().calls.get(call.name)) is not None:
            content["example"] = recorded.response
        return {
            "description": "A stream of server-sent events." if call.stream else "The call succeeded.",
            "headers": _header_references(headers),
            "content": {EVENT_STREAM if call.stream else JSON: content, **_streamed(call)},
        }

    def _failures(self, call: Call) -> Schema:
        if call.unhealthy:
            schema = self._references[call.answer]
            return {"503": {"description": "Unhealthy.", "content": {JSON: {"schema": schema}}}}
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
        return bool(self._schemas[name_of(self._references[body])].get("required"))


def _streamed(call: Call) -> Schema:
    if call.streams is None:
        return {}
    schema: Schema = {"type": "string", "description": f"Each `data:` line is one {call.streams.__name__}."}
    frames = [frame(encode(event), event=event["type"], identity=event["id"]) for event in examples().events.values()]
    return {EVENT_STREAM: {"schema": schema, "example": b"".join(frames[:1]).decode()}}


def _shown() -> list[tuple[type, Any]]:
    """Return the recorded objects, each with its type."""
    recorded = examples()
    return [
        *((call.answer, recorded.calls[call.name].response) for call in CALLS if call.name in recorded.calls),
        *((Envelope, event) for event in recorded.events.values()),
        *((_object_of(EventType(name)), event["data"]["object"]) for name, event in recorded.events.items()),
    ]


def _errors_of(call: Call) -> list[type[GatewayError]]:
    """Return the errors of a call: its own errors, and the errors common to all calls."""
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
            "request_id": "req_6b042ac00123456789abcdef",
            "timestamp": "2026-11-23T12:00:00.000Z",
            "path": "/v1/payment_intents",
            "status": kind.status,
        },
    }


def _object_of(event_type: EventType) -> type:
    """Return the type of an event's object."""
    match event_type:
        case EventType.UNMATCHED:
            return DepositObject
        case EventType.HELD:
            return HeldPaymentObject
        case EventType.REORGED:
            return ReorgedIntentObject
        case EventType.ENDPOINT_DISABLED | EventType.ENDPOINT_TEST:
            return EndpointObject
        case _:
            return IntentObject


def _path_parameters(path: str) -> list[Schema]:
    return [_path_parameter(part[1:-1]) for part in path.split("/") if part.startswith("{")]


def _path_parameter(name: str) -> Schema:
    prefix, kind = _IDS[name]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": f"Id of the {kind}.",
        "schema": {"type": "string", "pattern": f"^{prefix}_[0-9a-f]{{24}}$"},
        "example": f"{prefix}_6b042ac0a1b2c3d4e5f60718",
    }


def _header_references(names: Sequence[str]) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _webhook_header(name: str, description: str) -> Schema:
    return {"name": name, "in": "header", "required": True, "description": description, "schema": {"type": "string"}}


_WEBHOOK_HEADERS = [
    _webhook_header("webhook-id", "Id of the event; the same in every attempt."),
    _webhook_header(
        "webhook-timestamp",
        "Time at which the attempt was signed, in Unix seconds. Refuse requests that are older than 5 minutes.",
    ),
    _webhook_header(
        "webhook-signature", "`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body` (Standard Webhooks)."
    ),
    _webhook_header("X-sGate-Timestamp", "The same time again."),
    _webhook_header("X-sGate-Signature", "`t=`, the time, `,v1=` and the hexadecimal HMAC-SHA256 of `timestamp.body`."),
]


def _problem_field(kind: str, description: str, example: object, **schema: object) -> Schema:
    return {"type": kind, "description": description, "examples": [example], **schema}


_PROBLEM: Schema = {
    "title": "Problem",
    "description": "An error as RFC 9457 problem details.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    "properties": {
        "type": _problem_field(
            "string",
            "URL of the page that explains the code.",
            "https://pay.example.com/docs/errors/invalid_expires_in",
            format="uri",
        ),
        "title": _problem_field("string", "Name of the HTTP status.", "Unprocessable Entity"),
        "status": _problem_field("integer", "HTTP status code.", 422),
        "detail": _problem_field(
            "string", "Human-readable: what is wrong and what to do.", "`expires_in` must be from 60 to 86400 seconds."
        ),
        "instance": _problem_field("string", "Path of the request.", "/v1/payment_intents"),
        "code": _problem_field("string", "Code that identifies the error.", "invalid_expires_in"),
        "request_id": _problem_field(
            "string", "Id of the request, as in its header `X-Request-Id`.", "req_6b042ac00123456789abcdef"
        ),
        "param": _problem_field("string", "Field or parameter at fault, if there is one.", "expires_in"),
        "details": _problem_field("object", "Further facts, which depend on the code.", {}),
        "retry_after": _problem_field("integer", "Seconds to wait before trying again.", 1),
    },
}
