"""What is wrong with a value, in the words of JSON rather than of Python, and with what would be right."""

import re

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


def reworded(complaint: str) -> str:
    """A complaint of the decoder as the rest of a sentence: `must be an integer, not a string`."""
    complaint = complaint.partition(" - at ")[0]
    match = _EXPECTED.fullmatch(complaint)
    if "RFC3339" in complaint:
        return "must be a moment with its zone, such as 2026-11-23T12:00:00Z"
    if match is None:
        return f"cannot be used: {complaint[:1].lower()}{complaint[1:]}"
    kinds = " or ".join(_WITH_ARTICLE.get(kind.strip(), kind.strip()) for kind in match[1].split("|"))
    given = match["given"]
    refused = "" if given is None else f", not {_WITH_ARTICLE.get(given, given)}"
    return f"must be {kinds}{match['limit'] or ''}{refused}"
