"""The languages of the pages: choice of a language, translated sentences, and formats of numbers and times.

The English sentences in templates and code are the keys of the translations. Each other language has one catalog,
`locales/<code>.po`, which is read when the first page in that language is rendered. There is no compiled catalog that
could be out of date. Digits are Latin in every language, because an amount on the page must match the amount that the
customer copies into a wallet.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from io import BytesIO

import msgspec
from babel import Locale
from babel.dates import format_skeleton
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal

from sgate.core.money import SATS_PER_BTC

DEFAULT = "en"
LANGUAGES = {"en": "English", "es": "Español", "fr": "Français", "ar": "العربية"}
"""The name of each language in that language, by code. To add a language, add a line here and a file in `locales`."""

MAX_HEADER_CHARACTERS = 500
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def N_(text: str) -> str:  # noqa: N802 - the name that gettext tools expect
    """Mark a sentence for the catalogs, and return it unchanged. It is translated when it is shown."""
    return text


class Words(msgspec.Struct, frozen=True):
    """A language. Call it with an English sentence, and values for the sentence's `%(name)s` placeholders."""

    code: str
    locale: Locale
    catalog: NullTranslations

    def __call__(self, text: str, **values: object) -> str:
        """Return the sentence in this language, with its placeholders filled."""
        return self._filled(self.catalog.gettext(text), values)

    def many(self, one: str, other: str, count: int, **values: object) -> str:
        """Return the singular or plural sentence for `count`. The count replaces `%(count)s`."""
        return self._filled(self.catalog.ngettext(one, other, count), {"count": self.number(count), **values})

    @property
    def direction(self) -> str:
        """The writing direction, `ltr` or `rtl`."""
        return self.locale.text_direction

    def number(self, number: int | Decimal | str) -> str:
        """Format a number with grouped digits."""
        return format_decimal(
            Decimal(number), format=_exact(self.locale), locale=self.locale, decimal_quantization=False
        )

    def sbtc(self, amount_sats: int) -> str:
        """Format sats as exact sBTC in this language. For an amount to copy into a wallet, use `rendering.sbtc`."""
        return self.number(Decimal(amount_sats) / SATS_PER_BTC)

    def usd(self, amount: str) -> str:
        """Format US dollars. In a right-to-left sentence, `US$` is isolated so that it is not shown as `$US`."""
        written = format_currency(Decimal(amount), "USD", locale=self.locale)
        return written if self.direction == "ltr" else written.replace("US$", f"{_ISOLATE}US${_END_ISOLATE}")

    def moment(self, iso: str) -> str:
        """Format an ISO 8601 time as a date and time in UTC, to the minute."""
        at = datetime.fromisoformat(iso).astimezone(UTC)
        day, time = format_skeleton("yMMMd", at, locale=self.locale), format_skeleton("Hm", at, locale=self.locale)
        return f"{day}, {time} UTC" if self.direction == "ltr" else f"{day}، {time} {self._filled('UTC', {})}"

    def join(self, parts: Sequence[str]) -> str:
        """Join parts into a list such as `a and b`."""
        return format_list(parts, locale=self.locale)

    def _filled(self, text: str, values: dict[str, object]) -> str:
        """Fill the placeholders. In a right-to-left sentence, each value keeps its own direction."""
        if self.direction == "rtl":
            values = {name: f"{_ISOLATE}{value}{_END_ISOLATE}" for name, value in values.items()}
        return text % values if values else text


@cache
def words_of(code: str) -> Words:
    """Return the language with this code, which must be in `LANGUAGES`."""
    return Words(code, Locale.parse(code), _catalog(code))


def choose(wanted: str | None, accept_language: str) -> Words:
    """Return the requested language, or else the best one of the `Accept-Language` header, or else English."""
    if wanted in LANGUAGES:
        return words_of(wanted)
    ranges = sorted(_ranges(accept_language[:MAX_HEADER_CHARACTERS]), key=lambda entry: -entry[1])
    found = next((code for code, weight in ranges if code in LANGUAGES and weight > 0), DEFAULT)
    return words_of(found)


def _ranges(header: str) -> list[tuple[str, float]]:
    """Parse `fr-CA,fr;q=0.8` into `[("fr", 1.0), ("fr", 0.8)]`."""
    found: list[tuple[str, float]] = []
    for part in header.split(","):
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        found.append((tag.strip().partition("-")[0].lower(), quality))
    return found


def _catalog(code: str) -> NullTranslations:
    if code == DEFAULT:
        return NullTranslations()
    source = resources.files("sgate.web").joinpath("locales", f"{code}.po")
    compiled = BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def _exact(locale: Locale) -> str:
    """Return the locale's decimal pattern, extended to the eight decimal places of sBTC."""
    return str(locale.decimal_formats[None].pattern).replace("#,##0.###", "#,##0.########")
