"""Ids and API keys: their form, and a stored hash that grants no access."""

import hashlib
import hmac
import re

import pytest

from sgate.core.credential import (
    hash_api_key,
    livemode_of,
    lookup_digest,
    new_api_key,
    new_client_secret,
    new_id,
    same_secret,
    verify_api_key,
)
from sgate.core.memo import is_intent_id

KEY = "sk_test_" + "0123456789abcdef" * 4
SALT = bytes(range(16))


@pytest.mark.parametrize("prefix", ["pi", "pay", "evt", "we", "whd", "ak", "req"])
def test_an_id_is_a_prefix_and_lower_case_hex(prefix):
    assert new_id(prefix, 0x6926A0B1, bytes(range(248, 256))) == f"{prefix}_6926a0b1f8f9fafbfcfdfeff"


def test_newer_objects_have_higher_ids_and_the_clock_may_overflow():
    before, after = new_id("pi", 1_800_000_000, b"\xff" * 8), new_id("pi", 1_800_000_001, bytes(8))
    assert before < after
    for seconds in (-1, 2**32, 2**40 + 5):
        assert is_intent_id(new_id("pi", seconds, bytes(8)))


def test_an_intent_id_fits_the_memo():
    intent_id = new_id("pi", 1_800_000_000, bytes(8))
    assert is_intent_id(intent_id)
    assert len(intent_id) == 27


def test_a_client_secret_has_64_characters_and_begins_with_the_id():
    secret = new_client_secret("pi_0123456789abcdef01234567", bytes(range(15)))
    assert re.fullmatch(r"pi_0123456789abcdef01234567_secret_[0-9a-f]{29}", secret)
    assert len(secret) == 64


def test_an_api_key_carries_256_bits_and_its_mode():
    key = new_api_key(livemode=False, random_bytes=bytes(range(32)))
    assert key == "sk_test_" + bytes(range(32)).hex()
    assert new_api_key(livemode=True, random_bytes=bytes(32)) == "sk_live_" + "0" * 64


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_an_api_key_of_fewer_or_more_random_bytes_is_refused(length):
    with pytest.raises(ValueError, match="32 random bytes"):
        new_api_key(livemode=True, random_bytes=bytes(length))


@pytest.mark.parametrize(
    ("text", "livemode"),
    [
        (KEY, False),
        (KEY.replace("test", "live"), True),
        ("", None),
        (KEY[:-1], None),
        (KEY + "0", None),
        (KEY + "\n", None),
        (" " + KEY, None),
        (KEY.upper(), None),
        (KEY.replace("test", "prod"), None),
        (KEY.replace("sk_", "pk_"), None),
        (KEY[:-1] + "g", None),
        (KEY[:-1] + "\0", None),
        (KEY[:-1] + "٠", None),
    ],
)
def test_the_mode_is_read_from_the_key_and_only_from_a_key(text, livemode):
    assert livemode_of(text) is livemode


def test_a_key_is_stored_as_pbkdf2_hmac_sha512_with_ten_thousand_rounds():
    stored = hash_api_key(KEY, SALT)
    assert stored == hashlib.pbkdf2_hmac("sha512", KEY.encode(), SALT, 10_000)
    assert len(stored) == 64


def test_only_the_same_key_with_its_own_salt_verifies():
    stored = hash_api_key(KEY, SALT)
    assert verify_api_key(KEY, SALT, stored)
    assert not verify_api_key(KEY[:-1] + "0", SALT, stored)
    assert not verify_api_key(KEY, SALT[::-1], stored)
    assert not verify_api_key(KEY, SALT, stored[:-1])


def test_a_key_is_looked_up_by_its_sha256():
    assert lookup_digest(KEY) == hashlib.sha256(KEY.encode()).digest()


@pytest.mark.parametrize(
    ("given_text", "expected", "same"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("a", "aa", False),
        ("", "", True),
        ("", "a", False),
        ("é", "e\u0301", False),
        ("é", "é", True),
    ],
)
def test_secrets_are_compared_as_bytes(given_text, expected, same):
    assert same_secret(given_text, expected) is same


@pytest.mark.parametrize("right", [True, False])
def test_secrets_are_compared_in_constant_time(monkeypatch, right):
    """How long it takes is measured by benchmarks/key_timing.py; here, that nothing else compares."""
    compared = []

    def compare(one, other):
        compared.append((one, other))
        return right

    monkeypatch.setattr(hmac, "compare_digest", compare)
    salt = b"s" * 16
    assert verify_api_key("sk_test_" + "0a" * 32, salt, b"stored") is right
    assert same_secret("given", "expected") is right
    assert compared == [(hash_api_key("sk_test_" + "0a" * 32, salt), b"stored"), (b"given", b"expected")]
