"""Bytes, texts and JSON as somebody outside may send them: garbage, and what is almost right."""

import json
import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("SGATE_FUZZ_EXAMPLES", "100"))

fuzzed = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

ODD_TEXTS = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "\ud800",
        "١٢٣",
        "0x",
        "-1",
        "+1",
        "1e9",
        "NaN",
        "9" * 400,
        "pi_",
        "S",
        "\u202e",
        "a" * 5000,
        "{}",
        "%00",
        "..",
        "null",
    ]
)
TEXTS = st.text(max_size=200) | ODD_TEXTS | st.from_regex(r"[ -~]{0,120}", fullmatch=True)
BYTES = st.binary(max_size=400)
JSON_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | TEXTS.map(lambda t: t.encode("utf-8", "replace").decode())
)
JSON_VALUES = st.recursive(
    JSON_LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)


def almost(text):
    """`text` with something cut out, put in or exchanged."""
    return st.builds(_edited, st.just(text), st.integers(0, len(text)), st.integers(0, 6), TEXTS | st.just(""))


def almost_bytes(data):
    """`data` with something cut out, put in or exchanged."""
    return st.builds(_edited, st.just(data), st.integers(0, len(data)), st.integers(0, 6), BYTES | st.just(b""))


def _edited(whole, at, length, put):
    return whole[:at] + put + whole[at + length :]


def leaves_of(value, path=()):
    """The path of every value within a JSON value."""
    yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves_of(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves_of(inner, (*path, index))


@st.composite
def almost_json(draw, value):
    """`value` with up to three of its parts exchanged for anything, or taken out."""
    copy = json.loads(json.dumps(value))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(leaves_of(copy))))
        if not path:
            return draw(JSON_VALUES)
        inside = copy
        for step in path[:-1]:
            inside = inside[step]
        if draw(st.booleans()):
            inside[path[-1]] = draw(JSON_VALUES)
        else:
            del inside[path[-1]]
    return copy
