"""Encoding of objects as JSON, and of times as text."""

from datetime import UTC, datetime

import msgspec

_encoder = msgspec.json.Encoder()


def encode(value: object) -> bytes:
    """Return an object as JSON."""
    return _encoder.encode(value)


def iso_ms(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, with milliseconds and `Z`."""
    return iso_ms_bytes(moment).decode()


def iso_ms_or_none(moment: datetime | None) -> str | None:
    """Return a time in the format of `iso_ms`, or None if `moment` is None."""
    return None if moment is None else iso_ms(moment)


def iso_ms_bytes(moment: datetime) -> bytes:
    """Return the result of `iso_ms` as bytes, which can be inserted into JSON."""
    utc = moment.astimezone(UTC)
    seconds = encode(utc)[1:20]  # `2026-01-02T03:04:05`, four times as fast as `isoformat`
    return b"%b.%03dZ" % (seconds, utc.microsecond // 1000)
