"""The languages of the pages: which one a visitor reads, its words, its numbers and times.

The English sentences in templates and code are the keys. Another language is one file, `locales/<code>.po`, read when
the first page in it is drawn; there is no compiled form that could be out of date. Digits are Latin in every language:
what is shown must be what is copied into a wallet.
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
"""What can be chosen, in its own words. A new language is a line here and a file in `locales`."""

MAX_HEADER_CHARACTERS = 500
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def N_(text: str) -> str:  # noqa: N802 - the name by which translators' tools know it
    """Marks a sentence for the catalogues where it is defined; it is translated where it is shown."""
    return text


class Words(msgspec.Struct, frozen=True):
    """One language. Call it with an English sentence, and values for its `%(name)s`."""

    code: str
    locale: Locale
    catalogue: NullTranslations

    def __call__(self, text: str, **values: object) -> str:
        """The sentence in this language."""
        return self._filled(self.catalogue.gettext(text), values)

    def many(self, one: str, other: str, count: int, **values: object) -> str:
        """The sentence for a count, which is shown as `%(count)s`."""
        return self._filled(self.catalogue.ngettext(one, other, count), {"count": self.number(count), **values})

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return self.locale.text_direction

    def number(self, number: int | Decimal | str) -> str:
        """A number with its digits grouped."""
        return format_decimal(
            Decimal(number), format=_exact(self.locale), locale=self.locale, decimal_quantization=False
        )

    def sbtc(self, amount_sats: int) -> str:
        """Sats as sBTC, exact, as people of this language write it. What goes into a wallet is `pages.sbtc`."""
        return self.number(Decimal(amount_sats) / SATS_PER_BTC)

    def usd(self, amount: str) -> str:
        """US dollars. In a right-to-left sentence the sign stays whole: `US$`, not `$US`."""
        written = format_currency(Decimal(amount), "USD", locale=self.locale)
        return written if self.direction == "ltr" else written.replace("US$", f"{_ISOLATE}US${_END_ISOLATE}")

    def moment(self, iso: str) -> str:
        """A moment in UTC, to the minute."""
        at = datetime.fromisoformat(iso).astimezone(UTC)
        day, time = format_skeleton("yMMMd", at, locale=self.locale), format_skeleton("Hm", at, locale=self.locale)
        return f"{day}, {time} UTC" if self.direction == "ltr" else f"{day}، {time} {self._filled('UTC', {})}"

    def join(self, parts: Sequence[str]) -> str:
        """Several things that all hold: `a and b`."""
        return format_list(parts, locale=self.locale)

    def _filled(self, text: str, values: dict[str, object]) -> str:
        """Values from outside keep their own direction inside of a right-to-left sentence."""
        if self.direction == "rtl":
            values = {name: f"{_ISOLATE}{value}{_END_ISOLATE}" for name, value in values.items()}
        return text % values if values else text


@cache
def words_of(code: str) -> Words:
    """The words of one of LANGUAGES."""
    return Words(code, Locale.parse(code), _catalogue(code))


def choose(wanted: str | None, accept_language: str) -> Words:
    """The visitor's language: the one asked for by name, else the best of `Accept-Language`, else English."""
    if wanted in LANGUAGES:
        return words_of(wanted)
    ranges = sorted(_ranges(accept_language[:MAX_HEADER_CHARACTERS]), key=lambda entry: -entry[1])
    found = next((code for code, weight in ranges if code in LANGUAGES and weight > 0), DEFAULT)
    return words_of(found)


def _ranges(header: str) -> list[tuple[str, float]]:
    """`fr-CA,fr;q=0.8` as [("fr", 1.0), ("fr", 0.8)]."""
    found: list[tuple[str, float]] = []
    for part in header.split(","):
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        found.append((tag.strip().partition("-")[0].lower(), quality))
    return found


def _catalogue(code: str) -> NullTranslations:
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
    """The locale's pattern of decimals, with as many places as a number has; sBTC has eight."""
    return str(locale.decimal_formats[None].pattern).replace("#,##0.###", "#,##0.########")
