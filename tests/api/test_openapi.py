"""The OpenAPI document matches what is served."""

import asyncio
import os
import re

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.objects import made_for, parameters
from sgate.api.openapi.calls import CALLS
from sgate.api.openapi.document import document
from sgate.core.errors import GatewayError
from sgate.core.event import EventType
from sgate.core.scope import Scope

EXAMPLES = int(os.environ.get("SGATE_FUZZ_EXAMPLES", "15"))
"""Requests made up for each call; `make fuzz` makes many more."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PAGES = {"/", "/openapi.json", "/metrics"}
NOT_REST = ("/pi/", "/assets/", "/logos/", "/docs")


def served(app):
    """What Litestar routes, as (method, path)."""
    routes = app.gateway.app._app.routes
    return {
        (method.lower(), route.path_format)
        for route in routes
        for method in getattr(route, "methods", ())
        if method not in {"OPTIONS", "HEAD"} and route.path_format not in PAGES
        if not route.path_format.startswith(NOT_REST)
    }


async def test_every_served_call_is_in_the_document_and_every_call_in_it_is_served(app):
    assert served(app) == {(call.method, call.path) for call in CALLS}


async def test_the_document_is_served_as_it_is_and_every_reference_in_it_leads_somewhere(app):
    answer = await app.anyone.get("/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json["openapi"] == "3.1.0"
    for reference in references(answer.json):
        kind, name = reference.removeprefix("#/components/").split("/")
        assert name in answer.json["components"][kind]


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_schema_of_the_document_is_a_schema():
    for schema in document()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for path in document()["paths"].values():
        for operation in path.values():
            for parameter in operation["parameters"]:
                jsonschema.Draft202012Validator.check_schema(parameter["schema"])


def operations():
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation
    for event_type, methods in document()["webhooks"].items():
        yield event_type, methods["post"]


def problems(schema, example):
    """Return what is wrong with an example, formats included."""
    validator = jsonschema.Draft202012Validator(
        {"components": document()["components"], **schema}, format_checker=jsonschema.FormatChecker()
    )
    return [error.message for error in validator.iter_errors(example)]


def contents():
    """Yield every JSON or event-stream content of a request or response, with where it is."""
    for where, operation in operations():
        found = [("request", operation["requestBody"])] if "requestBody" in operation else []
        for place, part in [*found, *operation["responses"].items()]:
            for kind in part.get("content", {}).keys() & {"application/json", "text/event-stream"}:
                yield f"{where} {place}", part["content"][kind]


def test_every_request_response_and_event_has_an_example_that_its_schema_allows():
    shown = document()["components"]["examples"]
    for where, content in contents():
        if "/health" in where and "503" in where:
            continue
        examples = [shown[name]["value"] for name in content.get("examples", {})] or [content["example"]]
        for example in examples:
            assert problems(content["schema"], example) == [], where


def properties():
    """Yield every property of every schema, with its name and that of the schema."""
    for name, schema in document()["components"]["schemas"].items():
        for field, each in schema.get("properties", {}).items():
            yield name, field, each


def test_every_schema_and_every_property_is_described_and_every_property_has_an_example():
    for name, schema in document()["components"]["schemas"].items():
        assert schema["description"].endswith("."), name
    for name, field, schema in properties():
        assert schema["description"].endswith("."), (name, field)
        assert schema["examples"], (name, field)
        for example in schema["examples"]:
            assert problems(schema, example) == [], (name, field)


def test_times_days_and_urls_have_their_format():
    for name, field, schema in properties():
        texts = "string" in schema.get("type", ())
        moment = texts and (
            field.endswith(("_at", "_time")) or field in {"timestamp", "since", "until", "failing_since"}
        )
        day = texts and (field == "date" or field.endswith("_date"))
        url = texts and (field == "url" or field.endswith("_url"))
        expected = "date-time" if moment else "date" if day else "uri" if url else None
        if expected == "uri" and name == "CreatePaymentIntent":
            expected = "uri-template"  # `{id}` is replaced
        assert schema.get("format") in {expected, *({"uuid", "uri"} if expected is None else ())}, (name, field)


CLOSED = {
    "status",
    "finality",
    "exceptions",
    "network",
    "currency",
    "late_payments",
    "scopes",
    "event_types",
    "event_type",
}
"""Fields with a closed set of values, in whichever object; `status` of an error is its number."""


def values_of(schema):
    """Return the values that a schema enumerates, or None."""
    if "$ref" in schema:
        return values_of(document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return values_of(schema["anyOf"][0])
    return values_of(schema["items"]) if "items" in schema else schema.get("enum")


def test_closed_sets_of_values_are_enumerated_and_the_type_of_an_object_is_a_constant():
    for name, field, schema in properties():
        if field in CLOSED and schema.get("type") != "integer":
            assert values_of(schema), (name, field)
        if field == "object" and name != "EventData":
            assert schema["const"] == schema["examples"][0], name
    envelope = document()["components"]["schemas"]["Envelope"]["properties"]
    assert envelope["type"]["enum"] == envelope["event"]["enum"] == list(EventType)
    assert "validation_error" in document()["components"]["schemas"]["ErrorBody"]["properties"]["type"]["enum"]


def test_fields_that_every_response_has_are_required():
    schemas = document()["components"]["schemas"]
    optional = {
        "IntentList": {"total", "total_is_exact", "page", "pages"},
        "ApiKeyObject": {"secret"},
        "EndpointObject": {"secret"},
        "Tier": {"stacks_blocks", "tenure_changes", "bitcoin_blocks"},
        "ErrorEnvelope": {"retry_after"},
        "Problem": {"param", "details", "retry_after"},
    }
    bodies = {call.body.__name__ for call in CALLS if call.body is not None}
    for name, schema in schemas.items():
        if name not in bodies and "properties" in schema:
            assert schema["properties"].keys() - set(schema["required"]) == optional.get(name, set()), name


def test_every_call_and_event_says_what_it_is_for():
    for where, operation in operations():
        assert operation["summary"].strip(), where
        assert operation["description"].strip().endswith("."), where
    for event_type in EventType:
        assert event_type.meaning.endswith("."), event_type
    for tag in document()["tags"]:
        assert tag["description"] != tag["name"], f"say in TAGS what {tag['name']} are"


def test_there_is_an_example_for_every_error_code_that_a_call_may_return():
    for where, operation in operations():
        for status, answer in operation["responses"].items():
            if status.startswith("2") or "/health" in where:
                continue
            codes = re.findall(r"`([a-z_]+)`", answer["description"])
            assert set(answer["content"]["application/json"]["examples"]) == set(codes), where
            assert "application/problem+json" in answer["content"]


def test_operations_have_ids_of_their_own_and_every_path_parameter_is_described():
    ids = [operation["operationId"] for path in document()["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    for path, methods in document()["paths"].items():
        for operation in methods.values():
            assert all(parameter["description"].endswith(".") for parameter in operation["parameters"])
            described = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
            assert described == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def test_every_error_code_has_one_class_one_status_and_a_sentence():
    found = {}

    def walk(kind):
        for child in kind.__subclasses__():
            if child.__module__ == "sgate.core.errors":
                found.setdefault(child.code, set()).add(child.status)
                assert (child.__doc__ or "").strip().endswith(".")
            walk(child)

    walk(GatewayError)
    assert all(len(statuses) == 1 for statuses in found.values())


# A stream that is found does not end; tests/web/checkout/test_streams.py reads it.
ENDING = [call for call in CALLS if not call.stream]


@pytest.mark.parametrize("call", ENDING, ids=[call.name for call in ENDING])
async def test_whatever_a_client_sends_the_response_is_a_documented_one(app, shop, call):
    await app.watch()
    made = await made_for(app, shop, call)
    own = {name: made[name] for name in parameters(call)}
    key = (await app.key(shop.merchant_id, *Scope)).key  # not the one that a call may revoke
    schema = schemathesis.openapi.from_dict(dict(document()))
    operation = schema[call.path][call.method.upper()]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), real=st.booleans())
    def attempt(case, real):
        if real:
            case.path_parameters = own
        if case.query.get("stream") == "true":
            case.query["stream"] = "false"  # a stream does not end; it has tests of its own
        answer = case.call(base_url=app.url, headers={"Authorization": f"Bearer {key}"})
        case.validate_response(answer, checks=CHECKS)

    await asyncio.to_thread(attempt)
