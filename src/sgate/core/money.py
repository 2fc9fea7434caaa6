"""Amounts of money: sats as integers, and dollars as decimal strings with the source of their rate.

A sat is 1/100,000,000 of a bitcoin; sBTC has the same eight decimal places. Floats are never used for money.
"""

from datetime import datetime
from decimal import ROUND_HALF_EVEN, ROUND_UP, Decimal

import msgspec

SATS_PER_BTC = 100_000_000
MAX_AMOUNT_SATS = 21_000_000 * SATS_PER_BTC
"""All bitcoin that will ever exist, in sats. A larger amount is a mistake."""

MAX_AMOUNT_DIGITS = 16
"""The number of digits in MAX_AMOUNT_SATS. A string with more digits, not counting leading zeros, is rejected without
being converted.
"""

MAX_CHAIN_DIGITS = 39
"""The number of digits in the largest amount that a token contract can hold (128 bits)."""

MAX_USD_CHARACTERS = 20
MAX_USD_PLACES = 2


class InvalidAmount(ValueError):
    """The amount is not a whole number of sats between 1 and 2,100,000,000,000,000."""


def parse_sats(value: object) -> int:
    """Parse an amount that a client sent (a JSON integer or a string of digits) into sats.

    Floats, booleans, exponents, signs, spaces and non-ASCII digits are rejected.

    Raises:
        InvalidAmount: if the value is neither an integer nor a string of digits, or is out of range.
    """
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit()) or len(value.lstrip("0")) > MAX_AMOUNT_DIGITS:
            raise InvalidAmount(f"amount_sats must be digits only and at most {MAX_AMOUNT_SATS}")
        value = int(value.lstrip("0") or "0")
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidAmount("amount_sats must be an integer or a string of digits")
    if not 1 <= value <= MAX_AMOUNT_SATS:
        raise InvalidAmount(f"amount_sats must be between 1 and {MAX_AMOUNT_SATS}")
    return value


def parse_chain_amount(text: str) -> int:
    """Parse an amount as the chain prints it (a string of up to 39 digits) into sats.

    The result may exceed MAX_AMOUNT_SATS; the caller decides how to treat such an amount.

    Raises:
        InvalidAmount: if the text is not such a string.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > MAX_CHAIN_DIGITS:
        raise InvalidAmount(f"not a chain amount: {text[:40]!r}")
    return int(text)


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """The value of an amount in US dollars at one time, with the source of the rate.

    Attributes:
        amount_usd: decimal string with two places, for example "61.23".
        rate_usd_per_btc: decimal string.
        source: where the rate came from, as shown to customers.
        quoted_at: when the rate was taken, UTC.
        is_price: whether the merchant set the price in dollars, so that the dollars are exact and the sats computed.
    """

    amount_usd: str
    rate_usd_per_btc: str
    source: str
    quoted_at: datetime
    is_price: bool = False


def usd_of(amount_sats: int, rate_usd_per_btc: Decimal) -> str:
    """Convert sats to dollars, as a decimal string with two places."""
    usd = Decimal(amount_sats) * rate_usd_per_btc / SATS_PER_BTC
    return str(usd.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN))


def parse_usd(text: str) -> Decimal:
    """Parse a dollar amount that a client sent: a plain decimal string above zero with at most two decimal places.

    Raises:
        InvalidAmount: if the text is not such a string.
    """
    plain = (
        text.isascii() and text.replace(".", "", 1).isdigit() and not text.startswith(".") and not text.endswith(".")
    )
    places = len(text.partition(".")[2])
    if not plain or places > MAX_USD_PLACES or len(text) > MAX_USD_CHARACTERS or Decimal(text) <= 0:
        raise InvalidAmount(
            'amount_usd must be a decimal string such as "19.99", above 0, with at most two decimal places'
        )
    return Decimal(text)


def sats_of(usd: Decimal, rate_usd_per_btc: Decimal) -> int:
    """Convert dollars to sats. The result is rounded up, so rounding never costs the merchant.

    Raises:
        InvalidAmount: if the result is not a valid amount.
    """
    sats = (usd * SATS_PER_BTC / rate_usd_per_btc).to_integral_value(rounding=ROUND_UP)
    return parse_sats(int(sats))
