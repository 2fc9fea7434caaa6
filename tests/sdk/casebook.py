"""Values and expectations of the cases, as sdk/cases/README.md defines them."""

import base64
import json
import re
import secrets
from pathlib import Path

CASES = Path(__file__).parents[2] / "sdk" / "cases"
_REFERENCE = re.compile(r"\$(\w+(?:\.\w+)*)")


def load(name):
    return json.loads((CASES / name).read_text("utf-8"))


class Memory:
    """The state of one case: saved results, and its unique text."""

    def __init__(self):
        self.saved = {}
        self.unique = secrets.token_hex(6)

    def resolve(self, reference):
        """Return a part of a saved result."""
        value = self.saved
        for part in reference.split("."):
            value = value[int(part)] if isinstance(value, list) else value[part]
        return value

    def fill(self, value):
        """Return a value with its references replaced."""
        match value:
            case str():
                text = value.replace("$unique", self.unique)
                reference = _REFERENCE.fullmatch(text)
                return self.resolve(reference[1]) if reference else text
            case list():
                return [self.fill(each) for each in value]
            case {"$repeat": [text, times]}:
                return text * times
            case {"$base64": text}:
                return base64.b64decode(text)
            case dict():
                return {key: each if key == "$match" else self.fill(each) for key, each in value.items()}
            case _:
                return value


def misfit(expected, found, at="answer"):
    """Return the first mismatch as a sentence, or None if `found` matches."""
    match expected:
        case {"$match": pattern}:
            fits = found is not None and re.search(pattern, str(found)) is not None
            return None if fits else f"{at}: {found!r} does not match {pattern}"
        case {"$not": other}:
            return None if found != other else f"{at}: is {other!r}"
        case {"$some": item}:
            fits = any(misfit(item, each) is None for each in found)
            return None if fits else f"{at}: nothing in {found!r} fits {item!r}"
        case {"$exactly": value}:
            return None if value == found else f"{at}: {found!r} is not exactly {value!r}"
        case dict():
            return _misfit_of_object(expected, found, at)
        case list():
            if not isinstance(found, list) or len(found) != len(expected):
                return f"{at}: {found!r} does not have the {len(expected)} items of {expected!r}"
            pairs = enumerate(zip(expected, found, strict=True))
            return next((wrong for i, (e, f) in pairs if (wrong := misfit(e, f, f"{at}.{i}"))), None)
        case _:
            same = expected == found and isinstance(expected, bool) == isinstance(found, bool)
            return None if same else f"{at}: {found!r} is not {expected!r}"


def _misfit_of_object(expected, found, at):
    if not isinstance(found, dict):
        return f"{at}: {found!r} is not an object"
    for name, value in expected.items():
        if value == {"$absent": True}:
            if found.get(name) is not None:
                return f"{at}.{name}: is present: {found[name]!r}"
        elif name not in found:
            return f"{at}.{name}: is missing"
        elif wrong := misfit(value, found[name], f"{at}.{name}"):
            return wrong
    return None
