"""Strict decoding of request bodies. An error names the field and says which values are allowed.

Unknown fields are refused, and values are not converted: a string field accepts no number, and an integer field accepts
no float.
"""

import contextlib
import re
from enum import StrEnum
from typing import TypeVar

import msgspec

from sgate.core import errors
from sgate.core import intent as limits
from sgate.core.event import EventType
from sgate.core.scope import Scope

T = TypeVar("T")

_FIELD = re.compile(r"`\$\.([^`]+)`")
_UNKNOWN = re.compile(r"unknown field `([^`]+)`")
_MISSING = re.compile(r"missing required field `([^`]+)`")
_WITH_ARTICLE = {
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
_EXPECTED = re.compile(r"Expected `([^`]+)`(?P<limit> (?!- at)[^,]+)?(?:, got `(?P<given>[^`]+)`)?")

_FIELD_ERRORS: dict[str, type[errors.ValidationFailed]] = {
    "amount_sats": errors.InvalidAmount,
    "amount_usd": errors.InvalidAmount,
    "currency": errors.InvalidCurrency,
    "expires_in": errors.InvalidExpiresIn,
    "pay_address": errors.InvalidPayAddress,
    "url": errors.InvalidUrl,
    "support_url": errors.InvalidUrl,
    "success_url": errors.InvalidUrl,
    "cancel_url": errors.InvalidUrl,
    "confirmation_policy": errors.InvalidConfirmationPolicy,
}
_CHOICES: dict[str, type[StrEnum]] = {"event_types": EventType, "late_payments": limits.LatePolicy, "scopes": Scope}


def decode(body: bytes, shape: type[T]) -> T:
    """Decode a JSON body as `shape`. An empty body counts as an empty object.

    Raises:
        InvalidJson: if the body is not valid JSON.
        ValidationFailed: if the body does not match the shape. Some fields raise their own subclass.
    """
    try:
        return msgspec.json.decode(body or b"{}", type=shape)
    except msgspec.ValidationError as error:
        raise _validation_error(str(error), shape, body) from None
    except UnicodeDecodeError:
        raise errors.InvalidJson("The request body is not valid JSON: it is not encoded as UTF-8.") from None
    except RecursionError:
        raise errors.InvalidJson("The request body is nested too deeply.") from None
    except msgspec.DecodeError as error:
        raise errors.InvalidJson(f"The request body is not valid JSON: {error}.") from None


def _validation_error(message: str, shape: type, body: bytes) -> errors.ValidationFailed:
    field, unknown, missing = _FIELD.search(message), _UNKNOWN.search(message), _MISSING.search(message)
    if unknown and field is None:
        return errors.ValidationFailed(f"Unknown field `{unknown[1]}`{_fields_of(shape)}.", param=unknown[1])
    if missing and field is None:
        return errors.ValidationFailed(f"The field `{missing[1]}` is required.", param=missing[1])
    if field is None:
        return errors.ValidationFailed(f"The request body {_reworded(message)}.")
    if field[1] == "metadata[...]":
        return _metadata_error(message, body)
    name = re.split(r"[.\[]", field[1])[0]
    kind = _FIELD_ERRORS.get(name, errors.ValidationFailed)
    if unknown:
        return kind(f"{field[1]}: unknown field `{unknown[1]}`.", param=f"{field[1]}.{unknown[1]}")
    if missing:
        return kind(f"{field[1]}: the field `{missing[1]}` is required.", param=field[1])
    if name in _CHOICES and "enum value" in message:
        return kind(f"{field[1]} must be one of {', '.join(_CHOICES[name])}.", param=field[1])
    rule = "" if kind in {errors.ValidationFailed, errors.InvalidConfirmationPolicy} else f" {kind().message}"
    return kind(f"{field[1]} {_reworded(message)}.{rule}", param=field[1])


def _fields_of(shape: type) -> str:
    """Return the end of the message about an unknown field, which lists the existing fields."""
    fields: tuple[str, ...] = getattr(shape, "__struct_fields__", ())
    return f"; the fields are {', '.join(fields)}" if fields else ": this call takes no fields"


class _Metadata(msgspec.Struct):
    metadata: dict[str, msgspec.Raw]


def _metadata_error(message: str, body: bytes) -> errors.ValidationFailed:
    """Return an error that names the metadata key whose value is not a string. The decoder does not report this key."""
    name = "metadata"
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # the rest may be malformed
        found = msgspec.json.decode(body, type=_Metadata).metadata
        wrong = [key for key, value in found.items() if not bytes(value).startswith(b'"')]
        wrong.sort(key=lambda key: bytes(found[key]) == b"null")  # null comes last, because an update accepts it
        name = f"metadata.{wrong[0][: limits.MAX_METADATA_KEY_CHARACTERS]}" if wrong else name
    return errors.ValidationFailed(
        f"{name} {_reworded(message)}. Metadata values must be strings; quote numbers.", param=name
    )


def _reworded(complaint: str) -> str:
    """Convert a message of the decoder to the rest of a sentence, such as `must be an integer, not a string`."""
    complaint = complaint.partition(" - at ")[0]
    match = _EXPECTED.fullmatch(complaint)
    if "RFC3339" in complaint:
        return "must be a date and time with a time zone, such as 2026-11-23T12:00:00Z"
    if match is None:
        return f"is not valid: {complaint[:1].lower()}{complaint[1:]}"
    kinds = " or ".join(_WITH_ARTICLE.get(kind.strip(), kind.strip()) for kind in match[1].split("|"))
    given = match["given"]
    refused = "" if given is None else f", not {_WITH_ARTICLE.get(given, given)}"
    return f"must be {kinds}{match['limit'] or ''}{refused}"
