"""Ids and API keys: their formats, and how keys are stored so that a stolen database grants no access.

A key has 256 random bits. It is looked up by the SHA-256 hash of the whole key, and then verified in constant time
against a salted PBKDF2 hash. An unknown key never reaches PBKDF2, so guessing keys does not load the server.
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
    """Return an id such as `pi_` + 24 hex: the time of creation in Unix seconds, then 8 random bytes.

    Most reads are for recent objects. Because ids begin with the time, recent objects are close together in every
    index, however large the index grows. Random ids would spread them over the whole index. With 64 random bits, ids
    do not collide and cannot be guessed.
    """
    return f"{prefix}_{made_at_s & _LATEST_S:08x}{random_bytes.hex()}"


def new_client_secret(intent_id: str, random_bytes: bytes) -> str:
    """Return a client secret: id + `_secret_` + 29 characters, 64 in total. Needs 15 random bytes."""
    return f"{intent_id}_secret_{random_bytes.hex()[:CLIENT_SECRET_CHARACTERS]}"


def new_api_key(livemode: bool, random_bytes: bytes) -> str:
    """Return an API key built from 32 random bytes."""
    if len(random_bytes) != KEY_RANDOM_BYTES:
        raise ValueError(f"an API key needs {KEY_RANDOM_BYTES} random bytes")
    return f"sk_{'live' if livemode else 'test'}_{random_bytes.hex()}"


def livemode_of(api_key: str) -> bool | None:
    """Return the mode of an API key, or None if the text does not have the form of an API key."""
    match = _KEY.fullmatch(api_key)
    return None if match is None else match[1] == "live"


def lookup_digest(api_key: str) -> bytes:
    """Return the 32-byte digest by which a key is looked up. It reveals nothing about a random key."""
    return hashlib.sha256(api_key.encode()).digest()


def hash_api_key(api_key: str, salt: bytes) -> bytes:
    """Hash a key (PBKDF2-HMAC-SHA512, 10,000 iterations, 64 bytes).

    This takes milliseconds, so do not call it on the event loop.
    """
    return hashlib.pbkdf2_hmac("sha512", api_key.encode(), salt, PBKDF2_ITERATIONS, PBKDF2_HASH_BYTES)


def verify_api_key(api_key: str, salt: bytes, expected_hash: bytes) -> bool:
    """Return whether the key matches the hash. The comparison takes constant time."""
    return hmac.compare_digest(hash_api_key(api_key, salt), expected_hash)


def same_secret(given: str, expected: str) -> bool:
    """Return whether two secrets are equal. The comparison takes constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())
