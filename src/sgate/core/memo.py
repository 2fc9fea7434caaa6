"""The memo that ties a transfer on the chain to a payment intent.

The memo of sBTC's `transfer` holds up to 34 arbitrary bytes. Ours is the intent's id as ASCII: 27 bytes. Wallets may
pad with zero bytes or copy a space along; both are forgiven. Nothing else is: a memo that is almost an id credits
nobody.
"""

import re

MAX_MEMO_BYTES = 34
_INTENT_ID = re.compile(r"pi_[0-9a-f]{24}")
_INTENT_MEMO = re.compile(rb"pi_[0-9a-f]{24}")
_WHITESPACE = b" \t\n\r\x0b\x0c"


def memo_of(intent_id: str) -> bytes:
    """The memo bytes a payer must attach."""
    return intent_id.encode("ascii")


def memo_hex_of(intent_id: str) -> str:
    """The memo as hex without `0x`, as shown to payers who must type bytes."""
    return memo_of(intent_id).hex()


def intent_id_of(memo: bytes | None) -> str | None:
    """The intent id this memo names, or None. Trailing zero bytes and surrounding whitespace are ignored."""
    if memo is None or len(memo) > MAX_MEMO_BYTES:
        return None
    stripped = memo.rstrip(b"\0").strip(_WHITESPACE)
    return stripped.decode("ascii") if _INTENT_MEMO.fullmatch(stripped) else None


def is_intent_id(text: str) -> bool:
    """Whether the text has the form of an intent id."""
    return _INTENT_ID.fullmatch(text) is not None
