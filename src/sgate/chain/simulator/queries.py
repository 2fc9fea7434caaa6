"""Query parameters of the simulated API, validated with the error messages of the real API."""

import re
from collections.abc import Mapping, Sequence

MAX_NUMBER = 2**31 - 1

_TX_ID = re.compile(r"(0x)?[a-fA-F0-9]{64}")
_LOG_CURSOR = re.compile(r"([0-9]{1,10}):([0-9]{1,10}):([0-9]{1,10}):([0-9]{1,10})")
_PRINCIPAL_CURSOR = re.compile(r"([0-9]{1,10}):([0-9]{1,10}):([0-9]{1,10})")


class BadQuery(ValueError):
    """A parameter is invalid; the message is that of the real API."""


def number(query: Mapping[str, str], name: str, default: int, maximum: int | None) -> int:
    """Return a number from the query. A value of 0 means the default, as on the real server."""
    text = query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?[0-9]{1,10}", text):
        raise BadQuery(f"querystring/{name} must be integer")
    value = int(text)
    if value < 0:
        raise BadQuery(f"querystring/{name} must be >= 0")
    if value > (MAX_NUMBER if maximum is None else maximum):
        raise BadQuery(f"querystring/{name} must be <= {MAX_NUMBER if maximum is None else maximum}")
    return value or default


def tx_ids_of(values: Sequence[str]) -> list[str]:
    """Return the ids from `tx_id=a,b` or `tx_id=a&tx_id=b`, in lower case."""
    if not values:
        raise BadQuery("querystring must have required property 'tx_id'")
    tx_ids = [tx_id for value in values for tx_id in value.split(",")]
    for place, tx_id in enumerate(tx_ids):
        if not _TX_ID.fullmatch(tx_id):
            raise BadQuery(f'querystring/tx_id/{place} must match pattern "^(0x)?[a-fA-F0-9]{{64}}$"')
    return [tx_id.lower() for tx_id in tx_ids]


def log_cursor(text: str | None) -> tuple[int, int, int] | None:
    """Return the height, transaction index and event index in `height:microblock:transaction:event`."""
    if text is None:
        return None
    match = _LOG_CURSOR.fullmatch(text)
    if match is None:
        raise BadQuery('querystring/cursor must match pattern "^[0-9]+:[0-9]+:[0-9]+:[0-9]+$"')
    return (int(match[1]), int(match[3]), int(match[4]))


def principal_cursor(text: str | None) -> tuple[int, int] | None:
    """Return the height and transaction index in `height:microblock:transaction`."""
    if text is None:
        return None
    match = _PRINCIPAL_CURSOR.fullmatch(text)
    if match is None:
        raise BadQuery('querystring/cursor must match pattern "^[0-9]+:[0-9]+:[0-9]+$"')
    return (int(match[1]), int(match[3]))
