"""The Python SDK reference, generated from its signatures and docstrings."""

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

import sgate_sdk
from sgate_sdk import SGate, errors, testing
from sgate_sdk._calls import Resource, _Operation

HEAD = """# Python SDK reference

<!-- Generated from sdk/python by `make generate`. -->

[The guide](../project/python-sdk.md) explains how to use the SDK. This page lists everything in `sgate_sdk`. With
`AsyncSGate`, await the same methods and iterate over lists with `async for`.
"""


def python_page() -> str:
    """Return docs/reference/python-sdk.md."""
    lines = [HEAD, "## SGate", "", "```text", _signature("SGate", SGate.__init__), "```", ""]
    lines += _docstring(SGate.__init__)
    client = SGate("sk_test_0", base_url="http://localhost:4000")
    for name, resource in vars(client).items():
        if isinstance(resource, Resource):
            lines += _resource(name, resource)
    client.close()
    lines += ["## Webhooks", ""]
    for function in (
        sgate_sdk.verify_webhook,
        sgate_sdk.verify_signature,
        testing.webhook_body,
        testing.webhook_headers,
    ):
        lines += _function(function)
    lines += [*_objects(), *_enumerations(), *_errors()]
    return "\n".join(lines).rstrip() + "\n"


def _resource(name: str, resource: Resource[Any]) -> Iterator[str]:
    yield from (f"## sgate.{name}", "", *_docstring(type(resource)))
    for call_name, operation in vars(type(resource)).items():
        if isinstance(operation, _Operation):
            yield from (f"### {name}.{call_name}", "")
            yield from ("```text", _signature(f"sgate.{name}.{call_name}", operation.describe), "```", "")
            yield from _docstring(operation)


def _function(function: Callable[..., Any]) -> Iterator[str]:
    where = "sgate_sdk.testing" if function.__module__.endswith("testing") else "sgate_sdk"
    yield from (f"### {function.__name__}", "", f"From `{where}`.", "")
    yield from ("```text", _signature(function.__name__, function), "```", "", *_docstring(function))


def _objects() -> Iterator[str]:
    yield from ("## Objects", "", "Fields have the same names as in the [API](api.md).", "")
    for name in sgate_sdk.__all__:
        kind = getattr(sgate_sdk, name)
        if inspect.isclass(kind) and issubclass(kind, msgspec.Struct):
            yield from (f"### {name}", "", *_docstring(kind), "| field | type |", "|---|---|")
            for field in msgspec.structs.fields(kind):
                yield f"| `{field.encode_name}` | `{_type(field.type)}` |"
            yield ""


def _enumerations() -> Iterator[str]:
    yield from ("## Enumerations", "", "The members are strings equal to the values in the API.", "")
    for name in ("Status", "Finality", "EventType", "Scope", "Anomaly", "LatePolicy", "Inclusion", "Network", "Health"):
        members = ", ".join(f"`{member.name}` = `{member.value}`" for member in getattr(sgate_sdk, name))
        yield from (f"### {name}", "", f"{members}.", "")


def _errors() -> Iterator[str]:
    yield from ("## Errors", "", "| class | is a | when |", "|---|---|---|")
    for name, kind in vars(errors).items():
        if inspect.isclass(kind) and issubclass(kind, sgate_sdk.SGateError) and name == kind.__name__:  # not an alias
            text = inspect.getdoc(kind) or ""
            yield f"| `{name}` | `{kind.__bases__[0].__name__}` | {_cell(text.partition(chr(10) * 2)[0])} |"


def _signature(name: str, function: Callable[..., Any]) -> str:
    """Return the signature as Python code, with one parameter per line if it is long."""
    parameters = [each for each in inspect.signature(function).parameters.values() if each.name != "self"]
    shown, star = [], False
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY and not star:
            shown.append("*")
            star = True
        default = "" if each.default is each.empty else f" = {_default(each.default)}"
        shown.append(f"{each.name}: {_type(each.annotation)}{default}")
    annotation = inspect.signature(function).return_annotation
    returns = "" if annotation in (inspect.Signature.empty, None) else f" -> {_returned(annotation)}"
    one_line = f"{name}({', '.join(shown)}){returns}"
    if len(one_line) <= 100:  # noqa: PLR2004 - characters that fit on a line of the page
        return one_line
    return "\n".join((f"{name}(", *(f"    {each}," for each in shown), f"){returns}"))


def _default(value: Any) -> str:
    return "UNSET" if value is msgspec.UNSET else repr(value)


def _returned(annotation: Any) -> str:
    """Return the type that the caller gets, from the return type of the method that describes the request."""
    text = _type(annotation)
    listed = re.fullmatch(r"Request\[ListAnswer\[(.+)\]\]", text)
    return f"Page[{listed[1]}]" if listed else re.sub(r"^Request\[(.+)\]$", r"\1", text)


def _type(annotation: Any) -> str:
    text = (
        annotation.__name__ if inspect.isclass(annotation) and not hasattr(annotation, "__args__") else str(annotation)
    )
    text = re.sub(r"[\w.]+\.(\w+)", r"\1", text)
    text = re.sub(r"Annotated\[str, Literal\[[^]]*\]\]", "str", text)  # the values are listed under Enumerations
    return re.sub(r"^Optional\[(.*)\]$", r"\1 | None", text)


def _docstring(thing: Any) -> Iterator[str]:
    """Yield the docstring as Markdown. Sections such as Args and Raises become lists."""
    text = inspect.getdoc(thing)
    if not text or (dataclasses.is_dataclass(thing) and text.startswith(f"{thing.__name__}(")):
        return
    entries: list[str] = []
    for line in text.splitlines():
        if re.fullmatch(r"(Args|Raises|Attributes|Returns|Yields):", line):
            yield from (*_list(entries), f"{line.removesuffix(':').replace('Args', 'Arguments')}:", "")
            entries = []
        elif entry := re.match(r"    ([\w, ]+): (.*)", line):
            entries.append(f"- `{entry[1]}`: {entry[2]}")
        elif line.startswith("     ") and entries:
            entries[-1] += " " + line.strip()
        else:
            yield from (*_list(entries), line.strip())
            entries = []
    yield from (*_list(entries), "")


def _list(entries: list[str]) -> list[str]:
    return [*entries, ""] if entries else []


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
