"""The examples of the OpenAPI document: requests, responses and events of a real run, from `examples.json`.

`make generate` writes this file. The examples of errors are not recorded (see `document`).
"""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

RECORDED = Path(__file__).with_name("examples.json")


class Exchange(msgspec.Struct, frozen=True):
    """A recorded call: the JSON body of its response, and of its request if the request has a body."""

    response: Any
    request: Any = None


class Examples(msgspec.Struct, frozen=True):
    """Recorded calls by name, and recorded events by type."""

    calls: dict[str, Exchange]
    events: dict[str, Any]


@cache
def examples() -> Examples:
    """Return the recorded examples."""
    return msgspec.json.decode(RECORDED.read_bytes(), type=Examples)
