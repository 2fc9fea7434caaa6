"""The memo that links a transfer on the chain to a payment intent.

The memo of sBTC's `transfer` holds up to 34 arbitrary bytes. sGate uses the intent's id in ASCII, which is 27 bytes
long. Zero bytes that a wallet added as padding and whitespace that was copied along with the id are ignored. A memo
with any other deviation names no intent.
"""

import re

MAX_MEMO_BYTES = 34
_INTENT_ID = re.compile(r"pi_[0-9a-f]{24}")
_INTENT_MEMO = re.compile(rb"pi_[0-9a-f]{24}")
_WHITESPACE = b" \t\n\r\x0b\x0c"


def memo_of(intent_id: str) -> bytes:
    """Return the memo bytes that a customer must attach."""
    return intent_id.encode("ascii")


def memo_hex_of(intent_id: str) -> str:
    """Return the memo in hex without `0x`, for wallets that take the memo as bytes."""
    return memo_of(intent_id).hex()


def intent_id_of(memo: bytes | None) -> str | None:
    """Return the intent id in this memo, or None. Trailing zero bytes and surrounding whitespace are ignored."""
    if memo is None or len(memo) > MAX_MEMO_BYTES:
        return None
    stripped = memo.rstrip(b"\0").strip(_WHITESPACE)
    return stripped.decode("ascii") if _INTENT_MEMO.fullmatch(stripped) else None


def is_intent_id(text: str) -> bool:
    """Return whether the text has the form of an intent id."""
    return _INTENT_ID.fullmatch(text) is not None
