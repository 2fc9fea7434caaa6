"""Encryption of secrets at rest: AES-256-GCM with a list of keys. The first key encrypts, and every key decrypts.

To rotate the keys, put a new key in front of the others and restart. Remove the old key once nothing that is encrypted
with it is needed any more. A stolen database without the keys reveals no webhook secret and no stored response.
"""

import hashlib
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_ID_BYTES = 4


class UndecryptableSecret(Exception):
    """A stored secret cannot be decrypted: its key is no longer in SGATE_SECRET_KEYS, or its bytes were changed."""


class Cipher:
    """Encrypts and decrypts with a list of keys.

    A ciphertext consists of the id of its key (4 bytes), a nonce (12 bytes) and the output of AES-GCM.
    """

    def __init__(self, secret_keys: Sequence[str]) -> None:
        """Create a cipher.

        Args:
            secret_keys: one or more strings with enough entropy, such as 32 random bytes in hex or base64.
        """
        if not secret_keys:
            raise ValueError("at least one secret key is required")
        derived = [hashlib.sha256(b"sgate secrets at rest 1" + key.encode()).digest() for key in secret_keys]
        self._ciphers = {hashlib.sha256(key).digest()[:KEY_ID_BYTES]: AESGCM(key) for key in derived}
        self._first_id = next(iter(self._ciphers))
        self._first = self._ciphers[self._first_id]

    @property
    def key_ids(self) -> Sequence[bytes]:
        """The ids of the keys, in the order of the list. A ciphertext starts with the id of its key."""
        return list(self._ciphers)

    def encrypt(self, plain: bytes) -> bytes:
        """Encrypt with the first key."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self._first_id + nonce + self._first.encrypt(nonce, plain, None)

    def decrypt(self, encrypted: bytes) -> bytes:
        """Decrypt with the key that encrypted the secret.

        Raises:
            UndecryptableSecret: if the key is not in the list, or the bytes were changed.
        """
        cipher = self._ciphers.get(encrypted[:KEY_ID_BYTES])
        if cipher is None:
            raise UndecryptableSecret("the key that encrypted this secret is not in SGATE_SECRET_KEYS")
        nonce = encrypted[KEY_ID_BYTES : KEY_ID_BYTES + NONCE_BYTES]
        try:
            return cipher.decrypt(nonce, encrypted[KEY_ID_BYTES + NONCE_BYTES :], None)
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
            raise UndecryptableSecret("the stored secret was damaged or changed") from None
