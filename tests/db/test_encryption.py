"""Secrets at rest: several keys, and tampered bytes."""

import pytest

from sgate.db.encryption import Cipher, UndecryptableSecret

OLD, NEW = "the old key of this deployment", "the new key of this deployment"


@pytest.mark.parametrize("plain", [b"", b"whsec_abc", bytes(range(256)) * 100])
def test_what_was_encrypted_can_be_decrypted(plain):
    assert Cipher([OLD]).decrypt(Cipher([OLD]).encrypt(plain)) == plain


def test_the_secret_cannot_be_seen_and_no_two_ciphertexts_are_alike():
    cipher = Cipher([OLD])
    ciphertexts = {cipher.encrypt(b"whsec_abc") for _ in range(100)}
    assert len(ciphertexts) == 100
    assert not any(b"whsec" in ciphertext for ciphertext in ciphertexts)


def test_rotation_encrypts_under_the_first_key_and_decrypts_under_all():
    before, during, after = Cipher([OLD]), Cipher([NEW, OLD]), Cipher([NEW])
    old_secret, new_secret = before.encrypt(b"old"), during.encrypt(b"new")
    assert during.decrypt(old_secret) == b"old"
    assert after.decrypt(new_secret) == during.decrypt(new_secret) == b"new"
    with pytest.raises(UndecryptableSecret, match="SGATE_SECRET_KEYS"):
        after.decrypt(old_secret)


def test_every_changed_byte_is_noticed():
    cipher = Cipher([OLD])
    good = cipher.encrypt(b"whsec_abc")
    for position in range(len(good)):
        changed = bytearray(good)
        changed[position] ^= 1
        with pytest.raises(UndecryptableSecret):
            cipher.decrypt(bytes(changed))


def test_every_truncation_is_noticed():
    cipher = Cipher([OLD])
    good = cipher.encrypt(b"whsec_abc")
    for length in range(len(good)):
        with pytest.raises(UndecryptableSecret):
            cipher.decrypt(good[:length])


def test_without_any_key_there_is_no_cipher():
    with pytest.raises(ValueError, match="at least one secret key"):
        Cipher([])
