"""The languages of the pages."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from sgate.web.i18n import LANGUAGES, choose, words_of

ROOT = Path(__file__).parents[2]


def test_every_catalog_has_every_sentence_with_its_placeholders():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "translations.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("code", sorted(set(LANGUAGES) - {"en"}))
def test_a_missing_sentence_or_wrong_placeholders_are_reported(code):
    tool = runpy.run_path(str(ROOT / "tools" / "translations.py"))
    catalog = tool["updated"](tool["LOCALES"] / f"{code}.po", code)
    assert list(tool["problems_of"](catalog)) == []
    catalog.get("Paid to").string = ""
    catalog.get("Back to %(merchant)s").string = "%(shop)s"
    catalog.get("%(count)s sat").string = ("%(count)s", "")
    assert sorted(tool["problems_of"](catalog)) == [
        "not translated: %(count)s sat",
        "not translated: Paid to",
        "wrong placeholders: Back to %(merchant)s",
    ]


@pytest.mark.parametrize(
    ("wanted", "header", "code"),
    [
        (None, "", "en"),
        (None, "fr-CA,fr;q=0.8,en;q=0.5", "fr"),
        (None, "de,ar;q=0.2,es;q=0.7", "es"),
        (None, "de-AT", "en"),
        (None, "fr;q=0, es;q=nonsense, ar;q=0.1", "ar"),
        ("ar", "fr", "ar"),
        ("xx", "fr", "fr"),
        ("../../etc", "", "en"),
    ],
)
def test_the_language_is_the_requested_one_or_the_one_that_the_browser_prefers(wanted, header, code):
    assert choose(wanted, header).code == code


def test_numbers_money_and_times_are_written_as_each_language_does():
    written = {
        code: (
            words.number(1_234_567),
            words.sbtc(25_001),
            words.usd("25.00"),
            words.moment("2026-11-23T21:05:00.000Z"),
        )
        for code, words in ((code, words_of(code)) for code in LANGUAGES)
    }
    assert written["en"] == ("1,234,567", "0.00025001", "$25.00", "Nov 23, 2026, 21:05 UTC")
    assert written["es"][:2] == ("1.234.567", "0,00025001")
    assert written["fr"][:2] == ("1\u202f234\u202f567", "0,00025001")
    assert re.fullmatch(r"[0-9,.]+", written["ar"][0])  # Latin digits, because what is shown is what is copied
    assert "\u2068US$\u2069" in written["ar"][2]  # otherwise it would be shown as $US
    assert words_of("ar").sbtc(2_100_000_000_000_000) == "21,000,000"


def test_a_sentence_for_a_count_has_the_form_of_its_language():
    arabic = words_of("ar")
    forms = [arabic.many("about %(count)s minute", "about %(count)s minutes", count) for count in (1, 2, 5, 20)]
    assert len(set(forms)) == 4
    assert "20" in forms[-1]


@pytest.mark.parametrize("code", LANGUAGES)
async def test_every_page_is_in_the_language_and_its_links_keep_it(site, code):
    intent = await site.intent()
    page = await site.get(f"{site.path_of(intent)}&lang={code}")
    (html,) = page.of("html")
    assert (html["lang"], html["dir"]) == (code, "rtl" if code == "ar" else "ltr")
    assert words_of(code)("Waiting for your payment") in page.text
    assert f"lang={code}" in page.main["data-slip-url"]
    others = {link["hreflang"] for link in page.of("a") if "hreflang" in link}
    assert others == set(LANGUAGES) - {code}
    missing = await site.get(f"/pi/pi_000000000000000000000000?lang={code}")
    assert words_of(code)("Payment request not found") in missing.text
    async with site.broken():
        error_page = await site.get(f"/pi/{intent['id']}?lang={code}")
    assert words_of(code)("Something went wrong on our side, not yours.") in error_page.text
