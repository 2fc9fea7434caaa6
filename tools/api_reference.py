"""The reference of the REST API, a page per resource, made from the OpenAPI document that the server shows."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sgate.api.openapi import document as openapi_document

Schema = Mapping[str, Any]
NOT_MENTIONED = {"413", "415", "429", "500", "503"}
"""Failures that every call shares; the overview tells of them."""


def api_pages() -> Iterator[tuple[str, str]]:
    """Name and text of each page of `reference/api`."""
    document = json.loads(json.dumps(openapi_document.document()))
    reference = _Reference(document)
    yield "reference/api/index.md", reference.overview()
    for tag in document["tags"]:
        yield f"reference/api/{_slug(tag['name'])}.md", reference.page(tag)


class _Reference:
    """One OpenAPI document as pages."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self._schemas: Schema = document["components"]["schemas"]
        self._calls = [
            (method.upper(), path, call) for path, calls in document["paths"].items() for method, call in calls.items()
        ]

    def overview(self) -> str:
        lines = [
            "# REST API",
            "",
            "<!-- Made from the OpenAPI document by `make generate`. -->",
            "",
            "The same is on every server: `/docs` explains each call, `/docs/try` lets you try them with a test key, and",
            "`/openapi.json` is for tools.",
            "",
            self._document["info"]["description"],
            "",
            "Any call may also answer 413 or 415 (the body is too large or not JSON), 429 (wait as long as `Retry-After`",
            "says) and 500 or 503 (try again). [Every error](../../errors.md) has a page.",
        ]
        for tag in self._document["tags"]:
            lines += ["", f"## {tag['name']}", "", tag["description"], "", "| call | |", "|---|---|"]
            page = f"{_slug(tag['name'])}.md"
            lines += [
                f"| `{method} {path}` | [{call['summary']}]({page}#{_slug(call['summary'])}) |"
                for method, path, call in self._of(tag)
            ]
        return "\n".join(lines) + "\n"

    def page(self, tag: Schema) -> str:
        lines = [f"# {tag['name']}", "", "<!-- Made from the OpenAPI document by `make generate`. -->", ""]
        lines += [tag["description"], ""]
        shown: list[str] = []
        for method, path, call in self._of(tag):
            lines += self._call(method, path, call, shown)
        lines += self._objects(shown)
        return "\n".join(lines).rstrip() + "\n"

    def _of(self, tag: Schema) -> list[tuple[str, str, Schema]]:
        return [each for each in self._calls if each[2]["tags"][0] == tag["name"]]

    def _call(self, method: str, path: str, call: Schema, shown: list[str]) -> Iterator[str]:
        yield from (f"## {call['summary']}", "", "```http", f"{method} {path}", "```", "")
        if call.get("description"):
            yield from (call["description"], "")
        if call["parameters"]:
            yield from ("| parameter | in | type | what |", "|---|---|---|---|")
            for each in call["parameters"]:
                name = f"`{each['name']}`" + (" (required)" if each.get("required") else "")
                yield f"| {name} | {each['in']} | {self._kind(each['schema'])} | {_cell(each.get('description', ''))} |"
            yield ""
        for content_type, body in call.get("requestBody", {}).get("content", {}).items():
            yield from self._body(content_type, body)
        for status, answer in call["responses"].items():
            if status.startswith("2"):
                yield from self._answer(status, answer, shown)
        yield from _failures(call)

    def _body(self, content_type: str, body: Schema) -> Iterator[str]:
        schema = self._resolved(body["schema"])
        if "properties" not in schema:
            yield from (f"Body: `{content_type}`.", "")
            return
        yield from ("Body:", "", *self._fields(schema, asked=True), "")
        if "example" in body:
            yield from _json(body["example"])

    def _answer(self, status: str, answer: Schema, shown: list[str]) -> Iterator[str]:
        for content_type, content in answer.get("content", {}).items():
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            if name and name not in shown:
                shown.append(name)
            told = f": [{name}](#{_slug(name)})" if name else f": `{content_type}`"
            yield from (f"Answers {status}{told}.", "")
            if content_type == "application/json" and "example" in content:
                yield from _json(content["example"])

    def _objects(self, names: list[str]) -> Iterator[str]:
        """The fields of the answers and of what they are made of."""
        for name in names:
            schema = self._schemas[name]
            yield from (f"## {name}", "")
            if schema.get("description"):
                yield from (schema["description"], "")
            if "enum" in schema:
                yield from (", ".join(f"`{each}`" for each in schema["enum"]) + ".", "")
            elif "properties" in schema:
                yield from (*self._fields(schema), "")
            names += [each for each in _references(schema) if each not in names]

    def _fields(self, schema: Schema, *, asked: bool = False) -> Iterator[str]:
        yield from ("| field | type | what |", "|---|---|---|")
        for name, field in schema["properties"].items():
            needed = " (required)" if asked and name in schema.get("required", ()) else ""
            default = field.get("default")
            told = _cell(field.get("description", ""))
            if asked and default not in (None, [], {}):
                told += f" Default: `{default}`."
            yield f"| `{name}`{needed} | {self._kind(field)} | {told.strip()} |"

    def _kind(self, schema: Schema) -> str:
        match schema:
            case {"$ref": reference}:
                return self._named(reference.rpartition("/")[2])
            case {"anyOf": kinds}:
                return " or ".join(dict.fromkeys(self._kind(kind) for kind in kinds))
            case {"enum": values}:
                return ", ".join(f"`{value}`" for value in values)
            case {"type": "array", "items": items}:
                return f"array of {self._kind(items)}"
            case {"type": list() as kinds}:
                return " or ".join(kinds)
            case {"format": form}:
                return str(form)
            case {"type": kind}:
                return str(kind)
            case _:
                return "any"

    def _named(self, name: str) -> str:
        schema = self._schemas[name]
        return ", ".join(f"`{each}`" for each in schema["enum"]) if "enum" in schema else name

    def _resolved(self, schema: Schema) -> Schema:
        return self._schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _failures(call: Schema) -> Iterator[str]:
    codes = [
        answer["description"].removeprefix("Codes: ")
        for status, answer in call["responses"].items()
        if status[0] in "45" and status not in NOT_MENTIONED and answer["description"].startswith("Codes: ")
    ]
    if codes:
        yield from (f"Fails with {', '.join(codes)}.", "")


def _references(schema: Any) -> Iterator[str]:
    match schema:
        case {"$ref": str() as reference}:
            yield reference.rpartition("/")[2]
        case dict():
            for each in schema.values():
                yield from _references(each)
        case list():
            for each in schema:
                yield from _references(each)
        case _:
            pass


def _json(value: Any) -> tuple[str, ...]:
    return ("```json", *json.dumps(value, indent=2, ensure_ascii=False).splitlines(), "```", "")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _slug(text: str) -> str:
    """The anchor that a heading gets; also the name of a page."""
    kept = "".join(letter for letter in text.lower() if letter.isalnum() or letter in " -_")
    return "-".join(kept.split())
