"""The schemas of the OpenAPI document. They are derived by msgspec from the structs, then completed and simplified."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec

from sgate.api.calls import Schema


def components(
    types: Sequence[type], *, requests: Sequence[type], shown: Iterable[tuple[type, Any]]
) -> tuple[dict[type, Schema], Schema]:
    """Return references to the schemas of the types, and all schemas by name.

    Args:
        requests: the types that are request bodies. Fields with a default are optional in request bodies. In
            responses, fields with a default other than null are always present.
        shown: pairs of a type and an object of this type. The objects are examples for fields that contain them.
    """
    found, schemas = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}", schema_hook=_any_value
    )
    references = dict(zip(types, found, strict=True))
    optional = {name_of(references[each]) for each in requests}
    for name, schema in schemas.items():
        schema["description"] = inspect.cleandoc(schema.get("description", ""))
        if "enum" in schema:
            schema["type"] = "string"
        if "properties" in schema:
            schema["properties"] = {field: _simplified(each, field) for field, each in schema["properties"].items()}
            if name not in optional:
                _require_defaults(schema)
    examples = _Examples(schemas)
    for kind, value in shown:
        examples.collect(references[kind], value)
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            field.setdefault("examples", [examples.of(field)])
    return references, schemas


def name_of(reference: Schema) -> str:
    """Return the name of the schema to which a reference refers."""
    return reference["$ref"].rpartition("/")[2]


def _any_value(kind: type) -> Schema:
    """Return the schema of values without a fixed shape: the object of an event, and the details of an error."""
    del kind
    return {"description": "Any JSON value."}  # msgspec refuses an empty schema


def _simplified(schema: Schema, field: str = "") -> Schema:
    """Return an equivalent, simpler schema.

    Nullable values avoid `anyOf` where possible, literals have a type, and the type of an object is a constant.
    """
    schema = {name: _simplified(each) if name in _NESTED else each for name, each in schema.items()}
    if "enum" in schema and "$ref" not in schema:
        schema["type"] = "string"
        if field == "object":
            (schema["const"],) = schema.pop("enum")
    match schema:
        case {"anyOf": [{"$ref": _} as option, {"type": "null"} as null]}:
            shared = {name: value for name, value in option.items() if name != "$ref"}
            return {**shared, **schema, "anyOf": [{"$ref": option["$ref"]}, null]}
        case {"anyOf": [{"type": str(kind)} as option, {"type": "null"}]}:
            outer = {name: value for name, value in schema.items() if name != "anyOf"}
            nullable = {"enum": [*option["enum"], None]} if "enum" in option else {}
            return {**_simplified(option), **outer, **nullable, "type": [kind, "null"]}
        case _:
            return schema


_NESTED = ("items", "additionalProperties")


def _require_defaults(schema: Schema) -> None:
    """Mark fields with a default other than null as required, because responses always contain these fields."""
    fields: Mapping[str, Schema] = schema["properties"]
    always = {name for name, field in fields.items() if field.pop("default", None) is not None}
    schema["required"] = [name for name in fields if name in always or name in schema.get("required", ())]


class _Examples:
    """Examples of the schemas. A schema without a collected object gets an example built from its fields' examples."""

    def __init__(self, schemas: Schema) -> None:
        self._schemas = schemas
        self._known: dict[str, Any] = {}

    def collect(self, schema: Schema, value: Any) -> None:
        """Remember a value, and the values that it contains, as examples of their schemas."""
        match schema, value:
            case _, None:
                pass
            case {"$ref": _}, _:
                self._known.setdefault(name_of(schema), value)
                self.collect(self._schemas[name_of(schema)], value)
            case {"anyOf": [option, *_]}, _:
                self.collect(option, value)
            case {"items": item}, list():
                for each in cast("list[Any]", value):
                    self.collect(item, each)
            case {"properties": fields}, dict():
                for name, each in cast("dict[str, Any]", value).items():
                    self.collect(fields[name], each)
            case _:
                pass

    def of(self, schema: Schema) -> Any:
        """Return an example of a schema."""
        match schema:
            case {"examples": [first, *_]}:
                return first
            case {"const": value} | {"enum": [value, *_]}:
                return value
            case {"$ref": _}:
                name = name_of(schema)
                return self._known[name] if name in self._known else self.of(self._schemas[name])
            case {"anyOf": [option, *_]}:
                return self.of(option)
            case {"items": item}:
                return [self.of(item)]
            case {"properties": fields}:
                return {name: self.of(field) for name, field in fields.items()}
            case _:
                return {}
