"""Memos: exactly an id, ignoring wallet padding, or no id at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strategies import FAST
from sgate.core.memo import MAX_MEMO_BYTES, intent_id_of, is_intent_id, memo_hex_of, memo_of

ID = "pi_0123456789abcdef01234567"
MEMO = b"pi_0123456789abcdef01234567"

ids = st.binary(min_size=12, max_size=12).map(lambda random_bytes: f"pi_{random_bytes.hex()}")


def test_the_memo_is_the_id_as_ascii_and_fits_the_chain():
    assert memo_of(ID) == MEMO
    assert len(MEMO) == 27 <= MAX_MEMO_BYTES == 34
    assert memo_hex_of(ID) == "70695f303132333435363738396162636465663031323334353637"


@FAST
@given(ids)
def test_every_id_is_found_in_its_own_memo(intent_id):
    assert is_intent_id(intent_id)
    assert intent_id_of(memo_of(intent_id)) == intent_id
    assert intent_id_of(bytes.fromhex(memo_hex_of(intent_id))) == intent_id


@pytest.mark.parametrize("zeros", range(8))
def test_zero_padding_up_to_the_full_memo_is_ignored(zeros):
    assert intent_id_of(MEMO + bytes(zeros)) == ID


@pytest.mark.parametrize(
    "memo",
    [
        b" " + MEMO,
        MEMO + b" ",
        b"  " + MEMO + b"  ",
        MEMO + b"\n",
        MEMO + b"\r\n",
        b"\t" + MEMO,
        MEMO + b"\x0b\x0c",
        b" " + MEMO + b" \0\0\0",
    ],
)
def test_whitespace_around_the_id_is_ignored(memo):
    assert intent_id_of(memo) == ID


NEAR_MISSES = {
    "no memo": None,
    "empty": b"",
    "only zeros": bytes(34),
    "only spaces": b" " * 34,
    "one character short": MEMO[:-1],
    "one character more": MEMO + b"8",
    "upper-case hex": MEMO.upper(),
    "upper-case prefix": b"PI" + MEMO[2:],
    "one upper-case digit": MEMO.replace(b"a", b"A", 1),
    "no underscore": MEMO.replace(b"_", b""),
    "a dash": MEMO.replace(b"_", b"-"),
    "another prefix": b"pj" + MEMO[2:],
    "a letter beyond f": MEMO[:-1] + b"g",
    "the letter O": MEMO.replace(b"0", b"O", 1),
    "a space inside": MEMO[:5] + b" " + MEMO[5:],
    "a zero byte inside": MEMO[:5] + b"\0" + MEMO[5:],
    "a zero byte for a digit": MEMO[:5] + b"\0" + MEMO[6:],
    "leading zero bytes": b"\0" + MEMO,
    "whitespace after the padding": MEMO + b"\0 ",
    "something before": b"id " + MEMO,
    "something after": MEMO + b" thx",
    "quoted": b'"' + MEMO + b'"',
    "as hex": MEMO.hex().encode()[:34],
    "longer than a memo can be": MEMO + bytes(8),
    "twice": MEMO + MEMO,
    "binary": bytes(range(128, 155)),
    "UTF-16": ID.encode("utf-16-le"),
    "a non-breaking space after": MEMO + "\u00a0".encode(),
    "full-width digits": "pi_０１２３".encode(),
    "a client secret": MEMO + b"_secret",
}


@pytest.mark.parametrize("memo", NEAR_MISSES.values(), ids=NEAR_MISSES.keys())
def test_a_memo_that_is_almost_an_id_names_no_intent(memo):
    assert intent_id_of(memo) is None


@FAST
@given(ids, st.integers(min_value=0, max_value=26), st.integers(min_value=0, max_value=255))
def test_one_changed_byte_never_names_the_same_intent(intent_id, place, byte):
    memo = bytearray(memo_of(intent_id))
    if memo[place] != byte:
        memo[place] = byte
        assert intent_id_of(bytes(memo)) != intent_id


@FAST
@given(st.binary(max_size=40))
def test_only_a_valid_id_is_found_in_arbitrary_bytes(memo):
    found = intent_id_of(memo)
    assert found is None or (is_intent_id(found) and found.encode() in memo)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pi_",
        ID + "\n",
        ID + "\0",
        " " + ID,
        ID.upper(),
        ID[:-1],
        ID + "0",
        "pay_0123456789abcdef01234567",
        "pi_" + "０" * 24,
    ],
)
def test_only_the_exact_form_is_an_intent_id(text):
    assert not is_intent_id(text)
