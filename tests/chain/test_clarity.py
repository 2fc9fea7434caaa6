import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sgate.chain.clarity import (
    MAX_OPTIONAL_DEPTH,
    MAX_UINT,
    MAX_VALUE_BYTES,
    Buffer,
    InvalidClarity,
    OptionalValue,
    PrincipalValue,
    UInt,
    decode,
    decode_hex,
    encode,
)
from sgate.core.address import Principal, parse_principal

BOB = parse_principal("SP2KDAFTHAH0RM06WD7K0VBPETBE03DEFVQH274EW")

KNOWN = [
    ("0x0200000008494e562d30303031", Buffer(b"INV-0001")),
    ("0x0200000000", Buffer(b"")),
    ("0x01000000000000000000000000000186a0", UInt(100_000)),
    ("0x01" + "ff" * 16, UInt(MAX_UINT)),
    ("0x0516a6d53f5154418a00dc69e60daeced2dc01b5cfdd", PrincipalValue(BOB)),
    ("0x0616a6d53f5154418a00dc69e60daeced2dc01b5cfdd0161", PrincipalValue(Principal(22, BOB.hash160, "a"))),
    ("0x09", OptionalValue(None)),
    ("0x0a0200000008494e562d30303031", OptionalValue(Buffer(b"INV-0001"))),
    ("0x0a0a09", OptionalValue(OptionalValue(OptionalValue(None)))),
]


@pytest.mark.parametrize(("text", "value"), KNOWN)
def test_known_values_decode_and_encode(text, value):
    assert decode_hex(text) == value
    assert "0x" + encode(value).hex() == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "0x and hex"),
        ("0200000000", "0x and hex"),
        ("0x", "value is empty"),
        ("0x0", "0x and hex"),
        ("0x 02 00000000", "0x and hex"),
        ("0x02é0000000", "0x and hex"),
        ("0x02", "bytes of content, got"),
        ("0x020000", "bytes of content, got"),
        ("0x0200000001", "bytes of content, got"),
        ("0x020000000000", "bytes of content, got"),
        ("0x02ffffffff00", "bytes of content, got"),
        ("0x0100", "bytes of content, got"),
        ("0x0900", "bytes of content, got"),
        ("0x0a", "value is empty"),
        ("0x03", "type 0x03"),
        ("0x0c0000000305636f756e74", "type 0x0c"),
        ("0x0d00000000", "type 0x0d"),
        ("0x0520" + "00" * 20, "version"),
        ("0x0516" + "00" * 19, "bytes of content, got"),
        ("0x0616" + "00" * 20, "contract name"),
        ("0x0616" + "00" * 20 + "00", "contract name"),
        ("0x0616" + "00" * 20 + "29" + "61" * 41, "contract name"),
        ("0x0616" + "00" * 20 + "0131", "contract name"),
        ("0x0616" + "00" * 20 + "01ff", "contract name"),
        ("0x0616" + "00" * 20 + "0261", "bytes of content, got"),
    ],
)
def test_every_other_value_is_rejected_with_a_reason(text, problem):
    with pytest.raises(InvalidClarity, match=problem):
        decode_hex(text)


def test_size_and_depth_are_bounded():
    with pytest.raises(InvalidClarity, match="at most"):
        decode(b"\x02" + b"x" * MAX_VALUE_BYTES)
    with pytest.raises(InvalidClarity, match="at most"):
        decode_hex("0x" + "00" * (MAX_VALUE_BYTES + 1))
    assert decode(b"\x0a" * MAX_OPTIONAL_DEPTH + b"\x09")
    with pytest.raises(InvalidClarity, match="type 0x0a"):
        decode(b"\x0a" * (MAX_OPTIONAL_DEPTH + 1) + b"\x09")


def test_integers_that_do_not_fit_cannot_be_encoded():
    for number in (-1, MAX_UINT + 1):
        with pytest.raises(InvalidClarity):
            encode(UInt(number))


PRINCIPALS = st.builds(
    Principal,
    st.integers(0, 31),
    st.binary(min_size=20, max_size=20),
    st.none() | st.from_regex(r"[a-zA-Z][a-zA-Z0-9_-]{0,39}", fullmatch=True),
)
PLAIN = st.builds(UInt, st.integers(0, MAX_UINT)) | st.builds(Buffer, st.binary(max_size=64))
VALUES = st.recursive(
    PLAIN | st.builds(PrincipalValue, PRINCIPALS) | st.just(OptionalValue(None)),
    lambda inner: st.builds(OptionalValue, inner),
    max_leaves=5,
)


@given(VALUES)
@settings(deadline=None)
def test_an_encoded_value_decodes_to_itself(value):
    assert decode(encode(value)) == value


@given(
    st.binary(max_size=80)
    | st.builds(lambda kind, rest: bytes([kind]) + rest, st.integers(1, 10), st.binary(max_size=60))
)
@settings(deadline=None)
def test_arbitrary_bytes_are_rejected_or_encode_to_themselves(data):
    try:
        value = decode(data)
    except InvalidClarity:
        return
    assert encode(value) == data


@given(st.text(max_size=60) | st.from_regex(r"0x[0-9a-f ]{0,60}", fullmatch=True))
@settings(deadline=None)
def test_arbitrary_text_raises_no_other_exception(text):
    with contextlib.suppress(InvalidClarity):
        assert "0x" + encode(decode_hex(text)).hex() == text.lower()
