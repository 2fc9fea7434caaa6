"""Ids and API keys: their format, and how a key is stored so that a stolen database opens nothing.

A key carries 256 random bits, so it is found by the SHA-256 of the whole key, then verified against a salted PBKDF2
hash in constant time. An unknown key never reaches PBKDF2: guessing costs the guesser more than it costs us.
"""

import hashlib
import hmac
import re

PBKDF2_ITERATIONS = 10_000
PBKDF2_HASH_BYTES = 64
SALT_BYTES = 16
KEY_RANDOM_BYTES = 32
ID_RANDOM_BYTES = 8
CLIENT_SECRET_CHARACTERS = 29

_LATEST_S = 0xFFFF_FFFF  # in the year 2106

_KEY = re.compile(r"sk_(test|live)_[0-9a-f]{64}")


def new_id(prefix: str, made_at_s: int, random_bytes: bytes) -> str:
    """An id such as `pi_` + 24 hex: when it is made (Unix seconds), then 8 random bytes.

    What is asked for is mostly new. Ids that begin with the time lie together in every index, however much there is
    that is old; random ones are spread over all of it. 64 random bits a second do not meet, and cannot be guessed.
    """
    return f"{prefix}_{made_at_s & _LATEST_S:08x}{random_bytes.hex()}"


def new_client_secret(intent_id: str, random_bytes: bytes) -> str:
    """The client secret of an intent: id + `_secret_` + 29 characters, 64 in all. Needs 15 random bytes."""
    return f"{intent_id}_secret_{random_bytes.hex()[:CLIENT_SECRET_CHARACTERS]}"


def new_api_key(livemode: bool, random_bytes: bytes) -> str:
    """An API key from 32 random bytes."""
    if len(random_bytes) != KEY_RANDOM_BYTES:
        raise ValueError(f"an API key needs {KEY_RANDOM_BYTES} random bytes")
    return f"sk_{'live' if livemode else 'test'}_{random_bytes.hex()}"


def livemode_of(api_key: str) -> bool | None:
    """The mode an API key belongs to, or None if the text is not of an API key's form."""
    match = _KEY.fullmatch(api_key)
    return None if match is None else match[1] == "live"


def lookup_digest(api_key: str) -> bytes:
    """What a key is found by: 32 bytes that reveal nothing about a random key."""
    return hashlib.sha256(api_key.encode()).digest()


def hash_api_key(api_key: str, salt: bytes) -> bytes:
    """PBKDF2-HMAC-SHA512, 10,000 iterations, 64 bytes. Takes milliseconds: keep it off the event loop."""
    return hashlib.pbkdf2_hmac("sha512", api_key.encode(), salt, PBKDF2_ITERATIONS, PBKDF2_HASH_BYTES)


def verify_api_key(api_key: str, salt: bytes, expected_hash: bytes) -> bool:
    """Whether the key is the one that was hashed; constant-time comparison."""
    return hmac.compare_digest(hash_api_key(api_key, salt), expected_hash)


def same_secret(given: str, expected: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())
