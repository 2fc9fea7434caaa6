"""Conversion between rows and values: the encodings that several tables share."""

from functools import lru_cache

import msgspec

from sgate.core.finality import Policy, View
from sgate.core.lifecycle import Command
from sgate.db.pool import Record

_encoder = msgspec.json.Encoder()
_view_decoder = msgspec.json.Decoder(View)
_policy_decoder = msgspec.json.Decoder(Policy)
_command_decoder = msgspec.json.Decoder(Command)


@lru_cache(maxsize=256)
def policy_of(text: str) -> Policy:
    """Decode a stored confirmation policy. There are few distinct policies, so the results are cached."""
    return _policy_decoder.decode(text)


@lru_cache(maxsize=256)
def policy_text(policy: Policy) -> str:
    """Encode a confirmation policy for storage."""
    return _encoder.encode(policy).decode()


def view_of(text: str) -> View:
    """Decode a stored view of the chain."""
    return _view_decoder.decode(text)


def view_text(view: View) -> str:
    """Encode a view of the chain for storage."""
    return _encoder.encode(view).decode()


def scanned_of(row: Record) -> View | None:
    """Build the view of the scanned tip from the `scanned_*` columns. Returns None before the first scan."""
    if not row["scanned_height"]:
        return None
    return View(
        height=row["scanned_height"],
        index_block_hash=row["scanned_hash"],
        time=row["scanned_time"],
        tenure_height=row["scanned_tenure"],
        bitcoin_height=row["scanned_bitcoin"],
    )


def command_of(text: str) -> Command:
    """Decode a stored command."""
    return _command_decoder.decode(text)


def command_text(command: Command) -> str:
    """Encode a command for storage."""
    return _encoder.encode(command).decode()


def count_of(command_tag: str) -> int:
    """Return the number of affected rows from a PostgreSQL command tag such as `UPDATE 3`."""
    return int(command_tag.rsplit(" ", 1)[-1])


def metadata_text(metadata: dict[str, str]) -> str | None:
    """Encode metadata for storage. Returns None if the metadata is empty."""
    return msgspec.json.encode(metadata).decode() if metadata else None
