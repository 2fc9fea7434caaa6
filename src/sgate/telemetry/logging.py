"""Structured logs: one JSON object per line on standard error, with the request id and without secrets.

Fields whose names are sensitive are redacted. Everything that looks like an API key, a client secret, a webhook secret
or a password in a URL is redacted in every text, including URLs and error messages.
"""

import asyncio
import collections
import contextlib
import logging
import random
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, BinaryIO, TextIO, cast

import msgspec
import structlog

from sgate.core.text import shown_json

REDACTED = "[REDACTED]"
FIRST_ERROR_STATUS = 400
SLOW_REQUEST_S = 1.0
"""Requests that take at least this long are always logged, regardless of sampling."""

MAX_WAITING_LINES = 256
"""If this many lines are buffered (about 100 kB), they are written before the end of the event loop's iteration."""

MAX_DEPTH = 6
SENSITIVE_NAMES = frozenset(
    {"authorization", "api_key", "client_secret", "webhook_secret", "secret", "password", "secret_keys", "cookie"}
)
_SENSITIVE_TEXT = re.compile(
    r"(sk_(?:test|live)_)[0-9a-f]{8,}|(_secret_)[0-9a-f]{8,}|(whsec_)[A-Za-z0-9+/=_-]{8,}|(://[^/@\s:]+:)[^/@\s]+(?=@)"
)
_encoder = msgspec.json.Encoder(enc_hook=str)


class RequestLine(msgspec.Struct, frozen=True, kw_only=True):
    """The log line of a request.

    Attributes:
        ms: duration in milliseconds.
        key: id of the API key that made the request, or None.
    """

    event: str = "request"
    level: str = "info"
    timestamp: datetime
    request_id: str
    method: str
    path: str
    status: int
    ms: float
    address: str | None
    key: str | None


class _Output:
    """Buffers log lines and writes them to a stream.

    If a line cannot be written (full disk, closed pipe), the operation that logs it must not fail. Such lines are lost.
    Before the next lines that can be written, the number of lost lines is written.

    Lines are buffered here and not in the stream, because with PYTHONUNBUFFERED the stream makes one system call per
    line.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._waiting: collections.deque[bytes] = collections.deque()
        self._lost = 0

    def write(self, line: bytes) -> int:
        self._waiting.append(line)
        if len(self._waiting) >= MAX_WAITING_LINES:
            self.flush()
        return len(line)

    def flush(self) -> None:
        lines = self._take()
        try:
            if self._lost:
                self._write(_encoder.encode({"event": "log lines were lost", "lines": self._lost}) + b"\n")
                self._lost = 0
            self._write(b"".join(lines))
        except (OSError, ValueError):  # ValueError: the stream is closed
            self._lost += len(lines)
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def _take(self) -> list[bytes]:
        """Take the buffered lines one by one, so that threads that flush at the same time never take the same line."""
        lines: list[bytes] = []
        with contextlib.suppress(IndexError):
            while True:
                lines.append(self._waiting.popleft())
        return lines

    def _write(self, text: bytes) -> None:
        """Write all of `text`. An unbuffered stream may accept only a part of it, or nothing (then it returns None)."""
        rest = memoryview(text)
        while rest:
            taken = cast("int | None", self._stream.write(rest))
            if taken is None:
                raise BlockingIOError
            rest = rest[taken:]


class _RequestLog:
    """Writes the request lines of one iteration of the event loop together.

    It bypasses structlog, because its processors take more time than a response from memory.
    """

    def __init__(self) -> None:
        self.output: _Output | None = None
        self.sample = 1.0
        self._waiting = False

    def wants(self, status: int, seconds: float) -> bool:
        """Return whether to log a request. Failed and slow requests are always logged, and the others are sampled."""
        if self.output is None:
            return False
        if status >= FIRST_ERROR_STATUS or seconds >= SLOW_REQUEST_S or self.sample >= 1:
            return True
        return random.random() < self.sample  # noqa: S311 - a sample, no secret

    def write(self, line: RequestLine) -> None:
        if self.output is None:
            return
        self.output.write(_safe(_encoder.encode(line)) + b"\n")
        if not self._waiting:
            self._waiting = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._waiting = False
        if self.output is not None:
            self.output.flush()


_request_log = _RequestLog()


def configure(level: str = "info", stream: TextIO | None = None, *, sample: float = 1.0) -> None:
    """Set up logging for this process. This must be called once, at startup.

    Args:
        level: debug, info, warning or error.
        stream: where to write; standard error by default.
        sample: fraction of the fast, successful requests that are logged.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    output = _Output((stream or sys.stderr).buffer)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", output)),
        cache_logger_on_first_use=True,
    )
    _request_log.sample = sample
    _request_log.output = output if number <= logging.INFO else None
    handler = _Forwarding()
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


def request_line(
    *, request_id: str, method: str, path: str, status: int, seconds: float, address: str | None, key: str | None
) -> None:
    """Log one request, unless sampling drops it. Must run on the event loop."""
    if not _request_log.wants(status, seconds):
        return
    line = RequestLine(
        timestamp=datetime.now(UTC),
        request_id=request_id,
        method=method,
        path=clean_text(path),
        status=status,
        ms=round(seconds * 100_000) / 100,
        address=address,
        key=key,
    )
    _request_log.write(line)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Remove secrets from a log event. This is a structlog processor."""
    for name, value in event.items():
        if name.lower() in SENSITIVE_NAMES:
            event[name] = REDACTED
        elif type(value) is str:
            event[name] = clean_text(value)
        elif value is not None:
            event[name] = _clean(value, MAX_DEPTH)
    return event


def clean_text(text: str) -> str:
    """Return the text with everything that looks like a secret redacted."""
    if "sk_" not in text and "_secret_" not in text and "whsec_" not in text and "://" not in text:
        return text  # checked before the regular expression, because this runs for every value of every line
    return _SENSITIVE_TEXT.sub(lambda match: next(part for part in match.groups() if part) + REDACTED, text)


def _clean(value: object, depth: int) -> object:
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, int | float | bool):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {
            str(name): REDACTED if str(name).lower() in SENSITIVE_NAMES else _clean(item, depth - 1)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, depth - 1) for item in value]
    return clean_text(str(value))


def _render(_logger: object, _method: str, event: MutableMapping[str, Any]) -> bytes:
    return _safe(_encoder.encode(event))


def _safe(line: bytes) -> bytes:
    """Return a line that a terminal can show, because it may contain what a client has sent."""
    return line if line.isascii() and b"\x7f" not in line else shown_json(line.decode()).encode()


class _Forwarding(logging.Handler):
    """Forwards records that libraries log through the standard library to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info or None)
