"""Structured logs: one JSON object a line on standard error, with the request id, without secrets.

Secrets are removed by name at any depth, and by form: an API key, a client secret or a webhook secret is cut out of any
text, also in a URL or an error message.
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

REDACTED = "[REDACTED]"
FIRST_ERROR_STATUS = 400
SLOW_REQUEST_S = 1.0
"""What takes so long is logged, however few requests are."""

MAX_WAITING_LINES = 256
"""Some 100 kB: so many lines are written without waiting for the end of the turn."""

MAX_DEPTH = 6
SENSITIVE_NAMES = frozenset(
    {"authorization", "api_key", "client_secret", "webhook_secret", "secret", "password", "secret_keys", "cookie"}
)
_SENSITIVE_TEXT = re.compile(
    r"(sk_(?:test|live)_)[0-9a-f]{8,}|(_secret_)[0-9a-f]{8,}|(whsec_)[A-Za-z0-9+/=_-]{8,}|(://[^/@\s:]+:)[^/@\s]+(?=@)"
)
_encoder = msgspec.json.Encoder(enc_hook=str)


class RequestLine(msgspec.Struct, frozen=True, kw_only=True):
    """What is logged of each request. `ms`: how long it took; `key`: the id of the API key that asked."""

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
    """Where lines go. A log that cannot be written (a full disk, a closed pipe) must not fail the work it tells of:
    such lines are lost, and the next one that can be written says how many.

    Lines wait here until they are flushed, and not in the stream: with PYTHONUNBUFFERED that is a system call a line.
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
        """What waits. One by one, so that of threads that flush at the same time each line is taken by one."""
        lines: list[bytes] = []
        with contextlib.suppress(IndexError):
            while True:
                lines.append(self._waiting.popleft())
        return lines

    def _write(self, text: bytes) -> None:
        """Write all of it: a stream without a buffer may take a part only, or (None) nothing."""
        rest = memoryview(text)
        while rest:
            taken = cast("int | None", self._stream.write(rest))
            if taken is None:
                raise BlockingIOError
            rest = rest[taken:]


class _RequestLog:
    """Writes request lines past structlog, whose steps cost more than answering from memory does; lines of one turn of
    the event loop leave together.
    """

    def __init__(self) -> None:
        self.output: _Output | None = None
        self.sample = 1.0
        self._waiting = False

    def wants(self, status: int, seconds: float) -> bool:
        """Whether a request is logged: all that failed or were slow, and a share of the others."""
        if self.output is None:
            return False
        if status >= FIRST_ERROR_STATUS or seconds >= SLOW_REQUEST_S or self.sample >= 1:
            return True
        return random.random() < self.sample  # noqa: S311 - a sample, no secret

    def write(self, line: RequestLine) -> None:
        if self.output is None:
            return
        self.output.write(_encoder.encode(line) + b"\n")
        if not self._waiting:
            self._waiting = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._waiting = False
        if self.output is not None:
            self.output.flush()


_request_log = _RequestLog()


def configure(level: str = "info", stream: TextIO | None = None, *, sample: float = 1.0) -> None:
    """Set up logging for this process, once, at its start.

    Args:
        level: debug, info, warning or error.
        sample: the share of lines about requests that went well, and fast, that is kept.
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
    """Log one request, on the event loop, unless it is left out by sampling."""
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
    """A structlog processor: remove what must not be logged."""
    for name, value in event.items():
        if name.lower() in SENSITIVE_NAMES:
            event[name] = REDACTED
        elif type(value) is str:
            event[name] = clean_text(value)
        elif value is not None:
            event[name] = _clean(value, MAX_DEPTH)
    return event


def clean_text(text: str) -> str:
    """The text without anything that has the form of a secret."""
    if "sk_" not in text and "_secret_" not in text and "whsec_" not in text and "://" not in text:
        return text  # looked at before the expression, because this runs for each value of each line
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
    return _encoder.encode(event)


class _Forwarding(logging.Handler):
    """Brings what libraries log through the standard library into the same stream."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info or None)
