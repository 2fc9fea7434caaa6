"""The public price sources: the URL of each, and how to read its response.

Each source has its own response type, so an unexpected response is a failure of the source and never becomes a price.
Prices are plain decimal numbers: no sign, no exponent, no NaN, no infinity.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

import msgspec

Shape = TypeVar("Shape")
_PRICE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,20})?")
MIN_USD_PER_BTC = Decimal(1)
MAX_USD_PER_BTC = Decimal(100_000_000)
"""A price outside these limits cannot be the price of a bitcoin in dollars."""


class BadAnswer(Exception):
    """A source's response does not match its documentation; the message says what is wrong."""


class Price(msgspec.Struct, frozen=True):
    """A price. `taken_at` is the time that the source reports, or None if it reports no time."""

    usd_per_btc: Decimal
    taken_at: datetime | None = None


class PriceSource(msgspec.Struct, frozen=True, kw_only=True):
    """A public source. `title` is its display name; `read` parses a response body or raises BadAnswer."""

    title: str
    url: str
    path: str
    read: Callable[[bytes], Price]


class _CoinbaseTicker(msgspec.Struct):
    price: str
    time: datetime


def read_coinbase(body: bytes) -> Price:
    """Read the product ticker of Coinbase Exchange: the last trade and its time."""
    answer = _decoded(body, _CoinbaseTicker)
    return Price(_price_of(answer.price), _aware(answer.time))


class _KrakenPair(msgspec.Struct):
    c: list[str]


class _KrakenTicker(msgspec.Struct):
    error: list[str]
    result: dict[str, _KrakenPair] = {}


def read_kraken(body: bytes) -> Price:
    """Read the ticker of Kraken: the last trade, `c`. Kraken has its own names for pairs and reports no time."""
    answer = _decoded(body, _KrakenTicker)
    if answer.error:
        raise BadAnswer(f"it reports {answer.error[0][:80]!r}")
    pairs = list(answer.result.values())
    if len(pairs) != 1 or not pairs[0].c:
        raise BadAnswer("it does not have exactly one pair")
    return Price(_price_of(pairs[0].c[0]))


class _BitstampTicker(msgspec.Struct):
    last: str
    timestamp: str


def read_bitstamp(body: bytes) -> Price:
    """Read the ticker of Bitstamp: the last trade, and the time of the ticker in Unix seconds."""
    answer = _decoded(body, _BitstampTicker)
    return Price(_price_of(answer.last), _unix(answer.timestamp))


class _CoinGeckoCoin(msgspec.Struct):
    usd: msgspec.Raw
    last_updated_at: int


class _CoinGeckoPrices(msgspec.Struct):
    bitcoin: _CoinGeckoCoin


def read_coingecko(body: bytes) -> Price:
    """Read the simple price of CoinGecko: an average over many markets as a JSON number, with its Unix time."""
    coin = _decoded(body, _CoinGeckoPrices).bitcoin
    return Price(_price_of(bytes(coin.usd).decode("utf-8", "replace")), _unix(str(coin.last_updated_at)))


SOURCES: Mapping[str, PriceSource] = {
    "coinbase": PriceSource(
        title="Coinbase",
        url="https://api.exchange.coinbase.com",
        path="/products/BTC-USD/ticker",
        read=read_coinbase,
    ),
    "kraken": PriceSource(
        title="Kraken", url="https://api.kraken.com", path="/0/public/Ticker?pair=XBTUSD", read=read_kraken
    ),
    "bitstamp": PriceSource(
        title="Bitstamp", url="https://www.bitstamp.net", path="/api/v2/ticker/btcusd/", read=read_bitstamp
    ),
    "coingecko": PriceSource(
        title="CoinGecko",
        url="https://api.coingecko.com",
        path="/api/v3/simple/price?ids=bitcoin&vs_currencies=usd&include_last_updated_at=true",
        read=read_coingecko,
    ),
}


def _decoded(body: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer(f"it cannot be parsed: {error}") from None


def _price_of(text: str) -> Decimal:
    if not _PRICE.fullmatch(text):
        raise BadAnswer(f"{text[:40]!r} is not a price")
    price = Decimal(text)
    if not MIN_USD_PER_BTC <= price <= MAX_USD_PER_BTC:
        raise BadAnswer(f"{price} dollars cannot be the price of a bitcoin")
    return price


def _unix(text: str) -> datetime:
    if not (text.isascii() and text.isdigit() and len(text) <= len("9999999999")):
        raise BadAnswer(f"{text[:40]!r} is not a time")
    return datetime.fromtimestamp(int(text), UTC)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise BadAnswer("its time has no time zone")
    return moment
