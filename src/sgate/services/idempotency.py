"""Idempotency keys: a repeated request takes effect only once and returns the same answer each time.

The transaction that applies the effect also stores the encrypted answer, which is kept for 24 hours. A key is unique
per merchant, mode, method and path. The same key on another path identifies another request.

Two bodies are the same if they decode to the same JSON value: the order of keys, whitespace and escapes do not matter,
because a client that encodes its request again for a retry does not always reproduce the bytes.
"""

import hashlib
import re
from datetime import datetime, timedelta

import asyncpg
import msgspec

from sgate.core import errors
from sgate.db.encryption import Cipher
from sgate.db.pool import Connection
from sgate.store import idempotency_keys

KEEP = timedelta(hours=24)
WAIT_S = 2.0
"""How long a repeated request waits for the first one to finish."""

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_encoder = msgspec.json.Encoder(order="deterministic")


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A request with an idempotency key.

    Attributes:
        scope: hash of the key together with the merchant, mode, method and path.
        request_hash: hash of the decoded body, which reveals whether a repeated request has a different body.
        bytes_hash: hash of the body's bytes, which versions before 0.3 stored instead.
    """

    scope: bytes
    request_hash: bytes
    bytes_hash: bytes | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a call: HTTP status and body. `replayed` is true if the answer was stored by an earlier request."""

    status: int
    body: bytes
    replayed: bool = False


def key_of(header: str, *, merchant_id: str, livemode: bool, method: str, path: str, body: bytes) -> Key:
    """Return the `Key` of a request.

    Raises:
        InvalidIdempotencyKey: if the header is not 1 to 255 printable ASCII characters.
    """
    if not _KEY.fullmatch(header):
        raise errors.InvalidIdempotencyKey
    scope = "\n".join((merchant_id, "live" if livemode else "test", method, path, header))
    return Key(
        scope=hashlib.sha256(scope.encode()).digest(),
        request_hash=hashlib.sha256(_canonical(body)).digest(),
        bytes_hash=hashlib.sha256(body).digest(),
    )


def _canonical(body: bytes) -> bytes:
    """Return the one encoding of a body's JSON value. A body that is not JSON is returned unchanged; it is refused."""
    try:
        return _encoder.encode(msgspec.json.decode(body or b"{}"))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return body


def replay(stored: idempotency_keys.StoredAnswer, key: Key, cipher: Cipher) -> Answer:
    """Return the stored answer.

    Raises:
        IdempotencyKeyReused: if the stored answer belongs to a request with another body.
    """
    if stored.request_hash not in {key.request_hash, key.bytes_hash}:
        raise errors.IdempotencyKeyReused
    return Answer(status=stored.answer_status, body=cipher.decrypt(stored.answer_encrypted), replayed=True)


async def replay_or_claim(connection: Connection, key: Key | None, cipher: Cipher, now: datetime) -> Answer | None:
    """Return the stored answer, or claim the key for this transaction and return None.

    This must be the first call in the transaction.

    Raises:
        IdempotencyInProgress: if the first request is still running after WAIT_S.
        IdempotencyKeyReused: if the key was used for a request with another body.
    """
    if key is None:
        return None
    try:
        claimed = await idempotency_keys.claim(connection, key.scope, key.request_hash, now + KEEP, wait_s=WAIT_S)
    except asyncpg.LockNotAvailableError:
        raise errors.IdempotencyInProgress(retry_after_s=1) from None
    if claimed:
        return None
    stored = await idempotency_keys.find(connection, key.scope)
    if stored is None:
        raise errors.IdempotencyInProgress(retry_after_s=1)
    return replay(stored, key, cipher)


async def remember(connection: Connection, key: Key | None, object_id: str, answer: Answer, cipher: Cipher) -> None:
    """Store the answer. Call this at the end of the transaction that claimed the key."""
    if key is not None:
        await idempotency_keys.fill(connection, key.scope, object_id, answer.status, cipher.encrypt(answer.body))
