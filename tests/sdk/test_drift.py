"""The Python SDK has exactly the calls, parameters and fields of docs/openapi.json."""

import datetime as dt
import enum
import json
import types
import typing
from pathlib import Path

import msgspec
import pytest

from sdk.registry import Operation, operations
from sgate_sdk import _requests, errors, events, models, words

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text("utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = operations()
DOCUMENTED = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
NAMES = {
    "IntentWithPayments": "PaymentIntent", "QuoteObject": "Quote", "PaymentObject": "IntentPayment", "DepositObject": "Payment",
    "MerchantObject": "Merchant", "StatsObject": "MerchantStats", "ApiKeyObject": "ApiKey", "EndpointObject": "WebhookEndpoint",
    "RecoveryObject": "WebhookRecovery", "DeliveryObject": "WebhookDelivery", "DeliveryWithAttempts": "WebhookDeliveryWithAttempts",
    "CreatedIntent": "PaymentIntent", "HeldPaymentObject": "HeldPayment", "ReorgedIntentObject": "ReorgedPaymentIntent",
    "RequestObject": "WebhookRequest", "AttemptObject": "WebhookAttempt", "Envelope": "Event", "PublicIntent": "PublicPaymentIntent",
    "HintObject": "Hint", "SimulatorObject": "Simulator", "SimulatedPaymentObject": "SimulatedPayment",
}  # fmt: skip
"""Schemas whose models have other, more readable names."""

LISTS = {"IntentList", "PaymentList", "ApiKeyList", "AuditLogList", "EndpointList", "DeliveryList", "EventList"}
ENUMERATIONS = {name for name, schema in SCHEMAS.items() if "enum" in schema}
REQUESTS = {
    content["schema"]["$ref"].rpartition("/")[2]
    for _, _, operation in DOCUMENTED.values()
    for content in operation.get("requestBody", {}).get("content", {}).values()
    if "$ref" in content["schema"]
}
ERRORS = {"ErrorEnvelope": errors._Envelope, "ErrorBody": errors._Body, "Problem": errors._Problem}
LEFT_OUT_OF_ERRORS = {"timestamp", "path", "status", "retry_after", "title", "instance"}
"""The HTTP response has the same in its status and its headers, or the request has it."""

SUBSUMED = {"IntentObject"}
"""A payment intent without its payments: the model's field is empty."""

EXTRA = {"ReorgedIntentObject": {"payments", "warnings"}, "IntentWithPayments": {"warnings"}}
"""Fields that a model inherits, and that are empty."""

CONSTANTS = {"object", "currency", "method"}
"""Fields with one possible value, which is their default in the models."""

LENIENT = {
    "IntentWithPayments": {"payments", "failure_reason"}, "CreatedIntent": {"payments", "failure_reason", "warnings"},
    "ReorgedIntentObject": {"moved_payments", "failure_reason"},
    "Envelope": {"api_version"}, "HealthReport": {"version"},
}  # fmt: skip
"""Required fields that the models do not require: events omit `payments`, and older servers the others."""

OBJECTS = [
    name for name in SCHEMAS if name not in LISTS | ENUMERATIONS | REQUESTS | set(ERRORS) | SUBSUMED or name == "Tier"
]


def model_of(name):
    known = NAMES.get(name, name)
    return getattr(models, known, None) or getattr(events, known)


def by_id(operation_id, kind=None) -> Operation:
    (found,) = [each for each in OPERATIONS if each.id == operation_id and (kind is None or each.kind == kind)]
    return found


def test_every_operation_has_a_call():
    assert {each.id for each in OPERATIONS} == set(DOCUMENTED)


@pytest.mark.parametrize("operation", [pytest.param(each, id=each.name) for each in OPERATIONS])
def test_the_call_has_the_method_and_path_of_the_document(operation):
    method, path, documented = DOCUMENTED[operation.id]
    request = operation.request()
    assert (request.method, request.path.replace("%7Bid%7D", "{id}")) == (method, _with_plain_id(path))
    keyed = "Idempotency-Key" in _parameters(documented, "header")
    assert (request.idempotency_key is not None) == keyed
    assert request.public == (not path.startswith("/v1"))


@pytest.mark.parametrize("operation", [pytest.param(each, id=each.name) for each in OPERATIONS])
def test_the_call_has_the_parameters_of_the_document(operation):
    _, _, documented = DOCUMENTED[operation.id]
    query = _parameters(documented, "query")
    if operation.kind == "stream":
        cursors = {"starting_after", "ending_before", "limit", "from_date", "to_date", "stream"}
        assert set(operation.parameters) == set(query) - cursors
    elif operation.kind == "list":
        assert set(operation.parameters) == set(query) - {"stream", "last_event_id"}
    elif operation.id == "setLogo":
        assert set(operation.parameters) == {"content", "content_type"}
    else:
        properties, required = _body(documented)
        assert set(operation.parameters) == set(query) | set(properties)
        needed = {name for name, each in operation.parameters.items() if each.default is each.empty}
        assert needed == required


@pytest.mark.parametrize("operation", [pytest.param(each, id=each.name) for each in OPERATIONS])
def test_the_call_returns_the_object_of_the_document(operation):
    _, _, documented = DOCUMENTED[operation.id]
    (content,) = [answer["content"] for status, answer in documented["responses"].items() if status[0] == "2"]
    if operation.kind == "stream":
        assert "text/event-stream" in content
        return
    name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
    if operation.kind == "list":
        assert name in LISTS
        name = SCHEMAS[name]["properties"]["data"]["items"]["$ref"].rpartition("/")[2]
        (item,) = operation.answer_type.__args__
        assert item is model_of(name)
    else:
        assert operation.answer_type is model_of(name)


@pytest.mark.parametrize("name", OBJECTS)
def test_the_object_has_the_fields_of_the_document(name):
    schema, fields = SCHEMAS[name], {field.name: field for field in msgspec.structs.fields(model_of(name))}
    assert set(fields) - EXTRA.get(name, set()) == set(schema["properties"])
    for field_name, field_schema in schema["properties"].items():
        field = fields[field_name]
        if field.required:
            assert field_name in schema["required"], field_name
        else:
            lenient = field_name in CONSTANTS | LENIENT.get(name, set())
            assert field_name not in schema["required"] or lenient, field_name
        optional = field_name not in schema["required"] and "default" not in field_schema
        assert mismatch(field_schema, field.type, optional=optional) is None, field_name


@pytest.mark.parametrize("name", OBJECTS)
def test_type_checkers_know_the_values_of_the_document(name):
    fields = {field.name: field.type for field in msgspec.structs.fields(model_of(name))}
    for field_name, schema in SCHEMAS[name]["properties"].items():
        if field_name not in CONSTANTS:
            assert literals_of(fields[field_name]) == values_of(schema), field_name


@pytest.mark.parametrize("name", sorted(LISTS))
def test_a_list_has_the_fields_of_the_document(name):
    known = {field.name for field in msgspec.structs.fields(_requests.ListAnswer)}
    assert set(SCHEMAS[name]["properties"]) <= known


def test_the_intent_of_an_event_has_only_fields_of_an_intent():
    known = {field.name for field in msgspec.structs.fields(models.PaymentIntent)}
    assert known == set(SCHEMAS["IntentObject"]["properties"]) | {"payments", "warnings"}


@pytest.mark.parametrize("name", sorted(ENUMERATIONS))
def test_the_enumerations_are_those_of_the_document(name):
    assert sorted(getattr(words, name)) == sorted(SCHEMAS[name]["enum"])


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_every_field_of_an_error_is_read(name):
    read = {field.name for field in msgspec.structs.fields(ERRORS[name])}
    assert read == set(SCHEMAS[name]["properties"]) - LEFT_OUT_OF_ERRORS


def test_each_error_status_of_the_document_has_a_class():
    statuses = {int(status) for _, _, each in DOCUMENTED.values() for status in each["responses"] if status >= "4"}
    assert {status for status in statuses if status < 500} <= set(errors.BY_STATUS)


def mismatch(schema, annotation, *, optional=False):
    """Return how an annotation differs from a schema, or None."""
    expected, found = kinds(schema) | ({"null"} if optional else set()), kinds_of(annotation)
    return None if expected == found else f"{expected} is not {found}"


def kinds(schema):
    """Return the kinds of values that a schema allows. Dates and times are strings in JSON."""
    if not {"type", "$ref", "anyOf"} & set(schema):
        return {"any"}
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"string"} if name in ENUMERATIONS else {model_of(name).__name__}
    if "anyOf" in schema:
        return set().union(*(kinds(each) for each in schema["anyOf"]))
    if isinstance(schema["type"], list):
        return set().union(*(kinds(schema | {"type": each}) for each in schema["type"]))
    if schema["type"] == "array":
        return {f"array of {sorted(kinds(schema['items']))}"}
    if schema["type"] == "object":
        return {f"object of {sorted(kinds(schema.get('additionalProperties') or {}))}"}
    return {schema["type"]}


def kinds_of(annotation):
    plain = {str: "string", int: "integer", float: "number", bool: "boolean", types.NoneType: "null"}
    moments = {dt.datetime: "string", dt.date: "string", typing.Any: "any"}
    if annotation in plain | moments:
        return {(plain | moments)[annotation]}
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {types.UnionType, typing.Union}:
        return set().union(*(kinds_of(each) for each in arguments))
    if origin is typing.Annotated:
        return kinds_of(arguments[0])
    if origin is tuple:
        return {f"array of {sorted(kinds_of(arguments[0]))}"}
    if origin is dict:
        return {f"object of {sorted(kinds_of(arguments[1]))}"}
    assert not (isinstance(annotation, type) and issubclass(annotation, enum.Enum)), "enumerated fields are plain text"
    return {annotation.__name__}


def values_of(schema):
    """Return the values that a schema, or its items, enumerate."""
    if "$ref" in schema:
        return set(SCHEMAS[schema["$ref"].rpartition("/")[2]].get("enum", ()))
    parts = [*schema.get("anyOf", ()), *(schema[each] for each in ("items", "additionalProperties") if each in schema)]
    return set(schema.get("enum", ())) - {None} | set().union(*map(values_of, parts))


def literals_of(annotation):
    """Return the values that type checkers know of an annotation."""
    if typing.get_origin(annotation) is typing.Annotated:
        return set(typing.get_args(annotation.__metadata__[0]))
    return set().union(*map(literals_of, typing.get_args(annotation)))


def _with_plain_id(path):
    head, brace, rest = path.partition("{")
    return f"{head}{{id}}{rest.partition('}')[2]}" if brace else path


def _parameters(operation, place):
    return {each["name"]: each for each in operation.get("parameters", []) if each["in"] == place}


def _body(operation):
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return {}, set()
    body = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    return body["properties"], set(body["required"])
