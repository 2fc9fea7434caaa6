"""Secrets at rest: AES-256-GCM under a list of keys. The first key encrypts, all of them decrypt.

To rotate: put a new key in front, restart, and drop the old one when nothing it encrypted is needed any more. A stolen
database without the keys gives no webhook secret and no stored answer.
"""

import hashlib
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_ID_BYTES = 4


class UndecryptableSecret(Exception):
    """A stored secret was encrypted under a key that is no longer in SGATE_SECRET_KEYS."""


class Cipher:
    """Encrypts and decrypts under a list of keys. Ciphertext: key id (4 bytes), nonce (12 bytes), AES-GCM output."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        """`secret_keys`: any texts with enough entropy (32 random bytes as hex or base64); at least one."""
        if not secret_keys:
            raise ValueError("at least one secret key is needed")
        derived = [hashlib.sha256(b"sgate secrets at rest 1" + key.encode()).digest() for key in secret_keys]
        self._ciphers = {hashlib.sha256(key).digest()[:KEY_ID_BYTES]: AESGCM(key) for key in derived}
        self._first_id = next(iter(self._ciphers))
        self._first = self._ciphers[self._first_id]

    @property
    def key_ids(self) -> Sequence[bytes]:
        """What the ciphertexts of each key begin with; that of the first key first."""
        return list(self._ciphers)

    def encrypt(self, plain: bytes) -> bytes:
        """Encrypt under the first key."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self._first_id + nonce + self._first.encrypt(nonce, plain, None)

    def decrypt(self, encrypted: bytes) -> bytes:
        """Decrypt under whichever key encrypted it.

        Raises:
            UndecryptableSecret: if that key is not in the list, or the bytes were changed.
        """
        cipher = self._ciphers.get(encrypted[:KEY_ID_BYTES])
        if cipher is None:
            raise UndecryptableSecret("the key that encrypted this secret is not in SGATE_SECRET_KEYS")
        nonce = encrypted[KEY_ID_BYTES : KEY_ID_BYTES + NONCE_BYTES]
        try:
            return cipher.decrypt(nonce, encrypted[KEY_ID_BYTES + NONCE_BYTES :], None)
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
            raise UndecryptableSecret("the stored secret was damaged or changed") from None
