"""Structured logs: one JSON object a line on standard error, with the request id, without secrets.

Secrets are removed by name at any depth, and by form: an API key, a client secret or a webhook secret is cut out of any
text, also in a URL or an error message.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import msgspec
import structlog

REDACTED = "[REDACTED]"
MAX_DEPTH = 6
SENSITIVE_NAMES = frozenset(
    {"authorization", "api_key", "client_secret", "webhook_secret", "secret", "password", "secret_keys", "cookie"}
)
_SENSITIVE_TEXT = re.compile(
    r"(sk_(?:test|live)_)[0-9a-f]{8,}|(_secret_)[0-9a-f]{8,}|(whsec_)[A-Za-z0-9+/=]{8,}|(://[^/@\s:]+:)[^/@\s]+(?=@)"
)
_encoder = msgspec.json.Encoder(enc_hook=str)


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Set up logging for this process, once, at its start. `level`: debug, info, warning or error."""
    number = logging.getLevelNamesMapping()[level.upper()]
    output = (stream or sys.stderr).buffer
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
        logger_factory=structlog.BytesLoggerFactory(output),
        cache_logger_on_first_use=True,
    )
    handler = _Forwarding()
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: remove what must not be logged."""
    for name, value in event.items():
        event[name] = REDACTED if name.lower() in SENSITIVE_NAMES else _clean(value, MAX_DEPTH)
    return event


def clean_text(text: str) -> str:
    """The text without anything that has the form of a secret."""
    if "_" not in text and "@" not in text:
        return text
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
