"""Amounts: from clients, from the chain, and in dollars."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strategies import FAST
from sgate.core.money import MAX_AMOUNT_SATS, InvalidAmount, parse_chain_amount, parse_sats, parse_usd, sats_of, usd_of


@pytest.mark.parametrize(
    ("given_value", "sats"),
    [
        (1, 1),
        (50_000, 50_000),
        (2_100_000_000_000_000, 2_100_000_000_000_000),
        ("1", 1),
        ("50000", 50_000),
        ("2100000000000000", 2_100_000_000_000_000),
        ("007", 7),
        ("0000000000000000000000001", 1),
    ],
)
def test_an_amount_is_a_json_integer_or_a_string_of_digits(given_value, sats):
    assert parse_sats(given_value) == sats
    assert type(parse_sats(given_value)) is int


REFUSED = {
    "zero": 0,
    "below zero": -1,
    "more than all bitcoin": 2_100_000_000_000_001,
    "far more than all bitcoin": 10**40,
    "a float": 1.0,
    "a float below one": 0.5,
    "not a number": float("nan"),
    "infinity": float("inf"),
    "true": True,
    "false": False,
    "nothing": None,
    "a decimal": Decimal(1),
    "bytes": b"1",
    "a list": [1],
    "an object": {"amount": 1},
    "empty text": "",
    "zero as text": "0",
    "many zeros": "0" * 40,
    "text above the limit": "2100000000000001",
    "text of 17 digits": "10000000000000000",
    "huge text": "9" * 5_000,
    "a plus sign": "+1",
    "a minus sign": "-1",
    "a decimal point": "1.0",
    "a decimal comma": "1,0",
    "a thousands separator": "1_000",
    "an exponent": "1e3",
    "hexadecimal": "0x10",
    "a leading space": " 1",
    "a trailing space": "1 ",
    "a trailing newline": "1\n",
    "a NUL byte": "1\0",
    "a NUL byte inside": "1\0000",
    "Arabic-Indic digits": "١٢٣",
    "full-width digits": "１２３",
    "superscript": "1²",
    "a circled digit": "①",
    "a word": "one",
    "nan as text": "nan",
    "infinity as text": "inf",
}


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED.keys())
def test_anything_else_is_refused_as_an_amount(value):
    with pytest.raises(InvalidAmount, match="amount_sats must be"):
        parse_sats(value)


@pytest.mark.parametrize("zeros", [4_299, 4_300, 5_000, 100_000])  # Python reads 4,300 digits at most
def test_a_flood_of_leading_zeros_changes_nothing(zeros):
    assert parse_sats("0" * zeros + "1") == 1
    assert parse_sats("0" * zeros + str(MAX_AMOUNT_SATS)) == MAX_AMOUNT_SATS
    for refused in ("0" * zeros, "0" * zeros + str(MAX_AMOUNT_SATS + 1), "0" * zeros + "1" * 17):
        with pytest.raises(InvalidAmount, match="amount_sats must be"):
            parse_sats(refused)


@FAST
@given(st.text())
def test_whatever_the_text_parsing_gives_a_valid_amount_or_a_refusal(text):
    try:
        sats = parse_sats(text)
    except InvalidAmount:
        return
    assert 1 <= sats <= MAX_AMOUNT_SATS
    assert str(sats) == text.lstrip("0")


@FAST
@given(st.integers(min_value=1, max_value=MAX_AMOUNT_SATS))
def test_every_amount_is_read_the_same_as_number_and_as_text(sats):
    assert parse_sats(sats) == parse_sats(str(sats)) == sats


@pytest.mark.parametrize("text", ["0", "1", "21", "18446744073709551616", str(2**128 - 1)])
def test_a_chain_amount_is_read_with_arbitrary_precision(text):
    assert parse_chain_amount(text) == int(text)
    assert type(parse_chain_amount(text)) is int


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", "1.0", "1e3", "0x1", "u1", " 1", "1 ", "1\n", "1\0", "1_000", "١", "NaN"],
)
def test_a_chain_amount_is_digits_or_it_is_refused(text):
    with pytest.raises(InvalidAmount, match="not a chain amount"):
        parse_chain_amount(text)


def test_a_chain_amount_has_39_digits_at_most():
    assert parse_chain_amount("9" * 39) == 10**39 - 1
    assert parse_chain_amount("0" * 38 + "7") == 7


@pytest.mark.parametrize("text", ["1" + "0" * 39, "0" * 39 + "7", "9" * 5_000])
def test_a_longer_chain_amount_is_refused_and_not_repeated_in_full(text):
    with pytest.raises(InvalidAmount, match="not a chain amount") as refused:
        parse_chain_amount(text)
    assert len(str(refused.value)) < 80


@pytest.mark.parametrize(
    ("sats", "rate", "usd"),
    [
        (100_000_000, "100000", "100000.00"),
        (50_000, "60000", "30.00"),
        (1, "60000", "0.00"),
        (10, "60000", "0.01"),
        (1_500_000_000, "66666.67", "1000000.05"),
        (2_100_000_000_000_000, "1000000", "21000000000000.00"),
        (5, "100000", "0.00"),  # half a cent, to even
        (15, "100000", "0.02"),  # a cent and a half, to even
    ],
)
def test_dollars_are_shown_with_two_places(sats, rate, usd):
    assert usd_of(sats, Decimal(rate)) == usd


@pytest.mark.parametrize("text", ["0.01", "1", "19.99", "19.9", "007.50", "1000000.00"])
def test_a_dollar_amount_is_a_plain_decimal_string(text):
    assert parse_usd(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "0",
        "0.00",
        "-1",
        "+1",
        "1.",
        ".5",
        "1.234",
        "1.2.3",
        "1,50",
        "1e2",
        "1_0",
        " 1",
        "1 ",
        "1\n",
        "1\0",
        "$1",
        "nan",
        "inf",
        "١",
        "1" * 21,
    ],
)
def test_anything_else_is_refused_as_dollars(text):
    with pytest.raises(InvalidAmount, match="amount_usd must be"):
        parse_usd(text)


@pytest.mark.parametrize("text", ["1.000", "1.001", "0.010", "19.999", "0.001", "0.0049999999999999"])
def test_a_third_decimal_place_is_refused_even_when_it_is_zero(text):
    with pytest.raises(InvalidAmount, match="at most two decimal places"):
        parse_usd(text)


def test_dollars_of_twenty_characters_are_the_longest():
    assert parse_usd("12345678901234567.89") == Decimal("12345678901234567.89")
    with pytest.raises(InvalidAmount):
        parse_usd("123456789012345678.90")


@pytest.mark.parametrize(
    ("usd", "rate", "sats"),
    [
        ("1.00", "100000", 1_000),
        ("0.01", "100000", 10),
        ("0.01", "30000", 34),  # 33.33 sats
        ("100.00", "60000", 166_667),
        ("0.01", "100000000", 1),  # a hundredth of a sat is a whole sat
    ],
)
def test_sats_for_dollars_are_rounded_up(usd, rate, sats):
    assert sats_of(Decimal(usd), Decimal(rate)) == sats


def test_dollars_that_buy_more_than_all_bitcoin_are_refused():
    with pytest.raises(InvalidAmount):
        sats_of(Decimal(10**20), Decimal("0.01"))


@FAST
@given(
    st.decimals(min_value="0.01", max_value=1_000_000, places=2),
    st.decimals(min_value=1_000, max_value=1_000_000, places=2),
)
def test_the_merchant_is_never_short_by_rounding_and_never_gains_a_whole_sat(usd, rate):
    sats = sats_of(usd, rate)
    assert sats * rate >= usd * 100_000_000 > (sats - 1) * rate
