"""Nothing that is logged while the tests run may hold a secret: `tests/conftest.py` looks through all of it.

In the process a wire-tap on the log's output hears every line, wherever it goes; of the processes that tests start, the
lines of their output are looked through.
"""

import io
import re

from sgate.settings.settings import DEVELOPMENT_SECRET_KEY
from sgate.telemetry import logging as sgate_logging

FORMS = {
    "an API key": re.compile(r"sk_(?:test|live)_[0-9a-f]{8}"),
    "a client secret": re.compile(r"pi_[0-9a-f]{24}_secret_[0-9a-f]"),
    "a webhook secret": re.compile(r"whsec_[A-Za-z0-9+/]{8}"),
    "a password in a URL": re.compile(r"://[^/@\s:\"]*:(?!\[REDACTED\])[^/@\s\"]+@"),
    "an authorization header": re.compile(
        r"(?i)\bbearer +(?!(?:sk_(?:test|live)_)?(?:\[REDACTED\]|\.\.\.))[a-z0-9._-]{8}"
    ),
    "the key for secrets at rest": re.compile(re.escape(DEVELOPMENT_SECRET_KEY)),
}


class SecretLogged(AssertionError):
    """A line of the log holds a secret."""


def look_through(text):
    """Raise if a line of the log holds a secret."""
    for what, form in FORMS.items():
        found = form.search(text)
        if found:
            start = text.rfind("\n", 0, found.start()) + 1
            line = text[start:].partition("\n")[0]
            raise SecretLogged(f"{what} was logged: {line}")


def log_lines(output):
    """The lines of a process's output that are its log: JSON objects. The rest is for people, who asked for it."""
    return "\n".join(line for line in output.splitlines() if line.startswith("{"))


class WireTap:
    """Hears what any log of this process writes."""

    def __init__(self):
        self._heard = []
        self._write = sgate_logging._Output.write

    def start(self):
        tap, write = self._heard, self._write

        def heard(output, line):
            tap.append(line)
            return write(output, line)

        sgate_logging._Output.write = heard

    def stop(self):
        sgate_logging._Output.write = self._write

    def take(self):
        """What was written since this was last asked."""
        text = b"".join(self._heard).decode("utf-8", "replace")
        self._heard.clear()
        return text


class Nowhere:
    """A stream as `telemetry.logging` wants it."""

    def __init__(self):
        self.buffer = _Dropped()


class _Dropped(io.RawIOBase):
    def write(self, line):
        return len(line)
