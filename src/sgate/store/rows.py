"""Between rows and values: the encodings that several tables have in common."""

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
    """A stored confirmation policy. There are few different ones, so each is decoded once."""
    return _policy_decoder.decode(text)


@lru_cache(maxsize=256)
def policy_text(policy: Policy) -> str:
    """A confirmation policy as stored."""
    return _encoder.encode(policy).decode()


def view_of(text: str) -> View:
    """A stored view of the chain."""
    return _view_decoder.decode(text)


def view_text(view: View) -> str:
    """A view of the chain as stored."""
    return _encoder.encode(view).decode()


def scanned_of(row: Record) -> View | None:
    """The chain as it is scanned, from the columns scanned_*; None before the first scan."""
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
    """A stored command of a merchant."""
    return _command_decoder.decode(text)


def command_text(command: Command) -> str:
    """A command of a merchant as stored."""
    return _encoder.encode(command).decode()


def count_of(command_tag: str) -> int:
    """How many rows a command touched, from PostgreSQL's tag such as `UPDATE 3`."""
    return int(command_tag.rsplit(" ", 1)[-1])


def metadata_text(metadata: dict[str, str]) -> str | None:
    """Metadata as stored; None if there is none."""
    return msgspec.json.encode(metadata).decode() if metadata else None
